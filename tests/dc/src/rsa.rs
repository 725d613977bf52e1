//! The RSA key of the test DCs.
//!
//! It is embedded, so all test DCs have the same one. Its private half is public: never trust it outside of tests.

use std::sync::LazyLock;

use num_bigint_dig::{BigUint, ModInverse};
use num_traits::Num;
use sansgram_core::crypto::hash::sha1;

use crate::wire::write_bytes;

/// The public half, PKCS#1.
const PUBLIC_PEM: &str = "\
-----BEGIN RSA PUBLIC KEY-----\n\
MIIBCgKCAQEA+r4uWFqxXFI5dd/pmpZzNZt5lxhmYjeIgo1xC7+tJ16we6EX3cqR\n\
goC6HCE0WIfxtA4hH6FHb3l6DDJk/3iGeSdJbNROnoTwXb1VHSiezV3kqaKNzyuL\n\
xWahHqgeX9jMpJEZnJQ86sDXx0KRpM9rmGctaEkOzctqytx0kh/KsJCIesDJE5mH\n\
Rg+kJ85w5bf4lWZmTCo3XjIZDKxXB4XzmoEBtk+WU1vyCMU3bjee7rqMiJLALKnU\n\
FO5SuR3iGaAWXmwRt96Ps4Z/e7cYLRXuVN+l/0qQHUislm1TIT1rpS0fOGbcwy6f\n\
bVQFtgPodzCvoRgDMaqK7PieAkxdQ2WAOQIDAQAB\n\
-----END RSA PUBLIC KEY-----\n";

// The first byte of the modulus is high, so that a client whose RSA_PAD tries only twice hardly ever fails.
const MODULUS: &str = "\
    fabe2e585ab15c523975dfe99a9673359b79971866623788828d710bbfad275eb07ba117ddca918280ba1c21345887f1\
    b40e211fa1476f797a0c3264ff78867927496cd44e9e84f05dbd551d289ecd5de4a9a28dcf2b8bc566a11ea81e5fd8cc\
    a491199c943ceac0d7c74291a4cf6b98672d68490ecdcb6acadc74921fcab090887ac0c9139987460fa427ce70e5b7f8\
    9566664c2a375e32190cac570785f39a8101b64f96535bf208c5376e379eeeba8c8892c02ca9d414ee52b91de219a016\
    5e6c11b7de8fb3867f7bb7182d15ee54dfa5ff4a901d48ac966d53213d6ba52d1f3866dcc32e9f6d5405b603e87730af\
    a1180331aa8aecf89e024c5d43658039";
const PRIME1: &str = "\
    fe61d1fa74ec70b7bca5a6e2485ba14dbed64c4a9885c0b3d0a1aadf16a3202c8ac67ff978a379ace4c14fa9018cd3ec\
    460ae6fcf669998d66f03731511ec0f9d033d210b51a61213b290ec9b4e6185aefe974dbb857885cd5e021941fb44ea6\
    51dd1a9791804609cd4b13a8fa67371b8c03c0271ca0f80b958b8d09c71d3d5f";
const PRIME2: &str = "\
    fc566f7da6b3eadfa7b01df9ae032fc05cfa85b59c07e82a141f8c20f73ee1db7acef61fbbd14352da39f6326887387b\
    1aba88f8a8f085745ace23fc47d381c9216c761b9e5e2a4381db6fa5b8efb4939374c687bb6aeec6b6edebda0f55918b\
    209fa1d513e658e3385fbb482329107eea82b9aaea396eca1213e32b96819167";
const EXPONENT1: &str = "\
    bd234e54c28aea6432c79805b77729bffc9ca9aced2ac5d4ecd2c79187eb5208cc463af0ea59e226430fd882f8bc14f6\
    203e0af11ae5f95dc1a3e9e5a9430c88b1dd55db464c8edb7e79509d78fb7c3061215bd9e27e72cd53d88a1ef053c806\
    b1e78bd6164121d237ea127c197294eece741b72f93e562f86c973dc4947dc51";
const EXPONENT2: &str = "\
    b8f0208656c7463ce5098eee8f3a86a4d58046bef3bc57cb7f341fdf8955ecf28eef6033a1d39d23fc0cbf03f2d827ed\
    1189e51959b7ee1778f5dc29e9fa7a048f1a8ef56efc54bd654f0e64c745e772c17fb481863ab905aacc752f3c4dda7d\
    bd4b41b0890529e05e50cb51f3730543ff5c0ff7d3f283e0559f7dbf546f61c1";

/// The public exponent.
const EXPONENT: u32 = 65537;

/// A private RSA key of 2048 bits.
#[derive(Clone)]
pub struct ServerRsaKey {
    p: BigUint,
    q: BigUint,
    d_mod_p: BigUint,
    d_mod_q: BigUint,
    q_inverse: BigUint,
    modulus: BigUint,
    fingerprint: u64,
}

impl ServerRsaKey {
    /// The key that all test DCs share. Its private half is public.
    #[must_use]
    pub fn embedded_for_testing_only() -> Self {
        static KEY: LazyLock<ServerRsaKey> = LazyLock::new(ServerRsaKey::embedded);
        KEY.clone()
    }

    fn embedded() -> Self {
        let (p, q, modulus) = (number(PRIME1), number(PRIME2), number(MODULUS));
        let q_inverse = (&q)
            .mod_inverse(&p)
            .and_then(|inverse| inverse.to_biguint())
            .expect("two different primes have inverses modulo each other");
        let mut fields = Vec::new();
        write_bytes(&mut fields, &modulus.to_bytes_be());
        write_bytes(&mut fields, &BigUint::from(EXPONENT).to_bytes_be());
        let digest = sha1(&[&fields]);
        let fingerprint = u64::from_le_bytes(digest[12..].try_into().expect("a SHA-1 digest has 20 bytes"));
        Self { d_mod_p: number(EXPONENT1), d_mod_q: number(EXPONENT2), p, q, q_inverse, modulus, fingerprint }
    }

    /// The public half as PEM, PKCS#1.
    #[must_use]
    pub const fn public_key_pem(&self) -> &'static str {
        PUBLIC_PEM
    }

    /// The low 64 bits of SHA-1 over the public half, as it goes onto the wire (little-endian).
    ///
    /// Source: `core.telegram.org/mtproto/auth_key`.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Raw RSA, `cipher ^ d mod n`, 256 bytes big-endian; `None` if `cipher` is not below the modulus.
    #[must_use]
    pub fn decrypt_raw(&self, cipher: &[u8]) -> Option<[u8; 256]> {
        let cipher = BigUint::from_bytes_be(cipher);
        if cipher >= self.modulus {
            return None;
        }
        let m1 = (&cipher % &self.p).modpow(&self.d_mod_p, &self.p);
        let m2 = (&cipher % &self.q).modpow(&self.d_mod_q, &self.q);
        // Garner's recombination; q is added first because m1 may be smaller than m2.
        let h = ((m1 + &self.p - &m2 % &self.p) * &self.q_inverse) % &self.p;
        Some(fixed_256(&(m2 + h * &self.q)))
    }
}

/// `value` as 256 bytes, big-endian, padded with zeros on the left. `value` must have at most 2048 bits.
pub(crate) fn fixed_256(value: &BigUint) -> [u8; 256] {
    let bytes = value.to_bytes_be();
    let mut out = [0; 256];
    out[256 - bytes.len()..].copy_from_slice(&bytes);
    out
}

fn number(hex: &str) -> BigUint {
    BigUint::from_str_radix(hex, 16).expect("the constants of this file are hexadecimal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decryption_undoes_encryption() {
        let key = ServerRsaKey::embedded_for_testing_only();
        assert!(key.modulus.to_bytes_be()[0] >= 0xe0);
        assert_eq!(&key.p * &key.q, key.modulus);
        for message in [vec![0], vec![2], vec![0xf9; 256], vec![7; 200]] {
            let message = BigUint::from_bytes_be(&message);
            let cipher = message.modpow(&BigUint::from(EXPONENT), &key.modulus);
            assert_eq!(key.decrypt_raw(&cipher.to_bytes_be()), Some(fixed_256(&message)));
        }
        assert_eq!(key.decrypt_raw(&[0xff; 256]), None);
    }
}
