"""The server's processes: settings read again, parts alone, an end that lets logins finish, figures that add up, and deaths."""

import os
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from radius.admin.context import open_admin
from radius.audit.search import search
from radius.audit.tags import Tag
from radius.audit.verify import verify
from radius.secret import Secret
from radius.server.stats import collect
from radius.settings import Home, load
from radius.wire.attributes import CALLING_STATION_ID, USER_NAME, USER_PASSWORD, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import decode
from radius.wire.shared_secret import SharedSecret
from tests.fakes.asker import Asker
from tests.fakes.eap_asker import EapAsker
from tests.fakes.eap_peer import MSCHAPV2, Peer
from tests.fakes.ports import free_port
from tests.fakes.serving import PASSWORD, SECRET, Serving, eventually, make_home

BARE = '\n[[eap.offer]]\nclient = "127.0.0.1"\nmethods = ["eap-mschapv2"]\n'
MAC = "02-00-00-00-40-01"


def device(serving: Serving, mac: str = MAC, patience: float = 10.0) -> EapAsker:
    return EapAsker(serving.port, SECRET, mac, Peer("ucenik.primer", PASSWORD, speaks=(MSCHAPV2,)), patience)


def assert_accepted(asker: EapAsker) -> None:
    assert asker.reply is not None
    assert asker.reply.code == Code.ACCESS_ACCEPT


def granted(home: Home) -> int:
    """How many accepts the audit log has."""
    with open_admin(home, "test") as admin, admin.reading() as connection:
        return len(search(connection, admin.keyring, tag=Tag.ACCESS_GRANTED, limit=1_000_000))


def assert_whole(home: Home) -> None:
    with open_admin(home, "test") as admin, admin.reading() as connection:
        assert verify(connection, admin.keyring.signer, admin.keyring).whole


def requests(number: int) -> Iterator[bytes]:
    """So many different Access-Requests, for one socket."""
    secret = SharedSecret(Secret(SECRET))
    for identifier in range(number):
        authenticator = os.urandom(16)
        attributes = encode_attribute(USER_NAME, b"ucenik.primer")
        attributes += encode_attribute(USER_PASSWORD, secret.hide_password(PASSWORD.encode(), authenticator))
        attributes += encode_attribute(CALLING_STATION_ID, b"02-00-00-00-41-%02X" % identifier)
        yield secret.request(Code.ACCESS_REQUEST, identifier, authenticator, attributes)


# --- settings that change


def test_a_changed_setting_is_in_force_after_sighup_and_a_login_under_way_is_finished(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija", more=BARE)
    with Serving(home, workers=2) as serving:
        under_way = device(serving)
        assert under_way.begin() is not None
        before, file = serving.workers(), home.path / "kapija.toml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('methods = ["eap-mschapv2"]', 'methods = ["eap-md5"]').replace("acct_port", "#"))
        os.kill(serving.pid, signal.SIGHUP)
        eventually(lambda: serving.log.count("has a successor") == 2, "both workers have successors")
        assert "after a restart only: radius.acct_port" in serving.log
        under_way.to_the_end()
        assert_accepted(under_way)
        newcomer = device(serving, "02-00-00-00-40-02")
        newcomer.begin()
        newcomer.to_the_end()
        assert newcomer.reply is not None
        assert newcomer.reply.code == Code.ACCESS_REJECT, "MSCHAPv2 is no longer offered"
        eventually(lambda: len(serving.children()) == 5, "the elder workers have ended")
        assert not set(before) & set(serving.children())
        assert "died" not in serving.log


def test_settings_that_cannot_be_read_change_nothing(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija")
    with Serving(home) as serving, Asker(serving.port, SECRET) as asker:
        before = serving.children()
        (home.path / "kapija.toml").write_text("[radius\n", encoding="utf-8")
        os.kill(serving.pid, signal.SIGHUP)
        eventually(lambda: "the settings stay as they were" in serving.log, "the log says so")
        assert asker.pap("ucenik.primer", PASSWORD) is not None
        assert serving.children() == before


# --- the end


def test_a_stop_lets_a_login_finish_and_begins_nothing_new(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija", more=BARE)
    with Serving(home) as serving:
        under_way = device(serving)
        assert under_way.begin() is not None
        os.kill(serving.pid, signal.SIGTERM)
        time.sleep(0.2)  # the worker has heard it; what is asserted below does not depend on how long this is
        with Asker(serving.port, SECRET, patience=0.3) as asker:
            assert asker.pap("ucenik.primer", PASSWORD) is None
        under_way.to_the_end()
        assert_accepted(under_way)
        eventually(lambda: not serving.runs, "the server has ended")
    assert "died" not in serving.log


def test_a_device_that_stays_silent_does_not_hold_up_an_end(tmp_path: Path) -> None:
    with Serving(make_home(tmp_path / "kapija", more=BARE)) as serving:
        assert device(serving).begin() is not None
        began = time.monotonic()
        assert serving.stop() == 0
        assert time.monotonic() - began < 7.0, "the bound of 5 s, and what else an end takes; the device's patience is 30 s"


# --- deaths


def test_what_waits_in_the_socket_of_a_killed_worker_is_answered_by_the_one_that_follows(tmp_path: Path) -> None:
    with Serving(make_home(tmp_path / "kapija")) as serving, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nas:
        nas.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        nas.settimeout(20)
        eventually(lambda: len(serving.workers()) == 1, "the worker is known")
        (worker,) = serving.workers()
        os.kill(worker, signal.SIGSTOP)  # from here on it reads nothing
        for request in requests(200):
            nas.sendto(request, ("127.0.0.1", serving.port))
        os.kill(worker, signal.SIGKILL)
        replies = [decode(nas.recv(4096)) for _ in range(200)]
        assert {reply.code for reply in replies} == {Code.ACCESS_ACCEPT}
        assert {reply.identifier for reply in replies} == set(range(200))


class Load:
    """Askers that go on until the end; a request that gets no answer is asked again, as an access point does."""

    def __init__(self, port: int) -> None:
        self.answered = 0
        self.unanswered = 0
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(4)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        with Asker(self._port, SECRET, patience=2) as asker:
            while not self._stop.is_set():
                if asker.pap("ucenik.primer", PASSWORD, f"02-00-00-00-42-{number:02X}") is not None:
                    self.answered += 1
                else:
                    self.unanswered += 1


def test_killed_workers_lose_only_what_they_had_read(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija")
    with Serving(home, workers=2) as serving:
        with Load(serving.port) as load:
            for deaths in range(1, 4):
                goal = load.answered + 300
                eventually(lambda goal=goal: load.answered > goal, "the load runs")  # type: ignore[misc]
                os.kill(serving.children()[-1], signal.SIGKILL)
                eventually(lambda n=deaths: serving.log.count("is started again") == n, "it is replaced")  # type: ignore[misc]
            goal = load.answered + 300
            eventually(lambda: load.answered > goal, "the load goes on")
        assert load.unanswered <= 3 * 4, "each asker had one request out at each death"
        eventually(lambda: granted(home) >= load.answered - 3 * 200, "what was fsynced is in the audit log")
        assert granted(home) <= load.answered + load.unanswered
        assert_whole(home)


def test_killed_housekeepers_lose_nothing_and_logins_never_stop(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija")
    with Serving(home) as serving:
        with Load(serving.port) as load:
            for _ in range(2):
                goal = load.answered + 300
                eventually(lambda goal=goal: load.answered > goal, "the load runs")  # type: ignore[misc]
                eventually(lambda: len(serving.housekeepers()) == 2, "both work")
                for housekeeper in serving.housekeepers():
                    os.kill(housekeeper, signal.SIGKILL)
            eventually(lambda: serving.log.count("is started again") == 4, "they are replaced")
        assert load.unanswered == 0
        eventually(lambda: granted(home) == load.answered, "every decision is in the audit log, once")
        assert_whole(home)


# --- figures


def scraped(port: int) -> dict[str, float]:
    """Every sample by its name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        text = page.read().decode()
    found = dict[str, float]()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            assert not set(sample.labels) & {"client", "user", "mac", "school"}, sample
            found[sample.name + "".join(f",{key}={value}" for key, value in sorted(sample.labels.items()))] = sample.value
    return found


ACCEPTED = "kapija_decisions_total,cause=,family=generic,method=pap,outcome=granted"


def test_metrics_count_all_workers_and_do_not_fall_when_one_dies(tmp_path: Path) -> None:
    port = free_port()
    home = make_home(tmp_path / "kapija", metrics=port)
    with Serving(home, workers=2) as serving, Asker(serving.port, SECRET) as asker:
        for number in range(20):
            asker.pap("ucenik.primer", PASSWORD, f"02-00-00-00-43-{number:02X}")
        asker.pap("ucenik.primer", "wrong", MAC)
        eventually(lambda: scraped(port).get(ACCEPTED) == 20.0, "twenty logins are counted")
        before = scraped(port)
        assert before["kapija_requests_total,code=Access-Request"] == 21.0
        assert before["kapija_replies_total,code=Access-Reject"] == 1.0
        assert before["kapija_step_seconds_count,step=total"] == 21.0
        assert before["kapija_workers"] == 2.0
        eventually(lambda: scraped(port)["kapija_carried_events_total,name=carrier"] >= 21.0, "the carrier tells its part")
        dying = serving.workers()[0]
        os.kill(dying, signal.SIGKILL)
        eventually(lambda: dying not in serving.workers() and len(serving.workers()) == 2, "it is replaced")
        after = scraped(port)
        assert after[ACCEPTED] == 20.0
        assert after["kapija_replies_total,code=Access-Reject"] == 1.0


def test_an_address_for_metrics_that_somebody_has_stops_nobody(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        home = make_home(tmp_path / "kapija", metrics=other.getsockname()[1])
        with Serving(home) as serving, Asker(serving.port, SECRET) as asker:
            eventually(lambda: "metrics are not to be had" in serving.log, "the log says so")
            assert asker.pap("ucenik.primer", PASSWORD) is not None


def test_a_flood_is_counted_where_it_was_thrown_away(tmp_path: Path) -> None:
    """A worker that stands still for a moment: the kernel's buffer overflows, and the figures say so."""
    home = make_home(tmp_path / "kapija")
    file = home.path / "kapija.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[radius]", "[radius]\nreceive_buffer = 65536"))
    with Serving(load(home.path)) as serving, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nas:
        eventually(lambda: len(serving.workers()) == 1, "the worker is known")
        (worker,) = serving.workers()
        os.kill(worker, signal.SIGSTOP)
        for request in requests(256):
            for _ in range(4):
                nas.sendto(request, ("127.0.0.1", serving.port))
        os.kill(worker, signal.SIGCONT)

        def drops() -> int:
            counters = collect(home.status, time.time()).counters
            return counters["kernel_drops"] if counters["requests"] + counters["kernel_drops"] >= 1024 else 0

        eventually(lambda: drops() > 0, "drops are counted, and what was read and what was dropped is everything")


# --- parts


def test_each_part_serves_alone(tmp_path: Path) -> None:
    port = free_port()
    home = make_home(tmp_path / "kapija", metrics=port)
    with Serving(home, only=["feeder"]), Serving(home, only=["radius"], workers=2) as radius:
        with Asker(radius.port, SECRET) as asker:
            assert asker.pap("ucenik.primer", PASSWORD) is not None
        with Serving(home, only=["carrier"]), Serving(home, only=["metrics"]):
            eventually(lambda: granted(home) == 1, "the carrier carries")
            eventually(lambda: scraped(port).get(ACCEPTED) == 1.0, "the metrics tell")


def test_workers_without_a_node_file_say_what_is_missing(tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija")
    serving = Serving(home, only=["radius"])
    with pytest.raises(AssertionError):
        serving.__enter__()
    assert "does not exist yet" in serving.log
