//! Strings, numbers and vectors against `tl_primitives.json`, and the limits of the reader.

mod vectors;

use sansgram_tl::{DecodeError, Deserialize, MAX_DEPTH, Reader, Serialize, enums, ids, types, write};
use vectors::{load, unhex};

/// Returns the bytes of the value or malformed input whose description starts with `what`.
fn named(list: &str, what: &str) -> Vec<u8> {
    let vectors = load("tl_primitives.json");
    let mut matching = vectors[list]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|entry| entry["what"].as_str().is_some_and(|text| text.starts_with(what)));
    unhex(&matching.next().unwrap_or_else(|| panic!("no `{what}` in {list}"))["hex"])
}

#[test]
fn strings_of_every_length_form() {
    let vectors = load("tl_primitives.json");
    let strings = vectors["strings"].as_array().expect("a list");
    assert_eq!(strings.len(), 13);
    for case in strings {
        let (bytes, tl) = (unhex(&case["bytes"]), unhex(&case["tl"]));
        let mut out = Vec::new();
        write::bytes(&mut out, &bytes);
        assert_eq!(out, tl, "length {}", bytes.len());
        let mut reader = Reader::new(&tl);
        assert_eq!(reader.bytes(), Ok(bytes.as_slice()));
        assert_eq!(reader.position(), tl.len());
        // Truncated anywhere, even in the padding, it is rejected.
        for length in 0..tl.len() {
            assert_eq!(
                Reader::new(&tl[..length]).bytes(),
                Err(DecodeError::UnexpectedEnd),
                "cut at {length}"
            );
        }
    }
}

#[test]
fn values() {
    let longs = named("values", "Vector<long>");
    assert_eq!(Vec::<i64>::from_bytes(&longs), Ok(vec![1, -1]));
    assert_eq!(vec![1i64, -1].to_bytes(), longs);

    let bare = named("values", "bare vector of future_salt");
    let salt = types::FutureSalt { valid_since: 0x6553_f100, valid_until: 0x6553_f808, salt: 5 };
    let mut out = Vec::new();
    write::bare_vector(&mut out, std::slice::from_ref(&salt), |out, salt| salt.serialize(out));
    assert_eq!(out, bare);
    assert_eq!(Reader::new(&bare).bare_vector(types::FutureSalt::deserialize), Ok(vec![salt]));

    assert_eq!(true.to_bytes(), named("values", "boolTrue"));
    assert_eq!(false.to_bytes(), named("values", "boolFalse"));
    assert_eq!(bool::from_bytes(&named("values", "boolTrue")), Ok(true));
    assert_eq!(bool::from_bytes(&named("values", "boolFalse")), Ok(false));
    assert_eq!(bool::from_bytes(&[1, 0, 0, 0]), Err(DecodeError::UnexpectedConstructor { found: 1 }));
    assert_eq!((-1i32).to_bytes(), named("values", "int -1"));
    assert_eq!(i32::from_bytes(&named("values", "int -1")), Ok(-1));

    let double = named("values", "double 1.5");
    let mut out = Vec::new();
    write::f64(&mut out, 1.5);
    assert_eq!(out, double);
    assert_eq!(Reader::new(&double).f64(), Ok(1.5));
}

#[test]
fn malformed_input_is_rejected_with_its_reason() {
    let bytes = |what: &str| Reader::new(&named("malformed", what)).bytes().map(<[u8]>::to_vec);
    assert_eq!(bytes("string length 10"), Err(DecodeError::UnexpectedEnd));
    assert_eq!(bytes("first byte ff"), Err(DecodeError::ReservedLength));
    // These two are unambiguous.
    assert_eq!(bytes("long string header fe with length 3"), Ok(b"abc".to_vec()));
    assert_eq!(bytes("non-zero padding"), Ok(b"a".to_vec()));

    let longs = |what: &str| Vec::<i64>::from_bytes(&named("malformed", what));
    let huge = DecodeError::VectorTooLong { count: 0x7fff_ffff };
    assert_eq!(longs("vector count 0x7fffffff"), Err(huge));
    assert_eq!(longs("vector count -1"), Err(DecodeError::VectorTooLong { count: u32::MAX }));
    assert_eq!(Reader::new(&named("malformed", "truncated long")).i64(), Err(DecodeError::UnexpectedEnd));
    let count = load("tl_primitives.json")["malformed"].as_array().map(Vec::len);
    assert_eq!(count, Some(7), "a vector that no line above reads");
}

#[test]
fn a_vector_reserves_memory_for_its_items_once() {
    // Two items take at least eight bytes.
    let items = [ids::VECTOR.to_le_bytes(), 2u32.to_le_bytes(), [1, 0, 0, 0]].concat();
    assert_eq!(Vec::<i32>::from_bytes(&items), Err(DecodeError::VectorTooLong { count: 2 }));
    let items = [items, vec![2, 0, 0, 0]].concat();
    assert_eq!(Vec::<i32>::from_bytes(&items), Ok(vec![1, 2]));
    // Missing items of a larger type are noticed on reading.
    assert_eq!(Vec::<i64>::from_bytes(&items), Err(DecodeError::UnexpectedEnd));
}

#[test]
fn strings_are_utf8() {
    let mut out = Vec::new();
    write::bytes(&mut out, &[0xc3, 0x28]);
    assert_eq!(Reader::new(&out).string(), Err(DecodeError::InvalidUtf8));
    assert_eq!(Reader::new(&out).bytes(), Ok([0xc3, 0x28].as_slice()));
    let mut out = Vec::new();
    write::string(&mut out, "пароль");
    assert_eq!(Reader::new(&out).string(), Ok("пароль"));
}

#[test]
fn a_length_beyond_the_long_form_is_written_in_whole_words() {
    let value = vec![7; 1 << 24];
    let mut out = Vec::new();
    write::bytes(&mut out, &value);
    assert_eq!(out[..8], [0xff, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(out.len(), 8 + value.len());
    assert_eq!(Reader::new(&out).bytes(), Err(DecodeError::ReservedLength));
    let mut out = Vec::new();
    write::bytes(&mut out, &value[1..]);
    assert_eq!(out[..4], [0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(Reader::new(&out).bytes(), Ok(&value[1..]));
}

#[test]
fn the_reader_tells_its_position() {
    let input = [1, 0, 0, 0, 2, 0, 0, 0, 3];
    let mut reader = Reader::new(&input);
    assert_eq!(reader.peek_u32(), Ok(1));
    assert_eq!((reader.position(), reader.remaining()), (0, 9));
    assert_eq!(reader.expect(1), Ok(()));
    assert_eq!(reader.expect(1), Err(DecodeError::UnexpectedConstructor { found: 2 }));
    assert_eq!(reader.finish(), Err(DecodeError::TrailingBytes { count: 1 }));
    assert_eq!(reader.u32(), Err(DecodeError::UnexpectedEnd));
    assert_eq!(reader.raw(2), Err(DecodeError::UnexpectedEnd));
    assert_eq!(reader.raw(usize::MAX), Err(DecodeError::UnexpectedEnd));
    assert_eq!(reader.rest(), [3]);
    assert_eq!(reader.finish(), Ok(()));
    assert_eq!(reader.position(), 9);
}

#[test]
fn debug_does_not_show_the_input() {
    let shown = format!("{:?}", Reader::new(b"secretsecret"));
    assert_eq!(shown, "Reader { position: 0, remaining: 12 }");
}

#[test]
fn trailing_bytes_are_rejected() {
    let mut bytes = 5i32.to_bytes();
    bytes.push(0);
    assert_eq!(i32::from_bytes(&bytes), Err(DecodeError::TrailingBytes { count: 1 }));
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |levels: u8| {
        let mut value = enums::JsonValue::JsonNull;
        for _ in 1..levels {
            value = types::JsonArray { value: vec![value] }.to_boxed();
        }
        enums::JsonValue::from_bytes(&value.to_bytes())
    };
    assert!(nested(MAX_DEPTH).is_ok());
    assert_eq!(nested(MAX_DEPTH + 1), Err(DecodeError::NestedTooDeep));
    assert_eq!(nested(u8::MAX), Err(DecodeError::NestedTooDeep));

    // The maximum depth fits on a small stack.
    let small = std::thread::Builder::new().stack_size(32 << 10);
    assert!(small.spawn(move || nested(MAX_DEPTH).is_ok()).unwrap().join().unwrap());

    // Siblings do not add to the depth.
    let wide = types::JsonArray { value: vec![enums::JsonValue::JsonNull; 1000] }.to_boxed();
    assert_eq!(enums::JsonValue::from_bytes(&wide.to_bytes()), Ok(wide));
}
