//! A Redis server on a free port of loopback, in a temporary directory, as an unprivileged user.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue};

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
            --appendonly yes --databases 200 --requirepass only-for-tests --masterauth only-for-tests "$@" \
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
    port: u16,
    directory: PathBuf,
    databases: AtomicU32,
    /// The server ends with it.
    _input: ChildStdin,
    _script: Child,
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
        let certificate = this.directory.join("certificate.pem");
        (this, certificate)
    }

    fn launch(tls: &str, arguments: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "redis", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-c", SCRIPT, "sh"]).arg(port.to_string()).arg(tls).args(arguments).current_dir("/");
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut directory = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut directory).unwrap();
        let directory = PathBuf::from(directory.trim());
        assert!(directory.is_absolute(), "the server cannot be started: apt-get install redis-server");
        let input = script.stdin.take().unwrap();
        let this = Self { port, directory, databases: AtomicU32::new(0), _input: input, _script: script };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
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
        format!("redis://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
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
        let pid = std::fs::read_to_string(self.directory.join("pid")).unwrap();
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Returns all bytes that the server has written to its directory.
    pub(crate) fn files(&self) -> Vec<u8> {
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
        read(&self.directory, &mut bytes);
        bytes
    }

    /// Records all commands from now on.
    pub(crate) fn monitor(&self) -> Monitor {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
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
