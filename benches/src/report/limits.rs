//! What the processor allows at most for a bench, computed from its single instructions (`benches/limits.rs`), in
//! nanoseconds.
//!
//! - One IGE chain: 14 AES rounds for each 16 bytes, each of which needs the one before.
//! - SHA-256: 32 double rounds for each 64 bytes, which also depend on each other.
//! - A message: the two hashes of the key derivation beside each other; then decrypting, with the hash of the message
//!   beside it; or the hash, and only then encrypting, since the key depends on it.
//! - Many messages: as many of these instructions as start in a time, hashes and ciphers in turn.
//! - Requests and replies: the cipher of their packets alone.
//! - Powers: schoolbook products of 32 words, one multiplication after the other; squares need fewer.

use sansgram_benches::Name;

use crate::figures::Figures;

/// The bytes of a body in the benches of requests.
const BODY: usize = 100;
/// The multiplications of a product of 32 words and its reduction, and of a square.
const PRODUCT: f64 = 2080.0;
const SQUARE: f64 = 1584.0;

/// The times of the processor's instructions.
struct Limits<'f> {
    figures: &'f Figures,
    build: &'f str,
}

/// The limit of one bench; not every bench has one.
pub(crate) fn limit(figures: &Figures, build: &str, group: &str, parameter: &str) -> Option<f64> {
    let limits = Limits { figures, build };
    let size = || parameter.parse::<usize>().ok();
    // Such as `16x1024`.
    let many = || parameter.split_once('x').and_then(|(n, size)| n.parse().ok().zip(size.parse().ok()));
    match group {
        "ige_encrypt" | "ige_decrypt" => limits.chain(size()?),
        "seal" => limits.seal(size()?),
        "open" => limits.open(size()?),
        "seal_many" | "open_many" => many().and_then(|(count, size)| limits.many(count, size)),
        "requests_packed" => limits.request(size()?),
        "replies_read" => limits.reply(size()?),
        "session" | "machine" => Some(limits.request(size()?)? + limits.reply(size()?)?),
        "modpow_2048_g3" | "modpow_2048_random_base" => limits.random_base(),
        "dh" if parameter == "key_pair" => limits.fixed_base(),
        "dh" if parameter == "agree" || parameter == "key_pair, g = 4" => limits.random_base(),
        "handshake" => Some(limits.fixed_base()? + limits.random_base()?),
        _ => None,
    }
}

impl Limits<'_> {
    fn instruction(&self, group: &str, parameter: &str) -> Option<f64> {
        self.figures.value(self.build, &Name::new(group, "processor", parameter))
    }

    fn chain(&self, bytes: usize) -> Option<f64> {
        Some(aes_rounds(bytes) * self.instruction("limit_aes", "one chain")?)
    }

    fn hash(&self, bytes: usize) -> Option<f64> {
        Some(double_rounds(bytes) * self.instruction("limit_sha256", "one chain")?)
    }

    /// Two hashes of 52 bytes, neither of which needs the other.
    fn derive(&self) -> Option<f64> {
        let at_once = 2.0 * double_rounds(52) * self.instruction("limit_sha256", "many chains")?;
        Some(at_once.max(self.hash(52)?))
    }

    /// `bytes` is the length of the plaintext with its padding; 32 bytes of the key are hashed with it.
    fn seal(&self, bytes: usize) -> Option<f64> {
        Some(self.hash(32 + bytes)? + self.derive()? + self.chain(bytes)?)
    }

    fn open(&self, bytes: usize) -> Option<f64> {
        Some(self.derive()? + self.chain(bytes)?.max(self.hash(32 + bytes)?))
    }

    fn many(&self, count: usize, bytes: usize) -> Option<f64> {
        let hashes = double_rounds(32 + bytes) + 2.0 * double_rounds(52);
        let hashing = hashes * self.instruction("limit_sha256", "many chains")?;
        let ciphering = aes_rounds(bytes) * self.instruction("limit_aes", "many chains")?;
        Some(count as f64 * (hashing + ciphering))
    }

    fn request(&self, in_flight: usize) -> Option<f64> {
        Some(self.seal(packet(in_flight, BODY))? / in_flight as f64)
    }

    /// A reply is the body behind `rpc_result` and the request's identifier.
    fn reply(&self, in_flight: usize) -> Option<f64> {
        Some(self.open(packet(in_flight, 12 + BODY))? / in_flight as f64)
    }

    /// Windows of five bits.
    fn random_base(&self) -> Option<f64> {
        Some((2048.0 * SQUARE + 410.0 * PRODUCT) * self.instruction("limit_product", "")?)
    }

    /// Two combs of seven teeth, 64 KiB.
    fn fixed_base(&self) -> Option<f64> {
        Some((147.0 * SQUARE + 293.0 * PRODUCT) * self.instruction("limit_product", "")?)
    }
}

fn aes_rounds(bytes: usize) -> f64 {
    14.0 * (bytes / 16) as f64
}

/// Padding takes nine bytes at least.
fn double_rounds(bytes: usize) -> f64 {
    32.0 * (bytes + 9).div_ceil(64) as f64
}

/// The plaintext of a packet with `count` bodies: salt and session, a container if there are several, the messages,
/// and at least 12 bytes of padding.
fn packet(count: usize, body: usize) -> usize {
    let container = if count > 1 { 16 + 8 } else { 0 };
    (16 + container + count * (16 + body) + 12).next_multiple_of(16)
}

#[cfg(test)]
mod tests {
    use sansgram_benches::Row;

    use super::*;

    /// A processor whose instructions take 1 ns, and half of that in many chains.
    pub(super) fn figures() -> Figures {
        let mut figures = Figures::default();
        for (group, parameter, value) in [
            ("limit_aes", "one chain", 1.0),
            ("limit_aes", "many chains", 0.5),
            ("limit_sha256", "one chain", 1.0),
            ("limit_sha256", "many chains", 0.5),
            ("limit_product", "", 0.25),
        ] {
            figures.add("default", 0, Row::nanoseconds(group, "processor", parameter, value));
        }
        figures
    }

    #[test]
    fn limits_follow_from_the_instructions() {
        let figures = figures();
        let limit = |group: &str, parameter: &str| limit(&figures, "default", group, parameter);
        assert_eq!(limit("ige_encrypt", "64"), Some(56.0));
        // Two blocks of SHA-256, one for both hashes of the derivation, four blocks of AES.
        assert_eq!(limit("seal", "64"), Some(64.0 + 32.0 + 56.0));
        assert_eq!(limit("open", "64"), Some(32.0 + 64.0));
        assert_eq!(limit("seal_many", "16x64"), Some(16.0 * (128.0 * 0.5 + 56.0 * 0.5)));
        // A packet of 144 bytes: three blocks of SHA-256, one, nine blocks of AES.
        assert_eq!(limit("requests_packed", "1"), Some(96.0 + 32.0 + 126.0));
        assert_eq!(limit("handshake", "client side"), Some(0.25 * (2195.0 * SQUARE + 703.0 * PRODUCT)));
    }

    #[test]
    fn without_its_instruction_there_is_no_limit() {
        assert_eq!(limit(&Figures::default(), "default", "seal", "64"), None);
        assert_eq!(limit(&figures(), "native", "seal", "64"), None);
        assert_eq!(limit(&figures(), "default", "factorize", ""), None);
        assert_eq!(limit(&figures(), "default", "seal", "large"), None);
    }
}
