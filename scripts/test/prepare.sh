# shellcheck shell=bash
# Prepares the machine for the selected suites. Only what they need is installed.

IMAGES_STATUS="$LOCAL_CACHE/test-images.status"
IMAGES_LOG="$LOGS/images.log"

_any_of() {
  local chosen want; local -a wants; IFS=' ' read -r -a wants <<<"$1"; shift
  for chosen in "$@"; do for want in "${wants[@]}"; do [[ "$chosen" == "$want" ]] && return 0; done; done
  return 1
}

prepare_for() {
  step "System packages" install_base_packages
  step "Rust toolchain" ensure_rust
  mkdir -p "$LOGS"
  rm -f "$LOGS/build.current"
  if _any_of "server e2e attack" "$@"; then
    step "Container engine" _engine_or_not
    _images_in_background
  fi
  if _any_of "clippy-page build budget server e2e attack" "$@"; then step "WASM target" ensure_wasm_target; fi
  if _any_of "files layers style types build budget server e2e attack" "$@"; then
    step "Node" ensure_node
    step "Node packages" ensure_npm_packages
  fi
  if _any_of shell "$@" && ! has shellcheck; then step "Shell lint" want_packages "shell lint" shellcheck; fi
  step "Crates" retry_fetch
}

# Without an engine the other suites still run; those that need one are skipped, and fail in CI.
_engine_or_not() {
  local started
  set +e; (set -e; start_engine); started=$?; set -e
  if [ "$started" = 0 ]; then may_use_engine "${itself[@]}"; fi
}

# Making the images mostly waits for network and disk, so it runs in parallel with the suites that compile.
_images_in_background() {
  # A background job cannot ask for a password. Where something is missing, the suites with an engine are skipped.
  if has docker && ! images_there; then (as_root true && want_image_packages) || true; fi
  say "Making the base images in the background; log: $IMAGES_LOG"
  rm -f "$IMAGES_STATUS"
  set -m
  (
    set +e
    (set -e; ensure_engine; step "Base images" ensure_images) >"$IMAGES_LOG" 2>&1 </dev/null
    echo $? >"$IMAGES_STATUS"
  ) &
  IMAGES_JOB=$!
  set +m
}

# For suites: waits for the images, prints their log, and skips the suite where they failed.
need_engine() {
  [ -e "$IMAGES_STATUS" ] || say "Waiting for the base images"
  tail --pid="$IMAGES_JOB" -f /dev/null
  cat "$IMAGES_LOG"
  [ "$(cat "$IMAGES_STATUS" 2>/dev/null)" = 0 ] ||
    skip_suite "the container engine or its base images are missing (see above)"
  _pick_client || skip_suite "the container engine does not answer"
  export REXEC_TEST_DOCKER=1
}

# A private PostgreSQL: a new cluster in a temporary folder with its own port and password, removed after the suite.
need_postgres() {
  local bin dir port try
  _pg_bin >/dev/null || _install_postgres
  bin="$(_pg_bin)" || skip_suite "the package postgresql is installed but its programs are missing"
  dir="$(mktemp -d /tmp/rexec-postgres.XXXXXX)"
  PG_DIR="$dir" PG_BIN="$bin"
  trap _stop_postgres EXIT
  (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password")
  if [ "$(id -u)" = 0 ]; then chown -R postgres: "$dir"; fi
  _pg_user "$bin/initdb" -D "$dir/data" -U rexec -A scram-sha-256 --pwfile="$dir/password" -E UTF8 --locale=C.UTF-8 \
    --no-sync >"$LOGS/postgres.log" 2>&1 ||
    { tail -n 5 "$LOGS/postgres.log"; skip_suite "the database cluster could not be created"; }
  for try in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    # The data is temporary, so nothing waits for the disk.
    _pg_user "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" start \
      -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=200" \
      >>"$LOGS/postgres.log" 2>&1 && break
    [ "$try" = 5 ] && { tail -n 5 "$dir/log"; skip_suite "PostgreSQL did not start"; }
  done
  REXEC_TEST_POSTGRES_URL="postgres://rexec:$(cat "$dir/password")@127.0.0.1:$port/postgres"
  export REXEC_TEST_POSTGRES_URL
  say "PostgreSQL $(basename "$(dirname "$bin")") on 127.0.0.1:$port"
}

# The tests start a server of their own, so the one that the package has started is ended again. A service of that name
# that was there before stays as it is.
_install_postgres() {
  local before=''
  package_there postgresql-common && before=1
  if [ -d /run/systemd/system ] && systemctl cat postgresql.service >/dev/null 2>&1; then before=1; fi
  want_packages "database for the tests" postgresql
  if [ -n "$before" ]; then warn "The service postgresql was there before; it stays as it is."; return 0; fi
  say "Stopping and disabling the service of the new package; its empty cluster stays in /var/lib/postgresql"
  if [ -d /run/systemd/system ]; then
    as_root systemctl disable --now --quiet postgresql || warn "The service postgresql could not be disabled."
  else
    as_root service postgresql stop >/dev/null 2>&1 || warn "The service postgresql could not be stopped."
    as_root update-rc.d postgresql disable >/dev/null 2>&1 || true
  fi
}

_pg_bin() {
  local found
  found="$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)"
  [ -n "$found" ] && [ -x "$found/initdb" ] && printf '%s' "$found"
}

# PostgreSQL refuses to run as root.
_pg_user() { if [ "$(id -u)" = 0 ]; then (cd /tmp && runuser -u postgres -- "$@"); else "$@"; fi; }

_stop_postgres() {
  _pg_user "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf --one-file-system "$PG_DIR"
}

need_browser() {
  # The browser runs in its own network namespace.
  has ip || want_packages "network of the browser" iproute2
  package_there fonts-dejavu-core || want_packages "fonts for the browser" fonts-dejavu-core
  export REXEC_CHROMIUM REXEC_CHROMIUM_SHELL
  # Installed browsers come first: refreshing package lists takes seconds.
  if ! has chromium && { [ -x "$CHROMIUM_HOME/chromium" ] || ! package_available chromium; }; then
    _browser_from_npm
    return 0
  fi
  has chromium || want_packages "browser for the tests" chromium
  REXEC_CHROMIUM="$(command -v chromium)" || skip_suite "Chromium is not installed"
  # Most tests need no window. The same browser without its window code takes 40 % less time.
  has chromium-headless-shell || ! package_available chromium-headless-shell ||
    want_packages "faster browser tests" chromium-headless-shell
  REXEC_CHROMIUM_SHELL="$(command -v chromium-headless-shell || printf '%s' "$REXEC_CHROMIUM")"
}

CHROMIUM_PACKAGE=@sparticuz/chromium
CHROMIUM_VERSION=153.0.0
CHROMIUM_HOME="$SHARED_CACHE/chromium/$CHROMIUM_VERSION"

# Ubuntu only has Chromium as a snap, which needs snapd and does not start in a network namespace of its own.
_browser_from_npm() {
  want_packages "libraries of the browser" libnss3 libnspr4 libexpat1
  with_lock chromium _ensure_browser_locked
  REXEC_CHROMIUM="$CHROMIUM_HOME/chromium" REXEC_CHROMIUM_SHELL="$CHROMIUM_HOME/chromium"
}

_ensure_browser_locked() {
  local new="$CHROMIUM_HOME.new" made
  [ -x "$CHROMIUM_HOME/chromium" ] && return 0
  say "The package sources have no Chromium; fetching $CHROMIUM_PACKAGE $CHROMIUM_VERSION into $CHROMIUM_HOME"
  # The package treats an existing file as complete, which it may not be after an interruption.
  rm -rf "$CHROMIUM_HOME" "$new" && mkdir -p "$new/unpacked"
  retry npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$new" \
    "$CHROMIUM_PACKAGE@$CHROMIUM_VERSION" ||
    skip_suite "no Chromium: $CHROMIUM_PACKAGE could not be fetched"
  made="$(cd "$new" && TMPDIR="$new/unpacked" node --input-type=module --eval "
    import chromium from '$CHROMIUM_PACKAGE';
    chromium.setGraphicsMode = true; // WebGL
    console.log(await chromium.executablePath());")" || skip_suite "no Chromium: it could not be unpacked"
  mv "$(dirname "$made")" "$CHROMIUM_HOME" && rm -rf "$new"
}
