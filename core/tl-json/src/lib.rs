//! JSON to TL and back for every function and type of Telegram's API, checked against the schema at run time.
//!
//! A [`Schema`] is read from the text of a TL schema; [`Schema::telegram`] is the API of layer 230. No types are
//! generated from it.
//!
//! ```
//! use sansgram_tl_json::Schema;
//! use serde_json::json;
//!
//! let schema = Schema::telegram();
//! let request = schema.encode_call("users.getUsers", &json!({ "id": [{ "_": "inputUserSelf" }] }))?;
//! // The bytes are sent with `Client::invoke_raw`; the reply is decoded by the type of the function's result.
//! assert_eq!(request.reply.to_string(), "Vector<User>");
//! let reply = schema.decode(request.reply, &[0x15, 0xc4, 0xb5, 0x1c, 0, 0, 0, 0]);
//! assert_eq!(reply.as_deref(), Ok("[]"));
//!
//! let wrong = json!({ "id": [{ "_": "inputUser", "user_id": "abc", "access_hash": 0 }] });
//! let error = schema.encode_call("users.getUsers", &wrong).unwrap_err();
//! assert_eq!(error.to_string(), "id[0].user_id: a whole number is expected, \"abc\" was given");
//! # Ok::<(), sansgram_tl_json::EncodeError>(())
//! ```
//!
//! # How TL is written as JSON
//! | TL | JSON |
//! |---|---|
//! | an object | an object: `"_"` is the name of the constructor, the other keys are the fields by their names in the schema. `"_"` may be left out if the type has one constructor |
//! | a field with a flag (`flags.2?int`) | absent if the flag is not set; `null` is accepted as absent. The flags words themselves are computed |
//! | a flag without a value (`flags.0?true`) | `true` if it is set, otherwise absent; `false` is accepted |
//! | `int` | a number |
//! | `long` | a string of decimal digits, always; a number is accepted too. JavaScript and many other readers of JSON round numbers above 2^53, and the type of a field does not depend on its value |
//! | `double` | a number; `"NaN"`, `"Infinity"` and `"-Infinity"` if it is none |
//! | `string` | a string |
//! | `bytes`, `int128`, `int256` | a string in base64 with padding (RFC 4648, section 4) |
//! | `Bool` | `true` or `false` |
//! | `Vector` | an array |
//! | `!X`, the query of a wrapper such as `invokeWithLayer` | an object: `"_"` is the name of the function |
//!
//! If several fields share one flag, any of them sets it. Missing numbers, strings and vectors of the group are then
//! written as zero or empty; a missing object is an error. If a key is repeated, `serde_json` keeps its last value.
//!
//! # Bounds
//! No input causes a panic. Values are nested at most [`MAX_DEPTH`](sansgram_tl::MAX_DEPTH) deep in both
//! directions. What is decoded is written as text at once, without a tree in between: the text of a message
//! has up to 60 times its length, if it consists of nothing but flags, and typically two to three times.

mod decode;
mod encode;
mod error;
mod nearest;
mod parse;
mod schema;
mod skeleton;

pub use encode::Request;
pub use error::{EncodeError, EncodeReason, Expected, SchemaError};
pub use schema::{Definition, Field, FieldKind, Schema, Type};
