#!/usr/bin/env bash
# Installs from the distribution what `make` needs beside Python packages: peers.sh venv | test | oracle | bench | compiled.
#
# As root, or with a sudo that asks nothing, it installs by apt-get and starts no service; otherwise it says the line to run.
# What the tests need is then skipped by them on a desk, but with CI=true a missing peer is a failure.
set -euo pipefail

missing() { # PROGRAM=PACKAGE ...: the packages whose program is not there
    local pair path="$PATH:/usr/sbin:/sbin" place
    for place in /usr/lib/postgresql/*/bin; do # where Debian keeps PostgreSQL's own programs
        path="$path:$place"
    done
    for pair in "$@"; do
        PATH="$path" command -v "${pair%%=*}" >/dev/null || echo "${pair#*=}"
    done
}

as_root=""
can_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] && return 0
    as_root="sudo -n"
    sudo -n true 2>/dev/null
}

# A package's service must not start, now or at the next boot: the tests start their own on ports of their own.
# Debian asks /usr/sbin/policy-rc.d before it starts a service; 101 means no.
without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
    # shellcheck disable=SC2064 - the value of now is meant
    trap "$as_root rm -f $policy" EXIT
    "$@" || status=$?
    $as_root rm -f "$policy"
    trap - EXIT
    return $status
}

apt_install() {
    local apt=($as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
        { "${apt[@]}" update >/dev/null && "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null; }
}

require() { # PACKAGE ...: install them; 1 when that is not possible
    [ $# -gt 0 ] || return 0
    if can_install; then
        echo "installing from the distribution: $*"
        if without_services apt_install "$@"; then
            local service
            for service in freeradius hostapd wpasupplicant slapd postgresql; do
                if [[ " $* " == *" $service "* ]] && command -v systemctl >/dev/null; then
                    $as_root systemctl --quiet disable "${service/wpas/wpa_s}" 2>/dev/null || true
                fi
            done
            if [[ " $* " == *" samba-ad-dc "* ]] && command -v systemctl >/dev/null; then
                $as_root systemctl --quiet disable smbd nmbd samba-ad-dc winbind 2>/dev/null || true
            fi
            return 0
        fi
    fi
    echo "missing: $*. Install with: sudo apt-get install --no-install-recommends $*" >&2
    return 1
}

case "${1:-}" in
venv)
    python="${PYTHON:-python3}"
    if ! command -v "$python" >/dev/null; then
        if [ "$python" != python3 ]; then
            echo "there is no $python here: leave PYTHON out, or name one that there is" >&2
            exit 1
        fi
        require python3 python3-venv || exit 1
    fi
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "Kapija needs Python 3.11 or newer, and $python is $("$python" -V 2>&1). Name another: make PYTHON=python3.12 ..." >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        require "$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')" || exit 1
    fi
    ;;
test | oracle)
    mapfile -t packages < <(missing radclient=freeradius-utils ip=iproute2 openssl=openssl systemd-analyze=systemd eapol_test=eapoltest hostapd=hostapd wpa_supplicant=wpasupplicant slapd=slapd samba=samba-ad-dc postgres=postgresql)
    [ -e /usr/share/samba/setup/provision.ldif ] || packages+=(samba-ad-provision)
    [ "$1" = test ] || mapfile -t -O "${#packages[@]}" packages < <(missing freeradius=freeradius)
    require "${packages[@]}" || [ "${CI:-}" != true ]
    ;;
bench)
    mapfile -t packages < <(missing freeradius=freeradius radclient=freeradius-utils gcc=gcc taskset=util-linux)
    [ -e /usr/lib/freeradius/rlm_ldap.so ] || packages+=(freeradius-ldap)
    [ -e /usr/sbin/slapd ] || packages+=(slapd)
    [ -e /usr/include/openssl/ssl.h ] || packages+=(libssl-dev)
    echo '#include <stdio.h>' | gcc -fsyntax-only -xc - 2>/dev/null || packages+=(libc6-dev)
    require "${packages[@]}"
    ;;
compiled)
    python="${PYTHON:-python3}"
    mapfile -t packages < <(missing gcc=gcc)
    echo '#include <stdio.h>' | gcc -fsyntax-only -xc - 2>/dev/null || packages+=(libc6-dev)
    [ -e "$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] ||
        packages+=("$("$python" -c 'import sys; print("python3.%d-dev" % sys.version_info[1])')")
    require "${packages[@]}"
    ;;
*)
    echo "usage: $0 venv | test | oracle | bench | compiled" >&2
    exit 2
    ;;
esac
