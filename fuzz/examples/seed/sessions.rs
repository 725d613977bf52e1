//! Stored sessions and saved logins, ours and those of other libraries.

use base64ct::{Base64UrlUnpadded, Encoding};
use sansgram_core::client::StoredSession;
use sansgram_core::crypto::hash::sha256;
use sansgram_core::tl::write;

use crate::{Seeds, piece, rows, vectors};

pub(super) fn session_text() -> Seeds {
    let empty = StoredSession::default().to_text();
    let mut content = vec![1, 31];
    content.extend([2, 0, 17, 0, 0, 0]);
    content.extend(1_234_567_890_123_u64.to_le_bytes());
    content.extend((-5_i64).to_le_bytes());
    content.extend([1, 0, 2, 0]);
    content.extend([9; 264]);
    let second = |tokens: u16, token: &[u8]| {
        let mut content = content.clone();
        content[0] = 2;
        content.extend(tokens.to_le_bytes());
        for _ in 0..tokens {
            content.extend(piece(token));
        }
        [&[1][..], &content].concat()
    };
    let mut seeds = vec![
        ("two-tokens".into(), second(2, &[5; 32])),
        ("too-many-tokens".into(), second(21, &[5; 32])),
        ("too-long-token".into(), second(1, &[5; 1025])),
        ("empty".into(), [&[0][..], empty.as_bytes()].concat()),
        ("spaces".into(), [&[0][..], b" ", empty.as_bytes(), b"\n"].concat()),
        ("foreign".into(), b"\x001BVtsOGABu".to_vec()),
        ("newer".into(), b"\x00sansgram1:AgAA".to_vec()),
        ("one-key".into(), [&[1][..], &content].concat()),
        ("cut".into(), [&[1][..], &content[..100]].concat()),
    ];
    for (name, content) in logins() {
        seeds.push((format!("{name}-text"), [&[0][..], &checksummed(&content)].concat()));
        seeds.push((name, [&[2][..], &content].concat()));
    }
    seeds
}

/// The fields of saved logins, in the order of their tags.
fn logins() -> Seeds {
    let start = |tag: u32| {
        let mut content = Vec::new();
        write::u32(&mut content, 1);
        write::u32(&mut content, tag);
        content
    };
    let token = |content: &mut Vec<u8>, kind: &dyn Fn(&mut Vec<u8>)| {
        write::string(content, "9996621234");
        write::bool(content, true);
        write::string(content, "0123456789abcdef01");
        kind(content);
        write::bool(content, true);
        write::u32(content, 2);
        write::bool(content, true);
        write::u32(content, 60);
    };
    let app = |content: &mut Vec<u8>| {
        write::u32(content, 0);
        write::u32(content, 5);
    };
    let email = |content: &mut Vec<u8>| {
        write::u32(content, 5);
        write::string(content, "a*@b");
        write::u32(content, 6);
        write::bool(content, true);
        write::u32(content, 0);
        write::bool(content, false);
    };
    let mut seeds = Vec::new();
    for (name, kind) in [("app", &app as &dyn Fn(&mut Vec<u8>)), ("email", &email)] {
        let mut content = start(0);
        token(&mut content, kind);
        seeds.push((format!("login-code-{name}"), content));
    }
    let mut content = start(1);
    token(&mut content, &app);
    write::string(&mut content, "a*@b");
    write::u32(&mut content, 6);
    seeds.push(("login-email-code".into(), content));
    let mut content = start(2);
    token(&mut content, &app);
    write::bool(&mut content, true);
    write::string(&mut content, "{}");
    write::string(&mut content, "Be kind.");
    write::bool(&mut content, true);
    write::u32(&mut content, 16);
    write::bool(&mut content, true);
    seeds.push(("login-sign-up".into(), content));
    let mut content = start(3);
    write::bool(&mut content, true);
    write::string(&mut content, "the usual");
    write::bool(&mut content, true);
    seeds.push(("login-password".into(), content));
    let mut content = start(4);
    write::vector(&mut content, &[1, -1], |out, id| write::i64(out, *id));
    seeds.push(("login-qr".into(), content));
    seeds
}

fn checksummed(content: &[u8]) -> Vec<u8> {
    let whole = [content, &sha256(&[content])[..8]].concat();
    format!("sansgram-login1:{}", Base64UrlUnpadded::encode_string(&whole)).into_bytes()
}

/// Strings of the libraries themselves, their packed content, and changed files.
pub(super) fn foreign() -> Seeds {
    let mut seeds = Vec::new();
    for (at, row) in rows(&vectors("session_strings")["strings"]).enumerate() {
        let text = row["string"].as_str().expect("a string");
        let format = row["format"].as_str().expect("a name");
        seeds.push((format!("{format}-{at}"), [&[0][..], text.as_bytes()].concat()));
        let (form, packed) = match format {
            "telethon" => (1, &text[1..]),
            "gramjs" => (2, &text[1..]),
            _ => (3, text),
        };
        let url: String = packed.trim_end_matches('=').replace('+', "-").replace('/', "_");
        if let Ok(bytes) = Base64UrlUnpadded::decode_vec(&url) {
            seeds.push((format!("{format}-packed-{at}"), [&[form][..], &bytes].concat()));
        }
    }
    let change = |place: u16, bytes: &[u8]| {
        let length = u8::try_from(bytes.len()).expect("short");
        [&place.to_le_bytes()[..], &[length], bytes].concat()
    };
    for (at, library) in (0_u8..).zip(["telethon", "telethon2", "pyrogram", "kurigram"]) {
        let form = 4 + 5 * at;
        seeds.push((format!("file-{library}"), vec![form]));
        let changes = [change(18, &[2, 2]), change(28, &[0, 0, 0, 1]), change(100, &[13, 0, 0, 0, 9])];
        for (number, change) in changes.iter().enumerate() {
            seeds.push((format!("file-{library}-changed-{number}"), [&[form][..], change].concat()));
        }
    }
    seeds
}
