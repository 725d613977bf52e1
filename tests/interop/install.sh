#!/usr/bin/env bash
# Installs the foreign clients that are not there yet. The scripts beside it source it for what it sets: `here`,
# `root`, `state`, `python` (a virtual environment with those of requirements.txt) and `node` (a folder with those of
# package.json; empty without npm).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
state=${SANSGRAM_INTEROP_DIR:-$root/target/interop}
mkdir -p "$state"

python=$state/venv/bin/python
if ! cmp -s "$here/requirements.txt" "$state/venv/installed.txt"; then
    python3 -m venv --clear "$state/venv"
    "$python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$state/venv/installed.txt"
fi

# These call themselves pyrogram too, so each has a place of its own. Version 1 is that of an older page.
for package in kurigram==2.2.26 irenogram==2.3.90 pyrogram==1.4.16; do
    place=$state/${package%%=*}
    # What the first two bring in is bound to the versions above; the third is not the one above, and brings in nothing new.
    among=(--constraint "$here/requirements.txt")
    if [[ $package == pyrogram==* ]]; then
        place=$state/pyrogram1
        among=(--no-deps)
    fi
    if [[ ! -e $place/$package ]]; then
        rm -rf "$place"
        "$python" -m pip install --quiet --disable-pip-version-check "${among[@]}" --target "$place" "$package"
        touch "$place/$package"
    fi
done

# GramJS, mtcute and TDLib. No script of theirs runs: what they would compile is not needed here.
node=$state/node
if command -v npm >/dev/null; then
    mkdir -p "$node"
    cp "$here"/*.mjs "$root"/tests/dc/examples/{*.mjs,script.toml} "$node/"
    if ! cmp -s "$here/package-lock.json" "$node/installed.json"; then
        cp "$here"/package*.json "$node/"
        npm ci --prefix "$node" --silent --no-audit --no-fund --ignore-scripts
        cp "$here/package-lock.json" "$node/installed.json"
    fi
    mkdir -p "$state/convert"
    cp "$here"/convert/*.mjs "$state/convert/"
    if ! cmp -s "$here/convert/package-lock.json" "$state/convert/installed.json"; then
        cp "$here"/convert/package*.json "$state/convert/"
        npm ci --prefix "$state/convert" --silent --no-audit --no-fund --ignore-scripts
        cp "$here/convert/package-lock.json" "$state/convert/installed.json"
    fi
else
    node=
    echo "GramJS, mtcute and TDLib: left out, as there is no npm"
fi
