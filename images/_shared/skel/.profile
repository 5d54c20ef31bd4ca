# Read by login shells.
umask 022
if [ -n "${BASH_VERSION:-}" ] && [ -r "$HOME/.bashrc" ]; then . "$HOME/.bashrc"; fi
