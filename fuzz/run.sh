#!/usr/bin/env bash
# Runs the fuzz targets under AddressSanitizer, and says for each how often it ran, what its inputs reach and what it
# found.
#
#   fuzz/run.sh                                   every target for 60 seconds
#   fuzz/run.sh [--jobs N] SECONDS [TARGET...]    these targets, or every one, for so long each, N at a time
#
# "edges" are branches of the compiled code that any input so far has taken; "inputs" are those that together take them.
# What a run learns stays in target/fuzz/corpus, for the next run and for `cargo fuzz run TARGET -- -merge=1`; nothing is
# added to the corpus in the repository. Inputs that fail are put into fuzz/artifacts. Needs cargo-fuzz and a C++
# compiler; no nightly toolchain.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs=1
if [[ ${1:-} == --jobs ]]; then
    jobs=${2:?how many targets at a time?}
    shift 2
fi
seconds=${1:-60}
shift || true
for number in "$jobs" "$seconds"; do
    [[ $number =~ ^[1-9][0-9]*$ ]] || { echo "usage: fuzz/run.sh [--jobs N] SECONDS [TARGET...]" >&2; exit 2; }
done
export RUSTC_BOOTSTRAP=1 CARGO_PROFILE_RELEASE_LTO=off
# SQLite has two tables of one name.
export ASAN_OPTIONS=detect_odr_violation=0
if [[ $# -eq 0 ]]; then
    # shellcheck disable=SC2046
    set -- $(cargo fuzz list)
fi
cargo fuzz build --features libfuzzer
built=target/$(rustc -vV | sed -n 's/^host: //p')/release

run_target() {
    local target=$1 learned=target/fuzz/corpus/$1 log=target/fuzz/$1.log result=ok
    mkdir -p "$learned" "fuzz/artifacts/$target"
    "$built/$target" -artifact_prefix="fuzz/artifacts/$target/" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 "$learned" "fuzz/corpus/$target" >"$log" 2>&1 || result=FOUND
    local runs speed edges inputs
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log" | tail -1)
    edges=$(sed -n 's/^#.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    inputs=$(sed -n 's/^#.* corp: \([0-9]*\)\/.*/\1/p' "$log" | tail -1)
    printf '%-6s %-13s %12s runs %8s a second %8s edges %7s inputs\n' \
        "$result" "$target" "${runs:-?}" "${speed:-?}" "${edges:-?}" "${inputs:-?}"
    if [[ $result != ok ]]; then
        grep -m1 -A2 'panicked at\|ERROR: ' "$log" || tail -5 "$log"
        return 1
    fi
}

status=0
running=0
for target in "$@"; do
    if ((running == jobs)); then
        wait -n || status=1
        running=$((running - 1))
    fi
    run_target "$target" &
    running=$((running + 1))
done
while ((running > 0)); do
    wait -n || status=1
    running=$((running - 1))
done
exit "$status"
