//! What is wrong in JSON is said in one sentence with the path of the field, and never with a secret.

use sansgram_tl_json::{EncodeReason, Expected, Schema, Type};
use serde_json::{Value, json};

#[track_caller]
fn says(method: &str, arguments: &Value, sentence: &str) {
    let error = Schema::telegram().encode_call(method, arguments).unwrap_err();
    assert_eq!(error.to_string(), sentence);
}

fn message(peer: &Value) -> Value {
    json!({ "peer": peer, "message": "", "random_id": 1 })
}

#[test]
fn values_of_another_kind() {
    let send = "messages.sendMessage";
    for (user_id, given) in [
        (json!("abc"), "\"abc\""),
        (json!(1.5), "1.5"),
        (json!(true), "true"),
        (json!([1]), "an array"),
        (json!("a".repeat(99)), "another string"),
        (json!(18_446_744_073_709_551_615_u64), "18446744073709551615"),
    ] {
        let peer = json!({ "_": "inputPeerUser", "user_id": user_id, "access_hash": 0 });
        says(send, &message(&peer), &format!("peer.user_id: a whole number is expected, {given} was given"));
    }
    says(send, &message(&json!("me")), "peer: an object is expected, another string was given");
    says(send, &json!([]), "an object is expected, an array was given");
    let silent = json!({ "silent": 1, "peer": { "_": "inputPeerSelf" }, "message": "", "random_id": 1 });
    says(send, &silent, "silent: true or false is expected, 1 was given");
    let range = "a whole number from -2147483648 to 2147483647 is expected";
    says(
        "messages.deleteMessages",
        &json!({ "id": [1, 2_147_483_648_u64] }),
        &format!("id[1]: {range}, 2147483648 was given"),
    );
    says("messages.deleteMessages", &json!({ "id": 1 }), "id: an array is expected, a number was given");
    let file = |id: &str, bytes: &str| json!({ "file_id": id, "file_part": 0, "bytes": bytes });
    says(
        "upload.saveFilePart",
        &file("0", "?"),
        "bytes: a string in base64 is expected, another string was given",
    );
    says("upload.saveFilePart", &file("12x", ""), "file_id: a whole number is expected, \"12x\" was given");
}

#[test]
fn fields_that_are_missing_or_unknown() {
    let send = "messages.sendMessage";
    let peer = json!({ "_": "inputPeerUser", "user_id": 1 });
    says(send, &message(&peer), "peer.access_hash: long is missing");
    says(send, &json!({ "peer": null }), "peer: InputPeer is missing");
    let peer = json!({ "_": "inputPeerUser", "user_id": 1, "acess_hash": 1 });
    says(send, &message(&peer), "peer.acess_hash: inputPeerUser has no such field; it has access_hash");
    says("help.getConfig", &json!({ "x": 1 }), "x: help.getConfig has no such field");
    // The flags are computed.
    says(
        "messages.deleteMessages",
        &json!({ "flags": 1, "id": [] }),
        "flags: messages.deleteMessages has no such field; it has revoke, id",
    );
}

#[test]
fn names_that_are_unknown_or_of_another_type() {
    let send = "messages.sendMessage";
    says(
        "mesages.sendMesage",
        &json!({}),
        "there is no method mesages.sendMesage; did you mean messages.sendMessage?",
    );
    says("getConfig", &json!({}), "there is no method getConfig; did you mean help.getConfig?");
    says(
        send,
        &message(&json!({ "_": "inputPeerSlef" })),
        "peer: there is no constructor inputPeerSlef; did you mean inputPeerSelf?",
    );
    says(
        send,
        &message(&json!({ "_": "inputUserSelf" })),
        "peer: inputUserSelf is of the type InputUser; InputPeer is expected, such as inputPeerSelf",
    );
    says(
        "users.getUsers",
        &json!({ "id": [{}] }),
        "id[0]: \"_\" must name a constructor of InputUser, such as inputUserEmpty, inputUserSelf, inputUser, \
         inputUserFromMessage",
    );
    says(
        send,
        &json!({ "_": "help.getConfig" }),
        "\"_\" names help.getConfig, but the method is messages.sendMessage",
    );
    let query = json!({ "layer": 1, "query": { "_": "help.getConfi" } });
    says("invokeWithLayer", &query, "query: there is no method help.getConfi; did you mean help.getConfig?");
}

/// Swapped arguments would print a password.
#[test]
fn no_sentence_shows_what_may_be_secret() {
    for (method, arguments) in [
        ("auth.checkPassword", json!({ "password": "73519" })),
        ("auth.importBotAuthorization", json!({ "flags": 73519 })),
        ("auth.importAuthorization", json!({ "id": 1, "bytes": "73519" })),
        ("auth.signIn", json!({ "phone_number": 73519, "phone_code_hash": "" })),
    ] {
        let error = Schema::telegram().encode_call(method, &arguments).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("73519"), "{error}");
    }
    let request =
        Schema::telegram().encode_call("auth.exportAuthorization", &json!({ "dc_id": 73519 })).unwrap();
    assert!(!format!("{request:?}").contains("73519"), "{request:?}");
}

#[test]
fn fields_that_share_a_flag() {
    let schema = Schema::telegram();
    let photo = |extra: &Value| {
        let mut photo = json!({ "_": "inputMediaUploadedPhoto", "file": { "_": "inputFileStoryDocument", "id": { "_": "inputDocumentEmpty" } } });
        photo.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        schema.encode(&Type::Boxed("InputMedia"), &photo)
    };
    // An object without an empty value.
    let error = photo(&json!({ "live_photo": true })).unwrap_err();
    assert_eq!(error.to_string(), "video: InputDocument is missing, which is sent together with live_photo");
    assert_eq!((error.path(), matches!(error.reason(), EncodeReason::MissingWith { .. })), ("video", true));
    // What is not set is absent.
    assert_eq!(photo(&json!({ "live_photo": false, "video": null })), photo(&json!({})));
    // A value sets the flag that it shares.
    let decoded =
        schema.decode_object(&photo(&json!({ "video": { "_": "inputDocumentEmpty" } })).unwrap()).unwrap();
    assert!(decoded.contains("\"live_photo\":true"), "{decoded}");
    // A missing vector of the group is empty.
    let poll = json!({ "_": "inputMediaPoll", "solution": "x", "poll": schema.skeleton(schema.constructor("poll").unwrap()) });
    let decoded = schema.decode_object(&schema.encode(&Type::Boxed("InputMedia"), &poll).unwrap()).unwrap();
    assert!(decoded.contains("\"solution_entities\":[]"), "{decoded}");
}

/// Telegram's API has none now, other schemas do.
#[test]
fn bare_values_have_their_name_or_none() {
    let text = "// LAYER 1\na#1 n:int = A;\nc#3 n:int = C;\nb#2 x:a y:vector<%c> z:int256 = B;";
    let schema = Schema::parse(text).unwrap();
    let zeros = "A".repeat(43) + "=";
    let b = |x: Value| json!({ "_": "b", "x": x, "y": [{ "_": "c", "n": 2 }], "z": zeros });
    let bytes = schema.encode(&Type::Boxed("B"), &b(json!({ "_": "a", "n": 1 }))).unwrap();
    assert_eq!(bytes.len(), 4 + 4 + 4 + 4 + 32);
    assert_eq!(schema.encode(&Type::Boxed("B"), &b(json!({ "n": 1 }))).as_ref(), Ok(&bytes));
    let decoded = format!(r#"{{"_":"b","x":{{"_":"a","n":1}},"y":[{{"_":"c","n":2}}],"z":"{zeros}"}}"#);
    assert_eq!(schema.decode(&Type::Boxed("B"), &bytes).as_ref(), Ok(&decoded));
    let error = schema.encode(&Type::Boxed("B"), &b(json!({ "_": "c", "n": 1 }))).unwrap_err();
    assert_eq!(error.path(), "x");
    // A vector cannot have more items than its bytes can hold.
    let many = [&bytes[..8], &[0xff; 4], &bytes[12..]].concat();
    assert!(schema.decode_object(&many).unwrap_err().to_string().contains("longer than its message"));
}

/// No JSON fits it, since it would be infinite.
#[test]
fn a_constructor_that_contains_itself_has_an_end() {
    let schema = Schema::parse("// LAYER 1\na#1 x:%a = A;").unwrap();
    assert_eq!(schema.skeleton(schema.constructor("a").unwrap()), json!({ "_": "a", "x": null }));
}

#[test]
fn numbers_are_not_rounded() {
    let schema = Schema::telegram();
    for text in ["9007199254740993", "-9223372036854775808", "9223372036854775807"] {
        let number: Value = serde_json::from_str(text).unwrap();
        let [first, second] =
            [Value::from(text), number].map(|value| schema.encode(&Type::Long, &value).unwrap());
        assert_eq!(first, second);
        assert_eq!(schema.decode(&Type::Long, &first), Ok(format!("\"{text}\"")));
    }
    for name in ["NaN", "Infinity", "-Infinity"] {
        let bytes = schema.encode(&Type::Double, &name.into()).unwrap();
        assert_eq!(schema.decode(&Type::Double, &bytes), Ok(format!("\"{name}\"")));
    }
}

#[test]
fn bounds() {
    let schema = Schema::telegram();
    let mut rich = json!({ "_": "textEmpty" });
    for _ in 0..32 {
        rich = json!({ "_": "textBold", "text": rich });
    }
    let error = schema.encode(&Type::Boxed("RichText"), &rich).unwrap_err();
    assert_eq!(*error.reason(), EncodeReason::TooDeep);
    let inner = schema.encode(&Type::Boxed("RichText"), &rich["text"]).unwrap();
    let id = schema.constructor("textBold").unwrap().id.to_le_bytes();
    assert!(schema.decode_object(&inner).is_ok());
    assert!(schema.decode_object(&[&id[..], &inner].concat()).unwrap_err().to_string().contains("too deep"));
    // A function counts as a level, like an object.
    let mut query = json!({ "_": "help.getConfig" });
    for depth in 1..=32 {
        let arguments = json!({ "query": query });
        let request = schema.encode_call("invokeWithoutUpdates", &arguments);
        assert_eq!(request.as_ref().is_ok_and(|it| schema.decode_object(&it.bytes).is_ok()), depth < 32);
        query = json!({ "_": "invokeWithoutUpdates", "query": query });
    }
    let long = Value::from("a".repeat(1 << 24));
    assert_eq!(*schema.encode(&Type::String, &long).unwrap_err().reason(), EncodeReason::TooLong);
    let fixed = schema.encode(&Type::Int128, &"AAAA".into()).unwrap_err();
    let expected = Expected::Fixed(16);
    assert_eq!(*fixed.reason(), EncodeReason::Mismatch { expected, given: "another string".into() });
}
