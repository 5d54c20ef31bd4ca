# shellcheck shell=bash
# Suites that only read sources: format, lengths, layers, lint, clippy, licences.

suite_format() { (cd "$ROOT" && cargo fmt --all --check); }

suite_files() { node "$ROOT/scripts/test/files.mjs"; }

suite_layers() {
  cd "$ROOT"
  local verdict=0
  node scripts/test/layers.mjs || verdict=1
  node scripts/test/cycles.mjs || verdict=1
  return "$verdict"
}

suite_shell() {
  local scripts=() file
  while IFS= read -r -d '' file; do
    case "$file" in
      *.sh | run | test | .ci/run) scripts+=("$file") ;;
    esac
  done < <(cd "$ROOT" && git ls-files -z)
  cd "$ROOT"
  for file in "${scripts[@]}"; do
    case "$(head -c 9 "$file")" in '#!/bin/sh') sh -n "$file" ;; *) bash -n "$file" ;; esac
  done
  shellcheck --severity=warning --external-sources "${scripts[@]}"
  say "${#scripts[@]} scripts"
}

suite_style() {
  cd "$ROOT"
  [ -d style ] || skip_suite "style/ does not exist"
  node_modules/.bin/stylelint 'style/**/*.scss'
  # Only compiling shows that every variable and mixin exists.
  node_modules/.bin/sass --no-source-map --load-path=node_modules --quiet-deps style/main.scss >/dev/null
}

suite_types() {
  cd "$ROOT"
  local project job jobs=() verdict=0
  node scripts/test/contract.mjs || verdict=1
  # Each uses one thread, so they run in parallel.
  for project in frontend/xterm end2end; do
    if [ -e "$project/tsconfig.json" ]; then node_modules/.bin/tsc --noEmit -p "$project" & jobs+=("$!"); fi
  done
  node_modules/.bin/eslint --max-warnings=0 . & jobs+=("$!")
  for job in "${jobs[@]}"; do wait "$job" || verdict=1; done
  return "$verdict"
}

# One package and one set of features at a time. Checked together, cargo would unify their features, and code that only
# compiles with another crate's feature would pass.
_clippy() { (cd "$ROOT" && cargo clippy --locked "$@" -- -D warnings); }

# The crates below crates/: their folders are named like their packages.
library_crates() { (cd "$ROOT/crates" && printf '%s\n' */ | tr -d /); }

suite_clippy_crates() {
  local crate
  for crate in $(library_crates); do _clippy -p "$crate" --all-targets; done
}

suite_clippy_app()     { _clippy -p app --features ssr --all-targets; }
suite_clippy_server()  { _clippy -p server --all-targets; }
suite_clippy_bench()   { _clippy -p bench --all-targets; }
suite_clippy_bindgen() { _clippy -p bindgen --all-targets; }
suite_clippy_page() {
  _clippy -p app --features hydrate --target "$WASM_TARGET"
  _clippy -p frontend --target "$WASM_TARGET"
  # With its tests, which run on this machine.
  _clippy -p frontend --all-targets
}

DENY_VERSION=0.20.2

# Built once per version and kept between clones. Not optimised: that halves the build, and it only runs for seconds.
_ensure_deny_locked() {
  [ -x "$DENY" ] && return 0
  say "Building cargo-deny $DENY_VERSION (a minute or two, once)"
  (cd / && CARGO_TARGET_DIR="$SHARED_CACHE/cargo-deny/target" retry cargo install cargo-deny --version "$DENY_VERSION" \
    --locked --quiet --debug --root "$SHARED_CACHE/cargo-deny/$DENY_VERSION") ||
    skip_suite "cargo-deny could not be built"
  rm -rf "$SHARED_CACHE/cargo-deny/target"
}

suite_licences() {
  DENY="$SHARED_CACHE/cargo-deny/$DENY_VERSION/bin/cargo-deny"
  with_lock cargo-deny _ensure_deny_locked
  cd "$ROOT"
  "$DENY" --locked check bans licenses sources
  # The advisory database is a Git repository, which some networks cannot reach.
  if timeout 120 "$DENY" fetch db >"$LOGS/advisories.log" 2>&1; then
    "$DENY" --locked check --disable-fetch advisories
  else
    printf '\n%s\n' "${_red}${_bold}ADVISORIES NOT CHECKED:${_off} the advisory database cannot be reached."
    tail -n 3 "$LOGS/advisories.log"
    say "Licences, bans and sources were checked. Run ./test --only licences with access to the database."
  fi
}
