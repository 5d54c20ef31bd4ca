#!/bin/sh
# Runs inside the new root as its last step: the user, the mount points, and what must not be there.
set -eu

# The person at the keyboard. The guest (PID 1) starts every shell as this user.
if ! id user >/dev/null 2>&1; then
  groupadd --gid 1000 user
  useradd --uid 1000 --gid 1000 --home-dir /home/user --shell /bin/bash --comment "" user
fi
cp /tmp/rexec/skel/.bashrc /tmp/rexec/skel/.profile /tmp/rexec/skel/.inputrc /tmp/rexec/skel/.vimrc /etc/skel/
rm -f /etc/skel/.bash_logout
# A home made from the skeleton, so a volume first mounted here starts with it too.
rm -rf /home/user
mkdir -m 0750 /home/user
cp -a /etc/skel/. /home/user/
chown -R 1000:1000 /home/user
cp /tmp/rexec/skel/.bashrc /root/.bashrc

# Where the guest binary and its link to the server are mounted, read-only, at run time.
mkdir -p /.rexec/link
chmod 0755 /.rexec /.rexec/link
touch /.rexec/guest
# No new privileges can be gained in the container, so a setuid sudo cannot work. The guest, called by
# this name, asks PID 1 instead.
ln -sf /.rexec/guest /usr/local/bin/sudo

# Colours of ls without starting a program at every prompt.
printf "LS_COLORS='%s'; export LS_COLORS\n" "$(TERM=xterm-256color dircolors -b | sed -n "s/^LS_COLORS='\(.*\)';\$/\1/p")" \
  >/etc/profile.d/ls-colors.sh

# Completions are loaded at the first Tab (.bashrc), not by every login shell.
rm -f /etc/profile.d/bash_completion.sh

# apt as root without its sandbox user: the container has no right to change into it everywhere.
printf 'APT::Sandbox::User "root";\nAPT::Install-Recommends "false";\n' >/etc/apt/apt.conf.d/90rexec

# Nothing in the image may raise privileges.
find / -xdev \( -path /proc -o -path /sys \) -prune -o -type f -perm /6000 -exec chmod a-s {} +

# Each container is to make its own.
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /etc/ssh/ssh_host_* /etc/hostname

# Size: what a terminal never reads.
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/*.log /var/log/apt/*
rm -rf /usr/share/doc/* /usr/share/info/* /usr/share/lintian
find /usr/share/locale -mindepth 1 -maxdepth 1 -type d ! -name 'en*' -exec rm -rf {} +
rm -rf /tmp/rexec
