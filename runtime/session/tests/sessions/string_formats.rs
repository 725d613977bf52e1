//! Sessions travel: what is written for another library is read again, with its key, its DC and its user where the
//! format has room for them. That the libraries themselves read it is asked of them by `tests/interop/sessions.sh`.

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
        // The others are files, and tested where SQLite is compiled in.
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
