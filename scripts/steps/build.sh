# shellcheck shell=bash
# The builds. Page, guest and the server's library are independent of each other and compile in parallel; the binary
# that embeds page and guest is compiled last.

# _crates_below PACKAGE TARGET: how many crates are compiled for a package and its build.
_crates_below() {
  (cd "$ROOT" && cargo tree --locked -p "$1" -e normal,build --target "$2" --prefix none 2>/dev/null) |
    sed 's/ (.*//' | sort -u | wc -l
}

# The longest compilation, so it starts as soon as there is a compiler.
start_library() { start_job "Server library" "$ROOT/scripts/build-server.sh" --library; }

start_page_and_guest() {
  # Processes of their own, so that each can also be called by hand; their steps print their own times.
  start_job "Page" "$ROOT/scripts/build-frontend.sh"
  start_job "Guest" "$ROOT/scripts/build-guest.sh"
}

finish_build() {
  # `cargo tree` needs the crates, which may not be fetched yet.
  retry_fetch
  expect_crates "Server library" "$(_crates_below server "$(rustc --print host-tuple)")"
  expect_crates "Page" "$(_crates_below frontend "$WASM_TARGET")"
  wait_for_jobs
  step "Build binary" "$ROOT/scripts/build-server.sh"
}
