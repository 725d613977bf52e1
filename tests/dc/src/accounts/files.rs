//! Uploaded files: the parts of an upload, and the documents that messages contain.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use super::call::ApiError;
use super::forms;
use super::policy::{MAX_FILE_PARTS, MAX_PART_BYTES, MAX_STORED_BYTES, MAX_UNUSED_PARTS};
use super::wire::Writer;

/// `documentAttributeFilename`, the same in all layers.
const DOCUMENT_ATTRIBUTE_FILENAME: u32 = 0x1559_0068;

/// The parts of an upload.
#[derive(Debug, Default)]
struct Upload {
    parts: BTreeMap<i32, Vec<u8>>,
}

/// A file that a message contains.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) id: i64,
    pub(super) access_hash: i64,
    pub(super) file_reference: [u8; 16],
    pub(super) date: i32,
    pub(super) mime_type: String,
    pub(super) dc: i32,
    pub(super) bytes: Vec<u8>,
    /// The layer of the attributes.
    pub(super) layer: i32,
    pub(super) attributes: Vec<Vec<u8>>,
}

/// All uploads and files. They end with the process.
#[derive(Debug, Default)]
pub(super) struct Files {
    uploads: BTreeMap<(i64, i64), Upload>,
    documents: BTreeMap<i64, Document>,
    stored: usize,
}

impl Files {
    pub(super) fn add(&mut self, document: Document) {
        self.documents.insert(document.id, document);
    }

    pub(super) fn document(&self, id: i64) -> Option<&Document> {
        self.documents.get(&id)
    }

    pub(super) fn save_part(&mut self, upload: (i64, i64), part: i32, bytes: &[u8]) -> Result<(), ApiError> {
        if bytes.is_empty() {
            return Err(ApiError::new(400, "FILE_PART_EMPTY"));
        }
        if bytes.len() > MAX_PART_BYTES {
            return Err(ApiError::new(400, "FILE_PART_TOO_BIG"));
        }
        if !(0..MAX_FILE_PARTS).contains(&part) {
            return Err(ApiError::new(400, "FILE_PART_INVALID"));
        }
        let known = self.uploads.get(&upload);
        let replaced = known.and_then(|known| known.parts.get(&part)).map_or(0, Vec::len);
        // A test DC keeps everything in memory.
        let unused: usize = self.uploads.values().map(|upload| upload.parts.len()).sum();
        if self.stored + bytes.len() - replaced > MAX_STORED_BYTES || unused >= MAX_UNUSED_PARTS {
            return Err(ApiError::new(500, "STORAGE_FULL"));
        }
        self.stored = self.stored + bytes.len() - replaced;
        self.uploads.entry(upload).or_default().parts.insert(part, bytes.to_vec());
        Ok(())
    }

    /// Takes an upload as a whole.
    pub(super) fn take(
        &mut self,
        upload: (i64, i64),
        parts: i32,
        md5: Option<&str>,
    ) -> Result<Vec<u8>, ApiError> {
        let Some(known) = self.uploads.get(&upload).filter(|_| (1..=MAX_FILE_PARTS).contains(&parts)) else {
            return Err(ApiError::new(400, "FILE_PARTS_INVALID"));
        };
        if let Some(missing) = (0..parts).find(|part| !known.parts.contains_key(part)) {
            return Err(ApiError::new(400, &format!("FILE_PART_{missing}_MISSING")));
        }
        let size = known.parts.get(&0).map_or(0, Vec::len);
        let sizes_fit = known.parts.range(..parts - 1).all(|(_, bytes)| bytes.len() == size);
        let is_whole = parts == 1 || size.is_multiple_of(1024) && MAX_PART_BYTES.is_multiple_of(size);
        let last_fits = known.parts.get(&(parts - 1)).is_some_and(|bytes| bytes.len() <= size);
        if !(sizes_fit && is_whole && last_fits) {
            return Err(ApiError::new(400, "FILE_PART_SIZE_INVALID"));
        }
        let bytes: Vec<u8> = known.parts.range(..parts).flat_map(|(_, bytes)| bytes).copied().collect();
        let digest: String = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if md5.is_some_and(|md5| !md5.is_empty() && !md5.eq_ignore_ascii_case(&digest)) {
            return Err(ApiError::new(400, "MD5_CHECKSUM_INVALID"));
        }
        let all: usize = known.parts.values().map(Vec::len).sum();
        self.stored = self.stored - all + bytes.len();
        self.uploads.remove(&upload);
        Ok(bytes)
    }
}

impl Document {
    /// A boxed `document`, in the form that a client of this layer can read. Attributes other than the name of the file
    /// are for clients of the sender's layer only.
    pub(super) fn to_document(&self, layer: i32) -> Vec<u8> {
        let of_all_layers = DOCUMENT_ATTRIBUTE_FILENAME.to_le_bytes();
        let fits = |attribute: &&Vec<u8>| layer == self.layer || attribute.starts_with(&of_all_layers);
        let attributes: Vec<Vec<u8>> = self.attributes.iter().filter(fits).cloned().collect();
        let document = Writer::boxed(forms::of(forms::DOCUMENT, layer)).u32(0).i64(self.id);
        let document = document.i64(self.access_hash).bytes(&self.file_reference).i32(self.date);
        let document = document.string(&self.mime_type);
        let size = self.bytes.len();
        let document = if layer < forms::LONG_SIZES {
            document.i32(i32::try_from(size).unwrap_or(i32::MAX))
        } else {
            document.i64(i64::try_from(size).unwrap_or(i64::MAX))
        };
        document.i32(self.dc).objects(&attributes).finish()
    }
}
