"""Everything that `serve` needs, looked at before it is needed: each finding says what is so and how to mend it.

`kapija check` prints the findings, `kapija serve` refuses to start over a failure, so the two cannot disagree.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from radius.admin.certificate_checks import look as look_at_certificates
from radius.admin.findings import Finding, Level, failure
from radius.admin.ports import Holder, holder_of, try_to_bind
from radius.errors import OperatorError, ServiceError
from radius.settings import Home
from radius.store.engine import open_store, reading
from radius.store.keyring import Keyring, MasterKey
from radius.store.tables import audit, clients, schools
from radius.store.upgrade import require_current, status

EARLIEST_YEAR = 2025  # this program is not older, so a clock that says less has lost its battery
CLOCK_SLACK = 120.0  # seconds by which another node's audit rows may be ahead of this clock
LEAST_FREE = 256 * 1024 * 1024  # octets
RECEIVE_LIMIT = Path("/proc/sys/net/core/rmem_max")


Lint = Callable[[Home], Iterator[Finding]]


def preflight(home: Home, lint: Lint, now: float | None = None) -> Iterator[Finding]:
    """Look at everything of one node. `lint` looks at what is stored (policies need the dictionary, which this room
    has not); it is asked only when the store can be read. Never raises for what an operator could mend."""
    now = time.time() if now is None else now
    yield from _database(home, lint, now)
    yield from look_at_certificates(home, now)
    yield from _disk(home)
    yield from _ports(home)
    yield _clock(now)
    yield receive_buffer(home.settings.radius.receive_buffer, RECEIVE_LIMIT)


# --- store, master key, policies


def _database(home: Home, lint: Lint, now: float) -> Iterator[Finding]:
    try:
        engine = open_store(home.database_url)
    except (OperatorError, ServiceError) as error:
        yield failure("database", error)
        return
    try:
        require_current(engine)
        yield Finding("database", Level.OK, f"it answers and is at revision {status(engine).current}")
        with reading(engine) as connection:
            yield _master_key(home, connection)
            yield _last_audit_row(connection, now)
            yield from _content(connection)
        yield from lint(home)
    except (OperatorError, ServiceError) as error:
        yield failure("database", error)
    finally:
        _close(engine)


def _close(engine: Engine) -> None:
    engine.dispose()


def _master_key(home: Home, connection: Connection) -> Finding:
    try:
        master = MasterKey.load(home)
        Keyring.load(connection, master)
    except (OperatorError, ServiceError) as error:
        return failure("master key", error)
    return Finding("master key", Level.OK, f"{master.place} opens the store's keys")


def _last_audit_row(connection: Connection, now: float) -> Finding:
    last = connection.execute(select(func.max(audit.c.time))).scalar()
    if last is None:
        return Finding("audit", Level.OK, "no audit row yet")
    if last > now + CLOCK_SLACK:
        return Finding(
            "clock",
            Level.FAIL,
            f"it is {last - now:.0f} s behind the newest audit row",
            "set the clock, and let it be kept by NTP (timedatectl set-ntp true)",
        )
    return Finding("audit", Level.OK, f"the newest row is {_age(now - last)} old")


def _content(connection: Connection) -> Iterator[Finding]:
    many = {
        name: connection.execute(select(func.count()).select_from(table).where(table.c.removed.is_(False))).scalar_one()
        for name, table in (("schools", schools), ("clients", clients))
    }
    if not many["schools"]:
        yield Finding("schools", Level.WARN, "there is none, so nobody can get in", "add one: kapija school add")
    elif not many["clients"]:
        yield Finding("clients", Level.WARN, "there is none, so every request meets silence", "add one: kapija client add")
    else:
        yield Finding("clients", Level.OK, f"{many['clients']} in {many['schools']} schools")
    lax = connection.execute(
        select(func.count()).select_from(clients).where(clients.c.removed.is_(False), clients.c.mode == "optional")
    ).scalar_one()
    if lax:
        yield Finding(
            "clients",
            Level.WARN,
            f"{lax} may leave out Message-Authenticator, so replies to them could be forged (CVE-2024-3596)",
            "update those access points and set the mode learn or require",
        )


# --- the node's own directory


def _disk(home: Home) -> Iterator[Finding]:
    node = home.node_file.parent
    existing = next(path for path in (node, *node.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield Finding("disk", Level.FAIL, f"{existing} is not writable", f"give this user the right: chown -R $USER {existing}")
        return
    free = shutil.disk_usage(existing).free
    limit = home.settings.journal.limit_megabytes * 1024 * 1024
    if free < LEAST_FREE:
        yield Finding("disk", Level.FAIL, f"the disk of {node} has {_size(free)} left", "make room, or the journal cannot grow")
    elif free < limit:
        yield Finding(
            "disk",
            Level.WARN,
            f"the disk of {node} has {_size(free)} left, and the journal may grow to {_size(limit)}",
            "make room, or set a smaller journal.limit_megabytes in kapija.toml",
        )
    else:
        yield Finding("disk", Level.OK, f"{node} is writable, with {_size(free)} left")


# --- network


def _ports(home: Home) -> Iterator[Finding]:
    settings = home.settings.radius
    for address in settings.listen:
        for port, key in ((settings.auth_port, "radius.auth_port"), (settings.acct_port, "radius.acct_port")):
            if port:  # 0 lets the system choose
                yield _port(address, port, key, alone=len(settings.listen) == 1)


def _port(address: str, port: int, key: str, alone: bool) -> Finding:
    name, place = f"port {port}", f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    problem = try_to_bind(address, port)
    if problem is None:
        return Finding(name, Level.OK, f"{place} is free")
    if problem.no_such_family and address == "::" and not alone:
        return Finding(name, Level.OK, "this machine has no IPv6, so [::] is left out")
    if not problem.in_use:
        return Finding(
            name, Level.FAIL, f"{place} cannot be had: {problem.words}", f"correct radius.listen or {key} in kapija.toml"
        )
    holder = holder_of(address, port)
    if holder is not None and holder.is_kapija:
        return Finding(name, Level.OK, f"{place} is served by Kapija (process {holder.pid})")
    return Finding(
        name, Level.FAIL, f"{place} is in use by {_who(holder)}", f"stop that one, or choose another {key} in kapija.toml"
    )


def _who(holder: Holder | None) -> str:
    return "another program (its owner is another user)" if holder is None else f"{holder.name} (process {holder.pid})"


def receive_buffer(wanted: int, limit_file: Path) -> Finding:
    """SO_RCVBUF is cut to net.core.rmem_max in silence; a morning's burst then overflows the socket (socket(7))."""
    try:
        limit = int(limit_file.read_text())
    except (OSError, ValueError):
        return Finding("receive buffer", Level.OK, "this system does not tell its limit")
    if limit >= wanted:
        return Finding("receive buffer", Level.OK, f"{_size(wanted)} for each socket")
    return Finding(
        "receive buffer",
        Level.WARN,
        f"the system allows {_size(limit)} for each socket, {_size(wanted)} is wanted: a burst of logins may be lost",
        f"echo net.core.rmem_max={wanted} | sudo tee /etc/sysctl.d/60-kapija.conf && sudo sysctl --system",
    )


# --- the rest


def _clock(now: float) -> Finding:
    moment = time.gmtime(now)
    said = time.strftime("%Y-%m-%d %H:%M:%S UTC", moment)
    if moment.tm_year < EARLIEST_YEAR:
        return Finding(
            "clock", Level.FAIL, f"it says {said}", "set the clock, and let it be kept by NTP (timedatectl set-ntp true)"
        )
    return Finding("clock", Level.OK, f"it says {said}")


def _size(octets: int) -> str:
    return (
        f"{octets / 2**30:.1f} GiB"
        if octets >= 2**30
        else f"{octets / 2**20:.1f} MiB"
        if octets >= 2**20
        else f"{octets / 2**10:.0f} KiB"
    )


def _age(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
