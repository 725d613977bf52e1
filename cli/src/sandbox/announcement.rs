//! The first output of the sandbox: its addresses and its RSA key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use sansgram_runtime::text::shell_word;
use sansgram_runtime::{read_file, replace_file};
use serde::Serialize;

use crate::error::Failure;
use crate::output;
use crate::policy::{MAX_PUBLIC_KEY_LEN, SANDBOX_HOME_DC};

/// Writes the key, which is the same in every run, but does not overwrite any other file.
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
                "{} holds something else than the sandbox's public key and is left as it is; name another file with \
                 --public-key",
                file.display()
            )));
        }
    }
    // Written atomically, and not through a link.
    replace_file(file, &[pem.as_bytes()]).map_err(fails)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // It is no secret, and clients may run as other users.
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).map_err(fails)?;
    }
    Ok(())
}

/// Returns the announcement in words. `everywhere`: the DCs listen at all addresses of this machine, and no other is
/// announced.
pub(super) fn words(dcs: &[(i32, SocketAddr)], everywhere: bool, key: &Path) -> String {
    let mut text = String::from("Test DCs are listening:\n");
    for (dc, address) in dcs {
        text.push_str(&format!("  DC {dc}  {address}\n"));
    }
    if everywhere {
        text.push_str(
            "They listen at all addresses of this machine; from elsewhere, put its address in\n\
             place of the one above. help.getConfig names the one that a client connected\n\
             to; --advertise HOST names another.\n",
        );
    }
    // The home DC first.
    let (home, others): (Vec<_>, Vec<_>) = dcs.iter().partition(|(dc, _)| *dc == SANDBOX_HOME_DC);
    let options: String =
        home.iter().chain(&others).map(|(dc, address)| format!(" --dc {dc}={address}")).collect();
    // Absolute, so that it is valid in any directory.
    let absolute = absolute(key);
    text.push_str(&format!(
        "Their public key is in {key}. Log in from another terminal:\n  \
         sansgram login{options} --public-key {word}\n\
         \"sansgram sandbox --help\" lists the accounts. Login codes are shown below.\n\
         To scan a QR code, paste its tg:// link here, with the number of an account behind it. Ctrl-C ends it all.",
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

/// Returns the first line of `--json`. The path of the key is absolute, so that it is valid in any directory.
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
    fn the_first_line_is_the_documented_one() {
        let dcs = [(1, "127.0.0.1:80".parse().unwrap()), (2, "[::1]:81".parse().unwrap())];
        assert_eq!(
            json(&dcs, Path::new("/a\"b.pem")),
            r#"{"dcs":[{"id":1,"address":"127.0.0.1:80"},{"id":2,"address":"[::1]:81"}],"public_key":"/a\"b.pem"}"#
        );
        let relative: serde_json::Value = serde_json::from_str(&json(&dcs, Path::new("key.pem"))).unwrap();
        assert!(Path::new(relative["public_key"].as_str().unwrap()).is_absolute(), "{relative}");
    }
}
