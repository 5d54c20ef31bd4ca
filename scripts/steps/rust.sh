# shellcheck shell=bash
# The Rust toolchain that rust-toolchain.toml pins, with rustfmt and clippy.

PINNED_RUST="$(sed -n 's/^channel *= *"\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml")"
# Set explicitly, so that no directory override and no default toolchain takes precedence.
export RUSTUP_TOOLCHAIN="${REXEC_RUST_TOOLCHAIN:-$PINNED_RUST}"

RUSTUP_DIST="https://static.rust-lang.org/rustup/dist"

_rustup_from_the_net() {
  # Debian 13 and later have a package; elsewhere rustup's installer is the documented way.
  if package_available rustup; then want_packages "Rust toolchains" rustup; else _rustup_init; fi
}

_rustup_init() {
  local url init="$LOCAL_CACHE/rustup-init" sum
  url="$RUSTUP_DIST/$(uname -m)-unknown-linux-gnu/rustup-init"
  say "Installing rustup with its own installer (https://rustup.rs), into ~/.cargo and ~/.rustup"
  _fetch_file "$url" "$init" && _fetch_file "$url.sha256" "$init.sha256" || return 1
  sum="$(cut -d' ' -f1 "$init.sha256")"
  printf '%s  %s\n' "$sum" "$init" | sha256sum --check --quiet --strict || return 1
  chmod +x "$init"
  "$init" -y -q --profile minimal --default-toolchain none --no-modify-path || return 1
  rm -f "$init" "$init.sha256"
  export PATH="$HOME/.cargo/bin:$PATH"
}

_fetch_file() { retry curl --proto '=https' --tlsv1.2 -fsSL --max-time 300 -o "$2" "$1"; }

_have_pinned_rust() { [ "$(rustc --version 2>/dev/null | cut -d' ' -f2)" = "$PINNED_RUST" ]; }

ensure_rust() {
  if has cargo && _have_pinned_rust; then say "$(rustc --version)"; return 0; fi
  if has cargo && ! has rustup; then
    # A distribution's cargo does not accept toolchain names.
    unset RUSTUP_TOOLCHAIN
    _have_pinned_rust && return 0
    die "Rust here is $(rustc --version | cut -d' ' -f2), the project needs $PINNED_RUST" \
      "It was not installed by rustup, so it cannot be switched." "Install rustup beside it and run again: $RUN_AGAIN"
  fi
  has rustup || _rustup_from_the_net ||
    die "No Rust toolchain" "There is no cargo, and rustup could not be fetched." \
      "Install rustup (https://rustup.rs) and run again: $RUN_AGAIN"
  say "rustup toolchain install $PINNED_RUST"
  retry rustup toolchain install "$PINNED_RUST" --profile minimal -c rustfmt -c clippy ||
    die "Rust $PINNED_RUST could not be installed" "rustup's last lines are above." \
      "Check the network, then run again: $RUN_AGAIN"
  _have_pinned_rust || die "rustc is not $PINNED_RUST" "rustc reports: $(rustc --version 2>&1)" "Look at: rustup show"
}
