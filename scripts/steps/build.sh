# shellcheck shell=bash
# The three builds in their order: page, guest, then the server that embeds both.

build_all() {
  # Processes of their own, so that each can also be called by hand; their steps print their own times.
  step "Build page" "$ROOT/scripts/build-frontend.sh"
  step "Build guest" "$ROOT/scripts/build-guest.sh"
  step "Build server" "$ROOT/scripts/build-server.sh"
}
