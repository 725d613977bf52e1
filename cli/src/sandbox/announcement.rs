//! The first output of the sandbox: its addresses and its public RSA key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use sansgram_runtime::text::shell_word;
use sansgram_runtime::{read_file, replace_file};
use serde::Serialize;

use crate::error::Failure;
use crate::output;
use crate::policy::{MAX_PUBLIC_KEY_LEN, SANDBOX_HOME_DC};

/// Writes the key, which is the same in every run, but does not overwrite a file with other content.
pub(super) fn write_key(file: &Path, pem: &str) -> Result<(), Failure> {
    let fails = |error: io::Error| {
        Failure::new(format!("the public key {} cannot be written: {error}", file.display()))
    };
    match read_file(file, MAX_PUBLIC_KEY_LEN) {
        Ok(bytes) if *bytes == pem.as_bytes() => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() != io::ErrorKind::FileTooLarge => return Err(fails(error)),
        Ok(bytes) if bytes.is_empty() => {}
        _ => {
            return Err(Failure::new(format!(
                "{} contains something other than the sandbox's public key and was not changed; choose another file with \
                 --public-key",
                file.display()
            )));
        }
    }
    // Atomic, and does not follow a link.
    replace_file(file, &[pem.as_bytes()]).map_err(fails)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The key is public, and clients may run as other users.
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).map_err(fails)?;
    }
    Ok(())
}

/// Returns the announcement in words. `is_everywhere`: the DCs listen at all addresses of this machine, and announce no
/// other.
pub(super) fn words(dcs: &[(i32, SocketAddr)], is_everywhere: bool, key: &Path) -> String {
    let mut text = String::from("Test DCs are listening:\n");
    for (dc, address) in dcs {
        text.push_str(&format!("  DC {dc}  {address}\n"));
    }
    if is_everywhere {
        text.push_str(
            "The DCs listen on all addresses of this machine. From other machines, use its\n\
             address instead of the one above. help.getConfig announces the address that the\n\
             client connected to; --advertise HOST sets another.\n",
        );
    }
    // The home DC first.
    let (home, others): (Vec<_>, Vec<_>) = dcs.iter().partition(|(dc, _)| *dc == SANDBOX_HOME_DC);
    let options: String =
        home.iter().chain(&others).map(|(dc, address)| format!(" --dc {dc}={address}")).collect();
    // An absolute path is valid in any directory.
    let absolute = absolute(key);
    text.push_str(&format!(
        "Their public key is in {key}. To log in from another terminal, run:\n  \
         sansgram login{options} --public-key {word}\n\
         \"sansgram sandbox --help\" lists the accounts. Login codes are shown below.\n\
         To scan a QR code, paste its tg:// link here, followed by an account's phone number. Press Ctrl-C to stop.",
        key = key.display(),
        word = shell_word(&absolute)
    ));
    text
}

#[derive(Serialize)]
struct DcJson {
    id: i32,
    address: SocketAddr,
}

#[derive(Serialize)]
struct AnnouncementJson {
    dcs: Vec<DcJson>,
    public_key: String,
}

/// Returns the first line of `--json`. The path of the key is absolute, which is valid in any directory.
pub(super) fn json(dcs: &[(i32, SocketAddr)], key: &Path) -> String {
    let dcs = dcs.iter().map(|(id, address)| DcJson { id: *id, address: *address }).collect();
    output::json(&AnnouncementJson { dcs, public_key: absolute(key).to_string_lossy().into_owned() })
}

fn absolute(key: &Path) -> PathBuf {
    std::path::absolute(key).unwrap_or_else(|_| key.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_as_documented() {
        let dcs = [(1, "127.0.0.1:80".parse().unwrap()), (2, "[::1]:81".parse().unwrap())];
        assert_eq!(
            json(&dcs, Path::new("/a\"b.pem")),
            r#"{"dcs":[{"id":1,"address":"127.0.0.1:80"},{"id":2,"address":"[::1]:81"}],"public_key":"/a\"b.pem"}"#
        );
        let relative: serde_json::Value = serde_json::from_str(&json(&dcs, Path::new("key.pem"))).unwrap();
        assert!(Path::new(relative["public_key"].as_str().unwrap()).is_absolute(), "{relative}");
    }
}
