"""A lean FreeRADIUS 3.2 to run against: the shortest policy that does the same work, all users in memory.

Tuned for speed, not for use: no username filter, no realms, no logging of logins, no detail files, no proxying, a fixed
thread pool (two threads did best for the methods without TLS), receive buffers of 4 MiB, no reject delay. The users file
gives every user VLAN 20 and every device VLAN 30, as the policy of the home in kapija_home.py does. With an `Eap` it speaks
802.1X too; the oracle of tests/interop is the same server with users of its own.
"""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

USERS = 10_000
DEVICES = 2_000

RADIUSD = """\
prefix = /usr
sysconfdir = /etc
localstatedir = /var
logdir = {directory}/log
raddbdir = {directory}
confdir = {directory}
run_dir = {directory}/run
db_dir = {directory}
libdir = /usr/lib/freeradius
pidfile = {directory}/run/freeradius.pid
name = freeradius
max_request_time = 30
cleanup_delay = 5
max_requests = 65536
hostname_lookups = no
proxy_requests = no
log {{
    destination = files
    file = {directory}/log/radius.log
    auth = no
}}
security {{
    max_attributes = 200
    reject_delay = 0
    status_server = yes
}}
client bench {{
    ipaddr = {clients}
    secret = {secret}
    require_message_authenticator = no
    nas_type = other
}}
thread pool {{
    start_servers = {threads}
    max_servers = {threads}
    min_spare_servers = 1
    max_spare_servers = {threads}
    max_requests_per_server = 0
    max_queue_size = 65536
    auto_limit_acct = no
}}
modules {{
    chap {{
    }}
    mschap {{
    }}
    pap {{
    }}
    files {{
        filename = {directory}/users
    }}
{eap_module}{ldap_module}}}
server default {{
    listen {{
        type = auth
        ipaddr = {address}
        port = {port}
        recv_buff = 4194304
    }}
    authorize {{
{eap_authorize}        chap
        mschap
        files
{ldap_authorize}        pap
    }}
    authenticate {{
        Auth-Type PAP {{
            pap
        }}
        Auth-Type CHAP {{
            chap
        }}
        Auth-Type MS-CHAP {{
            mschap
        }}
{eap_authenticate}{ldap_authenticate}    }}
{post_auth}}}
{eap_inner}"""

EAP_MODULE = """\
    eap {{
        default_eap_type = {eap.first}
        timer_expire = 60
        max_sessions = 65536
        md5 {{
        }}
        gtc {{
            auth_type = PAP
        }}
        mschapv2 {{
        }}
        tls-config common {{
            private_key_file = {eap.key}
            certificate_file = {eap.chain}
            ca_file = {eap.client_roots}
            check_crl = {crl}
            check_all_crl = {crl}
            cipher_list = "DEFAULT"
            tls_min_version = "1.2"
            tls_max_version = "{eap.newest_tls}"
            ecdh_curve = ""
            fragment_size = {eap.fragment}
            include_length = yes
            cache {{
                enable = {cache}
                name = "kapija-rival"
                lifetime = 24
                max_entries = 65536
                persist_dir = "{directory}/sessions"
                store {{
                    Tunnel-Private-Group-Id
                }}
            }}
        }}
        tls {{
            tls = common
        }}
        ttls {{
            tls = common
            default_eap_type = mschapv2
            copy_request_to_tunnel = no
            use_tunneled_reply = no
            virtual_server = "inner"
        }}
        peap {{
            tls = common
            default_eap_type = mschapv2
            copy_request_to_tunnel = no
            use_tunneled_reply = no
            virtual_server = "inner"
        }}
    }}
"""

EAP_AUTHORIZE = """\
        if (&User-Name == "{name}") {{
            update control {{
                EAP-TLS-Require-Client-Cert := Yes
            }}
        }}
        eap {{
            ok = return
        }}
"""

POST_AUTH = """\
    post-auth {
        update reply {
            Tunnel-Type := VLAN
            Tunnel-Medium-Type := IEEE-802
            Tunnel-Private-Group-Id := "20"
        }
    }
"""

EAP_INNER = """\
server inner {{
    authorize {{
        chap
        mschap
        eap {{
            ok = return
        }}
        files
{ldap_authorize}        pap
    }}
    authenticate {{
        Auth-Type PAP {{
            pap
        }}
        Auth-Type CHAP {{
            chap
        }}
        Auth-Type MS-CHAP {{
            mschap
        }}
        eap
{ldap_authenticate}    }}
}}
"""

LDAP_MODULE = """\
    ldap {{
        server = "ldaps://127.0.0.1:{ldap.port}"
        identity = "{ldap.bind_dn}"
        password = "{ldap.password}"
        base_dn = "{ldap.base}"
        user {{
            base_dn = "{ldap.base}"
            filter = "(uid=%{{%{{Stripped-User-Name}}:-%{{User-Name}}}})"
        }}
        options {{
            chase_referrals = no
            res_timeout = 3
            srv_timelimit = 3
            net_timeout = 3
        }}
        tls {{
            ca_file = {ldap.ca}
            require_cert = "demand"
        }}
        pool {{
            start = {threads}
            min = {threads}
            max = {connections}
            spare = {threads}
            uses = 0
            lifetime = 0
            idle_timeout = 0
        }}
    }}
"""

LDAP_AUTHORIZE = """\
        if (&User-Password) {
            ldap
            if (ok || updated) {
                update control {
                    Auth-Type := LDAP
                }
            }
        }
"""

LDAP_AUTHENTICATE = """\
        Auth-Type LDAP {
            ldap
        }
"""

USER = """\
"{name}" Cleartext-Password := "{password}"
\tTunnel-Type = VLAN,
\tTunnel-Medium-Type = IEEE-802,
\tTunnel-Private-Group-Id = "{vlan}"

"""


@dataclass(frozen=True)
class Eap:
    """802.1X: `first` is the method that is offered first, `fragment` the size of its fragments (octets).

    `client_roots` holds the authorities of client certificates, with `crl` also their revocation lists. Whoever comes as
    `certificate_for` must show a client certificate in PEAP and TTLS.
    """

    chain: Path
    key: Path
    client_roots: Path
    first: str = "peap"
    newest_tls: str = "1.3"
    fragment: int = 1300
    resumption: bool = True
    crl: bool = False
    certificate_for: str = ""


@dataclass(frozen=True)
class Ldap:
    """rlm_ldap: who is in no file is searched as `bind_dn` and then bound as herself, over LDAPS checked against `ca`."""

    port: int
    ca: Path
    bind_dn: str
    password: str
    base: str


def write_configuration(
    directory: Path,
    secret: str,
    port: int,
    *,
    threads: int = 2,
    users: int | Iterable[tuple[str, str]] = USERS,
    eap: Eap | None = None,
    ldap: Ldap | None = None,
    address: str = "127.0.0.1",
    clients: str = "127.0.0.0/8",
) -> None:
    """Write a configuration directory that listens on `address`:`port`; `users` is their number, or names and passwords."""
    for folder in (directory / "log", directory / "run", directory / "sessions"):
        folder.mkdir(parents=True, exist_ok=True)
    options = {"secret": secret, "port": port, "address": address, "clients": clients, "threads": threads}
    parts = _ldap_parts(ldap, threads)
    if eap is not None:
        parts["post_auth"] = POST_AUTH
    text = RADIUSD.format(directory=directory, **options, **parts, **_eap_parts(directory, eap, parts))
    (directory / "radiusd.conf").write_text(text)
    (directory / "dictionary").write_text("# nothing of our own\n")
    people = [(f"user{number:06d}", "password") for number in range(users)] if isinstance(users, int) else users
    with (directory / "users").open("w") as file:
        for name, password in people:
            file.write(USER.format(name=name, password=password, vlan=20))
        for number in range(DEVICES):
            mac = f"0200{number:08x}"
            file.write(USER.format(name=mac, password=mac, vlan=30))


def _ldap_parts(ldap: Ldap | None, threads: int) -> dict[str, str]:
    """What rlm_ldap adds to RADIUSD and to the server inside tunnels."""
    if ldap is None:
        return dict.fromkeys(("ldap_module", "ldap_authorize", "ldap_authenticate", "post_auth"), "")
    return {
        "ldap_module": LDAP_MODULE.format(ldap=ldap, threads=threads, connections=2 * threads),
        "ldap_authorize": LDAP_AUTHORIZE,
        "ldap_authenticate": LDAP_AUTHENTICATE,
        "post_auth": POST_AUTH,
    }


def _eap_parts(directory: Path, eap: Eap | None, ldap: dict[str, str]) -> dict[str, str]:
    """What 802.1X adds to RADIUSD."""
    if eap is None:
        return dict.fromkeys(("eap_module", "eap_authorize", "eap_authenticate", "eap_inner"), "")
    yes = {True: "yes", False: "no"}
    return {
        "eap_module": EAP_MODULE.format(eap=eap, directory=directory, crl=yes[eap.crl], cache=yes[eap.resumption]),
        "eap_authorize": EAP_AUTHORIZE.format(name=eap.certificate_for or "nobody"),
        "eap_authenticate": "        eap\n",
        "eap_inner": EAP_INNER.format(**ldap),
    }


def command(directory: Path) -> list[str]:
    """The command line that serves `directory` in the foreground; "Ready to process" in log/out.log is its word."""
    return ["freeradius", "-d", str(directory), "-f", "-l", str(directory / "log" / "out.log")]


def is_ready(directory: Path) -> bool:
    """Whether the server has said that it is ready."""
    log = directory / "log" / "out.log"
    return log.exists() and "Ready to process" in log.read_text(errors="replace")


def version() -> str:
    """Such as "FreeRADIUS 3.2.1"."""
    lines = subprocess.run(["freeradius", "-v"], capture_output=True, text=True, check=False).stdout.splitlines()
    words = lines[0].replace(",", "").split() if lines else []
    return f"FreeRADIUS {words[words.index('Version') + 1]}" if "Version" in words else "FreeRADIUS"
