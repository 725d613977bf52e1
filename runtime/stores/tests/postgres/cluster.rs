//! A PostgreSQL server on a free port of loopback, in a temporary directory, as an unprivileged user.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

#[path = "../shared/server.rs"]
mod server;

use server::{Server, shell_of};

pub(crate) const PASSWORD: &str = "only-for-tests";

/// Gives the server a disk of its own, which ends with it. Other processes keep theirs.
const MOUNT: &str = r#"mount -t tmpfs -o size=200m,mode=1777 tmpfs /tmp && exec "$@""#;
/// Runs the server until the standard input ends, which it also does if the tests are killed. A server that ends before
/// is started again.
const SCRIPT: &str = r#"
set -e
port=$1 bin=$2 tls=$3 primary=$4 dir=$(mktemp -d)
if [ -n "$primary" ]; then
    PGPASSWORD=only-for-tests "$bin/pg_basebackup" -h 127.0.0.1 -p "$primary" -U postgres -D "$dir/data" -R -c fast \
        --no-sync >"$dir/log" 2>&1 </dev/null
else
    printf only-for-tests >"$dir/password"
    "$bin/initdb" -D "$dir/data" -A scram-sha-256 -U postgres --pwfile="$dir/password" --no-sync -E UTF8 --locale=C \
        >"$dir/log" 2>&1 </dev/null
fi
if [ "$tls" = on ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test \
        -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
        -keyout "$dir/data/server.key" -out "$dir/data/server.crt" >>"$dir/log" 2>&1 </dev/null
    chmod 600 "$dir/data/server.key"
    cp "$dir/data/server.crt" "$dir/certificate.pem"
fi
serve() {
    while [ -d "$dir" ]; do
        "$bin/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" \
            -c ssl="$tls" -c fsync=off -c max_connections=200 -c log_statement=all >>"$dir/log" 2>&1 </dev/null || sleep 0.1
    done
}
serve & serving=$!
chmod 755 "$dir"
echo "$dir"
cat >/dev/null
kill "$serving"
kill -QUIT "$(head -n 1 "$dir/data/postmaster.pid")"
# It writes until it has ended.
until rm -rf "$dir" 2>/dev/null; do sleep 0.1; done
"#;

/// The user that Debian's package creates.
const USER: &str = "postgres";

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
        Self::start_with("off", "", shell_of(USER))
    }

    /// Starts a server that replicates this one, and only reads.
    pub(crate) fn start_replica(&self) -> Self {
        Self::start_with("off", &self.server.port.to_string(), shell_of(USER))
    }

    /// Starts a server on a disk of its own, a small one that no other process sees. Returns `None` if this process may
    /// not mount one.
    pub(crate) fn start_on_small_disk() -> Option<Self> {
        let may_mount = Command::new("unshare").args(["-m", "sh", "-c", MOUNT, "sh", "true"]).status();
        if !may_mount.is_ok_and(|status| status.success()) {
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", MOUNT, "sh"]);
        let script = shell_of(USER);
        command.arg(script.get_program()).args(script.get_args());
        Some(Self::start_with("off", "", command))
    }

    /// Fills the small disk.
    pub(crate) fn fill_disk(&self) {
        let mut file = std::fs::File::create(self.filler()).unwrap();
        for size in [1 << 20, 4096, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    pub(crate) fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    /// A file on the small disk, as this process sees it.
    fn filler(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root/tmp/filler", self.server.script.id()))
    }

    /// Starts a server with a certificate for 127.0.0.1, which is in the returned file.
    pub(crate) fn start_with_tls() -> (Self, PathBuf) {
        let this = Self::start_with("on", "", shell_of(USER));
        let certificate = this.server.directory.join("certificate.pem");
        (this, certificate)
    }

    fn start_with(tls: &str, primary: &str, command: Command) -> Self {
        let programs = programs().to_str().unwrap();
        let server = Server::start(command, SCRIPT, [programs, tls, primary]);
        Self { server, databases: AtomicU32::new(0) }
    }

    /// Creates an empty database. Returns its URL.
    pub(crate) async fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}")).await;
        self.url("postgres", PASSWORD, &name)
    }

    pub(crate) fn url(&self, user: &str, password: &str, database: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.server.port)
    }

    /// Returns the name of the database that a URL ends in.
    pub(crate) fn name_of(url: &str) -> &str {
        url.rsplit('/').next().unwrap()
    }

    pub(crate) const fn port(&self) -> u16 {
        self.server.port
    }

    /// Runs statements as the superuser.
    pub(crate) async fn execute(&self, database: &str, statements: &str) {
        self.connect(database).await.batch_execute(statements).await.unwrap();
    }

    /// Returns the first column of the first row, as text.
    pub(crate) async fn query(&self, database: &str, query: &str) -> String {
        self.connect(database).await.query_one(query, &[]).await.unwrap().get(0)
    }

    /// Frees all sessions, although their owners use them.
    pub(crate) async fn forget_owners(&self, url: &str) {
        self.execute(Self::name_of(url), "UPDATE sansgram_sessions SET owner = NULL").await;
    }

    /// Returns the number of the ownership and the version of the content of the one session.
    pub(crate) async fn numbers(&self, url: &str) -> (u64, u64) {
        let query = "SELECT fence || ' ' || version FROM sansgram_sessions";
        let text = self.query(Self::name_of(url), query).await;
        let (fence, version) = text.split_once(' ').unwrap();
        (fence.parse().unwrap(), version.parse().unwrap())
    }

    /// Connects as the superuser, once the server answers.
    async fn connect(&self, database: &str) -> Client {
        let begin = Instant::now();
        loop {
            match tokio_postgres::connect(&self.url("postgres", PASSWORD, database), NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return client;
                }
                Err(error) if begin.elapsed() > Duration::from_secs(60) => {
                    panic!("{error}: {}", self.log());
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Kills the server, which is started again.
    pub(crate) fn kill(&self) {
        let file = Command::new("cat").arg(self.server.directory.join("data/postmaster.pid")).output();
        let text = String::from_utf8(file.unwrap().stdout).unwrap();
        let pid: i32 = text.lines().next().unwrap().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::QUIT).unwrap();
    }

    /// Returns what the server has logged: each statement, among others.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// Ends the lease of a session.
    pub(crate) async fn end_lease(&self, url: &str, name: &str) {
        let change = "SET expires_at = now() - interval '1 s'";
        self.change(url, name, change).await;
    }

    /// Changes the number of the ownership of a session.
    pub(crate) async fn raise_fence(&self, url: &str, name: &str) {
        self.change(url, name, "SET fence = fence + 1").await;
    }

    /// Changes the version of the session `me`, but not its content.
    pub(crate) async fn raise_version(&self, url: &str) {
        self.change(url, "me", "SET version = version + 1").await;
    }

    async fn change(&self, url: &str, name: &str, set: &str) {
        let statement = format!("UPDATE sansgram_sessions {set} WHERE name = '{name}'");
        self.execute(Self::name_of(url), &statement).await;
    }

    pub(crate) async fn has_owner(&self, url: &str, name: &str) -> bool {
        let query = format!("SELECT (owner IS NOT NULL)::text FROM sansgram_sessions WHERE name = '{name}'");
        self.query(Self::name_of(url), &query).await == "true"
    }

    /// Returns the version and the sealed content of the session `me`.
    pub(crate) async fn content(&self, url: &str) -> String {
        let query = "SELECT version || encode(data, 'hex') FROM sansgram_sessions WHERE name = 'me'";
        self.query(Self::name_of(url), query).await
    }

    /// Counts the statements within this time that renew leases.
    pub(crate) async fn count_renewals(&self, within: Duration) -> usize {
        let renewals = || self.log().matches("FROM unnest").count();
        let before = renewals();
        tokio::time::sleep(within).await;
        renewals() - before
    }

    /// Returns what the server has of the session `me`: a dump, and the log with each statement.
    #[allow(clippy::unused_async, reason = "that of Redis waits")]
    pub(crate) async fn kept(&self, url: &str) -> [Vec<u8>; 2] {
        let dump = self.dump(url);
        assert!(dump.contains("sansgram_sessions") && dump.contains("\nme\t"), "{dump}");
        [dump.into_bytes(), self.log().into_bytes()]
    }

    /// Returns a dump of a database as SQL.
    fn dump(&self, url: &str) -> String {
        let dump = Command::new(programs().join("pg_dump")).arg(url).output().unwrap();
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        String::from_utf8(dump.stdout).unwrap()
    }
}

/// Returns the directory of the newest version's programs, as Debian installs them.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let programs = installed.map(|version| version.unwrap().path().join("bin"));
        let newest = programs.filter(|path| path.join("initdb").exists()).max();
        newest.expect("PostgreSQL is not installed: apt-get install postgresql")
    })
}
