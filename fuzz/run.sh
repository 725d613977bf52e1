#!/usr/bin/env bash
# Runs the fuzz targets one after the other under AddressSanitizer, and says for each how often it ran and what it found.
#
#   fuzz/run.sh                        every target for 60 seconds
#   fuzz/run.sh SECONDS [TARGET...]    these targets, or every one, for so long each
#
# What a run learns stays in target/fuzz/corpus, for the next run and for `cargo fuzz run TARGET -- -merge=1`; nothing is
# added to the corpus in the repository. Inputs that fail are put into fuzz/artifacts. Needs cargo-fuzz and a C++
# compiler; no nightly toolchain.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
shift || true
export RUSTC_BOOTSTRAP=1 CARGO_PROFILE_RELEASE_LTO=off
# SQLite has two tables of one name.
export ASAN_OPTIONS=detect_odr_violation=0
if [[ $# -eq 0 ]]; then
    # shellcheck disable=SC2046
    set -- $(cargo fuzz list)
fi
cargo fuzz build --features libfuzzer
built=target/$(rustc -vV | sed -n 's/^host: //p')/release

status=0
for target in "$@"; do
    learned=target/fuzz/corpus/$target
    log=target/fuzz/$target.log
    mkdir -p "$learned" "fuzz/artifacts/$target"
    result=ok
    "$built/$target" -artifact_prefix="fuzz/artifacts/$target/" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 "$learned" "fuzz/corpus/$target" >"$log" 2>&1 || result=FOUND
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log" | tail -1)
    printf '%-6s %-13s %12s runs %8s a second\n' "$result" "$target" "${runs:-?}" "${speed:-?}"
    if [[ $result != ok ]]; then
        grep -m1 -A2 'panicked at\|ERROR: ' "$log" || tail -5 "$log"
        status=1
    fi
done
exit "$status"
