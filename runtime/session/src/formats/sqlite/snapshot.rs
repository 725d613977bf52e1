//! A database in memory, as SQLite would read it: the file after its rollback journal is rolled back or its write-ahead
//! log is replayed. Nothing is locked or written, so the files of a killed or running program stay unchanged. Source of
//! the layouts: `sqlite.org/fileformat2.html`.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::super::encoding::Bytes;
use super::super::error::ImportError;
use super::super::files::read_sibling;
use crate::policy::{MAX_DATABASE_LEN, MAX_DATABASE_READS};
use crate::store::read_file;

/// The length of a database's header, in bytes.
const HEADER_LEN: usize = 100;
/// The offset of the two bytes with the versions of the format, for writing and for reading.
const VERSION_AT: usize = 18;
const VERSION_PLAIN: u8 = 1;
const VERSION_WITH_LOG: u8 = 2;
/// The offset of the bytes that SQLite locks; the page that contains them is never used.
const PENDING_BYTE: usize = 0x4000_0000;

const JOURNAL_MARK: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
const JOURNAL_HEADER_LEN: usize = 28;
/// The first four bytes of a write-ahead log, without the last bit, which is the byte order of its checksums.
const LOG_MARK: u32 = 0x377f_0682;
const LOG_HEADER_LEN: usize = 32;
const FRAME_HEADER_LEN: usize = 24;

/// Reads the database at `path` with its journal or log.
pub(super) fn read(path: &Path) -> Result<Bytes, ImportError> {
    // SQLite creates journals beside the database itself, not beside a link to it.
    let path = &fs::canonicalize(path).map_err(|error| ImportError::io(path, error))?;
    let (journal, log) = (sibling(path, "-journal"), sibling(path, "-wal"));
    for _ in 0..MAX_DATABASE_READS {
        let before = [stamp(path), stamp(&journal), stamp(&log)];
        let journal_bytes = read_sibling(&journal, MAX_DATABASE_LEN)?.unwrap_or_default();
        let log_bytes = read_sibling(&log, MAX_DATABASE_LEN)?.unwrap_or_default();
        let database = read_file(path, MAX_DATABASE_LEN).map_err(|error| ImportError::io(path, error))?;
        if before == [stamp(path), stamp(&journal), stamp(&log)] {
            return combine(database, &journal_bytes, &log_bytes);
        }
    }
    Err(ImportError::Sqlite("a program keeps writing to it; stop that program first".into()))
}

/// Reads the content of a database that has no journal or log.
pub(super) fn without_journal(bytes: &[u8]) -> Result<Bytes, ImportError> {
    combine(Zeroizing::new(bytes.to_vec()), &[], &[])
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the length and the time of the last change, which show whether a file has changed.
fn stamp(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    let of = |metadata: Metadata| (metadata.len(), metadata.modified().ok());
    fs::metadata(path).ok().map(of)
}

fn combine(mut database: Bytes, journal: &[u8], log: &[u8]) -> Result<Bytes, ImportError> {
    let damaged = |what: &str| ImportError::Sqlite(what.into());
    let page_len = page_len(&database).ok_or_else(|| damaged("its header is damaged"))?;
    roll_back(&mut database, page_len, journal);
    replay(&mut database, page_len, log);
    if declared_len(&database).is_some_and(|expected| (database.len() as u64) < expected) {
        return Err(damaged("its end is missing"));
    }
    // A database in memory has no log.
    for version in database.iter_mut().skip(VERSION_AT).take(2).filter(|it| **it == VERSION_WITH_LOG) {
        *version = VERSION_PLAIN;
    }
    Ok(database)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// Returns the length of a page in bytes, a power of two from 512 to 65,536.
fn page_len(database: &[u8]) -> Option<usize> {
    let len = match number(database, 16)? >> 16 {
        1 => 65_536,
        len => len as usize,
    };
    (database.len() >= HEADER_LEN && len.is_power_of_two() && (512..=65_536).contains(&len)).then_some(len)
}

/// Returns the length of the file according to its header. SQLite itself notices a missing end only when it reads there.
fn declared_len(database: &[u8]) -> Option<u64> {
    // Versions before 3.7 did not keep the number of pages up to date.
    let is_current = number(database, 24)? == number(database, 92)?;
    is_current.then_some(u64::from(number(database, 28)?) * page_len(database)? as u64)
}

/// Extends the bytes with zeros, or shortens them, without leaving a copy of them in memory.
fn resize(database: &mut Bytes, len: usize) {
    if len <= database.len() {
        database.truncate(len);
        return;
    }
    let mut larger = Zeroizing::new(vec![0; len]);
    larger[..database.len()].copy_from_slice(database);
    *database = larger;
}

/// Takes back what an temporary transaction wrote, if the journal is hot: it has the pages as they were before.
fn roll_back(database: &mut Bytes, page_len: usize, journal: &[u8]) {
    let mut at = 0;
    let mut pages_before = None;
    while let Some(header) = journal.get(at..).filter(|rest| rest.starts_with(&JOURNAL_MARK)) {
        let field = |index: usize| number(header, 8 + 4 * index);
        let (Some(records), Some(nonce), Some(pages)) = (field(0), field(1), field(2)) else { return };
        let (Some(sector), Some(len)) = (field(3), field(4)) else { return };
        let (sector, len) = (sector as usize, len as usize);
        if len != page_len || !sector.is_power_of_two() || !(32..=65_536).contains(&sector) {
            return;
        }
        // The first header has how long the database was.
        let pages_before = *pages_before.get_or_insert(pages as usize);
        if at == 0 && pages_before.saturating_mul(page_len) as u64 <= MAX_DATABASE_LEN {
            resize(database, pages_before * page_len);
        }
        at += sector.max(JOURNAL_HEADER_LEN);
        let mut left = match records {
            // Written without waiting for the disk: as many as there are.
            u32::MAX => usize::MAX,
            count => count as usize,
        };
        while left > 0 {
            let Some(record) = journal.get(at..).and_then(|rest| rest.get(..page_len + 8)) else { return };
            let (Some(page), Some(sum)) = (number(record, 0), number(record, 4 + page_len)) else { return };
            let (page, content) = (page as usize, &record[4..4 + page_len]);
            if page == 0 || page == PENDING_BYTE / page_len + 1 || sum != journal_sum(nonce, content) {
                return;
            }
            if page <= pages_before {
                put(database, page, content);
            }
            at += page_len + 8;
            left -= 1;
        }
        at = at.next_multiple_of(sector);
    }
}

fn put(database: &mut [u8], page: usize, content: &[u8]) {
    let start = (page - 1).saturating_mul(content.len());
    if let Some(place) = database.get_mut(start..).and_then(|rest| rest.get_mut(..content.len())) {
        place.copy_from_slice(content);
    }
}

/// A journal's checksum adds up every 200th byte of a page, from its end.
fn journal_sum(nonce: u32, page: &[u8]) -> u32 {
    let picked = (1..page.len()).rev().filter(|at| (page.len() - at).is_multiple_of(200));
    picked.fold(nonce, |sum, at| sum.wrapping_add(page[at].into()))
}

/// Adds what committed transactions wrote to the log.
fn replay(database: &mut Bytes, page_len: usize, log: &[u8]) {
    let Some(header) = log.get(..LOG_HEADER_LEN) else { return };
    let Some(mark) = number(header, 0).filter(|mark| mark & !1 == LOG_MARK) else { return };
    let is_big_endian = mark & 1 == 1;
    let page_len_of_log = match number(header, 8) {
        Some(1) => 65_536,
        Some(len) => len as usize,
        None => return,
    };
    let sums = |bytes: &[u8], at: usize| Some((number(bytes, at)?, number(bytes, at + 4)?));
    let mut sum = log_sum((0, 0), &header[..24], is_big_endian);
    if page_len_of_log != page_len || Some(sum) != sums(header, 24) {
        return;
    }
    let mut frames = Vec::new();
    let mut committed = None;
    for frame in log[LOG_HEADER_LEN..].chunks_exact(FRAME_HEADER_LEN + page_len) {
        let (head, content) = frame.split_at(FRAME_HEADER_LEN);
        sum = log_sum(log_sum(sum, &head[..8], is_big_endian), content, is_big_endian);
        // A frame of an earlier round has other salts, and one that was not written to its end another sum.
        if head[8..16] != header[16..24] || Some(sum) != sums(head, 16) {
            break;
        }
        let (Some(page @ 1..), Some(pages)) = (number(head, 0), number(head, 4)) else { break };
        frames.push((page as usize, content));
        if pages != 0 {
            committed = Some((pages as usize, frames.len()));
        }
    }
    let Some((pages, count)) = committed else { return };
    // No more than what is there can have been written to it.
    if pages.saturating_mul(page_len) > database.len() + frames.len() * page_len {
        return;
    }
    resize(database, pages * page_len);
    for (page, content) in &frames[..count] {
        put(database, *page, content);
    }
}

/// A log's checksum, over a multiple of eight bytes.
fn log_sum((mut first, mut second): (u32, u32), bytes: &[u8], is_big_endian: bool) -> (u32, u32) {
    let word = |bytes: [u8; 4]| match is_big_endian {
        true => u32::from_be_bytes(bytes),
        false => u32::from_le_bytes(bytes),
    };
    for pair in bytes.chunks_exact(8) {
        let (Some(a), Some(b)) = (pair.first_chunk(), pair.last_chunk()) else { break };
        first = first.wrapping_add(word(*a)).wrapping_add(second);
        second = second.wrapping_add(word(*b)).wrapping_add(first);
    }
    (first, second)
}
