#!/usr/bin/env bash
# Checks that take too long for each push: run them before a release. RELEASING.md says when.
#
#   .ci/long.sh msrv       the published crates compile with the oldest compiler that Cargo.toml names (needs rustup)
#   .ci/long.sh minimal    they compile with the oldest versions of their dependencies that their manifests allow
#   .ci/long.sh features   each combination of each crate's features compiles (needs cargo-hack)
#   .ci/long.sh api        the public interfaces are those of the lists in `.ci/public_api/`
#   .ci/long.sh mutants    each check of the threats in SECURITY.md has a test that fails without it (needs Python 3.11)
#   .ci/long.sh peers      grammers-mtproto and our session layer differ in what `benches/peers/tests` says alone
#   .ci/long.sh coverage   prints the lines and branches of core that its tests, the scenarios and the runtime's tests
#                          reach, for each file
#                          (needs LLVM's tools of the compiler's version: rustup's llvm-tools, or Debian's llvm-22)
#   .ci/long.sh            all of them
set -euo pipefail
cd "$(dirname "$0")/.."

readonly published=(core simd tl tl-json session stores runtime tokio smol testkit)
packages=(-p sansgram)
for crate in "${published[@]}"; do packages+=(-p "sansgram-$crate"); done

msrv() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    rustup toolchain list | grep -q "^$version" || rustup toolchain install "$version" --profile minimal
    CARGO_TARGET_DIR=target/long/msrv cargo "+$version" check "${packages[@]}" --locked
}

minimal() {
    # In the workspace of the unpacked packages: benches and fuzz targets bring versions that no user has.
    .ci/packages.sh --unpack
    (
        cd target/package/unpacked
        rm -f Cargo.lock
        RUSTC_BOOTSTRAP=1 cargo update -Z direct-minimal-versions
        CARGO_TARGET_DIR=../../long/minimal cargo check --workspace
    )
}

features() {
    command -v cargo-hack >/dev/null || cargo install cargo-hack --version 0.6.46 --locked --quiet
    # `full-api` only adds types, and takes a minute each time.
    CARGO_TARGET_DIR=target/long/features cargo hack check "${packages[@]}" --feature-powerset --exclude-features full-api --no-dev-deps
}

api() { .ci/public_api.sh; }

mutants() { tests/mutants/run.py; }

peers() { cargo test --manifest-path benches/peers/Cargo.toml --test session_differential; }

coverage() {
    command -v cargo-llvm-cov >/dev/null || cargo install cargo-llvm-cov --version 0.9.1 --locked --quiet
    local tools=/usr/lib/llvm-22/bin
    [ ! -x "$tools/llvm-cov" ] || export LLVM_COV=$tools/llvm-cov LLVM_PROFDATA=$tools/llvm-profdata
    # Branches are counted by an unstable option of the compiler.
    export RUSTC_BOOTSTRAP=1
    local options=(--branch --no-cfg-coverage-nightly)
    cargo llvm-cov clean --workspace
    cargo llvm-cov test "${options[@]}" --no-report -p sansgram-core --tests \
        --features getrandom,mtproxy,pem,std,websocket
    cargo llvm-cov test "${options[@]}" --no-report -p sansgram-harness --test scenarios
    cargo llvm-cov test "${options[@]}" --no-report -p sansgram-runtime --tests
    # Only core, without its tests.
    cargo llvm-cov report --branch --ignore-filename-regex \
        '/(cli|runtime[^/]*|tests|benches|core/(examples|simd|tests|tl|tl-json))/|/tests\.rs$'
}

if [ $# -eq 0 ]; then set -- msrv minimal features api mutants peers coverage; fi
for check in "$@"; do
    case $check in
        msrv | minimal | features | api | mutants | peers | coverage)
            printf '== %s\n' "$check"
            "$check"
            ;;
        *)
            echo "no check $check" >&2
            exit 2
            ;;
    esac
done
