"""Accounting against a real server: radclient's records become the session, and kill -9 loses nothing that was answered."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from radius.admin.context import open_admin
from radius.admin.sessions import Details, Filter, list_sessions, show_session, who_had
from radius.audit.search import search
from radius.audit.tags import Tag
from radius.store.tables import accounting, sessions
from radius.wire.codes import Code
from radius.wire.packet import decode
from tests.fakes.accounting import number, request
from tests.fakes.serving import PASSWORD, SECRET, Serving, eventually, make_home

MAC = "02-00-00-00-00-31"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(make_home(tmp_path_factory.mktemp("home") / "kapija")) as serving:
        yield serving


@pytest.fixture
def radclient(server: Serving, peer: Callable[[str], Path]) -> Callable[..., str]:
    """radclient(kind, attributes, ...) is what it printed."""
    program = peer("radclient")

    def run(kind: str, *attributes: str, address: str = "127.0.0.1", secret: str = SECRET) -> str:
        name = f"[{address}]" if ":" in address else address
        port = server.port + (kind == "acct")
        command = [str(program), "-x", "-r", "1", "-t", "3", f"{name}:{port}", kind, secret]
        return subprocess.run(command, input=",".join(attributes), capture_output=True, text=True, check=False).stdout

    return run


def details(server: Serving, holds: Callable[[Details], bool], mac: str = MAC) -> Details:
    """The newest session of a device, once the carrier has it as it is to be."""
    found: list[Details] = []

    def look() -> bool:
        with open_admin(server.home, "test") as admin:
            shown = list_sessions(admin, Filter(mac=mac), 1)
            found[:] = [show_session(admin, shown[0].id)] if shown else []
        return bool(found) and holds(found[0])

    eventually(look, "the session is in SQL")
    return found[0]


def test_a_login_and_its_accounting_are_one_session(server: Serving, radclient: Callable[..., str]) -> None:
    login = ("User-Name=ucenik.primer", f"User-Password={PASSWORD}", f"Calling-Station-Id={MAC}", "Message-Authenticator=0x00")
    accept = radclient("auth", *login)
    assert "Acct-Interim-Interval = 600" in accept
    class_ = re.search(r"Class = (0x[0-9a-f]+)", accept)
    assert class_ is not None
    now = int(time.time())
    usual = (
        "User-Name=anonymous",
        "Acct-Session-Id=8F2A",
        f"Class={class_[1]}",
        f"Calling-Station-Id={MAC}",
        "Called-Station-Id=02-00-00-00-0A-01:Ucenici",
        "NAS-Identifier=ap-1",
        "NAS-Port=7",
    )
    for status, more in (
        ("Start", (f"Event-Timestamp={now - 1200}",)),
        ("Interim-Update", (f"Event-Timestamp={now - 600}", "Acct-Session-Time=600", "Framed-IP-Address=10.20.3.4")),
        (
            "Stop",
            (
                f"Event-Timestamp={now}",
                "Acct-Session-Time=1200",
                "Framed-IP-Address=10.20.3.4",
                "Framed-IPv6-Prefix=2001:db8:7::/64",
                "Acct-Input-Octets=5",
                "Acct-Input-Gigawords=2",
                "Acct-Terminate-Cause=User-Request",
            ),
        ),
    ):
        assert "Received Accounting-Response" in radclient("acct", f"Acct-Status-Type={status}", *usual, *more)
    shown = details(server, lambda each: each.session.ended > 0)
    session = shown.session
    assert (session.user, session.subject, session.rule, session.vlan) == ("anonymous", "person:1", "os-primer:pupils", 20)
    assert (session.authenticated, session.method) == (True, "pap")
    assert (session.ssid, session.access_point) == ("Ucenici", "02-00-00-00-0A-01")
    assert (session.started, session.ended, session.end_reason) == (now - 1200, now, "user-request")
    assert (session.input_octets, session.session_time) == ((2 << 32) + 5, 1200)
    assert [record.status for record in shown.records] == ["start", "interim", "stop"]
    with open_admin(server.home, "test") as admin:
        for address in ("10.20.3.4", "2001:db8:7::abcd"):
            (holder,) = who_had(admin, address, now - 60)
            assert holder.session.id == session.id
            assert who_had(admin, address, now + 60) == []
        with admin.reading() as connection:
            (decided,) = search(connection, admin.keyring, mac=MAC, tag=Tag.ACCESS_GRANTED.value)
    assert decided.login == session.login


def test_ipv6_and_who_never_logged_in(server: Serving, radclient: Callable[..., str]) -> None:
    mac = "02-00-00-00-00-32"
    attributes = ("Acct-Status-Type=Start", "Acct-Session-Id=1", "User-Name=x", f"Calling-Station-Id={mac}")
    assert "Received Accounting-Response" in radclient("acct", *attributes, address="::1")
    assert not details(server, lambda _: True, mac).session.authenticated


def test_an_access_point_that_starts_is_in_the_audit_log_and_has_no_sessions_left(
    server: Serving, radclient: Callable[..., str]
) -> None:
    mac = "02-00-00-00-00-33"
    radclient("acct", "Acct-Status-Type=Start", "Acct-Session-Id=2", f"Calling-Station-Id={mac}", "NAS-Identifier=ap-9")
    assert not details(server, lambda _: True, mac).session.ended
    assert "Received" in radclient("acct", "Acct-Status-Type=Accounting-On", "NAS-Identifier=ap-9")
    assert details(server, lambda each: each.session.ended > 0, mac).session.end_reason == "nas-restarted"
    with open_admin(server.home, "test") as admin, admin.reading() as connection:
        (row,) = search(connection, admin.keyring, tag=Tag.ACCOUNTING_ON.value)
    assert (row.nas, row.details) == ("127.0.0.1", {"nas_identifier": "ap-9"})


@pytest.mark.parametrize(
    ("secret", "attributes"),
    [("another-secret-entirely", ("Acct-Status-Type=Start", "Acct-Session-Id=3")), (SECRET, ("Acct-Status-Type=Start",))],
)
def test_what_is_not_right_is_met_with_silence(radclient: Callable[..., str], secret: str, attributes: tuple[str, ...]) -> None:
    assert "Received" not in radclient("acct", *attributes, secret=secret)


class Load:
    """Access points that send Start, Interim-Update and Stop of one session after the other, each until it is answered, and
    remember what was: (Acct-Session-Id, status)."""

    STATUSES = ((1, "start"), (3, "interim"), (2, "stop"))

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self.answered: list[tuple[str, str]] = []
        self.sent: set[tuple[str, str]] = set()
        self.stop = threading.Event()

    def run(self, access_point: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.5)
            sequence = 0
            while not self.stop.is_set():
                sequence += 1
                name = f"{access_point:02x}-{sequence:06x}"
                for at, (status, word) in enumerate(self.STATUSES):
                    self.sent.add((name, word))
                    if not self._send(sock, name, status, at, sequence * 3 + at, access_point):
                        return
                    self.answered.append((name, word))

    def _send(self, sock: socket.socket, name: str, status: int, at: int, identifier: int, access_point: int) -> bool:
        attributes = (
            (40, number(status)),
            (44, name.encode()),
            (1, b"ucenik.primer"),
            (31, f"02-00-00-00-01-{access_point:02X}".encode()),
            (55, number(int(time.time()))),
            (46, number(at)),
        )
        octets = request(SECRET.encode(), *attributes, identifier=identifier % 256)
        while not self.stop.is_set():
            try:
                sock.sendto(octets, self._server)
                while True:
                    reply = decode(sock.recv(4096))
                    if reply.identifier == identifier % 256 and reply.code == Code.ACCOUNTING_RESPONSE:
                        return True
            except (TimeoutError, ConnectionError):
                continue
        return False


def stored(serving: Serving) -> Counter[tuple[str, str]]:
    """How often each (Acct-Session-Id, status) is in the history."""
    with open_admin(serving.home, "test") as admin, admin.reading() as connection:
        joined = accounting.join(sessions, sessions.c.id == accounting.c.session)
        rows = connection.execute(select(sessions.c.session_id, accounting.c.status).select_from(joined))
        return Counter((row.session_id, row.status) for row in rows)


@pytest.mark.parametrize("everything", [False, True])
def test_kill_nine_loses_no_record_that_was_answered_and_stores_none_twice(tmp_path: Path, everything: bool) -> None:
    home = make_home(tmp_path / "kapija")
    with Serving(home, workers=2) as serving:
        load = Load(serving.port + 1)
        threads = [threading.Thread(target=load.run, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(load.answered) > 600, "the load runs")
        if everything:
            serving.kill_everything()
        else:
            for worker in serving.children()[-2:]:
                before = len(load.answered)
                os.kill(worker, signal.SIGKILL)
                eventually(lambda before=before: len(load.answered) > before + 300, "the load goes on")  # type: ignore[misc]
        load.stop.set()
        for thread in threads:
            thread.join()
    with Serving(home, workers=2) as serving:
        eventually(lambda: stored(serving).keys() >= set(load.answered), "every answered record is in SQL")
        found = stored(serving)
        assert set(found.values()) == {1}
        assert found.keys() <= load.sent
        with open_admin(home, "test") as admin:
            everybody = list_sessions(admin, Filter(), 100_000)
        assert len(everybody) == len({name for name, _ in found})
