# shellcheck shell=bash
# The images that terminals start from: images/<name>/, one flat image each, made on this machine.
# An image is made again when its recipe's hash changes.

IMAGE_SUITE=bookworm
# Raise it when a change to this file changes the content of the images.
IMAGE_BUILDER=1
# The order matters: `dev` is made on top of the root file system of `debian`.
IMAGE_NAMES=(debian dev)

_recipe_hash() {
  local inputs=(images/_shared "images/$1/packages.txt")
  [ "$1" = debian ] || inputs+=(images/debian/packages.txt)
  { hash_of "${inputs[@]}"; printf '%s' "$IMAGE_SUITE-$IMAGE_BUILDER"; } | sha256sum | cut -c1-16
}

image_reference() { sed -n 's/^reference *= *"\(.*\)"/\1/p' "$ROOT/images/$1/manifest.toml"; }

_image_there() {
  local label='{{index .Config.Labels "rexec.recipe"}}'
  [ "$(docker_do image inspect --format "$label" "$(image_reference "$1")" 2>/dev/null)" = "$2" ]
}

_packages_of() { sed 's/#.*//' "$ROOT/images/$1/packages.txt" | xargs; }

# _in_root ROOT COMMAND...: runs inside the new root, in mount and PID namespaces of its own, so that mounts and
# processes end with the command, even when it is killed.
_in_root() {
  local root="$1"; shift
  as_root unshare --mount --pid --fork --kill-child sh -c '
    root=$1; shift
    mount -t proc proc "$root/proc" && mount --bind /dev/null "$root/dev/null" 2>/dev/null
    exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive TERM=dumb "$@"' sh "$root" "${PROXIES[@]}" "$@"
}

_write_sources() {
  local mirror="$1" security="$2" root="$3"
  {
    printf 'deb %s %s main\n' "$mirror" "$IMAGE_SUITE"
    printf 'deb %s %s-updates main\n' "$mirror" "$IMAGE_SUITE"
    if [ -n "$security" ]; then printf 'deb %s %s-security main\n' "$security" "$IMAGE_SUITE"; fi
  } | as_root tee "$root/etc/apt/sources.list" >/dev/null
}

# The bare root: debootstrap from the machine's mirror, or, without one, the distribution's official image from a
# registry that the engine can reach.
_bare_root() {
  local root="$1" mirror="$2" log="$LOCAL_CACHE/debootstrap.txt" id
  local image="${REXEC_DEBIAN_IMAGE:-debian:$IMAGE_SUITE-slim}"
  if [ -n "$mirror" ]; then
    want_image_packages
    say "debootstrap $IMAGE_SUITE (about half a minute)"
    retry _debootstrap_once "$root" "$mirror" "$log" && return 0
    tail -n 10 "$log" >&2
    die "debootstrap failed" "Its last lines are above; the full log is $log." "Run again: $RUN_AGAIN"
  fi
  say "No Debian mirror among the package sources; asking the engine for $image"
  DOCKER_DEADLINE=600 docker_do pull -q "$image" >/dev/null ||
    die "No way to make a base image" \
      "This machine has no Debian mirror among its package sources, and the engine reaches no registry." \
      "Set REXEC_DEBIAN_MIRROR to a mirror's address and run again: $RUN_AGAIN"
  # A tag moves. Its digest is printed, so that another machine can use the same image.
  say "it is $(docker_do image inspect --format '{{join .RepoDigests " "}}' "$image") (REXEC_DEBIAN_IMAGE pins it)"
  id="$(docker_do create "$image" true)"
  docker_do export "$id" | as_root tar -C "$root" -x
  docker_do rm -f "$id" >/dev/null
}

# What making the images needs from the system. Called before a background job makes them, which cannot ask anything.
want_image_packages() {
  local missing=()
  [ -n "$(debian_mirror)" ] || return 0
  has debootstrap || missing+=(debootstrap)
  has gpgv || has sqv || missing+=(gpgv)
  debian_keyring >/dev/null || missing+=(debian-archive-keyring)
  [ ${#missing[@]} = 0 ] || want_packages "making base images" "${missing[@]}"
  debian_keyring >/dev/null ||
    die "The keys of Debian's releases are not installed" "Without them the image's packages could not be verified." \
      "Install debian-archive-keyring and run again: $RUN_AGAIN"
}

_debootstrap_once() {
  local include=()
  # Without certificates the package manager of the new root could not use the mirror. Both images have them anyway.
  [[ "$2" != https:* ]] || include=(--include=ca-certificates)
  as_root find "$1" -mindepth 1 -delete
  as_root env DEBOOTSTRAP_DIR="${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}" \
    debootstrap --force-check-gpg --keyring="$(debian_keyring)" --variant=minbase "${include[@]}" \
    "$IMAGE_SUITE" "$1" "$2" >"$3" 2>&1
}

_add_packages() {
  local root="$1"; shift
  as_root cp /etc/resolv.conf "$root/etc/resolv.conf"
  # Keeps packages from starting their services.
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$root/usr/sbin/policy-rc.d" >/dev/null
  as_root chmod 755 "$root/usr/sbin/policy-rc.d"
  printf 'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/info/*\n' |
    as_root tee "$root/etc/dpkg/dpkg.cfg.d/rexec-build" >/dev/null
  say "installing: $*"
  retry _in_root "$root" apt-get -qq update >"$LOCAL_CACHE/image-apt.txt" 2>&1 ||
    die "The image's package lists could not be fetched" "See $LOCAL_CACHE/image-apt.txt." "Run again: $RUN_AGAIN"
  retry _in_root "$root" sh -c 'apt-get -qq -y -o APT::Sandbox::User=root dist-upgrade &&
    apt-get -qq -y -o APT::Sandbox::User=root --no-install-recommends install "$@"' sh "$@" \
    >"$LOCAL_CACHE/image-apt.txt" 2>&1 || {
    tail -n 15 "$LOCAL_CACHE/image-apt.txt" >&2
    die "Could not install the image's packages" "The package manager's last lines are above." "Run again: $RUN_AGAIN"
  }
  as_root rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/dpkg/dpkg.cfg.d/rexec-build" "$root/etc/resolv.conf"
}

# _make_root_file NAME TAR: writes the image's root file system as one archive.
_make_root_file() {
  local name="$1" tar="$2" mirror security root
  mirror="$(debian_mirror)"
  # On the cache's disk: unlike /tmp it is rarely mounted with nodev or noexec.
  root="$(mktemp -d "$SHARED_CACHE/root.XXXXXX")"
  # shellcheck disable=SC2064 # the folder of this call, not of a later one
  trap "as_root rm -rf --one-file-system '$root'" EXIT
  chmod 755 "$root"
  if [ "$name" = debian ]; then
    _bare_root "$root" "$mirror"
    if [ -n "$mirror" ]; then
      security="$(debian_security_mirror "$mirror" "$IMAGE_SUITE")"
      [ -n "$security" ] || warn "No mirror of Debian's security updates is reachable: the images have none." \
        "REXEC_DEBIAN_SECURITY_MIRROR names one."
      _write_sources "$mirror" "$security" "$root"
    fi
  else
    as_root tar -C "$root" -xf "$(_root_file debian)"
  fi
  # shellcheck disable=SC2046 # one word per package
  _add_packages "$root" $(_packages_of "$name")
  as_root mkdir -p "$root/tmp/rexec"
  as_root cp -r "$ROOT/images/_shared/skel" "$ROOT/images/_shared/finish.sh" "$root/tmp/rexec/"
  _in_root "$root" sh /tmp/rexec/finish.sh
  # Without extended attributes, because file capabilities are privileges. The engine makes the device nodes.
  as_root tar -C "$root" --sort=name --one-file-system --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' \
    -cf "$tar.part" .
  as_root chown "$(id -u):$(id -g)" "$tar.part"
  mv "$tar.part" "$tar"
}

_root_file() { printf '%s/images/%s-%s-%s.tar' "$SHARED_CACHE" "$1" "$(uname -m)" "$(_recipe_hash "$1")"; }

_ensure_image_locked() {
  local name="$1" hash reference tar
  hash="$(_recipe_hash "$name")"
  reference="$(image_reference "$name")"
  if _image_there "$name" "$hash"; then say "$reference is up to date (recipe $hash)"; return 0; fi
  tar="$(_root_file "$name")"
  mkdir -p "$SHARED_CACHE/images"
  if [ ! -s "$tar" ]; then
    # Removes the archive of an older recipe.
    rm -f "$SHARED_CACHE/images/$name-$(uname -m)"-*
    (_make_root_file "$name" "$tar")
  else
    say "$name: root file system from $tar"
  fi
  say "docker import $reference ($(du -h "$tar" | cut -f1))"
  DOCKER_DEADLINE=300 docker_do import \
    --change "LABEL rexec.image=$name rexec.recipe=$hash" \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' \
    --change 'WORKDIR /home/user' --change 'CMD ["/bin/bash"]' \
    "$tar" "$reference" >/dev/null ||
    die "docker import of $reference failed" "The engine refused the archive; its message is above." \
      "Delete $tar and run again: $RUN_AGAIN"
  docker_do tag "$reference" "${reference%:*}:recipe-$hash"
  _remove_older_recipes "${reference%:*}" "recipe-$hash"
}

# Without force: an image that a container uses is kept until the container is removed.
_remove_older_recipes() {
  local tag
  for tag in $(docker_do image ls --format '{{.Tag}}' "$1"); do
    case "$tag" in
      "$2") ;;
      recipe-*) docker_do rmi "$1:$tag" >/dev/null 2>&1 || true ;;
    esac
  done
}

images_there() {
  local name
  for name in "${IMAGE_NAMES[@]}"; do _image_there "$name" "$(_recipe_hash "$name")" || return 1; done
}

ensure_images() {
  local name
  for name in "${IMAGE_NAMES[@]}"; do
    [ -z "${1:-}" ] || [ "$1" = "$name" ] || continue
    with_lock "image-$name" _ensure_image_locked "$name"
  done
}
