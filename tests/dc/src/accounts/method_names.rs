//! The names of the API methods.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Every method of layer 230, a line each, as `help.getConfig#c4f9186b`: the functions of `core/tl/schema/full.tl`. A test
/// compares them.
const METHODS: &str = include_str!("methods_layer230.txt");

static NAMES: LazyLock<BTreeMap<u32, &'static str>> = LazyLock::new(|| {
    let lines = METHODS.lines().filter_map(|line| line.split_once('#'));
    lines.filter_map(|(name, id)| Some((u32::from_str_radix(id, 16).ok()?, name))).collect()
});

/// No method of layer 230 has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no method of layer 230 is called {name:?}{}", advice(.similar))]
pub struct UnknownMethod {
    /// The name.
    pub name: String,
    /// A method with a similar name, if there is one.
    pub similar: Option<&'static str>,
}

fn advice(similar: &Option<&'static str>) -> String {
    similar.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// Returns the name of a method of layer 230.
pub(super) fn known_name(constructor: u32) -> Option<&'static str> {
    NAMES.get(&constructor).copied()
}

/// Returns the name of a method of layer 230, or its constructor in hex.
pub(super) fn method_name(constructor: u32) -> String {
    known_name(constructor).map_or_else(|| format!("the method {constructor:#010x}"), Into::into)
}

/// Errors unless a method of layer 230 has this name.
pub(crate) fn must_be_method(name: &str) -> Result<(), UnknownMethod> {
    if NAMES.values().any(|known| *known == name) {
        return Ok(());
    }
    let distance = |known: &str| strsim::osa_distance(&known.to_lowercase(), &name.to_lowercase());
    let nearest = NAMES.values().copied().min_by_key(|known| distance(known));
    let similar = nearest.filter(|known| distance(known) <= MAX_DISTANCE);
    Err(UnknownMethod { name: name.into(), similar })
}

/// How many letters a suggested name may differ in.
const MAX_DISTANCE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = include_str!("../../vectors/full.tl");

    #[test]
    fn a2_the_methods_are_those_of_the_schema() {
        let (_, functions) = SCHEMA.split_once("---functions---").unwrap();
        let mut list = String::new();
        for (name, rest) in functions.lines().filter_map(|line| line.split_once('#')) {
            let constructor = u32::from_str_radix(rest.split(' ').next().unwrap(), 16).unwrap();
            list += &format!("{name}#{constructor:08x}\n");
            assert_eq!(method_name(constructor), name);
        }
        assert_eq!(method_name(7), "the method 0x00000007");
        assert!(list == METHODS, "methods_layer230.txt must be:\n{list}");
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
