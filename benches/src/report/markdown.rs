//! `BENCHMARKS.md`: the machine, and a table for each subject.

use std::collections::BTreeSet;

use sansgram_benches::Name;

use crate::amount::amount;
use crate::figures::Figures;
use crate::limits::limit;
use crate::plots::PLOTS;

/// Ours, which the others are compared with: the first of these that a row has.
const OURS: [&str; 6] = [
    "sansgram",
    "sansgram-tokio",
    "sansgram-tokio, worker",
    "sansgram-smol",
    "sansgram-smol, block_on",
    "crypto-bigint",
];

/// A chapter of the report.
struct Chapter {
    title: &'static str,
    /// The groups of each table.
    tables: &'static [&'static [&'static str]],
    text: &'static str,
}

const CHAPTERS: [Chapter; 5] = [
    Chapter {
        title: "Messages",
        tables: &[&["ige_encrypt", "ige_decrypt", "seal", "open", "seal_many", "open_many"]],
        text: "Sizes in bytes: of the plaintext with its padding; `16x1024` is one call for 16 messages of 1024 bytes. `portable` is our code \
               without instructions of its own, and `in_turn` one call for each message. The limit of many messages is \
               that of as many instructions as start in a time. Both \
               sides of `seal` copy the plaintext in and draw 32 bytes of padding; both sides of `open` copy the packet in.",
    },
    Chapter {
        title: "Requests",
        tables: &[&["requests_packed", "replies_read"], &["session", "machine"]],
        text: "Times per request, by the number in flight; queries and results have 100 bytes. First the session layer in \
               memory, packing and reading by themselves; then both together in the session layer and in the whole client \
               machine, beside the same two of grammers-mtproto, which matches no results and checks no msg_ids.",
    },
    Chapter {
        title: "Requests over a socket",
        tables: &[&["socket", "download"]],
        text: "Processor time of the whole client per request, over a loopback socket to a server in threads of its own, whose \
               time is not counted. `socket` is by the number in flight, with 100 bytes in query and result; `download` is \
               by the length of a result, with 100 of 16 KiB and 8 longer ones in flight. `worker` is tokio's multi-thread \
               runtime with one worker, and `block_on` calls from another thread than that of the executor. All libraries \
               ask the same server in the same way.",
    },
    Chapter {
        title: "Handshake and password",
        tables: &[
            &["handshake", "dh", "factorize", "rsa_pad", "group_check", "password", "pbkdf2"],
            &["modpow_2048_g3", "modpow_2048_random_base", "rsa_65537"],
        ],
        text: "`handshake` is the client's side of all of it, with the known prime. The second table is of numbers alone: only \
               crypto-bigint and OpenSSL work in constant time there.",
    },
    Chapter {
        title: "Memory",
        tables: &[&["idle"]],
        text: "Bytes of each of so many idle clients, without the allocator's own and what a runtime keeps for a socket.",
    },
];

/// The groups from which the limits are computed.
const INSTRUCTIONS: [&str; 3] = ["limit_aes", "limit_sha256", "limit_product"];

/// The groups of all chapters.
fn groups() -> impl Iterator<Item = &'static str> {
    CHAPTERS.iter().flat_map(|chapter| chapter.tables).flat_map(|groups| groups.iter().copied())
}

/// The whole report.
pub(crate) fn report(figures: &Figures) -> String {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `cargo run -p sansgram-benches --bin bench-report`; `README.md` says what it does.\n\n",
    );
    for (what, value) in &figures.facts {
        text.push_str(&format!("- {what}: {value}\n"));
    }
    text.push_str(&format!(
        "\nTimes are processor time of the thread, over a socket of the whole client; each is the median over {} interleaved rounds, of the fastest sample in each. \
         Beside ours: its share of the limit. Beside the others: their ratio to ours, the median of the ratios within each \
         round. The limit is computed from the processor's single instructions in the same run, as `src/report/limits.rs` \
         says: no code can be faster that does the same work in the same way, one call after the other. The processor overlaps the end \
         of a call with the next, so a small size may exceed its limit.\n",
        figures.round_count()
    ));
    for chapter in &CHAPTERS {
        text.push_str(&format!("\n## {}\n{}\n", chapter.title, chapter.text));
        chapter.tables.iter().for_each(|groups| table(figures, groups, &mut text));
        let plots = PLOTS.iter().filter(|plot| plot.chapter == chapter.title);
        for plot in plots.filter(|plot| plot.svg(figures).is_some()) {
            text.push_str(&format!("\n![{}](plots/{}.svg)\n", plot.title, plot.file));
        }
    }
    let told: BTreeSet<&str> = groups().chain(INSTRUCTIONS).collect();
    let others: BTreeSet<&str> = figures.groups().filter(|group| !told.contains(group)).collect();
    if !others.is_empty() {
        text.push_str("\n## Others\n");
        table(figures, &others.into_iter().collect::<Vec<_>>(), &mut text);
    }
    instructions(figures, &mut text);
    let missing: Vec<String> = missing(figures).collect();
    if !missing.is_empty() {
        text.push_str("\n## What is missing\n");
        for sentence in missing {
            text.push_str(&format!("- {sentence}\n"));
        }
    }
    text
}

/// What could not be measured, one sentence each.
fn missing(figures: &Figures) -> impl Iterator<Item = String> {
    let absent = groups().filter(|group| figures.names(group).next().is_none());
    let sentences = absent.map(|group| format!("`{group}` was not measured: no run gave such a row."));
    figures.failures.iter().cloned().chain(sentences)
}

fn table(figures: &Figures, groups: &[&str], text: &mut String) {
    let columns: Vec<(&str, String)> =
        figures.builds().flat_map(|build| libraries(figures, build, groups)).collect();
    if columns.is_empty() {
        return;
    }
    text.push_str("\n| bench | limit |");
    for (build, library) in &columns {
        text.push_str(&format!(" {build}: {library} |"));
    }
    text.push_str(&format!("\n|---|--:|{}\n", "--:|".repeat(columns.len())));
    for group in groups {
        for parameter in figures.parameters(group) {
            let limit = figures.builds().find_map(|build| limit(figures, build, group, parameter));
            let shown = limit.map_or_else(|| "–".to_owned(), |limit| amount(limit, "ns"));
            let label = format!("{group} {parameter}");
            text.push_str(&format!("| {} | {shown} |", label.trim_end()));
            for (build, library) in &columns {
                let name = Name::new(group, library, parameter);
                text.push_str(&format!(" {} |", cell(figures, build, &name, limit)));
            }
            text.push('\n');
        }
    }
}

/// A time; in ours its share of the limit, in the others' the ratio to ours.
fn cell(figures: &Figures, build: &str, name: &Name, limit: Option<f64>) -> String {
    let Some(value) = figures.value(build, name) else { return "–".to_owned() };
    let amount = amount(value, figures.unit(name));
    let ours = OURS.iter().map(|ours| Name::new(&name.group, ours, &name.parameter));
    let reference = ours.into_iter().find(|ours| figures.value(build, ours).is_some());
    match reference {
        Some(ours) if ours == *name => match limit {
            Some(limit) => format!("{amount} ({:.0} %)", 100.0 * limit / value),
            None => amount,
        },
        Some(ours) => match figures.ratio(build, name, &ours) {
            Some(ratio) => format!("{amount} ({ratio:.2}x)"),
            None => amount,
        },
        None => amount,
    }
}

/// Variants of ours, which only the first build shows.
const VARIANTS: [&str; 3] = ["in_turn", "portable", "portable_in_turn"];

/// The columns of a build: ours first.
fn libraries<'f>(figures: &Figures, build: &'f str, groups: &[&str]) -> Vec<(&'f str, String)> {
    let names = groups.iter().flat_map(|group| figures.names(group));
    let is_first = figures.builds().next() == Some(build);
    let names = names.filter(|name| is_first || !VARIANTS.contains(&name.library.as_str()));
    let measured = names.filter(|name| figures.value(build, name).is_some());
    let libraries: BTreeSet<&str> = measured.map(|name| name.library.as_str()).collect();
    let mut libraries: Vec<&str> = libraries.into_iter().collect();
    libraries.sort_by_key(|library| OURS.iter().position(|ours| ours == library).unwrap_or(OURS.len()));
    libraries.into_iter().map(|library| (build, library.to_owned())).collect()
}

/// The instructions from which the limits are computed.
fn instructions(figures: &Figures, text: &mut String) {
    let names = INSTRUCTIONS.map(|group| figures.names(group));
    let lines: Vec<String> = names
        .into_iter()
        .flatten()
        .filter_map(|name| {
            let value = figures.builds().find_map(|build| figures.value(build, name))?;
            let label = format!("{} {}", name.group.trim_start_matches("limit_"), name.parameter);
            Some(format!("- {}: {value:.3} ns\n", label.trim_end()))
        })
        .collect();
    if !lines.is_empty() {
        text.push_str(
            "\n## Instructions\nThe time of an AES round for 16 bytes, of a double round of SHA-256, and of a product of 64-bit words, from \
             which the limits are computed.\n\n",
        );
        text.push_str(&lines.concat());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "\
fact\tprocessor\ta test
failure\t`socket` has no figures in the build \"native\": it printed no row.
build\tdefault
build\tnative
default\t0\tlimit_aes/processor/one chain\t1\tns
default\t0\tlimit_sha256/processor/one chain\t1\tns
default\t0\tlimit_sha256/processor/many chains\t0.5\tns
default\t0\topen/sansgram/64\t400\tns
default\t1\topen/sansgram/64\t200\tns
default\t0\topen/grammers/64\t800\tns
default\t1\topen/grammers/64\t400\tns
default\t0\topen/sansgram/16384\t20000\tns
native\t0\topen/sansgram/64\t192\tns
default\t0\tfactorize/grammers\t2500000\tns
default\t0\tidle/sansgram/100\t4052\tB
default\t0\tsomething/else/5\t7.5\tns
";

    #[test]
    fn a_table_has_limits_shares_and_ratios() {
        let text = report(&RUN.parse().expect("a run"));
        for part in [
            "- processor: a test\n",
            "over 2 interleaved rounds",
            "\n| bench | limit | default: sansgram | default: grammers | native: sansgram |\n|---|--:|--:|--:|--:|\n\
             | open 64 | 96 ns | 300 ns (32 %) | 600 ns (2.00x) | 192 ns (50 %) |\n\
             | open 16384 | 14.37 µs | 20.00 µs (72 %) | – | – |\n\n![open, GB/s by size](plots/open.svg)\n",
            "\n| factorize | – | 2.50 ms |\n",
            "\n| idle 100 | – | 4052 B |\n",
            "\n## Others\n\n| bench | limit | default: else |\n|---|--:|--:|\n| something 5 | – | 8 ns |\n",
            "\n- aes one chain: 1.000 ns\n",
        ] {
            assert!(text.contains(part), "{part}\nis missing in\n{text}");
        }
    }

    #[test]
    fn what_is_missing_is_one_sentence() {
        let text = report(&RUN.parse().expect("a run"));
        let (_, missing) = text.split_once("## What is missing\n").expect("something is missing");
        let lines: Vec<&str> = missing.lines().collect();
        assert_eq!(lines[0], "- `socket` has no figures in the build \"native\": it printed no row.");
        assert!(lines.contains(&"- `seal` was not measured: no run gave such a row."), "{missing}");
        assert!(!missing.contains("`open`"), "{missing}");
    }
}
