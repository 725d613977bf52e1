//! Datacenter numbers.

use core::fmt;

/// The number of a datacenter, 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DcId(u16);

/// The number of a DC is outside of 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not the number of a DC: expected 1 to 1000")]
pub struct InvalidDcId(pub i64);

impl DcId {
    /// Creates the id of the DC with this number.
    ///
    /// # Errors
    /// Returns [`InvalidDcId`] if `number` is not in the range 1 to 1000.
    pub fn new(number: i64) -> Result<Self, InvalidDcId> {
        match u16::try_from(number) {
            Ok(id @ 1..=1000) => Ok(Self(id)),
            _ => Err(InvalidDcId(number)),
        }
    }

    /// Creates an id from a constant of this crate.
    pub(crate) const fn literal(number: u16) -> Self {
        Self(number)
    }

    /// Returns the number, 1 to 1000.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Returns the number in handshakes and obfuscated transports: plus 10,000 for Telegram's test DCs.
    #[must_use]
    pub fn on_wire(self, test_dcs: bool) -> i32 {
        i32::from(self.0) + if test_dcs { 10_000 } else { 0 }
    }
}

impl fmt::Display for DcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DC {}", self.0)
    }
}
