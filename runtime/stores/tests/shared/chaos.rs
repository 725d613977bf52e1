//! Faults in any order, of processes that share a session and of their database: never two owners at once, and always
//! one again in time.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::clock::Clock;
use super::cluster::Cluster;
use super::process::Process;
use super::processes::logged_in;
use super::run;
use super::way::Way;

/// Long enough for a busy machine to renew it.
const LEASE: Duration = Duration::from_secs(3);
/// How long the session may be without an answer of the server: a lease and two seconds.
const GAP: Duration = Duration::from_secs(5);
/// How long it may take if the database has to start.
const DATABASE_STARTS: Duration = Duration::from_secs(20);
/// How many faults CI injects, at least one of each kind; `SANSGRAM_STORES_FAULTS` is another number.
const FAULTS: usize = 8;
/// How many processes share the session in CI; `SANSGRAM_STORES_PROCESSES` is another number, at least 2.
const PROCESSES: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// SIGKILL, and another process.
    Kill,
    /// SIGSTOP for twice the lease, then SIGCONT.
    Stop,
    /// The owner hands the session over, and another process starts.
    HandOver,
    /// The clock of the owner is set ahead or back by an hour: it still owns the session, and the server answers it.
    Clock,
    /// The connections of all processes to the database end.
    Cut,
    /// The database is killed and starts again.
    Database,
}

const KINDS: [Fault; 6] =
    [Fault::Kill, Fault::Clock, Fault::Stop, Fault::HandOver, Fault::Cut, Fault::Database];

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
#[ignore = "starts a database"]
fn faults_in_any_order_never_make_two_owners() {
    let number =
        |variable, default| std::env::var(variable).map_or(default, |number| number.parse().unwrap());
    let faults = number("SANSGRAM_STORES_FAULTS", FAULTS);
    let cluster = Cluster::start();
    let (server, url) = logged_in(&cluster);
    let way = Way::to(&cluster);
    let direct = url;
    let url = way.of(&direct);
    // Each process has an address of its own.
    let mut hosts = (1..=250).cycle();
    let mut start = || {
        let address = [127, 0, 1, hosts.next().unwrap()];
        Process::start_with_clock(&server, &url, address, LEASE, Clock::Date)
    };
    let mut processes: Vec<_> =
        (0..number("SANSGRAM_STORES_PROCESSES", PROCESSES)).map(|_| start()).collect();
    for process in &processes {
        process.says("ready", DATABASE_STARTS);
    }
    let mut owner = served(&processes, None, DATABASE_STARTS, "the start");
    let (mut random, mut longest) = (0x9e37_79b9_u32, Duration::ZERO);
    let mut counts = [0; KINDS.len()];
    let mut stored = (0, 0);
    for number in 0..faults {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let kind = if number < KINDS.len() { number } else { random as usize % KINDS.len() };
        let fault = KINDS[kind];
        counts[kind] += 1;
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
            Fault::Clock => {
                processes[owner].step_clock();
                processes[owner].says("stepped", GAP);
            }
            Fault::Cut => {
                way.cut();
                // Longer than a lease, so that the owner has renewed it over another connection, or lost it.
                std::thread::sleep(LEASE * 3 / 2);
                assert!(processes[owner].is_served(), "{name}: {}", processes[owner].loss());
            }
            Fault::Database => {
                cluster.kill();
                // Longer than a lease, so that an owner that does not renew it has lost it.
                std::thread::sleep(LEASE * 3 / 2);
            }
        }
        owner = served(&processes, None, DATABASE_STARTS, &name);
        assert_eq!(server.shared_key_uses(), 0, "{name}");
        // Neither the number of the ownership nor the version of the content is ever an earlier one.
        let now = run(cluster.numbers(&direct));
        assert!(now.0 >= stored.0 && now.1 >= stored.1, "{name}: {now:?} after {stored:?}");
        stored = now;
    }
    let kinds: Vec<_> = KINDS.iter().zip(counts).collect();
    println!("{faults} faults, {kinds:?}; the longest gap was {longest:?}");
}
