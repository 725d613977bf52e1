//! Every function of the schema is called as the command does it: from the words of a command line to what is printed.

use std::ffi::OsString;
use std::time::Duration;

use sansgram_runtime::{Client, MemoryStore};
use sansgram_smol::Smol;
use sansgram_testkit::{Answer, TestServer, TestServerOptions};
use sansgram_tl_json::{Definition, FieldKind, Schema, Type};
use serde_json::{Value, json};

use super::*;
use crate::args::{self, Cli, Command};

/// The command line, read as the command reads it.
fn command(method: &str, arguments: &Value) -> CallArgs {
    let words = ["sansgram", "call", method, &arguments.to_string(), "--json"].map(OsString::from);
    match args::parse_from(words) {
        Ok(Cli { command: Command::Call(args), .. }) => *args,
        other => panic!("{method}: {other:?}"),
    }
}

/// Whether the test DCs read this themselves, so that no handler answers: a wrapper of another call, such as
/// `invokeWithLayer`, or a part of the protocol.
fn is_of_the_server(function: &Definition<'_>) -> bool {
    let is_wrapper =
        function.fields.iter().any(|field| matches!(field.kind, FieldKind::Required(Type::Query)));
    is_wrapper || function.name == "auth.bindTempAuthKey"
}

/// Returns a small value of this type, and its bytes.
fn small(ty: &Type<'_>) -> (Value, Vec<u8>) {
    let schema = Schema::telegram();
    let values = match ty {
        Type::Boxed(name) => schema.constructors_of(name).map(|it| schema.skeleton(it)).collect(),
        Type::Vector(_) => vec![json!([])],
        Type::Bool => vec![json!(true)],
        other => panic!("{other:?} is the result of no function"),
    };
    // A constructor that contains itself has no small value.
    let encoded = values.into_iter().filter_map(|value| Some((schema.encode(ty, &value).ok()?, value)));
    let (bytes, value) = encoded.min_by_key(|(bytes, _)| bytes.len()).expect("the type has a value");
    (value, bytes)
}

async fn calls_everything() {
    let schema = Schema::telegram();
    let functions: Vec<_> = schema.definitions().iter().filter(|definition| definition.is_function).collect();
    let options = TestServerOptions::default().with_recorded_calls(functions.len() * 2);
    let server = TestServer::start(options).unwrap();
    let client = Client::start(Smol, server.config(), MemoryStore::new()).await.unwrap();
    client.bot_login("1:sandbox").await.unwrap();
    let api = Api { client: &client, patience: Duration::ZERO };

    let (mut called, mut of_the_server) = (0, 0);
    for function in functions {
        let args = command(function.name, &schema.skeleton(function));
        let request = args.request().unwrap_or_else(|error| panic!("{}: {error:?}", function.name));
        if is_of_the_server(function) {
            let sent: Value = serde_json::from_str(&schema.decode_object(&request.bytes).unwrap()).unwrap();
            assert_eq!(sent["_"], function.name);
            // The values are no right ones for some.
            match answer(&api, &request, args.json).await {
                Ok(_) | Err(Failure::Refused(..) | Failure::Library(_)) => of_the_server += 1,
                Err(error) => panic!("{}: {error:?}", function.name),
            }
            continue;
        }
        let (value, bytes) = small(&function.result);
        let handler = server.on_method(function.name, move |_, _| Answer::Result(bytes.clone())).unwrap();
        let printed = answer(&api, &request, args.json).await;
        handler.remove();
        let printed = printed.unwrap_or_else(|error| panic!("{}: {error:?}", function.name));
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), value, "{}", function.name);
        let newest = server.calls().into_iter().rev().find(|call| call.constructor == function.id);
        let newest = newest.unwrap_or_else(|| panic!("{} did not arrive", function.name));
        assert_eq!((newest.method.as_str(), newest.body), (function.name, request.bytes.clone()));
        called += 1;
    }
    println!("{called} functions by handlers, {of_the_server} of the server");
    assert!(called > 800 && of_the_server > 5, "{called}, {of_the_server}");
}

#[test]
fn every_function_of_the_schema_can_be_called() {
    smol::block_on(calls_everything());
}

/// A field too many, and each required field of another type than it has, are named.
#[test]
fn every_function_names_the_field_that_is_wrong() {
    let schema = Schema::telegram();
    let mut seen = 0;
    for function in schema.definitions().iter().filter(|definition| definition.is_function) {
        let smallest = schema.skeleton(function);
        let required = function.fields.iter().filter(|field| matches!(field.kind, FieldKind::Required(_)));
        for name in required.map(|field| field.name).chain(["no_such_field"]) {
            let mut wrong = smallest.clone();
            wrong[name] = json!({ "_": 7 });
            let failure = command(function.name, &wrong).request().err();
            let sentence = format!("{:?}", failure.unwrap_or_else(|| panic!("{}: {wrong}", function.name)));
            assert!(sentence.contains(name), "{}: {name}: {sentence}", function.name);
            seen += 1;
        }
    }
    assert!(seen > 2000, "{seen}");
}
