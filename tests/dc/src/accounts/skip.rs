//! Objects that are passed on without being understood, by the schema of layer 230: keyboards, entities, attributes.

use sansgram_tl_json::{Definition, FieldKind, Schema, Type};

use super::policy::MAX_TL_DEPTH;
use super::wire::{BadArguments, Reader, id};

/// Returns the bytes of the next boxed object.
pub(super) fn object<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], BadArguments> {
    taken(reader, |reader| boxed(reader, MAX_TL_DEPTH))
}

/// Returns the bytes of each object of the next boxed vector.
pub(super) fn objects<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, BadArguments> {
    reader.vector(object)
}

fn taken<'a>(
    reader: &mut Reader<'a>,
    skip: impl FnOnce(&mut Reader<'a>) -> Result<(), BadArguments>,
) -> Result<&'a [u8], BadArguments> {
    let before = reader.rest();
    skip(reader)?;
    Ok(&before[..before.len() - reader.rest().len()])
}

fn boxed(reader: &mut Reader<'_>, depth: usize) -> Result<(), BadArguments> {
    let constructor = reader.u32()?;
    let definition = Schema::telegram().by_id(constructor).filter(|definition| !definition.is_function);
    fields(reader, definition.ok_or(BadArguments)?, depth)
}

fn fields(reader: &mut Reader<'_>, definition: &Definition<'_>, depth: usize) -> Result<(), BadArguments> {
    let depth = depth.checked_sub(1).ok_or(BadArguments)?;
    let mut words: Vec<(&str, u32)> = Vec::new();
    for field in &definition.fields {
        match &field.kind {
            FieldKind::Flags => words.push((field.name, reader.u32()?)),
            FieldKind::Required(ty) => value(reader, ty, depth)?,
            FieldKind::Optional { flags, bit, ty } => {
                if words.iter().any(|(name, word)| name == flags && word >> bit & 1 == 1) {
                    value(reader, ty, depth)?;
                }
            }
            FieldKind::Mark { .. } => {}
        }
    }
    Ok(())
}

fn value(reader: &mut Reader<'_>, ty: &Type<'_>, depth: usize) -> Result<(), BadArguments> {
    match ty {
        Type::Int | Type::Bool => reader.u32().map(|_| ()),
        Type::Long | Type::Double => reader.i64().map(|_| ()),
        Type::String | Type::Bytes => reader.bytes().map(|_| ()),
        Type::Int128 => (0..2).try_for_each(|_| reader.i64().map(|_| ())),
        Type::Int256 => (0..4).try_for_each(|_| reader.i64().map(|_| ())),
        Type::Boxed(_) => boxed(reader, depth),
        Type::Bare(name) => fields(reader, Schema::telegram().constructor(name).ok_or(BadArguments)?, depth),
        Type::Vector(of) => {
            reader.expect(id::VECTOR)?;
            items(reader, of, depth)
        }
        Type::BareVector(of) => items(reader, of, depth),
        Type::Query => Err(BadArguments),
    }
}

fn items(reader: &mut Reader<'_>, of: &Type<'_>, depth: usize) -> Result<(), BadArguments> {
    let depth = depth.checked_sub(1).ok_or(BadArguments)?;
    let count = reader.u32()?;
    for _ in 0..count {
        let before = reader.rest().len();
        value(reader, of, depth)?;
        // An item without bytes would make the count alone cost time.
        if reader.rest().len() == before {
            return Err(BadArguments);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_end_where_the_schema_says() {
        let schema = Schema::telegram();
        let markup = json!({ "_": "replyInlineMarkup", "rows": [{ "buttons": [
            { "text": "yes", "type": { "_": "inlineButtonTypeCallback", "data": "AAE=" } },
            { "text": "no", "type": { "_": "inlineButtonTypeUrl", "url": "https://example.org" } },
        ] }] });
        let encoded = schema.encode(&Type::Boxed("ReplyMarkup"), &markup).unwrap();
        let followed = [&encoded[..], &[1, 2, 3, 4]].concat();
        let mut reader = Reader::new(&followed);
        assert_eq!(object(&mut reader), Ok(&encoded[..]));
        assert_eq!(reader.rest(), [1, 2, 3, 4]);
        for length in 0..encoded.len() {
            assert_eq!(object(&mut Reader::new(&encoded[..length])), Err(BadArguments), "{length}");
        }
        assert_eq!(object(&mut Reader::new(&[7; 40])), Err(BadArguments));
    }

    #[test]
    fn nesting_and_counts_are_bounded() {
        // textConcat in textConcat in ...
        let concat = Schema::telegram().constructor("textConcat").unwrap().id.to_le_bytes();
        let head = [concat, id::VECTOR.to_le_bytes(), 1_u32.to_le_bytes()].concat();
        assert_eq!(object(&mut Reader::new(&head.repeat(100_000))), Err(BadArguments));
        let many = [concat, id::VECTOR.to_le_bytes(), u32::MAX.to_le_bytes()].concat();
        assert_eq!(object(&mut Reader::new(&many)), Err(BadArguments));
    }
}
