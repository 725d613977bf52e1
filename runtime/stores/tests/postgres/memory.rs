//! What an account of many takes in a process that keeps its sessions in the database.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use sansgram_testkit::{TestServer, TestServerOptions};
use sansgram_tokio::Client;

use super::cluster::Cluster;
use super::process::{Bound, Process, config, in_child, say};
use super::{Options, Store, keys, run};

/// How many accounts the process has in CI; `SANSGRAM_STORES_ACCOUNTS` is another number. Each takes a descriptor on
/// either side.
const ACCOUNTS: usize = 150;
/// What one of them may add to the memory of its process, in bytes. What the system keeps for its socket is not part of
/// it.
const LIMIT: usize = 16 << 10;
/// How many log in before the first measurement, so that what all share is there.
const FIRST: usize = 50;
const LEASE: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_secs(600);

/// How many accounts there are.
fn accounts() -> usize {
    std::env::var("SANSGRAM_STORES_ACCOUNTS").map_or(ACCOUNTS, |number| number.parse().unwrap())
}

#[test]
#[ignore = "starts PostgreSQL"]
fn an_idle_account_takes_little_memory() {
    let options = TestServerOptions::default().with_max_connections(FIRST + accounts());
    let server = TestServer::start(options).unwrap();
    let url = run(Cluster::shared().database());
    let process = Process::start_with("memory::child", &server, &url, [127, 0, 0, 2], LEASE, None);
    let resident = |when| process.says(when, SOON).0.parse::<usize>().unwrap();
    let (first, all) = (resident("first"), resident("all"));
    let each = (all - first) / accounts();
    println!("{} accounts: {each} bytes of resident memory each", accounts());
    assert!(each <= LIMIT, "an account adds {each} bytes");
}

/// A process with many accounts, or nothing in the tests themselves.
#[test]
fn child() {
    in_child(async |url, address, dc, lease| {
        let options = Options::default().with_lease(lease).with_owner(address.to_string());
        let store = Store::connect(url, keys(), options).await.unwrap();
        let runtime = Bound::new(address);
        let mut clients = log_in(&runtime, &store, dc, 0..FIRST).await;
        say("first", &resident());
        clients.extend(log_in(&runtime, &store, dc, FIRST..FIRST + accounts()).await);
        for client in &clients {
            client.get_me().await.expect("it still owns its session");
        }
        say("all", &resident());
        std::future::pending::<()>().await;
    });
}

/// Starts clients with these sessions and logs them in, some at a time.
async fn log_in(runtime: &Bound, store: &Store, dc: SocketAddr, numbers: Range<usize>) -> Vec<Client> {
    const AT_A_TIME: usize = 20;
    let config = config(dc);
    let mut clients = Vec::new();
    for start in numbers.clone().step_by(AT_A_TIME) {
        let tasks: Vec<_> = (start..numbers.end.min(start + AT_A_TIME))
            .map(|number| {
                let session = store.session(&format!("bot {number}")).unwrap();
                let (runtime, config) = (runtime.clone(), config.clone());
                tokio::spawn(async move {
                    let client = Client::start(runtime, config, session).await.unwrap();
                    client.bot_login("1:sandbox").await.unwrap();
                    client
                })
            })
            .collect();
        for task in tasks {
            clients.push(task.await.unwrap());
        }
    }
    clients
}

/// Returns the memory of this process that is not in files, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    let kib: usize = line.trim().strip_suffix("kB").unwrap().trim().parse().unwrap();
    kib << 10
}
