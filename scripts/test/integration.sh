# shellcheck shell=bash
# Suites that run the product: unit tests, the release build, integration tests of the server, the browser.

# Crates with few dependencies are tested one by one; the others below crates/ together with the server, which compiles
# their dependencies with the same features.
UNIT_CRATES=(protocol guest-protocol guest)

_cargo_test() { (cd "$ROOT" && cargo test --locked "$@"); }

suite_unit() {
  local crate
  for crate in "${UNIT_CRATES[@]}"; do _cargo_test -p "$crate"; done
  # Compiled for this machine: flow control and close codes, which need no browser.
  _cargo_test -p frontend --lib
}

# Each file of the site with the time it was written.
_made() { find "$ROOT/target/site" -type f -printf '%p %C@\n' | sort; }

# The browser tests use the binary that is shipped, so it is built by the same command.
suite_build() {
  "$ROOT/run" --build
  local file
  for file in dist/rexec target/site/pkg/rexec.wasm target/guest-bin/rexec-guest; do
    if grep -a -q -F -e "$ROOT/" -e "$CARGO_HOME_DIR/" "$ROOT/$file"; then
      die "$file contains a path of this machine" \
        "$(grep -a -o -m 3 -F -e "$ROOT/" -e "$CARGO_HOME_DIR/" "$ROOT/$file" | sort -u)" \
        "Look at shipped_flags in scripts/lib/cargo.sh."
    fi
  done
  : >"$LOGS/build.current"
  say "no path of this machine in it"
  # A second run must not repeat it.
  local before; before="$(_made)"
  node "$ROOT/scripts/compress.mjs" "$ROOT/target/site"
  [ "$before" = "$(_made)" ] || die "compressing rewrote files that were up to date" \
    "$(diff <(echo "$before") <(_made))" "Look at scripts/compress.mjs."
}

# For suites: builds the binary, unless the suite `build` or another one has done so in this run.
ensure_current_build() {
  [ -e "$LOGS/build.current" ] || "$ROOT/run" --build
  : >"$LOGS/build.current"
}

suite_budget() {
  ensure_current_build
  node "$ROOT/scripts/test/budget.mjs" "$ROOT/target/site"
}

# In the dev profile, although the release build has just compiled optimised dependencies: integration tests find more
# with overflow checks and debug assertions, and after an edit one crate is compiled, incrementally.
# Server, app and bench are tested together, because each alone would compile Leptos again with other features. That no
# crate depends on another's features is checked by the clippy suites.
# A test waits for engine and disk about as long as it computes, hence two threads per core.
_integration_tests() {
  RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) * 2))}" _with_integration_packages test --no-fail-fast "$@"
}

# _with_integration_packages COMMAND ARGUMENTS...: a cargo command for all of them.
_with_integration_packages() {
  local command="$1" crate packages=(-p server -p app -p bench); shift
  for crate in $(library_crates); do
    # rexec only embeds and has no test of its own.
    [[ " ${UNIT_CRATES[*]} rexec " == *" $crate "* ]] || packages+=(-p "$crate")
  done
  (cd "$ROOT" && cargo "$command" --locked "${packages[@]}" "$@")
}

suite_structure() { _integration_tests --test structure; }

# Tests of the OpenAPI document: they need no engine and no browser.
DRIFT=(
  routes::contract::the_route_table
  routes::contract::the_committed_document
  routes::contract::every_operation_has
  routes::contract::every_route_documents
)

suite_drift() {
  _integration_tests --tests -- "${DRIFT[@]}" | tee "$LOGS/drift-tests.txt"
  local name
  for name in "${DRIFT[@]}"; do
    grep -q "^test .*$name.* ok$" "$LOGS/drift-tests.txt" || die "No test is called $name" "" "See DRIFT in this file."
  done
}

suite_server() {
  need_engine
  need_postgres
  "$ROOT/scripts/build-guest.sh"
  local name skips=()
  for name in "${DRIFT[@]}"; do skips+=(--skip "$name"); done
  _integration_tests --tests -- "${skips[@]}"
}

suite_e2e() {
  [ -e "$ROOT/end2end/playwright.config.ts" ] || skip_suite "end2end/playwright.config.ts does not exist"
  need_engine
  need_postgres
  need_browser
  ensure_current_build
  export REXEC_BIN="$ROOT/dist/rexec"
  cd "$ROOT"
  node_modules/.bin/playwright test --config end2end/playwright.config.ts
  [ "${REXEC_E2E_LONG:-}" = 1 ] || say "Not taken: the pictures of the pages. See ./test --help, --long"
}

# Seconds of each attack.
ATTACK_SECS="${REXEC_ATTACK_SECS:-4}"

suite_attack() {
  need_engine
  ensure_current_build
  _with_integration_packages build --bin attack
  "$ROOT/target/debug/attack" --binary "$ROOT/dist/rexec" --secs "$ATTACK_SECS"
}
