#!/usr/bin/env bash
# Builds the server with the page and the guest inside: dist/rexec. They must have been built before.
#   scripts/build-server.sh [--dev]
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$ROOT/scripts/lib/cargo.sh"
for _step in packages rust; do . "$ROOT/scripts/steps/$_step.sh"; done

DEV="${REXEC_DEV_BUILD:-}"
[ "${1:-}" = --dev ] && DEV=1

build_server() {
  local made
  if [ -n "$DEV" ]; then
    # The plain target folder: the same artefacts that `cargo test` and `cargo clippy` of a developer use.
    cargo_locked . build -p rexec
    made="$ROOT/target/debug/rexec"
  else
    shipped_flags
    cargo_locked server build --release -p rexec
    made="$ROOT/target/server/release/rexec"
  fi
  mkdir -p "$ROOT/dist"
  # By renaming: a running server keeps its own file.
  cmp -s "$made" "$ROOT/dist/rexec" || { cp "$made" "$ROOT/dist/rexec.part" && mv "$ROOT/dist/rexec.part" "$ROOT/dist/rexec"; }
  say "dist/rexec $(du -h "$ROOT/dist/rexec" | cut -f1)"
}

step "Server" build_server
