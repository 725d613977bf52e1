//! The names of the API methods.

use sansgram_tl_json::{EncodeReason, Schema};

/// No method of layer 230 has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no method of layer 230 is called {name:?}{}", advice(.similar))]
pub struct UnknownMethod {
    /// The name.
    pub name: String,
    /// A method with a similar name, if there is one.
    pub similar: Option<String>,
}

fn advice(similar: &Option<String>) -> String {
    similar.as_ref().map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// Returns the name of a method of layer 230.
pub(super) fn known_name(constructor: u32) -> Option<&'static str> {
    let definition = Schema::telegram().by_id(constructor).filter(|definition| definition.is_function)?;
    Some(definition.name)
}

/// Returns the name of a method of layer 230, or its constructor in hex.
pub(super) fn method_name(constructor: u32) -> String {
    known_name(constructor).map_or_else(|| format!("the method {constructor:#010x}"), Into::into)
}

/// Errors unless a method of layer 230 has this name.
pub(crate) fn must_be_method(name: &str) -> Result<(), UnknownMethod> {
    let Err(error) = Schema::telegram().find_function(name) else { return Ok(()) };
    let similar = match error.reason() {
        EncodeReason::UnknownFunction { nearest, .. } => nearest.first().cloned(),
        _ => None,
    };
    Err(UnknownMethod { name: name.into(), similar })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = include_str!("../../vectors/full.tl");

    #[test]
    fn a2_the_methods_are_those_of_the_schema() {
        let (_, functions) = SCHEMA.split_once("---functions---").unwrap();
        let mut count = 0;
        for (name, rest) in functions.lines().filter_map(|line| line.split_once('#')) {
            let constructor = u32::from_str_radix(rest.split(' ').next().unwrap(), 16).unwrap();
            assert_eq!(method_name(constructor), name);
            assert_eq!(must_be_method(name), Ok(()));
            count += 1;
        }
        assert_eq!(method_name(7), "the method 0x00000007");
        let ours = Schema::telegram().definitions().iter().filter(|definition| definition.is_function);
        assert_eq!(ours.count(), count);
    }

    #[test]
    fn unknown_names_are_refused_with_a_suggestion() {
        assert_eq!(must_be_method("messages.sendMessage"), Ok(()));
        let refused = |name| must_be_method(name).unwrap_err().to_string();
        assert_eq!(
            refused("messages.sendMesage"),
            r#"no method of layer 230 is called "messages.sendMesage"; did you mean "messages.sendMessage"?"#
        );
        assert_eq!(
            refused("Messages.SendMessage"),
            r#"no method of layer 230 is called "Messages.SendMessage"; did you mean "messages.sendMessage"?"#
        );
        assert_eq!(refused("nonsense"), r#"no method of layer 230 is called "nonsense""#);
    }
}
