//! AES-IGE and whole messages, with grammers-crypto beside ours, and with our code without its own instructions
//! (`portable`).
//!
//! Both sides of `seal` copy the plaintext in and draw 32 bytes of padding from the operating system; both sides of
//! `open` copy the packet in. Neither copies in one call of the C library's copy, which takes 5 µs for 16 KiB on some
//! processors if the alignments differ (`rep movsb`): half of what is measured.
//!
//! `seal_many` and `open_many` are beside the same packets one after the other (`in_turn`, `portable_in_turn`).
#![allow(missing_docs, reason = "criterion's macros write functions")]

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use grammers_crypto::DequeBuffer;
use sansgram_benches::{CpuTime, LONG, MIDDLE, SHORT, auth_key, bytes};
use sansgram_core::crypto::message::{self, Direction, Level, PREFIX_LEN, Packet};
use sansgram_core::crypto::{OsRandom, SecureRandom, aes_ige};

const PADDING: usize = 32;

/// The number of packets that are sealed or opened together.
const PACKETS: usize = 16;

/// Our code with the instructions of the processor, and without our own.
fn levels() -> [(&'static str, Level); 2] {
    [("sansgram", Level::detected()), ("portable", Level::PORTABLE)]
}

fn sizes<'c>(
    criterion: &'c mut Criterion<CpuTime>,
    name: &str,
    mut each: impl FnMut(&mut BenchmarkGroup<'c, CpuTime>, usize),
) {
    let mut group = criterion.benchmark_group(name);
    for size in [SHORT, MIDDLE, LONG] {
        group.throughput(Throughput::Bytes(size as u64));
        each(&mut group, size);
    }
    group.finish();
}

fn ige(criterion: &mut Criterion<CpuTime>) {
    let key: [u8; 32] = std::array::from_fn(|at| at as u8);
    let iv = key.map(|byte| !byte);
    sizes(criterion, "ige_encrypt", |group, size| {
        let mut data = bytes(size);
        group.bench_function(BenchmarkId::new("sansgram", size), |bencher| {
            bencher.iter(|| aes_ige::encrypt(&key, &iv, &mut data));
        });
        group.bench_function(BenchmarkId::new("portable", size), |bencher| {
            let blocks = data.as_chunks_mut().0;
            bencher.iter(|| sansgram_simd::ige_encrypt(Level::PORTABLE, &key, &iv, blocks));
        });
        group.bench_function(BenchmarkId::new("grammers", size), |bencher| {
            bencher.iter(|| grammers_crypto::aes::ige_encrypt(&mut data, &key, &iv));
        });
    });
    sizes(criterion, "ige_decrypt", |group, size| {
        let mut data = bytes(size);
        group.bench_function(BenchmarkId::new("sansgram", size), |bencher| {
            bencher.iter(|| aes_ige::decrypt(&key, &iv, &mut data));
        });
        group.bench_function(BenchmarkId::new("portable", size), |bencher| {
            let blocks = data.as_chunks_mut().0;
            bencher.iter(|| sansgram_simd::ige_decrypt(Level::PORTABLE, &key, &iv, blocks));
        });
        group.bench_function(BenchmarkId::new("grammers", size), |bencher| {
            bencher.iter(|| grammers_crypto::aes::ige_decrypt(&mut data, &key, &iv));
        });
    });
}

fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.chunks_mut(1024).zip(from.chunks(1024)) {
        to.copy_from_slice(from);
    }
}

fn seal(criterion: &mut Criterion<CpuTime>) {
    let key = auth_key();
    let theirs = grammers_crypto::AuthKey::from_bytes(*key.as_bytes());
    sizes(criterion, "seal", |group, size| {
        let plaintext = bytes(size - PADDING);
        let mut packet = vec![0; PREFIX_LEN + size];
        let mut random = OsRandom::new();
        for (library, level) in levels() {
            group.bench_function(BenchmarkId::new(library, size), |bencher| {
                bencher.iter(|| {
                    let (text, padding) = packet[PREFIX_LEN..].split_at_mut(size - PADDING);
                    copy(text, &plaintext);
                    random.fill(padding);
                    message::seal_at(level, &key, Direction::ToServer, &mut packet).unwrap()
                });
            });
        }
        let mut buffer = DequeBuffer::with_capacity(size, PREFIX_LEN);
        group.bench_function(BenchmarkId::new("grammers", size), |bencher| {
            bencher.iter(|| {
                buffer.clear();
                buffer.extend(plaintext.iter());
                grammers_crypto::encrypt_data_v2(&mut buffer, &theirs);
            });
            assert_eq!(buffer.len(), packet.len());
        });
    });
}

fn open(criterion: &mut Criterion<CpuTime>) {
    let key = auth_key();
    let theirs = grammers_crypto::AuthKey::from_bytes(*key.as_bytes());
    sizes(criterion, "open", |group, size| {
        let mut sealed = bytes(PREFIX_LEN + size);
        message::seal(&key, Direction::ToClient, &mut sealed).unwrap();
        let mut packet = sealed.clone();
        for (library, level) in levels() {
            group.bench_function(BenchmarkId::new(library, size), |bencher| {
                bencher.iter(|| {
                    copy(&mut packet, &sealed);
                    message::open_at(level, &key, Direction::ToClient, &mut packet).unwrap().len()
                });
            });
        }
        group.bench_function(BenchmarkId::new("grammers", size), |bencher| {
            bencher.iter(|| {
                copy(&mut packet, &sealed);
                grammers_crypto::decrypt_data_v2(&mut packet, &theirs).unwrap().len()
            });
        });
    });
}

/// Measures work on 16 packets of a size, each time on fresh copies, together and one after the other.
fn many(
    criterion: &mut Criterion<CpuTime>,
    name: &str,
    direction: Direction,
    packet_of: impl Fn(usize) -> Vec<u8>,
    together: impl Fn(&mut [Packet<'_>]),
    alone: impl Fn(Level, Packet<'_>),
) {
    let key = auth_key();
    let mut group = criterion.benchmark_group(name);
    for size in [MIDDLE, LONG] {
        group.throughput(Throughput::Bytes((PACKETS * size) as u64));
        let packets: Vec<Vec<u8>> = (0..PACKETS).map(|_| packet_of(size)).collect();
        let mut buffers = packets.clone();
        let mut measure = |library: &str, work: &dyn Fn(&mut [Packet<'_>])| {
            group.bench_function(BenchmarkId::new(library, format!("{PACKETS}x{size}")), |bencher| {
                bencher.iter(|| {
                    buffers.iter_mut().zip(&packets).for_each(|(buffer, packet)| copy(buffer, packet));
                    let buffers = buffers.iter_mut();
                    let mut packets: Vec<Packet<'_>> =
                        buffers.map(|bytes| Packet { key: &key, direction, bytes }).collect();
                    work(&mut packets);
                });
            });
        };
        let in_turn = |level: Level, packets: &mut [Packet<'_>]| {
            for Packet { bytes, .. } in packets {
                alone(level, Packet { key: &key, direction, bytes });
            }
        };
        measure("sansgram", &together);
        measure("in_turn", &|packets| in_turn(Level::detected(), packets));
        measure("portable_in_turn", &|packets| in_turn(Level::PORTABLE, packets));
    }
    group.finish();
}

fn seal_many(criterion: &mut Criterion<CpuTime>) {
    let together = |packets: &mut [Packet<'_>]| {
        assert!(message::seal_many(packets).iter().all(Result::is_ok));
    };
    let alone = |level, packet: Packet<'_>| {
        assert!(message::seal_at(level, packet.key, packet.direction, packet.bytes).is_ok());
    };
    let plain = |size| bytes(PREFIX_LEN + size);
    many(criterion, "seal_many", Direction::ToServer, plain, together, alone);
}

fn open_many(criterion: &mut Criterion<CpuTime>) {
    let key = auth_key();
    let sealed = |size| {
        let mut packet = bytes(PREFIX_LEN + size);
        message::seal(&key, Direction::ToClient, &mut packet).unwrap();
        packet
    };
    let together = |packets: &mut [Packet<'_>]| {
        assert!(message::open_many(packets).iter().all(Result::is_ok));
    };
    let alone = |level, packet: Packet<'_>| {
        assert!(message::open_at(level, packet.key, packet.direction, packet.bytes).is_ok());
    };
    many(criterion, "open_many", Direction::ToClient, sealed, together, alone);
}

criterion_group! {
    name = benches;
    config = sansgram_benches::criterion();
    targets = ige, seal, open, seal_many, open_many
}
criterion_main!(benches);
