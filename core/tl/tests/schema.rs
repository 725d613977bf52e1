//! The schema files: ids are checked against their lines, everything that a login needs is present, and errors fail the
//! build with a sentence that names the line.

#![allow(dead_code, unreachable_pub, reason = "modules of the build script")]

#[path = "../build/errors.rs"]
mod errors;
#[path = "../build/names.rs"]
mod names;
#[path = "../build/schema.rs"]
mod schema;
#[path = "../build/secrets.rs"]
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use sansgram_tl::{Constructor, enums, functions, ids, types};
use schema::{FieldKind, Type, check_id, computed_id, normalise, parse};

const API: &str = include_str!("../schema/api.tl");
const MTPROTO: &str = include_str!("../schema/mtproto.tl");

const FULL_API: &str = include_str!("../schema/full.tl");

fn vector_file(name: &str) -> String {
    let path = format!("{}/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn normalisation_follows_the_rules() {
    let cases = [
        ("ping#7abe77ec ping_id:long = Pong;", "ping ping_id:long = Pong"),
        ("dataJSON#7d748d04 data:string = DataJSON;", "dataJSON data:string = DataJSON"),
        ("a#1 b:bytes c:flags.0?bytes = A;", "a b:string c:flags.0?string = A"),
        ("a#1 flags:# x:flags.3?true y:flags2.31?true z:int = A;", "a flags:# z:int = A"),
        ("a#1 ids:Vector<long> = A;", "a ids:Vector long = A"),
        ("a#1 {X:Type} query:!X = X;", "a X:Type query:!X = X"),
        ("vector#1cb5c415 {t:Type} # [ t ] = Vector t;", "vector t:Type # [ t ] = Vector t"),
    ];
    for (line, expected) in cases {
        assert_eq!(normalise(line), expected);
    }
}

#[test]
fn the_excerpt_is_one_of_the_whole_api() {
    let lines: BTreeSet<&str> = FULL_API.lines().collect();
    let excerpt = API.lines().filter(|line| !line.is_empty() && !line.starts_with("//"));
    let others: Vec<&str> = excerpt.filter(|line| !lines.contains(line)).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(schema::layer(API), schema::layer(FULL_API));
}

#[test]
fn a_field_named_bytes_is_not_a_type() {
    // `bytes:bytes` changes only its type in the CRC32, `bytes:int` nothing.
    assert_eq!(
        normalise("auth.exportedAuthorization#b434e2b8 id:long bytes:bytes = X;"),
        "auth.exportedAuthorization id:long bytes:string = X"
    );
    assert_eq!(normalise("a#1 bytes:int = A;"), "a bytes:int = A");
}

#[test]
fn every_published_line_has_the_computed_id() {
    let mut odd = Vec::new();
    let mut checked = 0;
    for file in ["tl_mtproto.txt", "tl_login_layer230.txt"] {
        for line in vector_file(file).lines() {
            let Some((head, _)) = line.split_once(' ') else { continue };
            let Some((name, id)) = head.split_once('#') else { continue };
            checked += 1;
            let id = u32::from_str_radix(id, 16).expect("a hexadecimal id");
            if id != computed_id(line) {
                odd.push(name.to_owned());
            }
        }
    }
    assert!(checked > 170, "only {checked} lines");
    assert_eq!(odd, ["ipPortSecret", "accessPointRule", "help.configSimple"]);
}

#[test]
fn every_line_of_a_login_is_in_the_schema_word_for_word() {
    let ours: BTreeMap<String, String> = [API, MTPROTO]
        .iter()
        .flat_map(|text| parse(text).expect("the schema parses"))
        .map(|definition| (definition.name, definition.line))
        .collect();
    let mut missing = Vec::new();
    for file in ["tl_mtproto.txt", "tl_login_layer230.txt"] {
        for line in vector_file(file).lines() {
            let line = line.trim_end_matches(';');
            let Some((name, _)) = line.split_once(' ').and_then(|(head, _)| head.split_once('#')) else {
                continue;
            };
            match ours.get(name) {
                Some(our_line) => assert_eq!(our_line, line),
                None => missing.push(name.to_owned()),
            }
        }
    }
    // They depend on messages, chats and media.
    assert_eq!(missing, ["updateServiceNotification", "updatesCombined", "updates"]);
}

#[test]
fn generated_ids_and_names_match_the_schema() {
    for definition in [API, MTPROTO].iter().flat_map(|text| parse(text).expect("the schema parses")) {
        assert_eq!(sansgram_tl::constructor_name(definition.id), Some(definition.name.as_str()));
    }
    assert_eq!(sansgram_tl::constructor_name(0xdead_beef), None);
    for (name, id) in [
        ("vector", ids::VECTOR),
        ("boolTrue", ids::BOOL_TRUE),
        ("boolFalse", ids::BOOL_FALSE),
        ("true", ids::TRUE),
    ] {
        assert_eq!(sansgram_tl::constructor_name(id), Some(name));
    }
    assert_eq!(types::auth::SentCode::ID, 0x5e00_2502);
    assert_eq!(types::auth::SentCode::NAME, "auth.sentCode");
    assert_eq!(<functions::InvokeWithLayer<functions::Ping> as Constructor>::ID, 0xda9b_0d0d);
}

#[test]
fn the_layer_is_the_one_of_the_first_line() {
    assert_eq!(sansgram_tl::LAYER, 230);
    assert_eq!(schema::layer("// LAYER 7\n"), Ok(7));
    assert!(schema::layer("boolTrue#997275b5 = Bool;").is_err());
}

#[test]
fn a_mistyped_line_is_rejected_by_its_id() {
    let check = |line: &str| check_id(&parse(line).expect("it parses")[0]);
    assert_eq!(check("ping#7abe77ec ping_id:long = Pong;"), Ok(()));
    let error = check("ping#7abe77ec ping_id:int = Pong;").expect_err("another line, the same id");
    assert!(error.contains("`ping` has the id 7abe77ec, but the CRC32 of its line is"), "{error}");
    assert!(check("ping#7abe77ed ping_id:long = Pong;").is_err());
    // A `true` field does not count.
    assert_eq!(
        check(
            "auth.loggedOut#c3a2835f flags:# more:flags.9?true future_auth_token:flags.0?bytes = auth.LoggedOut;"
        ),
        Ok(())
    );
}

#[test]
fn a_line_that_is_not_tl_is_rejected_with_its_number() {
    for (line, reason) in [
        ("ping#7abe77ec ping_id:long = Pong", "no `;`"),
        ("ping#7abe77ec ping_id:long;", "no ` = `"),
        ("ping ping_id:long = Pong;", "no id"),
        ("ping#xyz ping_id:long = Pong;", "hexadecimal"),
        ("ping#1 ping_id = Pong;", "`name:type`"),
        ("ping#1 a:flags.32?int = Pong;", "no bit `32`"),
        ("ping#1 a:Vector<long = Pong;", "not a type"),
    ] {
        let error = parse(&format!("// LAYER 1\n{line}")).expect_err(line);
        assert!(error.starts_with("line 2: ") && error.contains(reason), "{error}");
    }
}

#[test]
fn names_become_rust_names() {
    for (tl, rust) in [
        ("resPQ", "ResPq"),
        ("p_q_inner_data_dc", "PQInnerDataDc"),
        ("server_DH_params_ok", "ServerDhParamsOk"),
        ("Set_client_DH_params_answer", "SetClientDhParamsAnswer"),
        ("auth.sentCode", "SentCode"),
        ("JSONObjectValue", "JsonObjectValue"),
        ("inputCheckPasswordSRP", "InputCheckPasswordSrp"),
        ("securePasswordKdfAlgoSHA512", "SecurePasswordKdfAlgoSha512"),
    ] {
        assert_eq!(names::type_name(tl), rust);
    }
    for (tl, rust) in [("srp_B", "srp_b"), ("type", "r#type"), ("self", "is_self"), ("static", "r#static")] {
        assert_eq!(names::field_name(tl), rust);
    }
}

#[test]
fn variants_are_named_by_their_constructors() {
    let sent = types::auth::SentCodeTypeApp { length: 5 };
    assert_eq!(sent.clone().to_boxed(), enums::auth::SentCodeType::App(sent));
    assert_eq!(types::InputUserSelf.to_boxed(), enums::InputUser::UserSelf);
}

#[test]
fn debug_shows_only_these_strings() {
    let mut shown = BTreeSet::new();
    for definition in [API, MTPROTO].iter().flat_map(|text| parse(text).expect("the schema parses")) {
        for field in &definition.fields {
            if let FieldKind::Required(ty) | FieldKind::Optional { ty, .. } = &field.kind
                && *ty == Type::String
                && secrets::shown(&field.name, ty, "value").is_none()
            {
                shown.insert(field.name.clone());
            }
        }
    }
    // For a new name here, decide whether logs may contain it.
    let expected = [
        "address",
        "app_name",
        "app_version",
        "autoupdate_url_prefix",
        "bot_inline_placeholder",
        "country",
        "currency",
        "dc_txt_domain_name",
        "device",
        "device_model",
        "emoticon",
        "error_message",
        "first_name",
        "gif_search_username",
        "id",
        "img_search_username",
        "ip_address",
        "key",
        "lang_code",
        "lang_pack",
        "language",
        "last_name",
        "me_url_prefix",
        "mnc",
        "old_text",
        "platform",
        "reason",
        "region",
        "slug",
        "static_maps_provider",
        "store_product",
        "suggested_lang_code",
        "system_lang_code",
        "system_version",
        "text",
        "title",
        "username",
        "value",
        "venue_search_username",
    ];
    assert_eq!(shown.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

/// Returns each generated struct: its name, what it derives, its documentation before that, and the arguments of `new`.
fn structs(generated: &str) -> Vec<(&str, &str, &str, &str)> {
    let mut found = Vec::new();
    for (at, _) in generated.match_indices("pub struct ") {
        let (before, after) = generated.split_at(at);
        let (_, derives) = before.rsplit_once("#[derive(").expect("it derives");
        let start = before.rfind("\n}\n").unwrap_or_default();
        let name = after["pub struct ".len()..].split(|c: char| !c.is_alphanumeric()).next().expect("a name");
        let (_, new) = after.split_once("pub fn new(").expect("it has new");
        found.push((name, derives, &before[start..], new.split_once(')').expect("arguments").0));
    }
    found
}

#[test]
fn a_default_needs_no_required_field() {
    let mut defaults = 0;
    for generated in [
        include_str!(concat!(env!("OUT_DIR"), "/types.rs")),
        include_str!(concat!(env!("OUT_DIR"), "/functions.rs")),
    ] {
        for (name, derives, _, arguments) in structs(generated) {
            assert_eq!(derives.contains("Default"), arguments.is_empty(), "{name}({arguments})");
            defaults += usize::from(derives.contains("Default"));
        }
    }
    assert!(defaults > 20, "{defaults}");
    assert_eq!(types::CodeSettings::default(), types::CodeSettings::new());
}

#[test]
fn a_line_that_lists_no_errors_is_rejected() {
    let one = "# A comment.\nhelp.get 400 A B_X 406 A";
    assert_eq!(errors::parse(one).unwrap()["help.get"], "Errors: 400 `A`, `B_X`; 406 `A`.");
    for wrong in ["help.get", "help.get A", "help.get 400", "help.get 400 A 406", "a 400 A\na 400 A"] {
        assert!(errors::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn functions_name_their_errors() {
    let generated = structs(include_str!(concat!(env!("OUT_DIR"), "/functions.rs")));
    let docs = |function: &str| generated.iter().find(|(name, ..)| *name == function).expect("it is there").2;
    let sign_in = docs("SignIn");
    assert!(sign_in.contains("/// Errors: 400 `PHONE_CODE_EMPTY`, `PHONE_CODE_EXPIRED`, "), "{sign_in}");
    assert!(sign_in.contains("; 401 `SESSION_PASSWORD_NEEDED`; 406 "), "{sign_in}");
    assert!(!docs("GetNearestDc").contains("Errors"), "{}", docs("GetNearestDc"));
    let named = generated.iter().filter(|(_, _, docs, _)| docs.contains("/// Errors: ")).count();
    assert!(named > 20, "{named}");
}
