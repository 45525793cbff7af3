"""A lean FreeRADIUS 3.2 to run against: the shortest policy that does the same work, all users in memory.

Tuned for speed, not for use: no username filter, no realms, no logging of logins, no detail files, no proxying, a fixed
thread pool (two threads did best for the methods without TLS), receive buffers of 4 MiB, no reject delay. The users file
gives every user VLAN 20 and every device VLAN 30, as the policy of the home in kapija_home.py does.
"""

import subprocess
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
    ipaddr = 127.0.0.0/8
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
}}
server default {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {port}
        recv_buff = 4194304
    }}
    authorize {{
        chap
        mschap
        files
        pap
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
    }}
}}
"""

USER = """\
{name} Cleartext-Password := "{password}"
\tTunnel-Type = VLAN,
\tTunnel-Medium-Type = IEEE-802,
\tTunnel-Private-Group-Id = "{vlan}"

"""


def write_configuration(directory: Path, secret: str, port: int, *, threads: int = 2, users: int = USERS) -> None:
    """Write a configuration directory that listens on 127.0.0.1:`port`."""
    for folder in (directory / "log", directory / "run"):
        folder.mkdir(parents=True, exist_ok=True)
    text = RADIUSD.format(directory=directory, secret=secret, threads=threads, port=port)
    (directory / "radiusd.conf").write_text(text)
    (directory / "dictionary").write_text("# nothing of our own\n")
    with (directory / "users").open("w") as file:
        for number in range(users):
            file.write(USER.format(name=f"user{number:06d}", password="password", vlan=20))
        for number in range(DEVICES):
            mac = f"0200{number:08x}"
            file.write(USER.format(name=mac, password=mac, vlan=30))


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
