//! The test DCs in a process of their own, which can be killed and stopped; and the log of what they executed.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sansgram_core::client::{ApiCredentials, Config, DcId, DcTable};
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_testkit::Answer;
use sansgram_testkit::server::ServerOptions;
use sansgram_testkit::test_server::{TestServer, TestServerOptions};

use crate::Result;

/// `help.getAppUpdate#522d5a7d source:string = help.AppUpdate;` needs no login; its source is the number of the request.
const GET_APP_UPDATE: u32 = 0x522d_5a7d;
/// `help.noAppUpdate#c45a6536 = help.AppUpdate;`
const NO_APP_UPDATE: u32 = 0xc45a_6536;
/// Length in digits of the number of a request. With the length before it, the string has 8 bytes, so it needs no padding.
const DIGITS: usize = 7;
/// The number of the requests that are made when all is over.
pub(crate) const LAST: usize = 9_999_999;

/// Returns the query with the number of a request.
pub(crate) fn query(number: usize) -> Vec<u8> {
    let text = format!("{number:0DIGITS$}");
    [&GET_APP_UPDATE.to_le_bytes()[..], &[DIGITS as u8], text.as_bytes()].concat()
}

/// Returns the answer to each query.
pub(crate) const fn answer() -> [u8; 4] {
    NO_APP_UPDATE.to_le_bytes()
}

/// The process with the DCs.
pub(crate) struct Dc {
    child: Child,
    address: SocketAddr,
    public_key: String,
    state: PathBuf,
    log: PathBuf,
}

impl Dc {
    /// Starts them, with their files in `directory`.
    pub(crate) fn start(directory: &Path) -> Result<Self> {
        let (state, log) = (directory.join("state"), directory.join("log"));
        let (child, port, public_key) = spawn(0, &state, &log)?;
        Ok(Self { child, address: (Ipv4Addr::LOCALHOST, port).into(), public_key, state, log })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Returns a configuration for the DCs, without an address that leads to them.
    pub(crate) fn config(&self) -> Config {
        let key = PublicKey::from_pem(&self.public_key).expect("the key of the DCs is valid");
        let dc = DcId::new(2).expect("the number of a DC");
        let api = ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() };
        let mut config = Config::new(DcTable::new(), dc, [key]).with_api(Some(api));
        (config.updates, config.learn_addresses) = (false, false);
        config
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills them, and starts them again at the same address, with the state that they kept.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        (self.child, ..) = spawn(self.address.port(), &self.state, &self.log)?;
        Ok(())
    }
}

impl Drop for Dc {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts the process. Returns it with its port and its public key.
fn spawn(port: u16, state: &Path, log: &Path) -> Result<(Child, u16, String)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("dc")
        .arg(port.to_string())
        .args([state, log])
        // Their own date is right.
        .env_remove("LD_PRELOAD")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no pipe")?);
    let (mut port, mut key) = (String::new(), String::new());
    lines.read_line(&mut port)?;
    let port = port.trim().parse().map_err(|_| "the DCs did not start")?;
    while !key.contains("-----END") {
        if lines.read_line(&mut key)? == 0 {
            return Err("the DCs ended before they had told their key".into());
        }
    }
    Ok((child, port, key))
}

/// Runs the DCs until the process is killed, or its parent ends.
pub(crate) fn serve(port: &str, state: &Path, log: &Path) -> Result<()> {
    let server = ServerOptions::default().with_dcs(vec![2]);
    let options = TestServerOptions::default()
        .with_port(port.parse()?)
        .with_state(Some(state.to_owned()))
        .with_max_connections(10_000)
        .with_server(server);
    let server = TestServer::start(options)?;
    // What was written stays if the process is killed.
    let mut log = OpenOptions::new().create(true).append(true).open(log)?;
    let _ = server.on_raw(GET_APP_UPDATE, move |_, query| {
        let number = query.get(query.len() - DIGITS..).unwrap_or_default();
        log.write_all(number).expect("the log can be written");
        Answer::Result(answer().to_vec())
    });
    let (_, address) = server.addresses().first().ok_or("no address")?;
    // In one piece, since nothing is read after the key.
    let told = format!("{}\n{}", address.port(), server.public_key_pem());
    std::io::stdout().write_all(told.as_bytes())?;
    std::io::stdout().flush()?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

/// Returns how often each request was executed.
pub(crate) fn read_log(log: &Path, requests: usize) -> Result<Vec<u32>> {
    let mut executions = vec![0; requests];
    let bytes = std::fs::read(log)?;
    let (numbers, rest) = bytes.as_chunks::<DIGITS>();
    if !rest.is_empty() {
        return Err("the log of the DCs ends within a number".into());
    }
    for number in numbers {
        let number: usize = std::str::from_utf8(number)?.parse()?;
        match executions.get_mut(number) {
            Some(count) => *count += 1,
            None if number == LAST => {}
            None => return Err(format!("the DCs executed a request that no client made: {number}").into()),
        }
    }
    Ok(executions)
}
