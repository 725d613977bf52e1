//! Memory is bounded by the received bytes, not by claimed lengths. The allocator of this test measures it.
//!
//! A single test only, since the peak is that of the whole process.
#![cfg(feature = "unstable")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use sansgram_core::tl::gzip::{self, GzipError, MAX_DECOMPRESSED};
use sansgram_core::tl::{DecodeError, Deserialize, Serialize, enums, ids, write};

static CURRENT: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let current = CURRENT.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(current, Ordering::Relaxed);
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        CURRENT.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the peak memory in bytes that `work` allocates in addition to what is allocated already.
fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = CURRENT.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = work();
    (result, PEAK.load(Ordering::Relaxed) - before)
}

#[test]
fn claims_reserve_nothing() {
    // The memory of decompression besides its output.
    const STATE: usize = 64 << 10;

    // 64 MiB of zeros in about 64 KiB.
    let bomb = gzip::compress(&vec![0; 64 << 20]);
    let (result, peak) = peak_of(|| gzip::decompress(&bomb, MAX_DECOMPRESSED));
    assert_eq!(result, Err(GzipError::TooLong { length: 64 << 20 }));
    assert!(peak < STATE, "{peak} bytes for a bomb that says what it is");

    // The same with a trailer that claims a permitted length.
    let mut liar = bomb;
    let length = liar.len();
    liar[length - 4..].copy_from_slice(&(MAX_DECOMPRESSED as u32).to_le_bytes());
    let (result, peak) = peak_of(|| gzip::decompress(&liar, MAX_DECOMPRESSED));
    assert_eq!(result, Err(GzipError::BadLength));
    assert!(peak <= MAX_DECOMPRESSED + STATE, "{peak} bytes for a bomb that lies");

    // A few bytes that claim the limit.
    let mut small = gzip::compress(b"small");
    let length = small.len();
    small[length - 4..].copy_from_slice(&(MAX_DECOMPRESSED as u32).to_le_bytes());
    let (result, peak) = peak_of(|| gzip::decompress(&small, MAX_DECOMPRESSED));
    assert_eq!(result, Err(GzipError::BadLength));
    assert!(peak < STATE, "{peak} bytes for a short stream that claims much");

    // A vector with the maximum claimed length for its bytes, whose first item is not valid.
    let mut claim = Vec::new();
    write::u32(&mut claim, ids::VECTOR);
    write::u32(&mut claim, 250_000);
    claim.extend_from_slice(&vec![0; 1_000_000]);
    let (result, peak) = peak_of(|| Vec::<enums::User>::from_bytes(&claim));
    assert_eq!(result, Err(DecodeError::UnexpectedConstructor { found: 0 }));
    assert!(peak <= claim.len(), "{peak} bytes for {} bytes", claim.len());

    // Few bytes that claim all that a vector can have.
    let mut claim = Vec::new();
    write::u32(&mut claim, ids::VECTOR);
    write::u32(&mut claim, u32::MAX);
    claim.extend_from_slice(&[0; 24]);
    let (result, peak) = peak_of(|| Vec::<i64>::from_bytes(&claim));
    assert_eq!(result, Err(DecodeError::VectorTooLong { count: u32::MAX }));
    assert!(peak <= claim.len(), "{peak} bytes for {} bytes", claim.len());

    // Many of the smallest items: memory is a small multiple of the input (a growing vector doubles its capacity).
    let empty = sansgram_core::tl::types::UserEmpty { id: 1 };
    let users = vec![empty.to_boxed(); 50_000].to_bytes();
    let (result, peak) = peak_of(|| Vec::<enums::User>::from_bytes(&users).map(|users| users.len()));
    assert_eq!(result, Ok(50_000));
    assert!(peak <= 4 * users.len(), "{peak} bytes for {} bytes", users.len());

    // The worst case: items that consist only of their constructor id, of a type with large variants.
    let updates = vec![enums::Update::Config; 250_000].to_bytes();
    let (result, peak) = peak_of(|| Vec::<enums::Update>::from_bytes(&updates).map(|updates| updates.len()));
    assert_eq!(result, Ok(250_000));
    let times = if cfg!(feature = "full-api") { 200 } else { 50 };
    assert!(peak <= times * updates.len(), "{peak} bytes for {} bytes", updates.len());
}
