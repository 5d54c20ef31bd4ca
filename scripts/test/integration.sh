# shellcheck shell=bash
# The suites that run the product: unit tests, the release build, server stories, the browser.

_cargo_test() { (cd "$ROOT" && cargo test --locked "$@"); }

suite_unit() {
  _cargo_test -p protocol
  _cargo_test -p guest
  # On this machine it is only what needs no browser: flow control and close codes.
  _cargo_test -p frontend --lib
}

# When each file of the site was written last.
_made() { find "$ROOT/target/site" -type f -printf '%p %C@\n' | sort; }

# The binary that is shipped is the one that the browser meets, so it is built as ./run --build builds it.
suite_build() {
  "$ROOT/run" --build
  local file
  for file in dist/rexec target/site/pkg/rexec.wasm target/guest-bin/rexec-guest; do
    if grep -a -q -F -e "$ROOT/" -e "$CARGO_HOME_DIR/" "$ROOT/$file"; then
      die "$file contains a path of this machine" "$(grep -a -o -m 3 -F -e "$ROOT/" -e "$CARGO_HOME_DIR/" "$ROOT/$file" | sort -u)" \
        "Look at shipped_flags in scripts/lib/cargo.sh."
    fi
  done
  say "no path of this machine inside"
  # A second start must not do it again.
  local before; before="$(_made)"
  node "$ROOT/scripts/compress.mjs" "$ROOT/target/site"
  [ "$before" = "$(_made)" ] || die "compressing made files anew that were there" "$(diff <(echo "$before") <(_made))" \
    "Look at scripts/compress.mjs."
}

suite_budget() {
  [ -e "$ROOT/target/site/pkg/rexec.wasm.br" ] || "$ROOT/scripts/build-frontend.sh"
  node "$ROOT/scripts/test/budget.mjs" "$ROOT/target/site"
}

# In the dev profile, although the release build just made optimised dependencies: stories are worth most with
# overflow checks and debug assertions on, and after an edit only one crate is compiled, incrementally.
# Server, app and bench together, whose few unit tests need the same crates: alone they would compile Leptos again with other
# features. That no crate leans on another's features is what the clippy suites prove.
# A story waits for engine and disk about as long as it computes.
_stories() {
  RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) * 2))}" _cargo_test -p server -p app -p bench --no-fail-fast "$@"
}

suite_layers() { _stories --test shape; }

# The stories of the document: they need no engine and no browser.
DRIFT=(routes::every_documented routes::the_document routes::every_route_documents)

suite_drift() { _stories --test stories -- "${DRIFT[@]}"; }

suite_server() {
  need_engine
  need_postgres
  [ -x "$ROOT/target/guest-bin/rexec-guest" ] || "$ROOT/scripts/build-guest.sh"
  local story skips=()
  for story in "${DRIFT[@]}"; do skips+=(--skip "$story"); done
  _stories --lib --bins --test stories -- "${skips[@]}"
}

suite_e2e() {
  [ -e "$ROOT/end2end/playwright.config.ts" ] || cannot_run "there is no end2end/playwright.config.ts"
  need_engine
  need_postgres
  need_browser
  [ -x "$ROOT/dist/rexec" ] || "$ROOT/run" --build
  export REXEC_BIN="$ROOT/dist/rexec"
  cd "$ROOT"
  node_modules/.bin/playwright test --config end2end/playwright.config.ts
}
