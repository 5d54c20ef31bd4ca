#!/usr/bin/env bash
# Builds the page into target/site: WASM and its glue, terminal bundle, style sheet, fonts, icons.
#   scripts/build-frontend.sh [--dev]
# --dev leaves out optimising and compressing. Every step is skipped when its inputs are unchanged.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$ROOT/scripts/lib/cargo.sh"
for _step in packages rust wasm; do . "$ROOT/scripts/steps/$_step.sh"; done

DEV="${REXEC_DEV_BUILD:-}"
[ "${1:-}" = --dev ] && DEV=1
NAME=rexec
SITE="$ROOT/target/site"
WORK="$ROOT/target/page"
BIN="$ROOT/node_modules/.bin"
mode=release; [ -n "$DEV" ] && mode=dev
mkdir -p "$SITE/pkg" "$SITE/fonts" "$WORK"

# put FILE DESTINATION: only when it differs. An untouched file keeps its time, so the server that embeds it
# is not compiled again.
put() { cmp -s "$1" "$2" || { mkdir -p "$(dirname "$2")"; cp "$1" "$2"; chmod 644 "$2"; }; }

# once NAME HASH OUTPUT COMMAND...: runs the command unless it made this output from these inputs before.
once() {
  local name="$1" hash="$2-$mode" output="$3"; shift 3
  if [ -e "$output" ] && fresh "page-$name" "$hash"; then say "$name: unchanged"; return 0; fi
  "$@"
  stamp "page-$name" "$hash"
}

tools_hash() { hash_of package-lock.json scripts/build-frontend.sh scripts/compress.mjs; }

# --- glue maker -------------------------------------------------------------------------------------------

wasm_bindgen_version() { sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"/\1/p}' "$ROOT/Cargo.lock"; }

# The glue must be made by the very version the page was compiled against; the file name says which.
ensure_bindgen() {
  local version hash
  version="$(wasm_bindgen_version)"
  hash="$({ hash_of tools/bindgen; rustc -vV; uname -m; } | sha256sum | cut -c1-8)"
  BINDGEN="$SHARED_CACHE/bindgen/bindgen-$version-$hash"
  [ -x "$BINDGEN" ] && return 0
  say "Building the glue maker for wasm-bindgen $version (about a minute, once)"
  (unset CARGO_ENCODED_RUSTFLAGS; cargo_locked tools build --release -q -p bindgen)
  mkdir -p "$SHARED_CACHE/bindgen"
  cp "$ROOT/target/tools/release/bindgen" "$BINDGEN.$$" && mv "$BINDGEN.$$" "$BINDGEN"
}

# --- WASM -------------------------------------------------------------------------------------------------

compile_page() {
  local profile=wasm-release folder
  [ -n "$DEV" ] && profile=dev
  shipped_flags
  cargo_locked front build -p frontend --target "$WASM_TARGET" --profile "$profile"
  folder="$profile"; [ "$profile" = dev ] && folder=debug
  PAGE_WASM="$ROOT/target/front/$WASM_TARGET/$folder/frontend.wasm"
  unset CARGO_ENCODED_RUSTFLAGS
}

make_glue() {
  rm -rf "$WORK/glue" && mkdir -p "$WORK/glue"
  "$BINDGEN" "$PAGE_WASM" "$WORK/glue" "$NAME"
  if [ -n "$DEV" ]; then
    cp "$WORK/glue/${NAME}_bg.wasm" "$WORK/$NAME.wasm"
  else
    say "wasm-opt"
    # Twice: the second pass finds what the first one left bare. Functions of like names are alike: side by side they
    # compress better, by one part in a hundred.
    "$BIN/wasm-opt" -Oz -Oz --enable-bulk-memory --enable-nontrapping-float-to-int --reorder-functions-by-name \
      --strip-debug --strip-producers \
      -o "$WORK/$NAME.wasm" "$WORK/glue/${NAME}_bg.wasm"
  fi
  # One file: the glue with its snippets folded in. What the page loads lazily stays apart.
  sed -i "s/${NAME}_bg\.wasm/$NAME.wasm/g" "$WORK/glue/$NAME.js"
  "$BIN/esbuild" "$WORK/glue/$NAME.js" --bundle --format=esm --target=es2022 --minify --legal-comments=none \
    --external:/pkg/\* --log-level=warning --outfile="$WORK/$NAME.js"
}

build_wasm() {
  compile_page
  ensure_bindgen
  once glue "$(sha256sum "$PAGE_WASM" | cut -c1-16)-$(tools_hash)" "$WORK/$NAME.js" make_glue
  put "$WORK/$NAME.wasm" "$SITE/pkg/$NAME.wasm"
  put "$WORK/$NAME.js" "$SITE/pkg/$NAME.js"
}

# --- terminal bundle, style, fonts, public files -----------------------------------------------------------

bundle_terminal() {
  local minify=(--minify); [ -n "$DEV" ] && minify=(--sourcemap=inline)
  rm -rf "$WORK/terminal"
  # --outdir, since style sheets that the entry imports become a second file beside the script.
  "$BIN/esbuild" "$ROOT/frontend/xterm/index.ts" --bundle --format=esm --target=es2022 "${minify[@]}" \
    --legal-comments=none --log-level=warning --entry-names=terminal --outdir="$WORK/terminal"
}

build_terminal() {
  [ -e "$ROOT/frontend/xterm/index.ts" ] || { warn "frontend/xterm/index.ts is not there; no terminal bundle"; return 0; }
  once terminal "$(hash_of frontend/xterm)-$(tools_hash)" "$WORK/terminal/terminal.js" bundle_terminal
  local file; for file in "$WORK/terminal"/*; do put "$file" "$SITE/pkg/$(basename "$file")"; done
}

compile_style() {
  local form=compressed; [ -n "$DEV" ] && form=expanded
  "$BIN/sass" --no-source-map --style="$form" --load-path="$ROOT/node_modules" --quiet-deps \
    "$ROOT/style/main.scss" "$WORK/$NAME.css"
}

build_style() {
  [ -e "$ROOT/style/main.scss" ] || { warn "style/main.scss is not there; no style sheet"; return 0; }
  once style "$(hash_of style)-$(tools_hash)" "$WORK/$NAME.css" compile_style
  put "$WORK/$NAME.css" "$SITE/pkg/$NAME.css"
}

copy_fonts() {
  local family
  for family in inter jetbrains-mono; do
    put "$ROOT/node_modules/@fontsource-variable/$family/files/$family-latin-wght-normal.woff2" \
      "$SITE/fonts/$family-latin-wght-normal.woff2"
  done
}

copy_public() {
  [ -d "$ROOT/public" ] || return 0
  local file
  while IFS= read -r -d '' file; do put "$ROOT/public/$file" "$SITE/$file"; done < <(
    cd "$ROOT/public" && find . -type f -printf '%P\0')
}

# What an earlier build put here and this one does not know would be embedded for ever.
sweep() {
  local file
  while IFS= read -r -d '' file; do
    case "$file" in
      pkg/"$NAME".js | pkg/"$NAME".wasm | pkg/"$NAME".css | fonts/*) continue ;;
      # Before the rest: a copy belongs to its file, whatever that is. What is made anew at each start makes the server anew.
      *.br | *.gz) [ -e "$SITE/${file%.*}" ] && [ -z "$DEV" ] && continue ;;
      pkg/terminal.*) [ -e "$WORK/terminal/${file#pkg/}" ] && continue ;;
      *) [ -e "$ROOT/public/$file" ] && continue ;;
    esac
    rm -f "$SITE/$file"
  done < <(cd "$SITE" && find . -type f -printf '%P\0' | sort -z)
}

compress() { [ -n "$DEV" ] || node "$ROOT/scripts/compress.mjs" "$SITE"; }

ensure_node
step "Node packages" ensure_npm_packages
step "Page: WASM ($mode)" build_wasm
step "Page: terminal bundle" build_terminal
step "Page: style sheet" build_style
copy_fonts
copy_public
sweep
step "Page: compress" compress
