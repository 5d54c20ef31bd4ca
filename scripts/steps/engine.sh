# shellcheck shell=bash
# The container engine: uses a running one, else starts an installed one, else installs one.
# Never restarts or reconfigures an engine that answers.

ENGINE_READY_SECS=60

# The server uses REXEC_DOCKER_HOST, so the steps use the same engine.
[ -n "${REXEC_DOCKER_HOST:-}" ] && export DOCKER_HOST="$REXEC_DOCKER_HOST"

# A client that is much newer than the engine does not support its API, so the first that does is chosen.
DOCKER=docker
_pick_client() {
  local c
  for c in docker /usr/bin/docker; do
    has "$c" && timeout 10 "$c" version --format '{{.Server.Version}}' >/dev/null 2>&1 && { DOCKER="$c"; return 0; }
  done
  return 1
}

# Every call has a deadline, so that an engine that hangs does not block the script.
docker_do() { timeout "${DOCKER_DEADLINE:-30}" "$DOCKER" "$@"; }

_engine_socket_denied() {
  [ -z "${DOCKER_HOST:-}" ] && [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]
}

# _join_engine_group COMMAND...: starts the command (this script) again as the same user, with the socket's group added.
# Only for this process and its children: permanent membership is the administrator's decision.
_join_engine_group() {
  local group gid environment socket=/var/run/docker.sock
  group="$(stat -c %G "$socket")" gid="$(stat -c %g "$socket")"
  if [ -n "${REXEC_JOINED:-}" ] || ! has sudo || ! has setpriv; then
    die "The engine runs, but $(id -un) may not use it" \
      "$socket belongs to the group '$group', and you are not in it." \
      "sudo usermod -aG $group $(id -un) (equivalent to root), log in again, then run again: $RUN_AGAIN"
  fi
  say "The engine's socket belongs to the group '$group', and $(id -un) is not in it."
  say "Continuing in that group by sudo, for this command only. The group is equivalent to root."
  say "To join it permanently: sudo usermod -aG $group $(id -un)"
  REXEC_STEPS_BEFORE="$(printf '%s\n' "${STEP_TIMES[@]}")" REXEC_JOINED=1
  export REXEC_STEPS_BEFORE REXEC_JOINED
  # The process that replaces this one cannot stop its jobs.
  if declare -F stop_jobs >/dev/null; then stop_jobs; fi
  # Not every sudo passes the environment on, and its command line is logged, so the variables are in a private file.
  rm -f "$LOCAL_CACHE"/environment.*
  USER="$(id -un)" environment="$(mktemp "$LOCAL_CACHE/environment.XXXXXX")"
  export USER
  export -p >"$environment"
  exec sudo setpriv --reuid "$(id -u)" --regid "$(id -g)" --groups "$(id -G | tr ' ' ','),$gid" -- \
    bash -c '. "$1"; rm -f "$1"; shift; exec "$@"' bash "$environment" "$@"
}

# A pid file left by a crash prevents the engine from starting when another process has that pid now.
_remove_stale_pid_file() {
  local pid
  as_root test -s "$1" || return 0
  pid="$(as_root cat "$1")"
  grep -qs "^$2" "/proc/$pid/comm" || as_root rm -f "$1"
}

_start_engine_without_systemd() {
  local log=/var/log/rexec-dockerd.log
  _remove_stale_pid_file /var/run/docker.pid dockerd
  _remove_stale_pid_file /var/run/docker/containerd/containerd.pid containerd
  say "Starting dockerd in the background (no systemd here); its log: $log"
  # A session of its own: it must outlive this script and its terminal.
  as_root sh -c "setsid dockerd >>'$log' 2>&1 </dev/null &"
}

_wait_for_engine() {
  local until=$((SECONDS + ENGINE_READY_SECS))
  while [ $SECONDS -lt $until ]; do
    _pick_client && return 0
    _engine_socket_denied && return 0
    sleep 0.2
  done
  return 1
}

_ensure_engine_locked() {
  _pick_client && return 0
  _engine_socket_denied && return 0
  if [ -n "${DOCKER_HOST:-}" ]; then
    die "The engine at $DOCKER_HOST does not answer" \
      "DOCKER_HOST or REXEC_DOCKER_HOST names it, so no other is tried." \
      "Start that engine, or unset the variable to use the local one."
  fi
  if ! has dockerd; then
    want_packages "container engine" docker.io iptables iproute2
  fi
  # Of its own since Debian 13, where the engine only recommends it.
  if ! has docker && package_available docker-cli; then
    want_packages "client of the container engine" docker-cli
  fi
  if [ -d /run/systemd/system ]; then
    say "systemctl start docker"
    as_root systemctl start docker || warn "The service docker did not start; see: journalctl -u docker"
  else
    _start_engine_without_systemd
  fi
  _wait_for_engine || {
    as_root tail -n 15 /var/log/rexec-dockerd.log >&2 2>/dev/null || true
    die "The engine did not answer within $ENGINE_READY_SECS s" "Its last log lines are above." \
      "Look at its log (journalctl -u docker, or /var/log/rexec-dockerd.log), then run again: $RUN_AGAIN"
  }
}

# may_use_engine COMMAND...: starts the command again with the right to use the socket, where that is missing.
may_use_engine() {
  if _engine_socket_denied && ! _pick_client; then _join_engine_group "$@"; fi
}

start_engine() { with_lock engine _ensure_engine_locked; }

# ensure_engine COMMAND...: see may_use_engine.
ensure_engine() {
  start_engine
  may_use_engine "$@"
  _pick_client || die "The engine does not answer" "No docker client here can speak to it." "Try: docker version"
  say "Engine $(docker_do version --format '{{.Server.Version}} (API {{.Server.APIVersion}})')"
}
