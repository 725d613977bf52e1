#!/usr/bin/env bash
# rustdoc with its unstable options: `RUSTDOC` for Cargo. `RUSTC_BOOTSTRAP` for Cargo itself would compile the dependencies
# again, since their build scripts depend on it.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
