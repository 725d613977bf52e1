//! The machine in a browser: logs in by a QR code, then makes a call. `page.js` has the event loop: WebSockets, timers,
//! clocks and randomness are the browser's. The browser frames the WebSocket, so the machine speaks its obfuscated
//! transport inside, as Telegram's gateways (`/apiws`) and the test DCs expect.
#![no_std]

extern crate alloc;

mod page;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use sansgram_core::PublicKey;
use sansgram_core::client::{
    ApiCredentials, Client, Config, ConnId, DcId, DcTable, Event, Input, IoFailure, Output, RequestHandle,
    RequestOptions, StepHandle, StoredSession, StreamMode,
};
use sansgram_core::login::{LoginStep, QrLoginOutcome};
use sansgram_core::time::Now;
use sansgram_core::tl::{enums, functions::help::GetNearestDc};

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
        let mut client = Client::new(config, StoredSession::default(), Box::new(page::BrowserRandom))
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
                        page::show_link(link.url());
                    }
                }
                Output::Event(Event::Completed(_)) => {
                    if let Err(error) = self.advance(now) {
                        page::show(&error);
                    }
                }
                Output::Event(Event::Disconnected { reason, .. }) => page::show(&reason.to_string()),
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
            page::show(&format!("{} The nearest DC is in {}.", self.text, nearest.country));
        }
        Ok(())
    }
}

/// Starts a login with the setup text at `at`. Returns it, or null if the text is wrong, which the page then shows.
///
/// # Safety
/// `at` and `length` are those of one call of [`page::allocate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn start(at: *mut u8, length: usize) -> *mut Login {
    let now = page::now();
    // SAFETY: the caller's promise.
    let setup = unsafe { page::take(at, length) };
    match Login::start(now, &String::from_utf8_lossy(&setup)) {
        Ok(mut login) => {
            login.poll(now);
            Box::into_raw(Box::new(login))
        }
        Err(error) => {
            page::show(&error);
            core::ptr::null_mut()
        }
    }
}

/// Passes in an input: 0 a tick, 1 the WebSocket is open, 2 it received the bytes at `at`, 3 it is closed.
///
/// # Safety
/// `login` is from [`start`], and no other call with it is running. For kind 2, `at` and `length` are those of one call
/// of [`page::allocate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn handle(login: *mut Login, kind: u32, conn: u32, at: *mut u8, length: usize) {
    let now = page::now();
    let conn = ConnId(u64::from(conn));
    // SAFETY: the caller's promise.
    let login = unsafe { &mut *login };
    match kind {
        1 => login.client.handle(now, Input::Opened { conn }),
        2 => {
            // SAFETY: the caller's promise.
            let mut bytes = unsafe { page::take(at, length) };
            login.client.handle(now, Input::Received { conn, bytes: &mut bytes });
        }
        3 => login.client.handle(now, Input::Lost { conn, cause: IoFailure::Closed }),
        _ => login.client.handle(now, Input::Tick),
    }
    login.poll(now);
}
