//! Faults in any order, of processes that share a session and of their database: never two owners at once, and always
//! one again in time.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::cluster::Cluster;
use super::process::Process;
use super::processes::logged_in;

/// Long enough for a busy machine to renew it.
const LEASE: Duration = Duration::from_secs(3);
/// How long the session may be without an answer of the server: a lease and two seconds.
const GAP: Duration = Duration::from_secs(5);
/// How long it may take if the database has to start.
const DATABASE_STARTS: Duration = Duration::from_secs(20);
/// How many faults CI injects; `SANSGRAM_STORES_FAULTS` is another number.
const FAULTS: u32 = 5;
/// How many processes share the session in CI; `SANSGRAM_STORES_PROCESSES` is another number, at least 2.
const PROCESSES: u32 = 3;

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// SIGKILL, and another process.
    Kill,
    /// SIGSTOP for twice the lease, then SIGCONT.
    Stop,
    /// The owner hands the session over, and another process starts.
    HandOver,
    /// The database is killed and starts again.
    Database,
}

/// Waits until a process is served, but not this one. Returns its index.
fn served(processes: &[Process], except: Option<usize>, within: Duration, fault: &str) -> usize {
    let begin = Instant::now();
    loop {
        let owner = processes.iter().enumerate().find(|(index, it)| Some(*index) != except && it.is_served());
        if let Some((owner, _)) = owner {
            return owner;
        }
        assert!(begin.elapsed() < within, "no owner for {:?} after {fault}", begin.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[ignore = "starts PostgreSQL"]
fn faults_in_any_order_never_make_two_owners() {
    let number =
        |variable, default| std::env::var(variable).map_or(default, |number| number.parse().unwrap());
    let faults = number("SANSGRAM_STORES_FAULTS", FAULTS);
    let cluster = Cluster::start();
    let (server, url) = logged_in(&cluster);
    // Each process has an address of its own.
    let mut hosts = (1..=250).cycle();
    let mut start = || Process::start(&server, &url, [127, 0, 1, hosts.next().unwrap()], LEASE);
    let mut processes: Vec<_> =
        (0..number("SANSGRAM_STORES_PROCESSES", PROCESSES)).map(|_| start()).collect();
    for process in &processes {
        process.says("ready", DATABASE_STARTS);
    }
    let mut owner = served(&processes, None, DATABASE_STARTS, "the start");
    let (mut random, mut longest) = (0x9e37_79b9_u32, Duration::ZERO);
    for number in 0..faults {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let fault = [Fault::Kill, Fault::Stop, Fault::HandOver, Fault::Database][random as usize % 4];
        let name = format!("fault {number}, {fault:?}");
        let begin = Instant::now();
        match fault {
            Fault::Kill => {
                processes[owner].signal(Signal::KILL);
                drop(processes.remove(owner));
                served(&processes, None, GAP, &name);
                longest = longest.max(begin.elapsed());
                processes.push(start());
                processes.last().unwrap().says("ready", DATABASE_STARTS);
            }
            Fault::HandOver => {
                processes[owner].stop();
                processes[owner].says("released", GAP);
                drop(processes.remove(owner));
                served(&processes, None, GAP, &name);
                longest = longest.max(begin.elapsed());
                processes.push(start());
                processes.last().unwrap().says("ready", DATABASE_STARTS);
            }
            Fault::Stop => {
                let stopped = owner;
                processes[stopped].signal(Signal::STOP);
                served(&processes, Some(stopped), GAP, &name);
                longest = longest.max(begin.elapsed());
                std::thread::sleep((LEASE * 2).saturating_sub(begin.elapsed()));
                processes[stopped].signal(Signal::CONT);
                processes[stopped].says("lost", DATABASE_STARTS);
            }
            Fault::Database => {
                cluster.kill();
                // Longer than a lease, so that an owner that does not renew it has lost it.
                std::thread::sleep(LEASE * 3 / 2);
            }
        }
        owner = served(&processes, None, DATABASE_STARTS, &name);
        assert_eq!(server.shared_key_uses(), 0, "{name}");
    }
    println!("{faults} faults; the longest gap was {longest:?}");
}
