#!/usr/bin/env bash
# Builds the guest (PID 1 of every container) as a static program: target/guest-bin/rexec-guest.
# It must run in any image, so it depends on no library of the image.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$ROOT/scripts/lib/cargo.sh"
for _step in packages rust; do . "$ROOT/scripts/steps/$_step.sh"; done

ARCH="$(uname -m)"
MUSL="$ARCH-unknown-linux-musl"

_links_for() {
  local dir="$LOCAL_CACHE/guest-probe"; mkdir -p "$dir"
  printf 'fn main() { println!("{}", std::process::id()) }\n' >"$dir/probe.rs"
  rustc --edition 2024 --target "$1" -C target-feature=+crt-static -o "$dir/probe" "$dir/probe.rs" \
    >"$dir/probe.txt" 2>&1 &&
    "$dir/probe" >/dev/null
}

# musl gives half the size and starts a little faster; statically linked glibc works too.
pick_target() {
  TARGET="$MUSL"
  _links_for "$MUSL" && return 0
  if [ ! -e "$LOCAL_CACHE/stamps/no-musl" ] && has rustup; then
    say "rustup target add $MUSL"
    if timeout 60 rustup target add "$MUSL" >/dev/null 2>&1 && _links_for "$MUSL"; then return 0; fi
    # Tried once per clone: without access to rustup's host every start would wait for it.
    stamp no-musl yes
  fi
  TARGET="$ARCH-unknown-linux-gnu"
  _links_for "$TARGET" || die "The guest cannot be linked statically" \
    "$(tail -n 3 "$LOCAL_CACHE/guest-probe/probe.txt")" \
    "Install the C library's static files (libc6-dev) and run again: $RUN_AGAIN"
}

build_guest() {
  pick_target
  say "target $TARGET"
  shipped_flags -Ctarget-feature=+crt-static -Crelocation-model=static
  cargo_locked guest build -p guest --target "$TARGET" --profile guest-release
  local made="$ROOT/target/guest/$TARGET/guest-release/rexec-guest" out="$ROOT/target/guest-bin/rexec-guest"
  mkdir -p "$(dirname "$out")"
  # An unchanged file keeps its modification time, so the binary that embeds it is not compiled again.
  cmp -s "$made" "$out" || { cp "$made" "$out.part" && mv "$out.part" "$out"; }
  say "$(du -h "$out" | cut -f1) static"
}

step "Guest" build_guest
