//! Every string that is written for another library is read again, with the key, the DC and, if the format stores it, the
//! user. `tests/interop/sessions.sh` checks that the libraries themselves read it.

use sansgram_core::client::Config;
use sansgram_session::formats::{Format, export_text, import_text};

use super::session;

#[test]
fn a_session_survives_every_string_format() {
    let dcs = Config::telegram().dcs;
    let session = session(17);
    let home = session.home_dc.unwrap();
    let mut through = 0;
    for format in Format::ALL.iter().copied() {
        // The other formats are files, which the crate's own tests read and write.
        let Ok(text) = export_text(&session, format, &dcs) else { continue };
        let imported = import_text(&text).unwrap();
        assert_eq!(imported.format, format);
        let there = imported.session;
        assert_eq!(there.home_dc, Some(home), "{}", format.name());
        assert_eq!(there.keys[&home].auth_key, session.keys[&home].auth_key, "{}", format.name());
        assert!(there.user.is_none() || there.user == session.user, "{}", format.name());
        through += 1;
    }
    assert_eq!(through, 8, "Sansgram, Telethon, Pyrogram, GramJS, mtcute, ferogram, MTKruto, gotd");
}
