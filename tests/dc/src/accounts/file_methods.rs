//! The methods that upload and download files (`core.telegram.org/api/files`).

use sansgram_core::crypto::hash::sha256;

use super::call::{ApiError, Call, Reply};
use super::files::Document;
use super::forms;
use super::policy::{HASHED_CHUNK, PIECE_BYTES};
use super::skip;
use super::state::Accounts;
use super::wire::{BadArguments, Reader, Writer, id};

/// The constructors of this file, by their names in the schema.
mod own {
    pub(super) const INPUT_FILE: u32 = 0xf52f_f27f;
    pub(super) const INPUT_FILE_BIG: u32 = 0xfa4f_0bb5;
    pub(super) const INPUT_MEDIA_UPLOADED_DOCUMENT: u32 = 0x037c_9330;
    /// Layer 140, without a cover.
    pub(super) const INPUT_MEDIA_UPLOADED_DOCUMENT_140: u32 = 0x5b38_c6c1;
    pub(super) const INPUT_MEDIA_DOCUMENT: u32 = 0xa876_3ab5;
    /// Layer 140, without a cover.
    pub(super) const INPUT_MEDIA_DOCUMENT_140: u32 = 0x3347_3058;
    pub(super) const INPUT_DOCUMENT: u32 = 0x1abf_b575;
    pub(super) const INPUT_DOCUMENT_FILE_LOCATION: u32 = 0xbad0_7584;
    pub(super) const UPLOAD_FILE: u32 = 0x096a_18d5;
    pub(super) const STORAGE_FILE_UNKNOWN: u32 = 0xaa96_3b05;
}

impl Accounts {
    pub(super) fn save_file_part(&mut self, call: &mut Call<'_>, is_big: bool) -> Reply {
        let (file_id, part) = (call.reader.i64()?, call.reader.i32()?);
        if is_big {
            call.reader.i32()?;
        }
        let bytes = call.reader.bytes()?;
        call.reader.end()?;
        let user = self.caller(call)?;
        self.files.save_part((user, file_id), part, bytes)?;
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    /// Reads an `InputMedia`; an uploaded file becomes a document. Returns the document's identifier.
    pub(super) fn input_media(&mut self, call: &mut Call<'_>, user: i64) -> Result<i64, ApiError> {
        let constructor = call.reader.u32()?;
        match constructor {
            own::INPUT_MEDIA_UPLOADED_DOCUMENT | own::INPUT_MEDIA_UPLOADED_DOCUMENT_140 => {
                let flags = call.reader.u32()?;
                let (upload, parts, md5) = input_file(&mut call.reader)?;
                skip_if(call, flags & 1 << 2 != 0, |reader| input_file(reader).map(|_| ()))?;
                let mime_type = call.reader.string()?.into();
                let attributes = skip::objects(&mut call.reader)?.into_iter().map(<[u8]>::to_vec).collect();
                skip_if(call, flags & 1 != 0, |reader| skip::objects(reader).map(|_| ()))?;
                if constructor == own::INPUT_MEDIA_UPLOADED_DOCUMENT {
                    skip_if(call, flags & 1 << 6 != 0, |reader| skip::object(reader).map(|_| ()))?;
                    skip_if(call, flags & 1 << 7 != 0, |reader| reader.i32().map(|_| ()))?;
                }
                skip_if(call, flags & 1 << 1 != 0, |reader| reader.i32().map(|_| ()))?;
                let bytes = self.files.take((user, upload), parts, md5)?;
                let id = i64::from_le_bytes(self.random_bytes());
                let document = Document {
                    id,
                    access_hash: i64::from_le_bytes(self.random_bytes()),
                    file_reference: self.random_bytes(),
                    date: call.now,
                    mime_type,
                    dc: call.dc,
                    bytes,
                    layer: call.layer,
                    attributes,
                };
                self.files.add(document);
                Ok(id)
            }
            own::INPUT_MEDIA_DOCUMENT | own::INPUT_MEDIA_DOCUMENT_140 => {
                let flags = call.reader.u32()?;
                call.reader.expect(own::INPUT_DOCUMENT)?;
                let (id, access_hash) = (call.reader.i64()?, call.reader.i64()?);
                let reference = call.reader.bytes()?;
                if constructor == own::INPUT_MEDIA_DOCUMENT {
                    skip_if(call, flags & 1 << 3 != 0, |reader| skip::object(reader).map(|_| ()))?;
                    skip_if(call, flags & 1 << 4 != 0, |reader| reader.i32().map(|_| ()))?;
                }
                skip_if(call, flags & 1 != 0, |reader| reader.i32().map(|_| ()))?;
                skip_if(call, flags & 1 << 1 != 0, |reader| reader.string().map(|_| ()))?;
                self.named_document(id, access_hash, reference, "MEDIA_INVALID").map(|document| document.id)
            }
            _ => Err(ApiError::new(400, "MEDIA_INVALID")),
        }
    }

    fn named_document(
        &self,
        id: i64,
        access_hash: i64,
        reference: &[u8],
        unknown: &str,
    ) -> Result<&Document, ApiError> {
        let document = self.files.document(id).filter(|document| document.access_hash == access_hash);
        let document = document.ok_or_else(|| ApiError::new(400, unknown))?;
        if document.file_reference != *reference {
            return Err(ApiError::new(400, "FILE_REFERENCE_EXPIRED"));
        }
        Ok(document)
    }

    /// Reads an `InputFileLocation`. Errors if the file is on another DC.
    fn located(&self, call: &mut Call<'_>) -> Result<&Document, ApiError> {
        let invalid = || ApiError::new(400, "LOCATION_INVALID");
        call.reader.expect(own::INPUT_DOCUMENT_FILE_LOCATION).map_err(|_| invalid())?;
        let (id, access_hash) = (call.reader.i64()?, call.reader.i64()?);
        let (reference, thumb_size) = (call.reader.bytes()?, call.reader.string()?);
        if !thumb_size.is_empty() {
            return Err(invalid());
        }
        let document = self.named_document(id, access_hash, reference, "LOCATION_INVALID")?;
        if document.dc != call.dc {
            return Err(ApiError::new(303, &format!("FILE_MIGRATE_{}", document.dc)));
        }
        Ok(document)
    }

    pub(super) fn get_file(&mut self, call: &mut Call<'_>, has_long_offset: bool) -> Reply {
        self.caller(call)?;
        let flags = call.reader.u32()?;
        let document = self.located(call)?;
        let offset = if has_long_offset { call.reader.i64()? } else { call.reader.i32()?.into() };
        let limit = call.reader.i32()?;
        call.reader.end()?;
        let unit = if flags & 1 == 0 { 4096 } else { 1024 };
        let offset = usize::try_from(offset).ok().filter(|offset| offset.is_multiple_of(unit));
        let offset = offset.ok_or_else(|| ApiError::new(400, "OFFSET_INVALID"))?;
        let limit = usize::try_from(limit).ok().filter(|limit| {
            let divides = flags & 1 != 0 || PIECE_BYTES.is_multiple_of(*limit);
            *limit > 0 && limit.is_multiple_of(unit) && *limit <= PIECE_BYTES && divides
        });
        let limit = limit.filter(|limit| offset / PIECE_BYTES == (offset + limit - 1) / PIECE_BYTES);
        let limit = limit.ok_or_else(|| ApiError::new(400, "LIMIT_INVALID"))?;
        let rest = document.bytes.get(offset..).unwrap_or_default();
        let piece = rest.get(..limit).unwrap_or(rest);
        let file = Writer::boxed(own::UPLOAD_FILE).u32(own::STORAGE_FILE_UNKNOWN).i32(document.date);
        Ok(file.bytes(piece).finish())
    }

    /// The hashes of the chunks from the offset on, in one answer.
    pub(super) fn get_file_hashes(&mut self, call: &mut Call<'_>, has_long_offset: bool) -> Reply {
        self.caller(call)?;
        let document = self.located(call)?;
        let offset = if has_long_offset { call.reader.i64()? } else { call.reader.i32()?.into() };
        call.reader.end()?;
        let offset = usize::try_from(offset).map_err(|_| ApiError::new(400, "OFFSET_INVALID"))?;
        let chunks =
            document.bytes.chunks(HASHED_CHUNK).enumerate().map(|(n, chunk)| (n * HASHED_CHUNK, chunk));
        let hashes: Vec<Vec<u8>> = chunks
            .filter(|(start, chunk)| start + chunk.len() > offset)
            .map(|(start, chunk)| {
                let hash = Writer::boxed(forms::of(forms::FILE_HASH, call.layer));
                let hash = if call.layer < forms::LONG_SIZES {
                    hash.i32(i32::try_from(start).unwrap_or(i32::MAX))
                } else {
                    hash.i64(i64::try_from(start).unwrap_or(i64::MAX))
                };
                hash.i32(i32::try_from(chunk.len()).unwrap_or(i32::MAX)).bytes(&sha256(&[chunk])).finish()
            })
            .collect();
        Ok(Writer::default().objects(&hashes).finish())
    }
}

/// The identifier of an upload, the number of its parts, and the MD5 of a small one.
type InputFile<'a> = (i64, i32, Option<&'a str>);

fn input_file<'a>(reader: &mut Reader<'a>) -> Result<InputFile<'a>, BadArguments> {
    let constructor = reader.u32()?;
    let (file_id, parts, _name) = (reader.i64()?, reader.i32()?, reader.string()?);
    match constructor {
        own::INPUT_FILE => Ok((file_id, parts, Some(reader.string()?))),
        own::INPUT_FILE_BIG => Ok((file_id, parts, None)),
        _ => Err(BadArguments),
    }
}

fn skip_if(
    call: &mut Call<'_>,
    is_there: bool,
    skip: impl FnOnce(&mut Reader<'_>) -> Result<(), BadArguments>,
) -> Result<(), BadArguments> {
    if is_there { skip(&mut call.reader) } else { Ok(()) }
}
