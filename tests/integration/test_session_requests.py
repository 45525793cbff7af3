"""A real server, a device that is on, and an access point: who asks for the end of its session, and changes that bring it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from radius.admin.clients import set_coa_port
from radius.admin.context import open_admin
from radius.admin.people import set_disabled
from radius.admin.policies import publish
from radius.admin.session_actions import answers, ask_disconnect
from radius.admin.sessions import Filter, list_sessions
from radius.audit.search import search
from radius.audit.tags import Tag
from radius.audit.verify import verify
from radius.secret import Secret
from radius.vendors import FAMILIES
from radius.wire import dictionary
from radius.wire.attributes import CLASS
from radius.wire.codes import Code
from radius.wire.packet import decode
from radius.wire.shared_secret import SharedSecret
from tests.fakes.asker import Asker
from tests.fakes.nas import Nas, Session
from tests.fakes.serving import PASSWORD, POLICY, SECRET, Serving, eventually, make_home

USER = "ucenik.primer"
WORDS = dictionary.load()


class Place:
    """One server and one access point; `kapija(...)` is the command line, as JSON with the exit status."""

    def __init__(self, serving: Serving, nas: Nas) -> None:
        self.serving = serving
        self.nas = nas
        self._secret = SharedSecret(Secret(SECRET))

    def comes(self, mac: str, number: str) -> int:
        """The device logs in and its access point reports it; the session's number."""
        with Asker(self.serving.port, SECRET) as asker:
            reply = asker.pap(USER, PASSWORD, mac)
        assert reply is not None
        assert reply.code == Code.ACCESS_ACCEPT
        self.reports("Start", mac, number, reply.first.get(CLASS, b""))
        self.nas.sessions.append(Session(mac, number, USER))
        with open_admin(self.serving.home, "test") as admin:
            eventually(lambda: bool(list_sessions(admin, Filter(mac=mac, living=True))), "the session is there")
            return list_sessions(admin, Filter(mac=mac))[0].id

    def reports(self, status: str, mac: str, number: str, class_: bytes = b"") -> None:
        """One accounting record, which must be answered."""
        said = [("Acct-Status-Type", status), ("Acct-Session-Id", number), ("User-Name", USER), ("Calling-Station-Id", mac)]
        octets = b"".join(WORDS.encode(name, value) for name, value in said)
        octets += WORDS.encode("Event-Timestamp", int(time.time()))
        if class_:
            octets += bytes((CLASS, len(class_) + 2)) + class_
        request = self._secret.digest_request(Code.ACCOUNTING_REQUEST, 1, octets)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.sendto(request, ("127.0.0.1", self.serving.port + 1))
            assert decode(sock.recv(4096)).code == Code.ACCOUNTING_RESPONSE

    def kapija(self, *arguments: str) -> tuple[int, list[dict[str, object]]]:
        command = [sys.executable, "-P", "-m", "radius", "--home", str(self.serving.home.path), *arguments, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout else []


@contextmanager
def place(folder: Path, more: str = "") -> Iterator[Place]:
    home = make_home(folder / "kapija", more=more)
    with Nas("generic", SECRET.encode(), []) as nas:
        with open_admin(home, "test") as admin:
            set_coa_port(admin, "127.0.0.1", nas.port)
        with Serving(home) as serving:
            yield Place(serving, nas)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("sessions")) as made:
        yield made


def test_a_session_is_ended_when_somebody_asks_and_the_answer_is_the_access_points(here: Place) -> None:
    session = here.comes("02-00-00-00-20-01", "one")
    status, told = here.kapija("session", "disconnect", str(session), "--note", "lost phone")
    assert status == 0
    assert [(row["state"], row["sent"], row["answer"]) for row in told] == [("done", "disconnect", "done")]
    assert [each.mac for each in here.nas.ended] == ["02-00-00-00-20-01"]
    here.reports("Stop", "02-00-00-00-20-01", "one")
    eventually(lambda: here.kapija("session", "list", "--mac", "02-00-00-00-20-01") == (0, []), "the session is over")


def test_a_request_leaves_within_a_second(here: Place) -> None:
    took = []
    with open_admin(here.serving.home, "test") as admin:
        for number in range(3):  # the best of three: others are at work on this machine
            session = here.comes(f"02-00-00-00-22-0{number}", f"soon-{number}")
            began = time.monotonic()
            asked = [ask_disconnect(admin, session)]
            eventually(lambda asked=asked: answers(admin, asked)[0].state == "done", "it is done")  # type: ignore[misc]
            took.append(time.monotonic() - began)
    assert min(took) < 1.0


def test_a_session_that_the_access_point_does_not_have_is_a_refusal_with_its_number(here: Place) -> None:
    session = here.comes("02-00-00-00-20-03", "three")
    here.nas.sessions.clear()
    status, told = here.kapija("session", "disconnect", str(session))
    assert status == 1
    assert [(row["state"], row["answer"], row["error_cause"]) for row in told] == [
        ("refused", "session-context-not-found", 503)
    ]
    assert "no such session" in str(told[0]["cause"])


def test_sessions_are_chosen_by_options_and_never_all_by_mistake(here: Place) -> None:
    for number in range(3):
        here.comes(f"02-00-00-00-21-0{number}", f"of-all-{number}")
    assert here.kapija("session", "disconnect")[0] == 2
    assert here.kapija("session", "disconnect", "--all")[0] == 2
    assert here.kapija("session", "disconnect", "1", "--user", USER)[0] == 2
    assert here.kapija("session", "disconnect", "4711")[0] == 1
    status, told = here.kapija("session", "reauthenticate", "--all", "--user", USER)
    mine = [row for row in told if row["answer"] == "done"]
    assert len(mine) >= 3
    assert status in (0, 1)  # those of the tests before have no session at the access point


def test_a_disabled_account_is_put_out_by_itself(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        session = here.comes("02-00-00-00-20-05", "five")
        with open_admin(here.serving.home, "test") as admin:
            set_disabled(admin, USER, True)
        eventually(lambda: [each.mac for each in here.nas.ended] == ["02-00-00-00-20-05"], "the access point has ended it")
        eventually(lambda: tags(here, Tag.SESSION_ANSWERED) == 1, "the answer is in the audit log")
        _, details = here.kapija("session", "show", str(session))
        assert [row["answer"] for row in details["requests"]] == ["done"]  # type: ignore[call-overload]
        with open_admin(here.serving.home, "test") as admin, admin.reading() as connection:
            assert verify(connection, admin.keyring.signer, admin.keyring).whole


def test_a_policy_that_moves_pupils_ends_their_sessions_and_one_that_does_not_leaves_them(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        here.comes("02-00-00-00-20-06", "six")
        home = here.serving.home
        with open_admin(home, "test") as admin:
            publish(admin, "os-primer", POLICY + "\n# the same\n", WORDS.check, FAMILIES)
        with open_admin(home, "test") as admin:
            publish(admin, "os-primer", POLICY.replace('vlan = "pupils"', "vlan = 77"), WORDS.check, FAMILIES)
        eventually(lambda: len(here.nas.ended) == 1, "the access point has ended it")
        assert tags(here, Tag.SESSIONS_REAUTHORIZED) == 1


def test_a_killed_dispatcher_is_replaced_and_what_was_asked_is_done(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        session = here.comes("02-00-00-00-20-07", "seven")
        dispatcher = here.serving.children()[2]
        os.kill(dispatcher, signal.SIGKILL)
        status, told = here.kapija("session", "disconnect", str(session), "--wait", "30")
        assert (status, told[0]["answer"]) == (0, "done")
        assert here.nas.done == ["disconnect"]


def tags(here: Place, tag: Tag) -> int:
    with open_admin(here.serving.home, "test") as admin, admin.reading() as connection:
        return len(search(connection, admin.keyring, tag=tag, limit=1000))
