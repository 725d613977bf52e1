//! The machine in a browser: logs in by a QR code, then makes a call. `page.js` has the event loop: WebSockets, timers,
//! clocks and randomness are the browser's. The browser frames the WebSocket, so the machine speaks its obfuscated
//! transport inside, as Telegram's gateways (`/apiws`) and the test DCs expect.
#![no_std]

extern crate alloc;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use qrcodegen_no_heap::{QrCode, QrCodeEcc, Version};
use sansgram_core::client::{
    ApiCredentials, Client, Config, ConnId, DcId, DcTable, Event, Input, IoFailure, Output, RequestHandle,
    RequestOptions, StepHandle, StoredSession, StreamMode,
};
use sansgram_core::login::{LoginStep, QrLoginOutcome};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::{enums, functions::help::GetNearestDc};
use sansgram_core::{PublicKey, SecureRandom};

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The functions of `page.js`. None of them calls back before it returns.
mod page {
    #[link(wasm_import_module = "page")]
    unsafe extern "C" {
        pub(crate) safe fn fill_random(at: *mut u8, length: usize);
        /// Opens a WebSocket to this address.
        pub(crate) safe fn open(conn: u32, address: *const u8, length: usize);
        pub(crate) safe fn send(conn: u32, bytes: *const u8, length: usize);
        pub(crate) safe fn close(conn: u32);
        /// Shows the modules of a QR code, row by row, one byte each, and its link.
        pub(crate) safe fn show_code(modules: *const u8, size: usize, link: *const u8, length: usize);
        pub(crate) safe fn show_text(text: *const u8, length: usize);
        /// Passes in a tick after so many milliseconds.
        pub(crate) safe fn wake_after(milliseconds: f64);
    }
}

struct BrowserRandom;

impl SecureRandom for BrowserRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        page::fill_random(buffer.as_mut_ptr(), buffer.len());
    }
}

/// A client and what it waits for.
pub struct Login {
    client: Client,
    scan: Option<StepHandle<QrLoginOutcome>>,
    call: Option<RequestHandle<GetNearestDc>>,
    text: String,
}

impl Login {
    /// `setup`: a line with a DC and its address for each DC, an empty line, the public key (PEM).
    fn start(now: Now, setup: &str) -> Result<Self, String> {
        let (addresses, key) = setup.split_once("\n\n").ok_or("no empty line")?;
        let mut dcs = DcTable::new();
        for line in addresses.lines() {
            let (dc, address) = line.split_once(' ').ok_or("no address")?;
            let dc = dc.parse().map_err(|_| "no number of a DC")?;
            let address = address.parse().map_err(|_| "no address")?;
            dcs.insert(DcId::new(dc).map_err(|error| error.to_string())?, address);
        }
        let key = PublicKey::from_pem(key).map_err(|error| error.to_string())?;
        let home = DcId::new(2).map_err(|error| error.to_string())?;
        let config = Config::new(dcs, home, [key])
            .with_api(ApiCredentials { id: 1, hash: "0".repeat(32) })
            .with_stream_mode(StreamMode::Obfuscated);
        let mut client = Client::new(config, StoredSession::default(), Box::new(BrowserRandom))
            .map_err(|error| error.to_string())?;
        let scan = client.start_step(now, LoginStep::qr_login(&[])).map_err(|error| error.to_string())?;
        Ok(Self { client, scan: Some(scan), call: None, text: String::new() })
    }

    /// Polls the machine until it waits.
    fn poll(&mut self, now: Now) {
        loop {
            match self.client.poll_output() {
                Output::Open { conn, endpoints, .. } => {
                    let address = endpoints[0].to_string();
                    page::open(conn.0 as u32, address.as_ptr(), address.len());
                }
                Output::Transmit { conn, bytes } => {
                    page::send(conn.0 as u32, bytes.as_ptr(), bytes.len());
                    self.client.handle(now, Input::Transmitted { conn, buffer: bytes });
                }
                Output::Close { conn } => page::close(conn.0 as u32),
                Output::Compute(task) => self.client.handle(now, Input::Computed(task.run())),
                Output::Event(Event::QrLink(id)) => {
                    if let Some(link) = self.client.qr_link(id) {
                        show_code(link.url());
                    }
                }
                Output::Event(Event::Completed(_)) => {
                    if let Err(error) = self.advance(now) {
                        show_text(&error);
                    }
                }
                Output::Event(Event::Disconnected { reason, .. }) => show_text(&reason.to_string()),
                Output::Timeout(until) => {
                    let wait = until.map_or(Duration::MAX, |until| until - now.monotonic);
                    return page::wake_after(wait.as_secs_f64() * 1000.0);
                }
                _ => {}
            }
        }
    }

    /// Takes a result, and starts what follows.
    fn advance(&mut self, now: Now) -> Result<(), String> {
        if let Some(scan) = self.scan.take() {
            match self.client.take_step(scan).ok_or("no result")?.map_err(|error| error.to_string())? {
                QrLoginOutcome::LoggedIn(user) => self.text = format!("Logged in as {}.", user.first_name),
                QrLoginOutcome::PasswordRequired(_) => return Err("This account has a password.".into()),
            }
            let call = self.client.invoke(now, &GetNearestDc {}, RequestOptions::default());
            self.call = Some(call.map_err(|error| error.to_string())?);
        } else if let Some(call) = self.call.take() {
            let nearest = self.client.take(&call).ok_or("no result")?;
            let enums::NearestDc::NearestDc(nearest) = nearest.map_err(|error| error.to_string())?;
            show_text(&format!("{} The nearest DC is in {}.", self.text, nearest.country));
        }
        Ok(())
    }
}

fn show_text(text: &str) {
    page::show_text(text.as_ptr(), text.len());
}

fn show_code(link: &str) {
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
    let Ok(code) = code else { return show_text("The link is too long for a QR code.") };
    let size = code.size();
    let modules: Vec<u8> =
        (0..size * size).map(|at| u8::from(code.get_module(at % size, at / size))).collect();
    page::show_code(modules.as_ptr(), size as usize, link.as_ptr(), link.len());
}

/// Both clocks, from `performance.now()` and `Date.now()` in milliseconds.
fn now(monotonic: f64, unix: f64) -> Now {
    let span = |milliseconds: f64| Duration::from_nanos((milliseconds * 1e6) as u64);
    Now::new(Timestamp::from_origin(span(monotonic)), span(unix))
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
unsafe fn take(at: *mut u8, length: usize) -> Box<[u8]> {
    // SAFETY: the caller's promise; `allocate` made a boxed slice of this length.
    unsafe { Box::from_raw(core::ptr::slice_from_raw_parts_mut(at, length)) }
}

/// Starts a login with the setup text at `at`. Returns it, or null if the text is wrong, which the page then shows.
///
/// # Safety
/// `at` and `length` are those of one call of [`allocate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn start(monotonic: f64, unix: f64, at: *mut u8, length: usize) -> *mut Login {
    let now = now(monotonic, unix);
    // SAFETY: the caller's promise.
    let setup = unsafe { take(at, length) };
    match Login::start(now, &String::from_utf8_lossy(&setup)) {
        Ok(mut login) => {
            login.poll(now);
            Box::into_raw(Box::new(login))
        }
        Err(error) => {
            show_text(&error);
            core::ptr::null_mut()
        }
    }
}

/// Passes in an input: 0 a tick, 1 the WebSocket is open, 2 it received the bytes at `at`, 3 it is closed.
///
/// # Safety
/// `login` is from [`start`], and no other call with it is running. For kind 2, `at` and `length` are those of one call
/// of [`allocate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn handle(
    login: *mut Login,
    monotonic: f64,
    unix: f64,
    kind: u32,
    conn: u32,
    at: *mut u8,
    length: usize,
) {
    let now = now(monotonic, unix);
    let conn = ConnId(u64::from(conn));
    // SAFETY: the caller's promise.
    let login = unsafe { &mut *login };
    match kind {
        1 => login.client.handle(now, Input::Opened { conn }),
        2 => {
            // SAFETY: the caller's promise.
            let mut bytes = unsafe { take(at, length) };
            login.client.handle(now, Input::Received { conn, bytes: &mut bytes });
        }
        3 => login.client.handle(now, Input::Lost { conn, cause: IoFailure::Closed }),
        _ => login.client.handle(now, Input::Tick),
    }
    login.poll(now);
}
