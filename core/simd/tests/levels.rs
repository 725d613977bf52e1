//! Each level of instructions gives the same as the portable code, which known answers check in `sansgram-core`.

use quickcheck::{Arbitrary, Gen, QuickCheck};
use sansgram_simd::{
    Block, KeyParts, Level, Message, ige_decrypt, ige_encrypt, kdf, msg_key_of, open, open_many, seal,
    seal_many,
};

/// Bytes that differ by seed and place (xorshift).
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn array<const N: usize>(seed: u64) -> [u8; N] {
    bytes(seed, N).try_into().expect("as many")
}

fn blocks(seed: u64, count: usize) -> Vec<Block> {
    bytes(seed, 16 * count).as_chunks().0.to_vec()
}

fn parts(auth_key: &[u8; 256], x: usize) -> KeyParts<'_> {
    let part = |start: usize| &auth_key[start + x..];
    KeyParts {
        first: part(0).first_chunk().expect("long enough"),
        second: part(40).first_chunk().expect("long enough"),
        hashed: part(88).first_chunk().expect("long enough"),
    }
}

/// The levels beside the portable one.
fn levels() -> Vec<Level> {
    let levels: Vec<Level> = Level::all().collect();
    assert_eq!(levels.first(), Some(&Level::PORTABLE));
    assert_eq!(levels.last(), Some(&Level::detected()));
    println!("levels: {levels:?}");
    levels
}

/// The numbers of blocks that are checked: all small ones, and around larger ones.
fn lengths() -> impl Iterator<Item = usize> {
    (2..=80).chain([127, 128, 129, 1023, 1024, 1025, 65_537])
}

#[test]
fn levels_follow_the_processor() {
    #[cfg(all(target_arch = "x86_64", not(any(sansgram_simd = "none", sansgram_simd = "aes"))))]
    {
        let has_aes = ["aes", "sha", "ssse3", "sse4.1", "avx"].map(has);
        let levels = match (has_aes.iter().all(|has| *has), has("avx2") && has("vaes")) {
            (false, _) => 1,
            (true, false) => 2,
            (true, true) => 3,
        };
        assert_eq!(Level::all().count(), levels);
    }
    #[cfg(any(not(target_arch = "x86_64"), sansgram_simd = "none"))]
    assert_eq!(Level::detected(), Level::PORTABLE);
    #[cfg(sansgram_simd = "aes")]
    assert!(Level::all().count() <= 2);
}

#[cfg(all(target_arch = "x86_64", not(any(sansgram_simd = "none", sansgram_simd = "aes"))))]
fn has(name: &str) -> bool {
    match name {
        "aes" => is_x86_feature_detected!("aes"),
        "sha" => is_x86_feature_detected!("sha"),
        "ssse3" => is_x86_feature_detected!("ssse3"),
        "sse4.1" => is_x86_feature_detected!("sse4.1"),
        "avx" => is_x86_feature_detected!("avx"),
        "avx2" => is_x86_feature_detected!("avx2"),
        "vaes" => is_x86_feature_detected!("vaes"),
        _ => unreachable!("{name}"),
    }
}

#[test]
fn ige_is_the_same_at_each_level() {
    for count in (0..=80).chain([1023, 1024, 4097]) {
        let (key, iv) = (array(count as u64), array(!(count as u64)));
        let plaintext = blocks(count as u64 + 7, count);
        let mut expected = plaintext.clone();
        ige_encrypt(Level::PORTABLE, &key, &iv, &mut expected);
        for level in levels() {
            let mut text = plaintext.clone();
            ige_encrypt(level, &key, &iv, &mut text);
            assert!(text == expected, "{level:?}, {count} blocks");
            ige_decrypt(level, &key, &iv, &mut text);
            assert!(text == plaintext, "{level:?}, {count} blocks");
        }
    }
}

#[test]
fn ige_is_what_the_formula_says() {
    // `c[i] = E(p[i] ^ c[i-1]) ^ p[i-1]`: with an iv of zeros, the first block is that of AES alone (FIPS 197, C.3).
    let key: [u8; 32] = std::array::from_fn(|at| at as u8);
    let plaintext: Block = std::array::from_fn(|at| 0x11 * at as u8);
    let expected =
        [0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45, 0xbf, 0xea, 0xfc, 0x49, 0x90, 0x4b, 0x49, 0x60, 0x89];
    for level in levels() {
        let mut text = [plaintext, expected];
        ige_encrypt(level, &key, &[0; 32], &mut text);
        assert_eq!(text[0], expected, "{level:?}");
        // The second is E(0) ^ p[0], as if a text began with zeros under this iv.
        let mut other = [[0; 16]];
        let iv: [u8; 32] = std::array::from_fn(|at| if at < 16 { 0 } else { plaintext[at - 16] });
        ige_encrypt(level, &key, &iv, &mut other);
        assert_eq!(text[1], other[0], "{level:?}");
    }
}

#[test]
fn keys_are_derived_alike() {
    for seed in 0..200 {
        let (auth_key, msg_key) = (array(seed), array(seed + 1000));
        for x in [0, 8] {
            let expected = kdf(Level::PORTABLE, &parts(&auth_key, x), &msg_key);
            for level in levels() {
                let keys = kdf(level, &parts(&auth_key, x), &msg_key);
                assert_eq!((keys.key, keys.iv), (expected.key, expected.iv), "{level:?}");
            }
        }
    }
}

#[test]
fn messages_of_each_length_are_the_same_at_each_level() {
    for count in lengths() {
        let auth_key = array(count as u64);
        let parts = parts(&auth_key, count % 2 * 8);
        let plaintext = blocks(count as u64 + 3, count);
        let mut sealed = plaintext.clone();
        let large = seal(Level::PORTABLE, &parts, &mut sealed);
        for level in levels() {
            let mut text = plaintext.clone();
            assert_eq!(seal(level, &parts, &mut text), large, "{level:?}, {count} blocks");
            assert!(text == sealed, "{level:?}, {count} blocks");
            assert_eq!(
                open(level, &parts, &msg_key_of(&large), &mut text),
                large,
                "{level:?}, {count} blocks"
            );
            assert!(text == plaintext, "{level:?}, {count} blocks");
        }
    }
}

#[test]
fn changed_messages_open_to_the_same_at_each_level() {
    for (seed, count) in (3..40).enumerate() {
        let auth_key = array(seed as u64);
        let parts = parts(&auth_key, 8);
        let mut sealed = blocks(seed as u64 + 3, count);
        let mut msg_key = msg_key_of(&seal(Level::PORTABLE, &parts, &mut sealed));
        if seed % 2 == 0 {
            msg_key[seed % 16] ^= 1;
        } else {
            sealed[seed % count][seed % 16] ^= 0x80;
        }
        let mut expected = sealed.clone();
        let large = open(Level::PORTABLE, &parts, &msg_key, &mut expected);
        assert_ne!(msg_key_of(&large), msg_key);
        for level in levels() {
            let mut text = sealed.clone();
            assert_eq!(open(level, &parts, &msg_key, &mut text), large, "{level:?}");
            assert!(text == expected, "{level:?}");
        }
    }
}

/// Lengths of messages that are in work together.
#[derive(Clone, Debug)]
struct Batch {
    seed: u64,
    counts: Vec<usize>,
}

impl Arbitrary for Batch {
    fn arbitrary(random: &mut Gen) -> Self {
        let longest = *random.choose(&[3, 10, 70, 300]).expect("one of them");
        let number = usize::arbitrary(random) % 40;
        let mut counts = || 2 + usize::arbitrary(random) % longest;
        let counts = (0..number).map(|_| counts()).collect();
        Self { seed: u64::arbitrary(random) >> 1, counts }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let seed = self.seed;
        let all = self.counts.shrink();
        Box::new(
            all.filter(|counts| counts.iter().all(|count| *count >= 2))
                .map(move |counts| Self { seed, counts }),
        )
    }
}

/// Whether a batch gives at each level what its messages give alone; every third one is changed in between.
fn gives_the_same(Batch { seed, counts }: Batch) -> bool {
    let keys: Vec<[u8; 256]> = (0..counts.len()).map(|at| array(seed.wrapping_add(at as u64))).collect();
    let plaintexts: Vec<Vec<Block>> =
        counts.iter().zip(0..).map(|(count, at)| blocks(seed.wrapping_add(at + 99), *count)).collect();
    let parts = |at: usize| parts(&keys[at], at % 2 * 8);
    let mut alone = plaintexts.clone();
    let large: Vec<[u8; 32]> =
        alone.iter_mut().enumerate().map(|(at, text)| seal(Level::PORTABLE, &parts(at), text)).collect();
    let is_changed = |at: usize| at % 3 == 1;
    let mut changed = alone.clone();
    changed
        .iter_mut()
        .enumerate()
        .filter(|(at, _)| is_changed(*at))
        .for_each(|(at, text)| text[at % 2][5] ^= 4);
    let mut opened = changed.clone();
    let opened_large: Vec<[u8; 32]> = opened
        .iter_mut()
        .enumerate()
        .map(|(at, text)| open(Level::PORTABLE, &parts(at), &msg_key_of(&large[at]), text))
        .collect();

    let batch = |texts: &mut [Vec<Block>], is_sealed: bool, level: Level| -> Vec<[u8; 32]> {
        let mut hashes = vec![[0; 32]; texts.len()];
        let each = texts.iter_mut().zip(&mut hashes).enumerate();
        let mut messages: Vec<Message<'_>> = each
            .map(|(at, (blocks, hash))| {
                let msg_key = if is_sealed { msg_key_of(&large[at]) } else { [0; 16] };
                Message { parts: parts(at), msg_key, blocks, large: hash }
            })
            .collect();
        if is_sealed {
            open_many(level, &mut messages);
        } else {
            seal_many(level, &mut messages);
            assert!(messages.iter().all(|message| message.msg_key == msg_key_of(message.large)));
        }
        hashes
    };
    levels().into_iter().all(|level| {
        let mut texts = plaintexts.clone();
        let is_sealed_alike = batch(&mut texts, false, level) == large && texts == alone;
        let mut texts = changed.clone();
        is_sealed_alike && batch(&mut texts, true, level) == opened_large && texts == opened
    })
}

#[test]
fn batches_give_what_their_messages_give_alone() {
    QuickCheck::new().tests(300).quickcheck(gives_the_same as fn(Batch) -> bool);
}

#[test]
fn batches_of_each_size_and_of_unlike_lengths_give_the_same() {
    for number in 0..=35 {
        assert!(gives_the_same(Batch { seed: number as u64, counts: vec![66; number] }));
    }
    let unlike = [2, 3, 4, 5, 6, 64, 65, 66, 67, 128, 129, 200, 1000, 2, 2, 3000, 2999];
    assert!(gives_the_same(Batch { seed: 5, counts: unlike.to_vec() }));
    assert!(gives_the_same(Batch { seed: 6, counts: [5000].into_iter().chain([4; 15]).collect() }));
}

#[test]
#[should_panic(expected = "a message has a header")]
fn a_text_without_two_blocks_is_refused() {
    let auth_key = [1; 256];
    let _ = seal(Level::detected(), &parts(&auth_key, 0), &mut [[0; 16]]);
}

#[test]
#[should_panic(expected = "a message has a header")]
fn a_batch_with_a_text_without_two_blocks_is_refused() {
    let auth_key = [1; 256];
    let [mut short, mut long] = [vec![[0; 16]], vec![[0; 16]; 3]];
    let mut hashes = [[0; 32]; 2];
    let texts = [&mut long, &mut short].into_iter().zip(&mut hashes);
    let mut messages: Vec<Message<'_>> = texts
        .map(|(blocks, large)| Message { parts: parts(&auth_key, 0), msg_key: [0; 16], blocks, large })
        .collect();
    open_many(Level::detected(), &mut messages);
}
