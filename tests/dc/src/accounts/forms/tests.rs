//! What the accounts answer to each layer, read by that layer's own definitions.

use std::collections::BTreeMap;

use super::*;
use crate::accounts::wire::Reader;

const TABLES: [(&str, &[Form]); 18] = [
    ("user", USER),
    ("userFull", USER_FULL),
    ("peerSettings", PEER_SETTINGS),
    ("peerNotifySettings", PEER_NOTIFY_SETTINGS),
    ("botInfo", BOT_INFO),
    ("auth.authorization", AUTHORIZATION),
    ("account.password", PASSWORD),
    ("auth.sentCodeTypeEmailCode", EMAIL_CODE),
    ("auth.sentCodeTypeFirebaseSms", FIREBASE_SMS),
    ("config", CONFIG),
    ("messages.messages", MESSAGES),
    ("messages.messagesSlice", MESSAGES_SLICE),
    ("message", MESSAGE),
    ("messageReplyHeader", MESSAGE_REPLY_HEADER),
    ("dialog", DIALOG),
    ("messageMediaDocument", MESSAGE_MEDIA_DOCUMENT),
    ("document", DOCUMENT),
    ("fileHash", FILE_HASH),
];

/// The lines of `tl_forms.txt`: the first layer, the name, the constructor, and the whole definition.
fn published() -> Vec<(i32, &'static str, u32, &'static str)> {
    let lines = include_str!("../../../vectors/tl_forms.txt").lines();
    lines
        .map(|line| {
            let (layer, definition) = line.split_once(' ').expect("a layer");
            let (name, rest) = definition.split_once('#').expect("a constructor");
            let id = u32::from_str_radix(rest.get(..8).expect("eight digits"), 16).expect("hexadecimal");
            (layer.parse().expect("a number"), name, id, definition.trim_end_matches(';'))
        })
        .collect()
}

/// The identifier that a definition has by the rule of the schema: CRC-32 of its text without the identifier, without
/// flags that carry nothing, and with some signs replaced.
fn checksum(definition: &str) -> u32 {
    let words = definition.split(' ').filter(|word| !word.ends_with("?true"));
    let text = words
        .map(|word| match word.split_once('#') {
            Some((name, id)) if id.len() == 8 => name.into(),
            _ => word.replace(":bytes", ":string").replace("?bytes", "?string"),
        })
        .collect::<Vec<String>>()
        .join(" ");
    let text = text.replace('<', " ").replace(['>', '{', '}'], "");
    crc32fast::hash(text.as_bytes())
}

#[test]
fn a2c_the_tables_are_the_published_definitions() {
    let mut rest = published();
    for (_, name, id, definition) in &rest {
        assert_eq!(checksum(definition), *id, "{name}");
    }
    for (name, table) in TABLES {
        for (layer, constructor) in table {
            let at = rest.iter().position(|line| (line.0, line.1, line.2) == (*layer, name, *constructor));
            rest.remove(at.unwrap_or_else(|| panic!("{name} of layer {layer} is not in the vectors")));
        }
        assert!(table.is_sorted_by(|a, b| a.0 < b.0), "{name}");
    }
    assert_eq!(rest, [], "in no table");
}

#[test]
fn a2c_a_layer_has_the_last_constructor_that_begins_before_it() {
    let user = |layer| of(USER, layer);
    assert_eq!(
        [user(158), user(159), user(160), user(165)],
        [0x8f97_c628, 0x8f97_c628, 0xabb5_f120, 0xabb5_f120]
    );
    assert_eq!(
        [user(166), user(167), user(184), user(185)],
        [0xeb60_2f25, 0x215c_4438, 0x215c_4438, 0x8331_4fca]
    );
    assert_eq!([user(1), user(140), user(i32::MAX)], [0x3ff6_ecb0, 0x3ff6_ecb0, 0xb1b8_cc83]);
    let full = [158, 165, 181, 220, 223, 225, 227, 229, 230].map(|layer| of(USER_FULL, layer));
    let [first, second, third, fourth, last] =
        [0x93ea_db53, 0xb9b1_2c6c, 0xcc99_7720, 0xa02b_c13e, 0x06cb_e645];
    assert_eq!(full, [first, second, third, fourth, fourth, last, last, last, last]);
}

/// Reads objects by the definitions of one layer, and refuses all that they do not know.
pub(in crate::accounts) struct Schema {
    definitions: BTreeMap<u32, &'static str>,
}

impl Schema {
    pub(in crate::accounts) fn of_layer(layer: i32) -> Self {
        let mut by_name = BTreeMap::new();
        for (since, name, id, definition) in published() {
            // A layer before the first form gets that one.
            if since <= layer || !by_name.contains_key(name) {
                by_name.insert(name, (id, definition));
            }
        }
        let mut definitions: BTreeMap<u32, &str> = by_name.into_values().collect();
        let common = include_str!("../../../vectors/tl_login_layer230.txt");
        let changed: Vec<&str> = TABLES.into_iter().map(|(name, _)| name).collect();
        // What no known layer changed.
        let fixed = include_str!("../../../vectors/full.tl");
        let fixed = fixed.split("---functions---").next().unwrap_or_default().lines();
        let fixed = fixed.map(|line| line.trim_end_matches(';'));
        let early =
            "account.authorizations#1250abde authorizations:Vector<Authorization> = account.Authorizations";
        let early = (layer < 140).then_some(early).into_iter();
        let common = common.lines().map(|line| line.trim_end_matches(';'));
        for definition in common.chain(fixed).chain(early) {
            let Some((name, rest)) = definition.split_once('#') else { continue };
            let id = rest.split(' ').next().and_then(|id| u32::from_str_radix(id, 16).ok());
            if let Some(id) = id.filter(|_| !changed.contains(&name)) {
                definitions.insert(id, definition);
            }
        }
        Self { definitions }
    }

    /// The whole of `object` as a text, `name(field=value ...)`.
    pub(in crate::accounts) fn read(&self, object: &[u8]) -> String {
        let mut reader = Reader::new(object);
        let text = self.boxed(&mut reader);
        assert_eq!(reader.end(), Ok(()), "something is left behind {text}");
        text
    }

    fn boxed(&self, reader: &mut Reader<'_>) -> String {
        let id = reader.u32().expect("a constructor");
        let known = self.definitions.get(&id);
        let definition = known.unwrap_or_else(|| panic!("constructor {id:08x} is not of this layer"));
        let (head, _) = definition.split_once(" = ").expect("a type");
        let mut words = head.split(' ');
        let name = words.next().and_then(|name| name.split('#').next()).unwrap_or_default();
        let mut flags = BTreeMap::new();
        let mut text = format!("{name}(");
        for word in words {
            let (field, kind) = word.split_once(':').expect("a field");
            if kind == "#" {
                flags.insert(field, reader.u32().expect("flags"));
                continue;
            }
            let kind = match kind.split_once('?') {
                None => kind,
                Some((condition, kind)) => {
                    let (of, bit) = condition.split_once('.').expect("a bit");
                    let bit: u32 = bit.parse().expect("a number");
                    if flags[of] & 1 << bit == 0 {
                        continue;
                    }
                    kind
                }
            };
            text.push_str(&format!("{field}={} ", self.value(reader, kind)));
        }
        format!("{})", text.trim_end())
    }

    fn value(&self, reader: &mut Reader<'_>, kind: &str) -> String {
        match kind {
            "true" => "true".into(),
            "int" => reader.i32().expect("an int").to_string(),
            "long" => reader.i64().expect("a long").to_string(),
            "string" => reader.string().expect("a string").into(),
            "bytes" => format!("{} bytes", reader.bytes().expect("bytes").len()),
            vector if vector.starts_with("Vector<") => {
                let kind = vector.trim_start_matches("Vector<").trim_end_matches('>');
                reader.expect(0x1cb5_c415).expect("a vector");
                let count = reader.u32().expect("a count");
                let values: Vec<String> = (0..count).map(|_| self.value(reader, kind)).collect();
                format!("[{}]", values.join(" "))
            }
            _ => self.boxed(reader),
        }
    }
}
