//! The table of `crypto::comb`: products of powers of the generator modulo the prime that Telegram uses.

use std::fmt::Write;

use crate::limbs::{self, BITS, LIMBS, Limbs};

const G: u32 = 3;
/// Bits of the exponent that one look-up takes up.
const TEETH: usize = 5;
/// Distance of those bits.
const SPACING: usize = 103;
/// Parts of the exponent, each of `TEETH * SPACING` bits, with a table each.
const PARTS: usize = 4;

/// Returns the source of the table for the prime, 512 hexadecimal digits.
pub fn table(prime: &str) -> Result<String, String> {
    let modulus = Modulus::new(&parse(prime)?);
    let mut entries = vec![modulus.one];
    let mut source = format!(
        "pub(super) const G: i32 = {G};\nconst TEETH: u32 = {TEETH};\nconst SPACING: u32 = {SPACING};\n\
         const PARTS: usize = {PARTS};\n\
         static TABLE: [[Limbs; 1 << TEETH]; PARTS] = [\n"
    );
    let mut power = (1..G).fold(modulus.one, |sum, _| modulus.add(&sum, &modulus.one));
    for _ in 0..PARTS {
        entries.truncate(1);
        for _ in 0..TEETH {
            let with_tooth: Vec<Limbs> =
                entries.iter().map(|entry| modulus.multiply(entry, &power)).collect();
            entries.extend(with_tooth);
            for _ in 0..SPACING {
                power = modulus.multiply(&power, &power);
            }
        }
        writeln!(source, "    {entries:?},").map_err(|error| error.to_string())?;
    }
    Ok(source + "];\n")
}

fn parse(digits: &str) -> Result<[u8; 256], String> {
    let digits: String = digits.split_whitespace().collect();
    let digit = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(digit).collect();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| "the prime is not 512 hexadecimal digits".to_owned())
}

struct Modulus {
    n: Limbs,
    negative_inverse: u64,
    /// 1 in Montgomery form.
    one: Limbs,
}

impl Modulus {
    fn new(prime: &[u8; 256]) -> Self {
        let n = limbs::from_be_bytes(prime);
        let mut one = [0; LIMBS];
        one[0] = 1;
        let mut modulus = Self { n, negative_inverse: limbs::negative_inverse(&n), one };
        for _ in 0..BITS as usize * LIMBS {
            modulus.one = modulus.add(&modulus.one, &modulus.one);
        }
        modulus
    }

    fn add(&self, a: &Limbs, b: &Limbs) -> Limbs {
        let mut carry = 0;
        let mut sum: Limbs = std::array::from_fn(|at| {
            let limb = a[at] + b[at] + carry;
            carry = limb >> BITS;
            limb & ((1 << BITS) - 1)
        });
        limbs::subtract_once(&mut sum, &self.n, &mut [0; LIMBS]);
        sum
    }

    fn multiply(&self, a: &Limbs, b: &Limbs) -> Limbs {
        let mut columns = [0; 2 * LIMBS];
        let mut product = [0; LIMBS];
        limbs::multiply(a, b, &mut columns);
        limbs::reduce(&mut columns, &self.n, self.negative_inverse, &mut product);
        limbs::subtract_once(&mut product, &self.n, &mut [0; LIMBS]);
        product
    }
}
