#!/bin/sh
# Turn a base into the root of a running container: our user, without programs that compile, install or raise privileges.
set -eu

groupadd --gid 1000 appuser
useradd --uid 1000 --gid appuser --home-dir /app --no-create-home --shell /usr/sbin/nologin appuser

# Python's own installers, and modules for developers.
for stdlib in /usr/local/lib/python3.* /usr/lib/python3.*; do
    [ -d "$stdlib/encodings" ] || continue
    rm -rf "$stdlib/site-packages" "$stdlib/ensurepip" "$stdlib/idlelib" "$stdlib/lib2to3" "$stdlib/turtledemo" "$stdlib/test"
    # On a read-only root Python cannot write bytecode, and every start and health check would compile again.
    python3 -m compileall -q "$stdlib" || echo "some modules of $stdlib have no bytecode" >&2
done
rm -rf /usr/lib/python3/dist-packages /usr/share/python-wheels /usr/local/bin/pip* /usr/local/bin/idle* /usr/bin/pip*

# Debian's installers. /var/lib/dpkg/status stays, because scanners read the installed packages from it.
for package in python3-pip python3-setuptools python3-wheel python3-venv python3.11-venv python3-pip-whl python3-setuptools-whl apt perl-base; do
    if dpkg-query --show "$package" >/dev/null 2>&1; then
        dpkg --purge --force-depends --force-remove-essential --force-remove-protected "$package" >/dev/null 2>&1
    fi
done
rm -rf /usr/bin/dpkg* /usr/sbin/dpkg* /usr/lib/dpkg /var/lib/dpkg/info /etc/apt /etc/dpkg /usr/lib/apt /var/lib/apt /var/cache/* /var/log/*

find / -xdev \( -perm -4000 -o -perm -2000 \) -type f -exec chmod a-s {} +
find /usr/share/doc -type f ! -name copyright -delete
rm -rf /usr/share/man /usr/share/info /usr/share/locale /root/.[!.]* /tmp/*
