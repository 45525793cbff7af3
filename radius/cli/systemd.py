"""`kapija systemd`: units for systemd, hardened as far as the server allows: one for the whole, or one for each part."""

import os
import pwd
import sys
from pathlib import Path

import click

from radius.cli.frame import pass_home, say
from radius.errors import OperatorError
from radius.server.serving import PARTS
from radius.settings import Home

WHOLE = "kapija.service"
TARGET = "kapija.target"
TITLES = {
    "feeder": "changes of the database into the node file",
    "carrier": "the journal's events into the database",
    "radius": "RADIUS workers",
    "metrics": "figures for Prometheus",
}
AFTER = {"radius": ("kapija-feeder.service",)}

SERVICE = """\
[Unit]
Description=Kapija, network access control: {title}
After=network-online.target{after}
Wants=network-online.target{part_of}
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
User={user}
Environment={environment}
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
TimeoutStartSec=15min
TimeoutStopSec=20
WatchdogSec=30
KillMode=mixed
LimitNOFILE=65536
UMask=0077

# What a RADIUS server needs, and nothing else.
ReadWritePaths={writable}
ProtectSystem=strict
ProtectHome={protect_home}
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
NoNewPrivileges=yes
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy={wanted_by}
"""

TARGET_UNIT = """\
[Unit]
Description=Kapija, network access control: all its parts
Wants={parts}

[Install]
WantedBy=multi-user.target
"""


@click.command()
@click.option("--parts", is_flag=True, help="One unit for each part, so that each is restarted and limited alone.")
@click.option("--user", default="", help="The account that serves (default: the owner of the home directory).")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Write the files into this directory.")
@pass_home
def systemd(home: Home, parts: bool, user: str, into: Path | None) -> None:
    """Print systemd units for this home directory; with --into write them, for example into /etc/systemd/system."""
    account = user or _owner(home.path)
    units = _parts(home, account) if parts else {WHOLE: unit(home, account)}
    if into is None:
        for name, text in units.items():
            click.echo(f"# /etc/systemd/system/{name}\n{text}")
        return
    for name, text in units.items():
        (into / name).write_text(text, encoding="utf-8")
        say(f"wrote {into / name}")
    say(f"now: systemctl daemon-reload && systemctl enable --now {TARGET if parts else WHOLE}")


def unit(home: Home, user: str, part: str = "") -> str:
    """The text of one service: the whole server, or a part of it."""
    words = [_executable(), "serve", *(("--only", part) if part else ())]
    return SERVICE.format(
        title=TITLES.get(part, "RADIUS, policy and audit log"),
        after="".join(f" {name}" for name in AFTER.get(part, ())),
        part_of=f"\nPartOf={TARGET}" if part else "",
        user=_checked(user),
        environment=_quoted(f"KAPIJA_HOME={home.path}"),
        command=" ".join(map(_quoted, words)).replace("$", "$$"),
        writable=_quoted(str(home.path)),
        protect_home="read-only" if home.path.parts[1:2] in (("home",), ("root",)) else "yes",
        capabilities="CAP_NET_BIND_SERVICE" if _low_ports(home, part) else "",
        wanted_by=TARGET if part else "multi-user.target",
    )


def _parts(home: Home, user: str) -> dict[str, str]:
    wanted = [part for part in PARTS if part != "metrics" or home.settings.metrics.port]
    units = {f"kapija-{part}.service": unit(home, user, part) for part in wanted}
    return {TARGET: TARGET_UNIT.format(parts=" ".join(units)), **units}


def _low_ports(home: Home, part: str) -> bool:
    radius = home.settings.radius
    return part in ("", "radius") and any(0 < port < 1024 for port in (radius.auth_port, radius.acct_port))


def _owner(path: Path) -> str:
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _executable() -> str:
    """This very program, as systemd must name it."""
    beside = Path(sys.executable).parent / "kapija"
    if beside.exists():
        return str(beside)
    return os.path.realpath(sys.argv[0])


def _checked(user: str) -> str:
    if not user.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise OperatorError(f"{user!r} cannot be the name of an account")
    return user


def _quoted(word: str) -> str:
    """A word of a unit file: % and $ mean something there, and spaces end it (systemd.syntax(7), systemd.service(5))."""
    if any(ord(character) < 32 for character in word):
        raise OperatorError("a path with a control character in it cannot stand in a unit: choose another home directory")
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if " " in word or "\\" in word or '"' in word else escaped
