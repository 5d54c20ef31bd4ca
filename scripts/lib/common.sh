# shellcheck shell=bash
# Shared by every step: output, time, retries, root rights, folders, locks. Sourced, never run.

set -euo pipefail

# Services and continuous integration may start without HOME.
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
export HOME

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# State of this clone. Deleting it loses this clone's data and build stamps, nothing else.
LOCAL_CACHE="$ROOT/.cache"
# Expensive build products that several clones on one machine can share. Removed by ./run --clean-cache.
SHARED_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/rexec"
mkdir -p "$LOCAL_CACHE/stamps" "$SHARED_CACHE"

# dockerd, debootstrap and others are in sbin directories, which the PATH of ordinary users lacks on Debian.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
[ -d "$HOME/.cargo/bin" ] && export PATH="$HOME/.cargo/bin:$PATH"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  _bold=$'\e[1m' _dim=$'\e[2m' _red=$'\e[31m' _off=$'\e[0m'
else
  _bold='' _dim='' _red='' _off=''
fi

say()  { printf '%s\n' "  $*"; }
warn() { printf '%s\n' "  ${_bold}note:${_off} $*" >&2; }

# The command that messages tell to repeat: the one that the user called, also in scripts that it calls.
if [ -z "${RUN_AGAIN:-}" ]; then
  RUN_AGAIN="$(printf '%q ' "$0" "$@")"
  export RUN_AGAIN="${RUN_AGAIN% }"
fi

# die WHAT WHY NEXT: prints the failure, its cause and the next step, then exits.
die() {
  printf '\n%s\n' "${_red}${_bold}error:${_off} $1" >&2
  [ -n "${2:-}" ] && printf '%s\n' "   why: $2" >&2
  [ -n "${3:-}" ] && printf '%s\n' "  next: $3" >&2
  exit 1
}

now_ms() { local t="${EPOCHREALTIME/[.,]/}"; printf '%s' "${t%???}"; }
as_seconds() { printf '%d.%01d s' "$(($1 / 1000))" "$(($1 % 1000 / 100))"; }

# step TITLE COMMAND...: runs the command in this shell and reports its title and how long it took.
STEP_TIMES=()
# Steps from before this script started itself again.
[ -z "${REXEC_STEPS_BEFORE:-}" ] || mapfile -t STEP_TIMES <<<"$REXEC_STEPS_BEFORE"
unset REXEC_STEPS_BEFORE
step() {
  local title="$1" began; shift
  printf '%s\n' "${_bold}==> $title${_off}"
  began="$(now_ms)"
  "$@"
  step_took "$(($(now_ms) - began))" "$title"
}

# step_took MILLISECONDS TITLE
step_took() {
  STEP_TIMES+=("$(printf '%9s  %s' "$(as_seconds "$1")" "$2")")
  printf '%s\n' "${_dim}    $2: $(as_seconds "$1")${_off}"
}

# retry COMMAND...: for commands that use the network. Six tries, about two minutes in all.
retry() {
  local try wait
  for try in 1 2 3 4 5 6; do
    "$@" && return 0
    [ "$try" = 6 ] && return 1
    wait=$((try * try * 2))
    warn "'$1${2:+ $2}' did not succeed (try $try of 6); again in $wait s"
    sleep "$wait"
  done
}

# Settings of the network that root's programs and the new images need. Not every sudo passes the environment on.
PROXIES=()
for _name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  if [ -n "${!_name:-}" ]; then PROXIES+=("$_name=${!_name}"); fi
done

# as_root COMMAND...: uses sudo where the user is not root, and announces it once.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || die "'$1' needs root rights and there is no sudo" \
    "You are $(id -un), and this step changes the system." "Run it as root, or install sudo."
  if [ -z "${_SUDO_SAID:-}" ]; then
    say "Using sudo: this step changes the system ($1)."; _SUDO_SAID=1
  fi
  sudo env "PATH=$PATH" "${PROXIES[@]}" "$@"
}

# stop_group PID: ends a process group. What runs in it as root can only be ended by root; sudo is not to ask for it.
stop_group() {
  if [ "$(id -u)" != 0 ] && has sudo && sudo -n sh -c 'kill -TERM "-$1"' sh "$1" 2>/dev/null; then return 0; fi
  kill -- "-$1" 2>/dev/null || true
}

# with_lock NAME COMMAND...: one process at a time, over all clones that share the cache.
# Not for use in a condition: bash would then continue after a failure inside the command.
with_lock() {
  local name="$1" fd; shift
  exec {fd}>"$SHARED_CACHE/$name.lock"
  if ! flock -n "$fd"; then
    say "Waiting for another Rexec script that holds the lock '$name'."
    flock "$fd"
  fi
  "$@" {fd}>&-
  exec {fd}>&-
}

# hash_of PATH...: one hash over names and contents, independent of the clone's location.
hash_of() {
  (cd "$ROOT" && find "$@" -type f -printf '%p\0' 2>/dev/null | LC_ALL=C sort -z |
    xargs -0 -r sha256sum | sha256sum | cut -c1-16)
}

# fresh STAMP HASH: true when the step that wrote this stamp had the same inputs.
fresh()  { [ "$(cat "$LOCAL_CACHE/stamps/$1" 2>/dev/null)" = "$2" ]; }
stamp()  { printf '%s' "$2" >"$LOCAL_CACHE/stamps/$1"; }

# warn_of_little_space GB: warns when the disks have less than a first build takes: GB in this clone, three more in the
# home folder (toolchain, crates, caches) and three for the engine, of which images take one and homes the rest.
warn_of_little_space() {
  local gb folder disk free engine=/var/lib/docker
  local -A need folders
  [ -e "$engine" ] || engine=/var/lib
  while read -r gb folder; do
    disk="$(stat -c %d -- "$folder" 2>/dev/null)" || continue
    need[$disk]=$((${need[$disk]:-0} + gb)) folders[$disk]="${folders[$disk]:+${folders[$disk]}, }$folder"
  done <<<"$1 $ROOT"$'\n'"3 $SHARED_CACHE"$'\n'"3 $engine"
  for disk in "${!need[@]}"; do
    free="$(df -Pk -- "${folders[$disk]%%, *}" | awk 'NR == 2 { print int($4 / 1048576) }')"
    [ "${free:-99}" -ge "${need[$disk]}" ] ||
      warn "$free GB are free on the disk of ${folders[$disk]}; the first time takes up to ${need[$disk]} GB there."
  done
}

has() { command -v "$1" >/dev/null 2>&1; }
