//! A process is killed at random moments of a thousand saves: the file is always the old session or the new one, the
//! lock never outlives its owner, and no temporary file remains.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use sansgram_core::{OsRandom, SecureRandom};
use sansgram_session::{FileStore, SessionStore};

use super::{Directory, PATH, child, session};

const SAVES: i32 = 1000;

#[test]
fn a_file_is_the_old_one_or_the_new_one() {
    let directory = Directory::new("killed");
    let path = directory.0.join("me.session");
    let (mut saved, mut kills) = (0, 0);
    while saved < SAVES {
        let (mut child, mut lines) = start(&path);
        // Once it has started, it is killed within the next few saves.
        let mut acknowledged = saved;
        let first = lines.next().expect("the child begins").unwrap();
        acknowledged = acknowledged.max(first.parse().unwrap());
        let mut random = [0; 8];
        OsRandom::new().fill(&mut random);
        std::thread::sleep(Duration::from_micros(u64::from_le_bytes(random) % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        for line in lines.map_while(Result::ok) {
            acknowledged = acknowledged.max(line.parse().unwrap_or(0));
        }

        let store = FileStore::new(&path);
        let kept = store.load().unwrap().expect("something was saved");
        let number = kept.api_id.unwrap();
        assert_eq!(kept, session(number), "whole");
        assert!(number == acknowledged || number == acknowledged + 1, "{number} after {acknowledged}");
        saved = number;
        drop(store);
        let files: Vec<_> = fs::read_dir(&directory.0).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(files, ["me.session"]);
    }
    assert!(kills >= 20, "killed {kills} times");
}

/// Starts this program again, as `saves_until_it_is_killed`. Its lines are the numbers of the saves that are done.
fn start(path: &Path) -> (Child, impl Iterator<Item = std::io::Result<String>> + use<>) {
    let mut child = child("killed_saves::saves_until_it_is_killed", path);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The test harness prints lines too.
    let numbers = lines.filter_map(|line| match line {
        Ok(line) => line.rsplit(' ').next()?.parse::<i32>().ok().map(|number| Ok(number.to_string())),
        Err(error) => Some(Err(error)),
    });
    (child, numbers)
}

#[test]
#[ignore = "the other test's child process"]
fn saves_until_it_is_killed() {
    let path = PathBuf::from(std::env::var_os(PATH).expect("run by the other test"));
    let store = FileStore::new(path);
    let begun = store.load().unwrap().map_or(0, |session| session.api_id.unwrap());
    let mut pause = [0];
    for number in begun + 1.. {
        store.save(&session(number)).unwrap();
        println!("saved {number}");
        // Some saves follow at once, some later.
        OsRandom::default().fill(&mut pause);
        std::thread::sleep(Duration::from_micros(u64::from(pause[0]) * 4));
    }
}
