//! What `page.js` offers: clocks, randomness, WebSockets, a place to show things, and the memory that bytes are passed in.
//! None of its functions calls back before it returns.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use qrcodegen_no_heap::{QrCode, QrCodeEcc, Version};
use sansgram_core::SecureRandom;
use sansgram_core::time::{Now, Timestamp};

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[link(wasm_import_module = "page")]
unsafe extern "C" {
    /// The monotonic clock in milliseconds.
    safe fn performance_now() -> f64;
    /// The milliseconds since 1970.
    safe fn date_now() -> f64;
    safe fn fill_random(at: *mut u8, length: usize);
    /// Opens a WebSocket to this address.
    pub(crate) safe fn open(conn: u32, address: *const u8, length: usize);
    pub(crate) safe fn send(conn: u32, bytes: *const u8, length: usize);
    pub(crate) safe fn close(conn: u32);
    /// Shows the modules of a QR code, row by row, one byte each, and its link.
    safe fn show_code(modules: *const u8, size: usize, link: *const u8, length: usize);
    safe fn show_text(text: *const u8, length: usize);
    /// Passes in a tick after so many milliseconds.
    pub(crate) safe fn wake_after(milliseconds: f64);
}

/// Reads both clocks.
pub(crate) fn now() -> Now {
    let span = |milliseconds: f64| Duration::from_nanos((milliseconds * 1e6) as u64);
    Now::new(Timestamp::from_origin(span(performance_now())), span(date_now()))
}

pub(crate) struct BrowserRandom;

impl SecureRandom for BrowserRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        fill_random(buffer.as_mut_ptr(), buffer.len());
    }
}

pub(crate) fn show(text: &str) {
    show_text(text.as_ptr(), text.len());
}

pub(crate) fn show_link(link: &str) {
    const LENGTH: usize = Version::MAX.buffer_len();
    let (mut scratch, mut out) = (vec![0; LENGTH], vec![0; LENGTH]);
    let code = QrCode::encode_text(
        link,
        &mut scratch,
        &mut out,
        QrCodeEcc::Low,
        Version::MIN,
        Version::MAX,
        None,
        true,
    );
    let Ok(code) = code else { return show("The link is too long for a QR code.") };
    let size = code.size();
    let modules: Vec<u8> =
        (0..size * size).map(|at| u8::from(code.get_module(at % size, at / size))).collect();
    show_code(modules.as_ptr(), size as usize, link.as_ptr(), link.len());
}

/// Returns memory for `length` bytes. The function that gets it next frees it.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(length: usize) -> *mut u8 {
    Box::into_raw(vec![0_u8; length].into_boxed_slice()).cast()
}

/// Takes the memory of [`allocate`] back.
///
/// # Safety
/// `at` and `length` are those of one call of [`allocate`].
pub(crate) unsafe fn take(at: *mut u8, length: usize) -> Box<[u8]> {
    // SAFETY: the caller's promise; `allocate` made a boxed slice of this length.
    unsafe { Box::from_raw(core::ptr::slice_from_raw_parts_mut(at, length)) }
}
