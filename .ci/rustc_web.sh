# For scripts that build for targets without a standard library, to be sourced: puts Debian's `rustc-web`, which brings
# the source of the standard library, in target/without-std, and points cargo to it. Returns 1 and says so in one line if
# its packages cannot be had.
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
    if [ ! -e "$without_std/complete" ] && ! (fetch_rustc_web); then
        echo "skipped: Debian's packages ${rustc_web_packages[*]} cannot be had here"
        return 1
    fi
    export RUSTC="$without_std/root/usr/bin/rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$without_std/target"
    export LD_LIBRARY_PATH="$without_std/root/usr/lib/x86_64-linux-gnu:$without_std/root/usr/lib/llvm-22/lib"
    if ! "$RUSTC" --version; then
        echo "skipped: this machine cannot run Debian's rustc-web"
        return 1
    fi
}
