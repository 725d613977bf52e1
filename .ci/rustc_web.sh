# For scripts that build for targets without a standard library, to be sourced: puts Debian's `rustc-web`, which brings
# the source of the standard library, in target/without-std, and points cargo to it. If that cannot be done here (Debian's
# packages cannot be had, or do not run), says in one line that $1 is skipped, and returns 1.
without_std="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/target/without-std"
rustc_web_packages=(rustc-web libstd-rust-web-1.96 libstd-rust-web-dev rust-web-src libllvm22 lld-22)

fetch_rustc_web() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    mkdir -p "$without_std/packages" "$without_std/root"
    cd "$without_std/packages"
    # The lists may be older than what the mirror still has.
    apt-get download "${rustc_web_packages[@]}" >/dev/null 2>&1 || {
        apt-get update -qq >/dev/null 2>&1 && apt-get download "${rustc_web_packages[@]}" >/dev/null 2>&1
    } || return 1
    local package
    for package in *.deb; do dpkg -x "$package" "$without_std/root" || return 1; done
    rm -f ./*.deb
    touch "$without_std/complete"
}

use_rustc_web() {
    if [ ! -e "$without_std/complete" ] && ! (fetch_rustc_web) >/dev/null 2>&1; then
        echo "skipped: $1; Debian's package rustc-web cannot be had here"
        return 1
    fi
    export RUSTC="$without_std/root/usr/bin/rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$without_std/target"
    export LD_LIBRARY_PATH="$without_std/root/usr/lib/x86_64-linux-gnu:$without_std/root/usr/lib/llvm-22/lib"
    # Its libraries may be newer than those of this system.
    local version
    if ! version=$("$RUSTC" --version 2>/dev/null); then
        echo "skipped: $1; Debian's rustc-web does not run here"
        return 1
    fi
    echo "$version"
}
