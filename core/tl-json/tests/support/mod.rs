//! Random JSON of a definition.
#![allow(unreachable_pub, reason = "each test file is a crate")]

use base64ct::{Base64, Encoding};
use sansgram_tl_json::{Definition, FieldKind, Schema, Type};
use serde_json::{Map, Value};

/// A sequence of numbers from a seed (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Value {
        let bytes: Vec<u8> = (0..length).map(|_| self.next() as u8).collect();
        Base64::encode_string(&bytes).into()
    }
}

/// Returns JSON of this definition in the form in which it is decoded: fields that share a flag are there together. Below
/// `depth`, objects are the smallest ones.
pub fn value(schema: &Schema<'_>, definition: &Definition<'_>, random: &mut Random, depth: usize) -> Value {
    let mut object = Map::new();
    object.insert("_".into(), definition.name.into());
    let set: Vec<(&str, u32)> = definition
        .fields
        .iter()
        .filter(|field| matches!(field.kind, FieldKind::Flags))
        .map(|field| (field.name, random.next() as u32))
        .collect();
    for field in &definition.fields {
        let (ty, is_there) = match &field.kind {
            FieldKind::Flags => continue,
            FieldKind::Required(ty) => (Some(ty), true),
            FieldKind::Optional { flags, bit, ty } => (Some(ty), is_set(&set, flags, *bit)),
            FieldKind::Mark { flags, bit } => (None, is_set(&set, flags, *bit)),
        };
        if is_there {
            let value = ty.map_or(Value::Bool(true), |ty| value_of(schema, ty, random, depth));
            object.insert(field.name.into(), value);
        }
    }
    Value::Object(object)
}

fn is_set(set: &[(&str, u32)], word: &str, bit: u8) -> bool {
    set.iter().any(|(name, bits)| *name == word && bits & 1 << bit != 0)
}

fn value_of(schema: &Schema<'_>, ty: &Type<'_>, random: &mut Random, depth: usize) -> Value {
    const TEXTS: [&str; 6] = ["", "a", "\"quoted\"\\\n\u{7f}", "Ünï 漢字 🦀", "\u{0}", "abcdefgh"];
    match ty {
        Type::Int => (random.next() as i32).into(),
        Type::Long => (random.next() as i64).to_string().into(),
        Type::Double => {
            [0.0, -0.0, 1.5, 1e300, -5e-324, f64::from(random.next() as i32) / 7.0][random.below(6)].into()
        }
        Type::Bool => (random.below(2) == 0).into(),
        Type::String => match random.below(8) {
            7 => "long ".repeat(60 + random.below(4)).into(),
            at => TEXTS[at % TEXTS.len()].into(),
        },
        Type::Bytes => {
            let length = random.below(300);
            random.bytes(length)
        }
        Type::Int128 => random.bytes(16),
        Type::Int256 => random.bytes(32),
        Type::Vector(item) | Type::BareVector(item) => {
            (0..random.below(3)).map(|_| value_of(schema, item, random, depth)).collect()
        }
        Type::Boxed(name) => {
            let constructors: Vec<_> = schema.constructors_of(name).collect();
            let constructor = constructors[random.below(constructors.len())];
            match depth {
                0 => schema.skeleton(constructor),
                _ => value(schema, constructor, random, depth - 1),
            }
        }
        Type::Bare(name) => value(schema, schema.constructor(name).unwrap(), random, depth.saturating_sub(1)),
        Type::Query => {
            let functions: Vec<_> = schema.definitions().iter().filter(|it| it.is_function).collect();
            let function = functions[random.below(functions.len())];
            if depth == 0 { schema.skeleton(function) } else { value(schema, function, random, depth - 1) }
        }
    }
}
