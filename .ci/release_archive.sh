#!/usr/bin/env bash
# Makes the release archive of the command: the static binary, its man pages, completions for bash, zsh and fish, both
# licences, README and changelog. The same commit, toolchain and musl give the same bytes.
#
#   .ci/release_archive.sh                  builds the binary for x86_64-unknown-linux-musl. That needs the target
#                                           (`rustup target add`), and `musl-gcc` (Debian: musl-tools) for SQLite
#   .ci/release_archive.sh --binary FILE    takes a binary that is built already, for a check of the rest
#
# The binary that it builds has to be static. It writes to target/release-archive/, and then checks the archive: it is
# unpacked, the binary runs, and each page and each completion can be read.
set -euo pipefail
# A path is relative to the caller's directory.
[ "${1:-}" != --binary ] || binary=$(realpath "$2")
cd "$(dirname "$0")/.."

readonly target=x86_64-unknown-linux-musl
if [ "${1:-}" = --binary ]; then
    label=$(rustc -vV | sed -n 's/^host: //p')
else
    command -v musl-gcc >/dev/null || { echo "musl-gcc is missing; Debian has it in musl-tools" >&2; exit 1; }
    # No path of this machine stays in the binary.
    CARGO_TARGET_DIR="$PWD/target/release-build" CC_x86_64_unknown_linux_musl=musl-gcc \
        CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=symbols \
        RUSTFLAGS="--remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo" \
        cargo build -p sansgram --release --locked --target "$target" --quiet
    binary=target/release-build/$target/release/sansgram
    label=$target
    # Nothing loads libraries for it.
    headers=$(readelf --program-headers "$binary")
    if grep -q INTERP <<<"$headers"; then
        echo "$binary is not static: it has a program interpreter" >&2
        exit 1
    fi
fi

version=$("$binary" --version | cut -d ' ' -f 2)
readonly name="sansgram-$version-$label" place="$PWD/target/release-archive"
rm -rf "${place:?}/$name"
mkdir -p "$place/$name/completions" "$place/$name/man"
cp "$binary" LICENSE-MIT LICENSE-APACHE CHANGELOG.md "$place/$name/"
cp cli/README.md "$place/$name/README.md"
"$binary" completions bash >"$place/$name/completions/sansgram.bash"
"$binary" completions zsh >"$place/$name/completions/_sansgram"
"$binary" completions fish >"$place/$name/completions/sansgram.fish"
"$binary" man --output "$place/$name/man" >/dev/null

# Nothing of the time, the user or the order of the file system.
readonly archive="$place/$name.tar.gz"
tar -C "$place" --sort=name --mtime="@$(git log -1 --format=%ct)" --owner=0 --group=0 --numeric-owner \
    --mode='u=rwX,go=rX' --format=ustar -cf - "$name" | gzip -9n >"$archive"
(cd "$place" && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
tar -C "$unpacked" -xzf "$archive"
cd "$unpacked/$name"
[ "$(./sansgram --version)" = "sansgram $version" ]
bash -n completions/sansgram.bash
for shell in zsh fish; do
    file=(completions/*"${shell/zsh/_sansgram}"*)
    [ -s "${file[0]}" ]
    if command -v "$shell" >/dev/null; then "$shell" -n "${file[0]}"; fi
done
pages=(man/*.1)
[ "${#pages[@]}" -gt 10 ]
if command -v man >/dev/null; then
    for page in "${pages[@]}"; do
        # A long word that leaves a line ragged is no mistake.
        warnings=$(MANWIDTH=80 man --warnings=mac,font,char -l "$page" 2>&1 >/dev/null | grep -v 'cannot adjust line' || true)
        [ -z "$warnings" ] || { printf '%s: %s\n' "$page" "$warnings" >&2; exit 1; }
    done
fi
for file in LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md; do [ -s "$file" ]; done
echo "checked: $(./sansgram --version), ${#pages[@]} man pages"
