//! Every line of the schema with random values: an encoder that interprets the schema, independent of the generated
//! code, writes bytes that the generated code must read and write back unchanged. Damaged, truncated or random bytes
//! must never cause a panic.

#![cfg(feature = "reencode")]
#![allow(dead_code, unreachable_pub, reason = "a module of the build script")]
#![allow(clippy::needless_pass_by_value, reason = "quickcheck hands its values over")]

#[path = "../build/schema.rs"]
mod schema;

use quickcheck::{Arbitrary, Gen, QuickCheck, TestResult};
use sansgram_tl::{Deserialize, Reader, Serialize, ids, reencode, write};
use schema::{BUILT_IN, Definition, FieldKind, Type};
use std::sync::LazyLock;

/// Maximum depth of random objects, well below the reader's limit.
const DEPTH: usize = 6;

static SCHEMA: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    #[cfg(not(feature = "full-api"))]
    let api = include_str!("../schema/api.tl");
    #[cfg(feature = "full-api")]
    let api = include_str!("../schema/full.tl");
    let files = [api, include_str!("../schema/mtproto.tl")];
    let definitions = files.iter().flat_map(|text| schema::parse(text).expect("the schema parses"));
    definitions.filter(|definition| !BUILT_IN.contains(&definition.name.as_str())).collect()
});

/// Encodes random values of one line of the schema, with its id.
#[derive(Clone, Debug)]
struct Object {
    name: String,
    bytes: Vec<u8>,
}

impl Arbitrary for Object {
    fn arbitrary(g: &mut Gen) -> Self {
        object(g.choose(&SCHEMA).expect("a schema of many lines"), g)
    }
}

fn object(definition: &Definition, g: &mut Gen) -> Object {
    let mut bytes = Vec::new();
    put_constructor(&mut bytes, definition, g, DEPTH);
    Object { name: definition.name.clone(), bytes }
}

fn put_constructor(out: &mut Vec<u8>, definition: &Definition, g: &mut Gen, depth: usize) {
    write::u32(out, definition.id);
    put_fields(out, definition, g, depth);
}

fn put_fields(out: &mut Vec<u8>, definition: &Definition, g: &mut Gen, depth: usize) {
    let mut words: Vec<(&str, u32)> = Vec::new();
    for field in &definition.fields {
        let is_set = |words: &[(&str, u32)], flags: &str, bit: u8| {
            words.iter().any(|(name, word)| *name == flags && word >> bit & 1 == 1)
        };
        match &field.kind {
            FieldKind::Flags => {
                // Only known bits: others are not written back.
                let known = definition.fields.iter().fold(0, |known, other| match &other.kind {
                    FieldKind::Mark { flags, bit } | FieldKind::Optional { flags, bit, .. }
                        if *flags == field.name =>
                    {
                        known | 1 << bit
                    }
                    _ => known,
                });
                let word = u32::arbitrary(g) & known;
                words.push((&field.name, word));
                write::u32(out, word);
            }
            FieldKind::Mark { .. } => {}
            FieldKind::Required(ty) => put(out, ty, g, depth),
            FieldKind::Optional { flags, bit, ty } => {
                if is_set(&words, flags, *bit) {
                    put(out, ty, g, depth);
                }
            }
        }
    }
}

fn put(out: &mut Vec<u8>, ty: &Type, g: &mut Gen, depth: usize) {
    let mut fixed = |length: usize, g: &mut Gen| out.extend((0..length).map(|_| u8::arbitrary(g)));
    match ty {
        Type::Int => fixed(4, g),
        Type::Long => fixed(8, g),
        // Not arbitrary bytes: a NaN is not equal to itself.
        Type::Double => write::f64(out, f64::from(i32::arbitrary(g))),
        Type::Int128 => fixed(16, g),
        Type::Int256 => fixed(32, g),
        Type::Bool => write::bool(out, bool::arbitrary(g)),
        Type::String => write::string(out, &String::arbitrary(g)),
        Type::Bytes => write::bytes(out, &Vec::<u8>::arbitrary(g)),
        Type::Query => out.extend(Vec::<u8>::arbitrary(g)),
        Type::Bare(name) => {
            let definition = SCHEMA.iter().find(|definition| definition.name == *name);
            put_fields(out, definition.expect("the constructor exists"), g, depth);
        }
        Type::Boxed(_) => {
            let mut choices: Vec<_> = SCHEMA
                .iter()
                .filter(|definition| !definition.is_function && definition.result == *ty)
                .collect();
            if depth == 0 && choices.iter().any(|definition| definition.fields.is_empty()) {
                choices.retain(|definition| definition.fields.is_empty());
            }
            let definition = g.choose(&choices).expect("every type has a constructor");
            put_constructor(out, definition, g, depth.saturating_sub(1));
        }
        Type::Vector(item) | Type::BareVector(item) => {
            if matches!(ty, Type::Vector(_)) {
                write::u32(out, ids::VECTOR);
            }
            let count = if depth == 0 { 0 } else { u32::arbitrary(g) % 4 };
            write::u32(out, count);
            for _ in 0..count {
                put(out, item, g, depth - 1);
            }
        }
    }
}

#[test]
fn every_line_is_read_and_written_back_unchanged() {
    let mut g = Gen::new(40);
    for definition in SCHEMA.iter() {
        for _ in 0..100 {
            let Object { name, bytes } = object(definition, &mut g);
            assert_eq!(reencode(&bytes), Ok(bytes), "{name}");
        }
    }
}

#[test]
fn a_truncated_object_is_rejected() {
    fn property(object: Object, at: usize) -> TestResult {
        let length = at % object.bytes.len();
        let line = SCHEMA.iter().find(|definition| definition.name == object.name);
        // A wrapped query is not self-delimiting.
        if line.is_some_and(|definition| definition.result == Type::Query) {
            return TestResult::discard();
        }
        TestResult::from_bool(reencode(&object.bytes[..length]).is_err())
    }
    QuickCheck::new().tests(2000).quickcheck(property as fn(Object, usize) -> TestResult);
}

#[test]
fn a_damaged_object_is_rejected_or_read_as_another() {
    fn property(object: Object, changes: Vec<(usize, u8)>) -> bool {
        let mut bytes = object.bytes;
        for (at, value) in changes.into_iter().take(4) {
            let length = bytes.len();
            bytes[at % length] = value;
        }
        is_stable(&bytes)
    }
    QuickCheck::new().tests(20_000).quickcheck(property as fn(Object, Vec<(usize, u8)>) -> bool);
}

#[test]
fn random_bytes_after_every_id() {
    let mut g = Gen::new(200);
    for definition in SCHEMA.iter() {
        for _ in 0..100 {
            let mut bytes = definition.id.to_le_bytes().to_vec();
            bytes.extend(Vec::<u8>::arbitrary(&mut g));
            assert!(is_stable(&bytes), "{}: {bytes:02x?}", definition.name);
        }
    }
}

/// Returns whether the bytes, if they can be read, are written in a form that reads as the same value.
fn is_stable(bytes: &[u8]) -> bool {
    match reencode(bytes) {
        Err(_) => true,
        Ok(written) => reencode(&written).as_ref() == Ok(&written),
    }
}

#[test]
fn random_bytes_never_make_a_reader_panic() {
    fn property(bytes: Vec<u8>) -> bool {
        let mut reader = Reader::new(&bytes);
        while reader.remaining() > 0 {
            let before = reader.remaining();
            let _ = reader.clone().bytes();
            let _ = reader.clone().vector(|reader| reader.string().map(str::len));
            let _ = reader.clone().bare_vector(Reader::int256);
            let _ = reader.bool();
            if reader.remaining() == before && reader.raw(1).is_err() {
                return false;
            }
        }
        Vec::<String>::from_bytes(&bytes).is_err() && is_stable(&bytes)
    }
    QuickCheck::new().tests(5000).quickcheck(property as fn(Vec<u8>) -> bool);
}

#[test]
fn whole_values_round_trip() {
    fn property(longs: Vec<i64>, strings: Vec<String>, ints: Vec<Vec<i32>>) -> bool {
        Vec::from_bytes(&longs.to_bytes()).as_ref() == Ok(&longs)
            && Vec::from_bytes(&strings.to_bytes()).as_ref() == Ok(&strings)
            && Vec::from_bytes(&ints.to_bytes()).as_ref() == Ok(&ints)
    }
    QuickCheck::new().quickcheck(property as fn(Vec<i64>, Vec<String>, Vec<Vec<i32>>) -> bool);
}
