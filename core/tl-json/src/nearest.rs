//! The names that a mistyped one may stand for.

/// The most names that are suggested.
const MAX_NAMES: usize = 3;
/// The longest name, in bytes, for which others are looked for. Those of Telegram's API have at most 65.
const MAX_LEN: usize = 100;
/// All names are shown if there are at most so many.
const FEW: usize = 8;

/// Returns the candidates that are most like `name`, the best first.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    if name.len() > MAX_LEN {
        return Vec::new();
    }
    let name = name.to_ascii_lowercase();
    let limit = (name.len() / 3).clamp(1, 6);
    let mut found: Vec<(usize, &str)> = candidates
        .filter_map(|candidate| {
            let lower = candidate.to_ascii_lowercase();
            // The namespace may be missing.
            let last = lower.rsplit('.').next().unwrap_or(&lower);
            let distance = strsim::osa_distance(&name, &lower).min(strsim::osa_distance(&name, last));
            (distance <= limit).then_some((distance, candidate))
        })
        .collect();
    found.sort_unstable();
    // One letter is wrong more often than four.
    let best = found.first().map_or(0, |(distance, _)| *distance);
    found.retain(|(distance, _)| *distance <= best + 1);
    found.into_iter().take(MAX_NAMES).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// Returns the nearest candidates, or else all if they are few, or else the first ones.
pub(crate) fn nearest_or_some<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str> + Clone,
) -> Vec<String> {
    let near = nearest(name, candidates.clone());
    if !near.is_empty() {
        return near;
    }
    let count = if candidates.clone().count() <= FEW { FEW } else { MAX_NAMES };
    candidates.take(count).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_missing_namespaces_and_wrong_case_are_found() {
        let names = ["messages.sendMessage", "messages.sendMedia", "help.getConfig", "users.getUsers"];
        for (typed, first) in [
            ("mesages.sendMessage", "messages.sendMessage"),
            ("messages.SendMessage", "messages.sendMessage"),
            ("getConfig", "help.getConfig"),
            ("users.getuser", "users.getUsers"),
        ] {
            assert_eq!(nearest(typed, names.into_iter()).first().map(String::as_str), Some(first), "{typed}");
        }
        assert!(nearest(&"messages.sendMessage".repeat(6), names.into_iter()).is_empty());
        assert!(nearest("nothing.likeThis", names.into_iter()).is_empty());
        assert_eq!(nearest_or_some("x", names.into_iter()).len(), 4);
        assert_eq!(nearest_or_some("x", names.into_iter().cycle().take(9)).len(), MAX_NAMES);
    }
}
