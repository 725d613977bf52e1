//! What is encrypted and decrypted, and with what.

/// A block of AES.
pub type Block = [u8; 16];

/// The parts of an auth key that encrypt messages in one direction: `x` is 0 to the server and 8 to the client.
#[derive(Clone, Copy)]
pub struct KeyParts<'a> {
    /// `auth_key[x .. x + 36)`, hashed after the `msg_key`.
    pub first: &'a [u8; 36],
    /// `auth_key[40 + x .. 76 + x)`, hashed before the `msg_key`.
    pub second: &'a [u8; 36],
    /// `auth_key[88 + x .. 120 + x)`, hashed before the plaintext.
    pub hashed: &'a [u8; 32],
}

/// The AES key and iv of one message: the ciphertext block before the first, then the plaintext block before the first.
///
/// The caller wipes it.
#[derive(Clone, Copy)]
pub struct KeyAndIv {
    /// The AES-256 key.
    pub key: [u8; 32],
    /// The IGE iv.
    pub iv: [u8; 32],
}

/// One of several messages that are encrypted or decrypted together.
pub struct Message<'a> {
    /// Its key and direction.
    pub parts: KeyParts<'a>,
    /// Read by [`open_many`](crate::open_many), written by [`seal_many`](crate::seal_many).
    pub msg_key: [u8; 16],
    /// The text, with its padding.
    pub blocks: &'a mut [Block],
    /// Written: the SHA-256 whose middle half is the `msg_key` of the plaintext.
    pub large: &'a mut [u8; 32],
}

/// Returns the `msg_key` in the hash of a plaintext: its middle 128 bits.
#[must_use]
pub const fn msg_key_of(large: &[u8; 32]) -> [u8; 16] {
    let [_, _, _, _, _, _, _, _, msg_key @ .., _, _, _, _, _, _, _, _] = *large;
    msg_key
}
