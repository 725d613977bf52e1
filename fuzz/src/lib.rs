//! The bodies of the fuzz targets: functions that take any bytes and panic if a guarantee of the core is broken.
//!
//! Each module has one `run`, which returns how much of its input was accepted, so that a corpus that no longer reaches
//! anything is noticed. `cargo test` replays the corpus; the targets in `fuzz_targets/` pass the bytes of libFuzzer.
//!
//! | module | the fuzzer's bytes are | what must hold beside "no panic" |
//! |---|---|---|
//! | [`frames`] | a byte stream, or payloads to be framed | any pieces give the same frames; memory follows the bytes that came |
//! | [`layers`] | the server's bytes of an obfuscated, disguised or proxied connection | any pieces give the same frames; what we write can be read |
//! | [`proxy`] | the answers of a SOCKS5 or HTTP proxy | no byte of the server is consumed; any pieces give the same result |
//! | [`links`] | links and URLs of proxies | what is read is written back |
//! | [`tl`] | a TL object, or calls of the reader | what decodes is written back to an equal value |
//! | [`tl_json`] | a TL object of any type of the API, or JSON of one | what decodes is JSON that encodes to an equal value; memory follows the bytes |
//! | [`gzip`] | compressed data, or data to compress | bounded output; compression and decompression are inverse |
//! | [`sealed`] | plaintexts behind the cipher | no message counts twice, no request is lost, all we send is well-formed |
//! | [`client`] | inputs and calls of the whole machine, sealed server messages among them | each request ends once and in time, connections are used by the contract, no due timer stays |
//! | [`handshake`] | a server's replies, also correctly encrypted ones | it ends; a key only with the server's proof |
//! | [`session_text`] | a stored session or saved login, also with a right checksum | what is read is written back to an equal one |
//! | [`foreign`] | another library's session: string, packed content, changed SQLite file | what is imported can be exported and is the same; the file is unchanged |
//! | [`pem`] | a key file, also DER in valid PEM armour | what is read is a usable key and is written back |

pub mod client;
pub mod foreign;
pub mod frames;
pub mod gzip;
pub mod handshake;
mod input;
pub mod layers;
pub mod links;
mod memory;
mod peer;
pub mod pem;
pub mod proxy;
pub mod sealed;
pub mod session_text;
pub mod tl;
pub mod tl_json;

pub use input::Input;
pub use sansgram_testkit::random::SeededRandomForTestingOnly as Seeded;

/// A target: its name, which is also its corpus's folder, and its body.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the target and of the folder in `fuzz/corpus`.
    pub name: &'static str,
    /// The body. It returns how much of the input was accepted.
    pub run: fn(&[u8]) -> usize,
}

/// All targets.
pub const TARGETS: [Target; 13] = [
    Target { name: "frames", run: frames::run },
    Target { name: "layers", run: layers::run },
    Target { name: "proxy", run: proxy::run },
    Target { name: "links", run: links::run },
    Target { name: "tl", run: tl::run },
    Target { name: "tl_json", run: tl_json::run },
    Target { name: "gzip", run: gzip::run },
    Target { name: "sealed", run: sealed::run },
    Target { name: "client", run: client::run },
    Target { name: "handshake", run: handshake::run },
    Target { name: "session_text", run: session_text::run },
    Target { name: "foreign", run: foreign::run },
    Target { name: "pem", run: pem::run },
];
