# shellcheck shell=bash
# The standard library for wasm32-unknown-unknown: probe, else rustup, else build it once from source.

WASM_TARGET=wasm32-unknown-unknown

# Compiles and links a small library: only that shows whether the target works.
_wasm_works() {
  local dir="$LOCAL_CACHE/wasm-probe"
  mkdir -p "$dir"
  printf '#[unsafe(no_mangle)]\npub extern "C" fn answer(v: u32) -> usize { vec![v; 2].len() }\n' >"$dir/probe.rs"
  rustc --edition 2024 --target "$WASM_TARGET" --crate-type cdylib -C opt-level=z -C lto=fat -C panic=abort \
    -o "$dir/probe.wasm" "$dir/probe.rs" >"$dir/probe.txt" 2>&1
}

_wasm_by_rustup() {
  has rustup || return 1
  say "rustup target add $WASM_TARGET"
  # A short timeout: without access to rustup's host, building from source takes half a minute.
  timeout 60 rustup target add "$WASM_TARGET" >"$LOCAL_CACHE/rustup-target.txt" 2>&1 && _wasm_works
}

# apt with separate sources, lists and archives in the cache. Signatures are checked with the system's keys, and the
# machine's package sources stay unchanged.
_own_apt() {
  local base="$SHARED_CACHE/apt"; local tool="$1"; shift
  mkdir -p "$base/lists/partial" "$base/archives/partial"
  "$tool" -o Dir::Etc::sourcelist="$base/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$base/lists" -o Dir::Cache="$base" -o Dir::Cache::archives="$base/archives" \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Languages=none "$@"
}

# The sources of this compiler's standard library in the same version, as packaged by Debian.
_std_sources() {
  local version="$1" mirror keys suite package dir="$SHARED_CACHE/rust-src/$1"
  if [ -e "$dir/library/std/Cargo.toml" ]; then return 0; fi
  mirror="$(debian_mirror)"
  [ -n "$mirror" ] || return 1
  keys="$(debian_keyring)" || return 1
  mkdir -p "$SHARED_CACHE/apt"
  for suite in trixie-backports sid; do
    printf 'deb [signed-by=%s] %s %s main\n' "$keys" "$mirror" "$suite" >"$SHARED_CACHE/apt/sources.list"
    retry _own_apt apt-get -qq update || continue
    package="$(_own_apt apt-cache madison rust-src | awk -v v="$version" 'index($3, v) == 1 { print $3; exit }')"
    [ -n "$package" ] && break
  done
  [ -n "${package:-}" ] || { warn "No suite of the mirror has rust-src $version"; return 1; }
  say "Fetching rust-src $package from $suite into $SHARED_CACHE (the machine's own sources stay unchanged)"
  (cd "$SHARED_CACHE/apt/archives" && retry _own_apt apt-get -qq download "rust-src=$package") || return 1
  rm -rf "$SHARED_CACHE/rust-src/unpacked" && mkdir -p "$SHARED_CACHE/rust-src"
  dpkg-deb -x "$SHARED_CACHE"/apt/archives/rust-src_*.deb "$SHARED_CACHE/rust-src/unpacked" || return 1
  rm -rf "$dir" && mkdir -p "$dir"
  # Only the library; the compiler's sources are ten times as large.
  mv "$SHARED_CACHE/rust-src/unpacked/usr/src/rustc-$version/library" "$dir/" || return 1
  rm -rf "$SHARED_CACHE/rust-src/unpacked" "$SHARED_CACHE"/apt/archives/rust-src_*.deb
  [ -e "$dir/library/std/Cargo.toml" ]
}

_build_std() {
  local src="$1" dir="$SHARED_CACHE/wasm-std/build"
  rm -rf "$dir" && mkdir -p "$dir/src" || return 1
  cat >"$dir/Cargo.toml" <<'TEXT'
[package]
name = "stdprobe"
version = "0.0.0"
edition = "2024"
[lib]
crate-type = ["rlib"]
[profile.release]
panic = "abort"
opt-level = "z"
codegen-units = 1
[workspace]
TEXT
  : >"$dir/src/lib.rs"
  # RUSTC_BOOTSTRAP allows -Z with a stable cargo for this command. Fat LTO needs bitcode in the rlibs.
  (cd "$dir" && __CARGO_TESTS_ONLY_SRC_ROOT="$src/library" CARGO_NET_RETRY=8 RUSTC_BOOTSTRAP=1 \
    CARGO_TARGET_DIR="$dir/target" \
    RUSTFLAGS="-C embed-bitcode=yes --remap-path-prefix=$src=/rustc/std --remap-path-prefix=$HOME/.cargo=/cargo" \
    cargo build -q --release --target "$WASM_TARGET" -Z build-std=std,panic_abort)
}

_wasm_by_building() {
  local version compiler keep target_lib
  version="$(rustc --version | cut -d' ' -f2)"
  compiler="$(rustc -vV | sha256sum | cut -c1-12)"
  keep="$SHARED_CACHE/wasm-std/$version-$compiler"
  if [ ! -e "$keep/complete" ]; then
    _std_sources "$version" || return 1
    say "Building the standard library for $WASM_TARGET (about half a minute, once per compiler)"
    _build_std "$SHARED_CACHE/rust-src/$version" || return 1
    rm -rf "$keep" && mkdir -p "$keep"
    cp "$SHARED_CACHE/wasm-std/build/target/$WASM_TARGET/release/deps"/*.rlib "$keep/" || return 1
    rm -f "$keep"/libstdprobe-*.rlib
    touch "$keep/complete"
    rm -rf "$SHARED_CACHE/wasm-std/build"
  fi
  target_lib="$(rustc --print sysroot)/lib/rustlib/$WASM_TARGET/lib"
  say "Copying $(find "$keep" -name '*.rlib' | wc -l) libraries to $target_lib (nothing else in the toolchain changes)"
  if [ -w "$(rustc --print sysroot)/lib/rustlib" ]; then
    mkdir -p "$target_lib" && cp "$keep"/*.rlib "$target_lib/"
  else
    as_root mkdir -p "$target_lib" && as_root cp "$keep"/*.rlib "$target_lib/"
  fi
  _wasm_works
}

_ensure_wasm_locked() {
  if _wasm_works; then say "$WASM_TARGET compiles and links"; return 0; fi
  _wasm_by_rustup && return 0
  say "rustup could not add the target; building it from the same version's sources"
  _wasm_by_building && return 0
  tail -n 10 "$LOCAL_CACHE/wasm-probe/probe.txt" >&2
  die "No standard library for $WASM_TARGET" \
    "rustup could not fetch it, and it could not be built from packaged sources either; the messages are above." \
    "Run: rustup target add $WASM_TARGET - then run again: $RUN_AGAIN"
}

ensure_wasm_target() { with_lock wasm _ensure_wasm_locked; }
