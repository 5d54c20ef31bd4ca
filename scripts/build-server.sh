#!/usr/bin/env bash
# Builds dist/rexec: the server with the page and the guest embedded. Both must have been built before.
#   scripts/build-server.sh [--dev] [--library]
# --library compiles everything below the binary, which needs neither page nor guest.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$ROOT/scripts/lib/cargo.sh"
for _step in packages rust; do . "$ROOT/scripts/steps/$_step.sh"; done

DEV="${REXEC_DEV_BUILD:-}" library=''
for _flag in "$@"; do
  case "$_flag" in
    --dev) DEV=1 ;;
    --library) library=1 ;;
    *) die "Unknown option: $_flag" "" "See the first lines of scripts/build-server.sh" ;;
  esac
done

compile() {
  if [ -n "$DEV" ]; then
    # The plain target folder: the artefacts that a developer's `cargo test` and `cargo clippy` use.
    cargo_locked . build "$@"
  else
    shipped_flags
    cargo_locked server build --release "$@"
  fi
}

build_server() {
  local made="$ROOT/target/server/release/rexec"
  [ -z "$DEV" ] || made="$ROOT/target/debug/rexec"
  compile -p rexec
  mkdir -p "$ROOT/dist"
  # Replaced by renaming, so that a running server keeps its file.
  cmp -s "$made" "$ROOT/dist/rexec" ||
    { cp "$made" "$ROOT/dist/rexec.part" && mv "$ROOT/dist/rexec.part" "$ROOT/dist/rexec"; }
  say "dist/rexec $(du -h "$ROOT/dist/rexec" | cut -f1)"
}

if [ -n "$library" ]; then compile -p server --lib; else step "Server" build_server; fi
