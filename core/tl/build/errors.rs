//! The documented errors of functions, for their documentation.

use std::collections::BTreeMap;

/// Reads lines of a function's name, and after each code the names of its errors. Returns a sentence for each function.
pub fn parse(text: &str) -> Result<BTreeMap<&str, String>, String> {
    let mut sentences = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let wrong = || format!("not a function, codes and names: {line}");
        let (function, errors) = line.split_once(' ').ok_or_else(wrong)?;
        let mut sentence = String::from("Errors:");
        let mut before = None;
        for word in errors.split(' ') {
            if word.parse::<i32>().is_ok() {
                let separator = if before.is_some() { ";" } else { "" };
                sentence += &format!("{separator} {word}");
                before = Some(" ");
            } else {
                sentence += &format!("{}`{word}`", before.replace(", ").ok_or_else(wrong)?);
            }
        }
        if !sentence.ends_with('`') || sentences.insert(function, sentence + ".").is_some() {
            return Err(wrong());
        }
    }
    Ok(sentences)
}
