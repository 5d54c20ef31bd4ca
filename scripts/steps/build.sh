# shellcheck shell=bash
# The three builds in their order: page, guest, then the server that embeds both.

build_all() {
  die "Nothing to build yet" "The workspace has no crates." "Use ./run --setup."
}
