#!/usr/bin/env bash
# Runs the README's first command as it stands there, and checks what it says.
set -euo pipefail
cd "$(dirname "$0")/.."
command=$(awk '/^```sh$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' README.md)
[[ $command == "cargo run "* ]] || { echo "the README's first command is not found" >&2; exit 1; }
printf '%s\n' "$command"
output=$(bash -c "$command" </dev/null)
printf '%s\n' "$output"
grep -qi "logged in" <<<"$output" || { echo "it does not say that it logged in" >&2; exit 1; }
