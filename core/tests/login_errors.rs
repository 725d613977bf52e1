//! The documented errors of a login: each has a row in the one table, and `docs/login-errors.md` says what it does.
//!
//! `SANSGRAM_WRITE_DOCS=1 cargo test -p sansgram-core --test login_errors` writes the page anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use sansgram_core::login::{Continuation, LoginError, known_error};
use sansgram_core::rpc::RpcError;
use serde_json::Value;

const PAGE: &str = "../docs/login-errors.md";
const VECTORS: &str = "../tests/vectors/login_errors.json";

/// A documented error.
struct Documented {
    code: i32,
    /// As the source has it, with `%d` and `%s`.
    name: String,
}

impl Documented {
    /// As a server sends it.
    fn error(&self) -> RpcError {
        RpcError::parse(self.code, &self.name.replace("%d", "77").replace("%s", "some_Text-1"))
    }

    fn of(method: &str, error: &Self) -> LoginError {
        LoginError::of(method, error.error())
    }
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn list(errors: &Value) -> Vec<Documented> {
    let errors = errors.as_array().unwrap().iter();
    errors
        .map(|error| Documented {
            code: error[0].as_i64().unwrap().try_into().unwrap(),
            name: error[1].as_str().unwrap().into(),
        })
        .collect()
}

/// The methods with their errors, and the errors of any method.
fn documented() -> (Vec<(String, Vec<Documented>)>, Vec<Documented>) {
    let vectors: Value = serde_json::from_str(&read(VECTORS)).unwrap();
    let methods = vectors["methods"].as_object().unwrap();
    (
        methods.iter().map(|(name, errors)| (name.clone(), list(errors))).collect(),
        list(&vectors["any_method"]),
    )
}

const fn class(continuation: Continuation) -> &'static str {
    match continuation {
        Continuation::AskAgain => "asks again",
        Continuation::Wait => "waits",
        Continuation::BeginAgain => "begins again",
        Continuation::Over => "is over",
    }
}

/// The name of the variant, without what it holds.
fn variant(error: &LoginError) -> String {
    let name: String = format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect();
    name
}

fn line(method: &str, documented: &Documented) -> String {
    let error = documented.error();
    let row = known_error(method, &error.name).unwrap();
    let known = LoginError::of(method, error);
    format!(
        "| {} | `{}` | `{}` | {} | {} | {} |\n",
        documented.code,
        documented.name.replace("%d", "X").replace("%s", "…"),
        variant(&known),
        class(known.continuation()),
        known,
        row.by_itself,
    )
}

const HEAD: &str = "| code | name | `LoginError` | the login | sentence | before that, by itself |\n|---|---|---|---|---|---|\n";

fn page() -> String {
    let (methods, any) = documented();
    let mut page = String::from(
        "# What a server may answer to a login\n\n\
         Made by `core/tests/login_errors.rs` from the table in `core/src/login/known.rs` and the documented errors in \
         `tests/vectors/login_errors.json`. A name may go on with a number (X) or a text (…).\n\n\
         After an error a login\n\n\
         - **asks again**: the same step takes another answer, and what was begun stays pending;\n\
         - **waits**: the same step may succeed later, and what was begun stays pending;\n\
         - **begins again**: with a new code or another identity; nothing stays pending;\n\
         - **is over**: no other answer mends it; nothing stays pending.\n\n\
         `LoginError::continuation` says which.\n",
    );
    for (method, errors) in methods {
        write!(page, "\n## {method}\n\n{HEAD}").unwrap();
        for error in errors {
            page.push_str(&line(&method, &error));
        }
    }
    write!(page, "\n## Any method of a login\n\n{HEAD}").unwrap();
    for error in any {
        page.push_str(&line("auth.signIn", &error));
    }
    page.push_str("\n## Names that have no row\n\nThe code decides, and the server's word is told.\n\n");
    page.push_str("| code | the login | sentence |\n|---|---|---|\n");
    for code in [303, 400, 401, 403, 404, 406, 420, 500, -503] {
        let error = LoginError::of("auth.signIn", RpcError::parse(code, "SOME_NAME"));
        writeln!(page, "| {code} | {} | {error} |", class(error.continuation())).unwrap();
    }
    page
}

#[test]
fn b_every_documented_error_has_a_row() {
    let (methods, any) = documented();
    assert_eq!(methods.len(), 17);
    for (method, errors) in methods.iter().map(|(method, errors)| (method.as_str(), errors)) {
        for documented in errors.iter().chain(&any) {
            let error = documented.error();
            assert!(known_error(method, &error.name).is_some(), "{method}: {}", documented.name);
        }
    }
}

/// What has a row, but is told by its code, is among these: the client does something about it first.
#[test]
fn b_a_documented_error_has_a_variant_of_its_own() {
    let (methods, any) = documented();
    for (method, errors) in methods.iter().map(|(method, errors)| (method.as_str(), errors)) {
        for documented in errors.iter().chain(&any) {
            if let LoginError::Refused(error) = Documented::of(method, documented) {
                let row = known_error(method, &error.name).unwrap();
                assert!(!row.by_itself.is_empty(), "{method}: {}", documented.name);
            }
        }
    }
}

#[test]
fn b_the_sentences_are_sentences() {
    let (methods, any) = documented();
    for (method, errors) in methods.iter().map(|(method, errors)| (method.as_str(), errors)) {
        for documented in errors.iter().chain(&any) {
            let error = Documented::of(method, documented);
            let sentence = error.to_string();
            assert!(sentence.len() > 20 && !sentence.ends_with('.'), "{sentence}");
            // The library does not know what it is part of.
            assert!(!sentence.contains("sansgram"), "{sentence}");
            // A login does not send people to log in.
            let is_circular = method != "account.resetPassword" && error == LoginError::NotLoggedIn;
            assert!(!is_circular, "{method}: {sentence}");
        }
    }
}

#[test]
fn b_the_page_of_the_docs_is_up_to_date() {
    let page = page();
    if std::env::var_os("SANSGRAM_WRITE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &page).unwrap();
    }
    assert!(
        read(PAGE) == page,
        "docs/login-errors.md is out of date: run this test with SANSGRAM_WRITE_DOCS=1"
    );
}
