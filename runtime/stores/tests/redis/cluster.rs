//! A Redis server on a free port of loopback, in a temporary directory, as an unprivileged user.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue};

#[path = "../shared/server.rs"]
mod server;

use server::{Server, shell_of};

pub(crate) const PASSWORD: &str = "only-for-tests";

/// Runs the server until the standard input ends, which it also does if the tests are killed. A server that ends before
/// is started again.
const SCRIPT: &str = r#"
set -e
port=$1 tls=$2 dir=$(mktemp -d)
shift 2
if [ "$tls" = on ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test \
        -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
        -keyout "$dir/server.key" -out "$dir/certificate.pem" >>"$dir/log" 2>&1 </dev/null
    set -- "$@" --port 0 --tls-port "$port" --tls-cert-file "$dir/certificate.pem" \
        --tls-key-file "$dir/server.key" --tls-ca-cert-file "$dir/certificate.pem" --tls-auth-clients no
fi
serve() {
    while [ -d "$dir" ]; do
        redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --pidfile "$dir/pid" --save '' \
            --appendonly yes --rdbcompression no --databases 200 --requirepass only-for-tests --masterauth only-for-tests "$@" \
            >>"$dir/log" 2>&1 </dev/null || sleep 0.1
    done
}
serve "$@" & serving=$!
chmod 755 "$dir"
echo "$dir"
cat >/dev/null
kill "$serving"
kill -9 "$(cat "$dir/pid")"
# It writes until it has ended.
until rm -rf "$dir" 2>/dev/null; do sleep 0.1; done
"#;

pub(crate) struct Cluster {
    server: Server,
    databases: AtomicU32,
}

impl Cluster {
    /// The server of the tests that leave it alone.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with these arguments, too.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::launch("off", arguments)
    }

    /// Starts a server with a certificate for 127.0.0.1, which is in the returned file.
    pub(crate) fn start_with_tls() -> (Self, PathBuf) {
        let this = Self::launch("on", &[]);
        let certificate = this.server.directory.join("certificate.pem");
        (this, certificate)
    }

    fn launch(tls: &str, arguments: &[&str]) -> Self {
        let arguments = [tls].into_iter().chain(arguments.iter().copied());
        let server = Server::start(shell_of("redis"), SCRIPT, arguments);
        let this = Self { server, databases: AtomicU32::new(0) };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", this.server.port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(60), "{}", this.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        this
    }

    /// Returns the URL of an empty database.
    #[allow(clippy::unused_async, reason = "the tests of PostgreSQL call it, too")]
    pub(crate) async fn database(&self) -> String {
        self.url("", PASSWORD, self.databases.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn url(&self, user: &str, password: &str, database: u32) -> String {
        format!("redis://{user}:{password}@127.0.0.1:{}/{database}", self.server.port)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.server.port
    }

    /// Runs a command, of words without blanks, once the server answers.
    pub(crate) async fn run<T: FromRedisValue>(&self, url: &str, words: &str) -> T {
        let mut words = words.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        command.arg(words.collect::<Vec<_>>());
        self.command(url, &command).await
    }

    pub(crate) async fn command<T: FromRedisValue>(&self, url: &str, command: &Cmd) -> T {
        command.query_async(&mut self.connect(url).await).await.unwrap()
    }

    async fn connect(&self, url: &str) -> MultiplexedConnection {
        let begin = Instant::now();
        let client = redis::Client::open(url).unwrap();
        loop {
            match client.get_multiplexed_async_connection().await {
                Ok(connection) => return connection,
                Err(error) if begin.elapsed() > Duration::from_secs(60) => {
                    panic!("{error}: {}", self.log());
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Frees all sessions, although their owners use them.
    pub(crate) async fn forget_owners(&self, url: &str) {
        for name in self.run::<Vec<String>>(url, "SMEMBERS {sansgram}:sessions").await {
            self.run::<u32>(url, &format!("HDEL {{sansgram}}:session:{name} owner expires_at")).await;
        }
    }

    /// Returns the number of the ownership and the version of the content of the one session.
    pub(crate) async fn numbers(&self, url: &str) -> (u64, u64) {
        let names: Vec<String> = self.run(url, "SMEMBERS {sansgram}:sessions").await;
        let [name] = &names[..] else { panic!("{names:?}") };
        self.run(url, &format!("HMGET {{sansgram}}:session:{name} fence version")).await
    }

    /// Kills the server, which is started again.
    pub(crate) fn kill(&self) {
        let pid = std::fs::read_to_string(self.server.directory.join("pid")).unwrap();
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// Ends the lease of a session.
    pub(crate) async fn end_lease(&self, url: &str, name: &str) {
        self.run::<u32>(url, &format!("HSET {{sansgram}}:session:{name} expires_at 1")).await;
    }

    /// Changes the number of the ownership of a session.
    pub(crate) async fn raise_fence(&self, url: &str, name: &str) {
        self.run::<u32>(url, &format!("HINCRBY {{sansgram}}:session:{name} fence 1")).await;
    }

    /// Changes the version of the session `me`, but not its content.
    pub(crate) async fn raise_version(&self, url: &str) {
        self.run::<u32>(url, "HINCRBY {sansgram}:session:me version 1").await;
    }

    pub(crate) async fn has_owner(&self, url: &str, name: &str) -> bool {
        self.run(url, &format!("HEXISTS {{sansgram}}:session:{name} owner")).await
    }

    /// Returns the version and the sealed content of the session `me`.
    pub(crate) async fn content(&self, url: &str) -> (u32, Vec<u8>) {
        self.run(url, "HMGET {sansgram}:session:me version data").await
    }

    /// Counts the commands within this time that renew leases.
    pub(crate) async fn count_renewals(&self, within: Duration) -> usize {
        let mut monitor = self.monitor();
        tokio::task::spawn_blocking(move || monitor.count("local kept", within)).await.unwrap()
    }

    /// Returns what the server has of the session `me`: the snapshot, the append-only file with each command, and the
    /// log.
    pub(crate) async fn kept(&self, url: &str) -> [Vec<u8>; 1] {
        self.run::<String>(url, "SAVE").await;
        let files = self.files();
        for part in ["{sansgram}:session:me", "REDIS", "HSET"] {
            assert!(files.windows(part.len()).any(|window| window == part.as_bytes()), "{part}");
        }
        [files]
    }

    /// Returns all bytes that the server has written to its directory.
    fn files(&self) -> Vec<u8> {
        fn read(directory: &std::path::Path, into: &mut Vec<u8>) {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => read(&path, into),
                    false => into.extend(std::fs::read(path).unwrap()),
                }
            }
        }
        let mut bytes = Vec::new();
        read(&self.server.directory, &mut bytes);
        bytes
    }

    /// Records all commands from now on.
    pub(crate) fn monitor(&self) -> Monitor {
        let mut stream = TcpStream::connect(("127.0.0.1", self.server.port)).unwrap();
        stream.write_all(format!("AUTH {PASSWORD}\r\nMONITOR\r\n").as_bytes()).unwrap();
        let mut answer = [0; 10];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK\r\n+OK\r\n");
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Monitor { lines: BufReader::new(stream) }
    }
}

/// The commands that a server runs.
pub(crate) struct Monitor {
    lines: BufReader<TcpStream>,
}

impl Monitor {
    /// Returns the words of the next command that a client has sent and whose second word contains this.
    pub(crate) fn next(&mut self, part: &str) -> Vec<Vec<u8>> {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the server ends");
            let words = words(&line);
            let is_of_script = line.contains(" lua] ");
            if !is_of_script && words.get(1).is_some_and(|word| String::from_utf8_lossy(word).contains(part))
            {
                return words;
            }
        }
    }

    /// Counts the commands `EVAL` within this time whose script contains this.
    pub(crate) fn count(&mut self, part: &str, within: Duration) -> usize {
        let (begin, mut count) = (Instant::now(), 0);
        while let Some(left) = within.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) {
            self.lines.get_ref().set_read_timeout(Some(left)).unwrap();
            let mut line = String::new();
            if self.lines.read_line(&mut line).is_err() {
                break;
            }
            count += usize::from(line.contains("\"EVAL\"") && line.contains(part));
        }
        count
    }
}

/// Returns the quoted words of a line.
fn words(line: &str) -> Vec<Vec<u8>> {
    let (mut words, mut bytes) = (Vec::new(), line.bytes());
    while bytes.by_ref().any(|byte| byte == b'"') {
        let mut word = Vec::new();
        loop {
            match bytes.next().unwrap() {
                b'"' => break,
                b'\\' => word.push(match bytes.next().unwrap() {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'a' => 7,
                    b'b' => 8,
                    b'x' => {
                        let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                    }
                    byte => byte,
                }),
                byte => word.push(byte),
            }
        }
        words.push(word);
    }
    words
}
