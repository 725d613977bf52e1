#!/usr/bin/env bash
# grammers-mtproto 0.11.0 (crates.io) cannot receive short messages of half of all keys over `transport::Abridged`: it
# takes a packet of less than 508 bytes for a transport error if its first four bytes are a negative number. A packet
# begins with the auth_key_id, a hash of the key, so every second key has a negative one. A program with such a key sees
# "bad status" with a number of many digits instead of each short answer; with another key, all is well. Intermediate
# and full framing read the same packets, since they look at the length, too. grammers-client uses full framing.
#
# Here a transport unpacks what a transport has packed, in memory: 40 bytes that begin with that number.
#
# Seen with rustc 1.95, by the highest byte of the number:
#   Abridged, 11...: 40 bytes
#   Intermediate, 11...: 40 bytes
#   Full, 11...: 40 bytes
#   Abridged, 91...: transport error: bad status (negative length -1860029628)
#   Intermediate, 91...: 40 bytes
#   Full, 91...: 40 bytes
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2024"

[dependencies]
grammers-crypto = "=0.11.0"
grammers-mtproto = "=0.11.0"
TOML
cat >"$folder/src/main.rs" <<'RUST'
use grammers_crypto::DequeBuffer;
use grammers_mtproto::transport::{Abridged, Full, Intermediate, Transport};

fn main() {
    for first_word in [0x1122_3344_u32, 0x9122_3344] {
        let mut packet = vec![0x5a; 40];
        packet[..4].copy_from_slice(&first_word.to_le_bytes());
        unpack("Abridged", (Abridged::new(), Abridged::new()), 1, &packet);
        unpack("Intermediate", (Intermediate::new(), Intermediate::new()), 4, &packet);
        unpack("Full", (Full::new(), Full::new()), 0, &packet);
    }
}

/// A client announces its transport by a tag, which a server does not send.
fn unpack<T: Transport>(name: &str, (mut sender, mut receiver): (T, T), tag: usize, packet: &[u8]) {
    let mut buffer = DequeBuffer::with_capacity(packet.len(), 16);
    buffer.extend(packet.iter().copied());
    sender.pack(&mut buffer);
    let mut frame = buffer[tag..].to_vec();
    match receiver.unpack(&mut frame) {
        Ok(found) => println!("{name}, {:02x}...: {} bytes", packet[3], found.data_range.len()),
        Err(error) => println!("{name}, {:02x}...: {error}", packet[3]),
    }
}
RUST

seen=$(cargo run --quiet --manifest-path "$folder/Cargo.toml")
echo "$seen"
expected=$(sed -n 's/^#   //p' "$0")
[[ $seen == "$expected" ]]
