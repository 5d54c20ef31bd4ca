#!/bin/sh
# Last build step, run inside the new root: creates the user and the mount points, and removes unwanted files.
set -eu

# The guest (PID 1) starts every shell as this user.
if ! id user >/dev/null 2>&1; then
  groupadd --gid 1000 user
  useradd --uid 1000 --gid 1000 --home-dir /home/user --shell /bin/bash --comment "" user
fi
cp /tmp/rexec/skel/.bashrc /tmp/rexec/skel/.profile /tmp/rexec/skel/.inputrc /tmp/rexec/skel/.vimrc /etc/skel/
rm -f /etc/skel/.bash_logout
# Created from the skeleton. The engine copies it into a new volume that is mounted here.
rm -rf /home/user
mkdir -m 0750 /home/user
cp -a /etc/skel/. /home/user/
chown -R 1000:1000 /home/user
cp /tmp/rexec/skel/.bashrc /root/.bashrc

# Mount points of the guest binary and the guest socket directory. Both are read-only.
mkdir -p /.rexec/link
chmod 0755 /.rexec /.rexec/link
touch /.rexec/guest
# The container runs with no_new_privs, so a setuid sudo cannot work. The guest, invoked as sudo, requests the command
# from PID 1 instead.
ln -sf /.rexec/guest /usr/local/bin/sudo

# Colours of ls, computed once so that a login shell need not run dircolors.
printf "LS_COLORS='%s'; export LS_COLORS\n" "$(TERM=xterm-256color dircolors -b | sed -n "s/^LS_COLORS='\(.*\)';\$/\1/p")" \
  >/etc/profile.d/ls-colors.sh

# .bashrc loads completions at the first Tab.
rm -f /etc/profile.d/bash_completion.sh

# apt without its sandbox user: the container may lack the capabilities to switch to it.
printf 'APT::Sandbox::User "root";\nAPT::Install-Recommends "false";\n' >/etc/apt/apt.conf.d/90rexec

# No file of the image raises privileges.
find / -xdev \( -path /proc -o -path /sys \) -prune -o -type f -perm /6000 -exec chmod a-s {} +

# Must differ between containers.
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /etc/ssh/ssh_host_* /etc/hostname

# Not needed in a terminal. Reduces the size of the image.
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/*.log /var/log/apt/*
rm -rf /usr/share/doc/* /usr/share/info/* /usr/share/lintian
find /usr/share/locale -mindepth 1 -maxdepth 1 -type d ! -name 'en*' -exec rm -rf {} +
rm -rf /tmp/rexec
