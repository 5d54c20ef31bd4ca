# shellcheck shell=bash
# Cargo invocations for shipped binaries, which must not contain paths of the build machine.

CARGO_HOME_DIR="${CARGO_HOME:-$HOME/.cargo}"

# shipped_flags [FLAG...]: sets CARGO_ENCODED_RUSTFLAGS, which allows blanks in paths.
shipped_flags() {
  local sysroot flags flag
  sysroot="$(rustc --print sysroot)"
  # The last match wins, so the clone comes last: it may be inside the home folder.
  flags="--remap-path-prefix=$HOME=/home"
  # Views are boxed between components instead of being one type as deep as the page: a third of the size and of the
  # compile time. Page and server must agree on it.
  for flag in \
    "--cfg=erase_components" \
    "--remap-path-prefix=$CARGO_HOME_DIR=/cargo" \
    "--remap-path-prefix=$CARGO_HOME_DIR/registry/src=/crates" \
    "--remap-path-prefix=$sysroot/lib/rustlib/src/rust=/rustc/std" \
    "--remap-path-prefix=$ROOT=/rexec" "$@"; do
    flags+=$'\x1f'"$flag"
  done
  export CARGO_ENCODED_RUSTFLAGS="$flags"
  unset RUSTFLAGS
}

# cargo_locked TARGET_DIR ARGUMENTS...
cargo_locked() {
  local dir="$1"; shift
  CARGO_TARGET_DIR="$ROOT/target/$dir" CARGO_NET_RETRY=8 retry_fetch
  (cd "$ROOT" && CARGO_TARGET_DIR="$ROOT/target/$dir" cargo "$@" --locked)
}

# Downloads are separate from compiling, so that only the network part is retried.
retry_fetch() {
  local hash; hash="$(hash_of Cargo.lock)"
  if fresh fetch "$hash"; then return 0; fi
  if (cd "$ROOT" && cargo fetch --locked --offline >/dev/null 2>&1); then stamp fetch "$hash"; return 0; fi
  say "Fetching crates"
  (cd "$ROOT" && retry cargo fetch --locked --quiet) ||
    die "Crates could not be fetched" "The registry is out of reach, or Cargo.lock does not fit the manifests." \
      "With a warm cargo cache it needs no network. Run again: $RUN_AGAIN"
  stamp fetch "$hash"
}
