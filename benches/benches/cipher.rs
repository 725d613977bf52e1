//! AES-IGE and whole messages, with grammers-crypto beside ours.
//!
//! Both sides of `seal` copy the plaintext in and draw 32 bytes of padding from the operating system; both sides of
//! `open` copy the packet in. Neither copies in one call of the C library's copy, which takes 5 µs for 16 KiB on some
//! processors if the alignments differ (`rep movsb`): half of what is measured.
#![allow(missing_docs, reason = "criterion's macros write functions")]

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use grammers_crypto::DequeBuffer;
use sansgram_benches::{CpuTime, LONG, SHORT, auth_key, bytes};
use sansgram_core::crypto::message::{self, Direction, PREFIX_LEN};
use sansgram_core::crypto::{OsRandom, SecureRandom, aes_ige};

const PADDING: usize = 32;

fn sizes<'c>(
    criterion: &'c mut Criterion<CpuTime>,
    name: &str,
    mut each: impl FnMut(&mut BenchmarkGroup<'c, CpuTime>, usize),
) {
    let mut group = criterion.benchmark_group(name);
    for size in [SHORT, LONG] {
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
        group.bench_function(BenchmarkId::new("grammers", size), |bencher| {
            bencher.iter(|| grammers_crypto::aes::ige_encrypt(&mut data, &key, &iv));
        });
    });
    sizes(criterion, "ige_decrypt", |group, size| {
        let mut data = bytes(size);
        group.bench_function(BenchmarkId::new("sansgram", size), |bencher| {
            bencher.iter(|| aes_ige::decrypt(&key, &iv, &mut data));
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
        group.bench_function(BenchmarkId::new("sansgram", size), |bencher| {
            bencher.iter(|| {
                let (text, padding) = packet[PREFIX_LEN..].split_at_mut(size - PADDING);
                copy(text, &plaintext);
                random.fill(padding);
                message::seal(&key, Direction::ToServer, &mut packet).unwrap()
            });
        });
        let mut buffer = DequeBuffer::with_capacity(size, PREFIX_LEN);
        group.bench_function(BenchmarkId::new("grammers", size), |bencher| {
            bencher.iter(|| {
                buffer.clear();
                buffer.extend(plaintext.iter());
                grammers_crypto::encrypt_data_v2(&mut buffer, &theirs);
            });
        });
        assert_eq!(buffer.len(), packet.len());
    });
}

fn open(criterion: &mut Criterion<CpuTime>) {
    let key = auth_key();
    let theirs = grammers_crypto::AuthKey::from_bytes(*key.as_bytes());
    sizes(criterion, "open", |group, size| {
        let mut sealed = bytes(PREFIX_LEN + size);
        message::seal(&key, Direction::ToClient, &mut sealed).unwrap();
        let mut packet = sealed.clone();
        group.bench_function(BenchmarkId::new("sansgram", size), |bencher| {
            bencher.iter(|| {
                copy(&mut packet, &sealed);
                message::open(&key, Direction::ToClient, &mut packet).unwrap().len()
            });
        });
        group.bench_function(BenchmarkId::new("grammers", size), |bencher| {
            bencher.iter(|| {
                copy(&mut packet, &sealed);
                grammers_crypto::decrypt_data_v2(&mut packet, &theirs).unwrap().len()
            });
        });
    });
}

criterion_group! {
    name = benches;
    config = sansgram_benches::criterion();
    targets = ige, seal, open
}
criterion_main!(benches);
