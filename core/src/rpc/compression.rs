//! The compression of queries (`gzip_packed`).

use alloc::vec::Vec;

use crate::crypto::Wiped;
use crate::policy;
use crate::tl::{ids, write};

/// `upload.saveFilePart` and `upload.saveBigFilePart`: their content is media, which does not compress.
const UPLOADS: [u32; 2] = [0xb304_a621, 0xde7b_673d];

/// Returns the query as `gzip_packed`, if that is shorter. `deflate` compresses it, and is not called if a sample of
/// the query promises no gain.
pub(super) fn compress(query: &[u8], deflate: impl FnOnce(&[u8]) -> Vec<u8>) -> Option<Wiped> {
    let is_upload = UPLOADS.iter().any(|id| query.starts_with(&id.to_le_bytes()));
    if query.len() < policy::MIN_GZIPPED_QUERY || is_upload || !shrinks(query) {
        return None;
    }
    let compressed = Wiped(deflate(query));
    let mut out = Vec::with_capacity(compressed.len() + 12);
    out.extend_from_slice(&ids::GZIP_PACKED.to_le_bytes());
    write::bytes(&mut out, &compressed);
    let out = Wiped(out);
    (out.len() < query.len()).then_some(out)
}

/// Returns whether a sample of the query promises a gain. Two random bytes are equal once in 256 times, two bytes of
/// prose once in 16. Twice the rate of random bytes, which promises an eighth less length, is enough.
fn shrinks(query: &[u8]) -> bool {
    let mut counts = [0_u32; 256];
    let mut sampled = 0;
    // With an odd stride, samples do not hit the same fields of every record.
    let stride = (query.len() / policy::SAMPLES) | 1;
    for sample in query.chunks(stride).take(policy::SAMPLES) {
        for byte in sample.iter().take(policy::SAMPLED_BYTES / policy::SAMPLES) {
            if let Some(count) = counts.get_mut(usize::from(*byte)) {
                *count += 1;
            }
            sampled += 1;
        }
    }
    let same: u32 = counts.iter().map(|count| count * count.saturating_sub(1)).sum();
    same >= 2 * sampled * sampled / 256
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tl::gzip;

    /// Returns noise from one of Marsaglia's generators.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 88_172_645_463_325_252_u64;
        core::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .take(len)
        .collect()
    }

    #[test]
    fn f11_what_does_not_shrink_is_not_deflated() {
        // Returns how many bytes are compressed, and whether the result is used.
        let deflated = |query: &[u8]| {
            let mut seen = 0;
            let compressed = compress(query, |whole| {
                seen += whole.len();
                gzip::compress(whole)
            });
            (seen, compressed.is_some())
        };
        for len in [16, 512, 1020, 1024, 16 << 10, 512 << 10, 1 << 20] {
            assert_eq!(deflated(&noise(len)), (0, false), "{len}");
        }
        let text: Vec<u8> = b"Nothing in particular was said to a friend. ".repeat(30_000);
        let base64: Vec<u8> = noise(1 << 20).iter().map(|byte| b'0' + byte % 64).collect();
        let peers: Vec<u8> =
            noise(1 << 20).chunks(16).flat_map(|ids| [&[0xb8, 0x6e, 0x59, 0xdd], ids].concat()).collect();
        for (name, query) in [("text", text), ("base64", base64), ("peers", peers)] {
            for len in [1024, 4096, 16 << 10, 1 << 20] {
                assert_eq!(deflated(&query[..len]), (len, true), "{name} {len}");
            }
            assert_eq!(deflated(&query[..1020]), (0, false), "what fits one segment leaves as it is");
        }
        // A head that compresses does not predict the rest, and vice versa.
        let mixed = |head: &[u8], rest: &[u8]| [head, rest].concat();
        assert_eq!(deflated(&mixed(&[0; 512], &noise(15 << 10))), (0, false));
        assert!(deflated(&mixed(&noise(512), &[7; 15 << 10])).1);
    }
}
