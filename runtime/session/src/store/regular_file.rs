//! Reading of regular files only: reading a pipe waits for a writer, and a device may never end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::policy::FIRST_BUFFER_LEN;

const A_DIRECTORY: &str = "it is a directory, not a file";
const NOT_REGULAR: &str = "it is a pipe or a device, not a file";

/// Opens the regular file at `path` for reading, and never waits: a pipe, a socket, a device or a directory is refused
/// before it is opened. A symbolic link is followed.
///
/// # Errors
/// Returns the errors of the file system, and [`io::ErrorKind::IsADirectory`] or [`io::ErrorKind::InvalidInput`] if
/// `path` is not a regular file; the error's text then says what it is.
pub fn open_file(path: &Path) -> io::Result<File> {
    // Opening a device may have an effect of its own, and opening a pipe wakes its writer.
    check(&fs::metadata(path)?)?;
    open(path)
}

/// Reads the regular file at `path`, of at most `limit` bytes, as [`open_file`] opens it.
///
/// `/dev/stdin`, `/dev/fd/N` and `/proc/self/fd/N` name files that the caller of this process opened, so they are read
/// to their end, even if they are not regular files: a shell's `<(command)` is one of them.
///
/// # Errors
/// Returns the errors of [`open_file`], and [`io::ErrorKind::FileTooLarge`] if the file has more than `limit` bytes.
pub fn read_file(path: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    if path == Path::new("/dev/stdin") && cfg!(unix) {
        return read_to_end(io::stdin().lock(), FIRST_BUFFER_LEN, limit);
    }
    let file = if is_inherited_descriptor(path) { File::open(path)? } else { open_file(path)? };
    let len = file.metadata()?.len();
    if len > limit {
        return Err(too_large(limit));
    }
    // One byte more than the file has, so that the buffer grows only if the file does.
    let len = usize::try_from(len).unwrap_or(usize::MAX).saturating_add(1);
    read_to_end(file, len.max(FIRST_BUFFER_LEN), limit)
}

/// Reads the first `limit` bytes of a file, or all of a shorter one.
pub(super) fn read_start(file: File, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let len = usize::try_from(file.metadata()?.len().min(limit)).unwrap_or(0);
    // One byte more, to find the end.
    read_to_end(file.take(limit), len.saturating_add(1), limit)
}

/// Returns whether `path` names an open descriptor of this process.
fn is_inherited_descriptor(path: &Path) -> bool {
    let Some(path) = path.to_str() else { return false };
    let number = path.strip_prefix("/dev/fd/").or_else(|| path.strip_prefix("/proc/self/fd/"));
    cfg!(unix) && number.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Opens a file that may have been replaced since it was checked.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // A regular file ignores the first flag. The second prevents a terminal from becoming our controlling terminal.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Returns an error if the file is not a regular file.
pub(super) fn check(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(match metadata.is_dir() {
        true => io::Error::new(io::ErrorKind::IsADirectory, A_DIRECTORY),
        false => io::Error::new(io::ErrorKind::InvalidInput, NOT_REGULAR),
    })
}

/// Reads into a buffer of `len` bytes, which grows if needed; the previous buffers are wiped.
fn read_to_end(mut source: impl Read, len: usize, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; len]);
    let mut filled = 0;
    loop {
        if filled == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; filled.saturating_mul(2)]);
            larger.iter_mut().zip(bytes.iter()).for_each(|(to, from)| *to = *from);
            bytes = larger;
        }
        match source.read(bytes.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if filled as u64 > limit {
            return Err(too_large(limit));
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn too_large(limit: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {}", size(limit)))
}

/// Formats a limit in the largest unit that it is a whole number of.
fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes != 0 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes != 0 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Directory;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let directory = Directory::new("regular-limit");
        let path = directory.0.join("file");
        for len in [0, 1, FIRST_BUFFER_LEN - 1, FIRST_BUFFER_LEN, FIRST_BUFFER_LEN + 1, 100_000] {
            fs::write(&path, vec![7; len]).unwrap();
            assert_eq!(*read_file(&path, len as u64).unwrap(), vec![7; len]);
            if len > 0 {
                let error = read_file(&path, len as u64 - 1).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
                assert_eq!(error.to_string(), format!("it is larger than {}", size(len as u64 - 1)));
            }
        }
        assert_eq!(read_to_end(&vec![7; 100_000][..], 8, 100_000).unwrap().len(), 100_000);
        assert!(read_to_end(&vec![7; 100_000][..], 8, 99_999).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn files_that_are_not_regular_are_refused_without_waiting() {
        let directory = Directory::new("regular-kinds");
        let (pipe, socket) = (directory.0.join("pipe"), directory.0.join("socket"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = directory.0.join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [&pipe, &socket, &link, Path::new("/dev/zero"), Path::new("/dev/tty")] {
            let error = read_file(path, 1 << 20).unwrap_err();
            assert_eq!(error.to_string(), NOT_REGULAR, "{}", path.display());
        }
        assert_eq!(open_file(&directory.0).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        // A pipe that replaces a file between the check and the opening is refused too.
        assert_eq!(open(&pipe).unwrap_err().to_string(), NOT_REGULAR);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_inherited_stream_is_read_to_its_end() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = io::pipe().unwrap();
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let writing = std::thread::spawn(move || writer.write_all(&[7; 100_000]));
        assert_eq!(read_file(Path::new(&path), 100_000).unwrap().len(), 100_000);
        writing.join().unwrap().unwrap();
        assert!(
            !is_inherited_descriptor(Path::new("/dev/fd/../tty"))
                && !is_inherited_descriptor(Path::new("/dev/fd/"))
        );
    }
}
