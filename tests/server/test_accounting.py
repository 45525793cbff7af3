"""The way of an Accounting-Request through the gate: what is taken, what is met with silence, when the answer leaves."""

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.aaa.login_class import LoginSeal
from radius.audit.events import Accounted
from radius.audit.journal import Journal
from radius.secret import Secret
from radius.server.accounting import EARLIER_AT_MOST, LATER_AT_MOST, Accounting, happened
from radius.server.durable import AT_MOST, Durable
from radius.wire.attributes import CLASS, PROXY_STATE, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import decode
from radius.wire.shared_secret import SharedSecret
from tests.fakes.accounting import number, request
from tests.fakes.requests import PHONE, pap, the_reply
from tests.fakes.school_house import NAS, NOW, SECRET, FakePort, SchoolHouse

START = ((40, number(1)), (44, b"S1"), (1, b"ucenik.primer"), (31, PHONE.encode()))


class HeldPort(FakePort):
    """A port that tells whether answers left together."""

    def __init__(self) -> None:
        super().__init__(accounting=True, number=1)
        self.groups = 0

    def hold(self) -> None:
        self.groups += 1

    def release(self) -> int:
        return 0


class House(SchoolHouse):
    """A school house whose accounting writes a real journal; `flush` is the journal's thread, then what it asks of the loop."""

    def __init__(self, folder: Path, limit: int = 1 << 20, at_most: int = AT_MOST, workers: int = 1) -> None:
        super().__init__(workers=workers)
        self.journal = Journal(folder, "node1-0", b"j" * 32, limit, clock=lambda: self.now)
        self.calls: list[Callable[[], None]] = []
        self.durable = Durable(self.journal, self.counters, self.calls.append, at_most)
        self.accounting = Accounting(self.clients, self.seal, self._both, self.durable, self.counters, lambda: self.now)
        self.gate.accounting = self.accounting
        self.port1813 = HeldPort()

    def _both(self, event: object) -> None:
        self.events.append(event)  # type: ignore[arg-type]
        self.journal.append(event)  # type: ignore[arg-type]

    def account(self, octets: bytes) -> list[bytes]:
        return self.receive(octets, port=self.port1813)

    def flush(self) -> None:
        self.durable.flush()
        self.loop()

    def loop(self) -> None:
        calls = self.calls.copy()
        self.calls.clear()
        for call in calls:
            call()

    @property
    def answers(self) -> list[bytes]:
        return [octets for octets, _ in self.port1813.sent]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "journal")


def taken(house: House) -> Accounted:
    (event,) = [event for event in house.events if isinstance(event, Accounted)]
    return event


def test_the_answer_leaves_after_the_record_is_on_the_disk_and_not_before(house: House, tmp_path: Path) -> None:
    octets = request(SECRET, *START)
    assert house.account(octets) == []
    assert house.counters.accounting == 0
    house.flush()
    (answer,) = house.answers
    reply = decode(answer)
    assert (reply.code, reply.identifier, reply.first) == (Code.ACCOUNTING_RESPONSE, 7, {})
    assert house.journal.written == 1
    assert house.counters.accounting == 1
    # RFC 2866 section 3: MD5(Code + Identifier + Length + RequestAuth + Attributes + Secret)
    assert reply.authenticator == hashlib.md5(answer[:4] + octets[4:20] + answer[20:] + SECRET).digest()


def test_the_answers_of_a_group_leave_together(house: House) -> None:
    for identifier in range(100):
        house.account(request(SECRET, *START, (55, number(int(NOW) + identifier)), identifier=identifier))
    house.flush()
    assert len(house.answers) == 100
    assert house.journal.groups == 1
    assert house.port1813.groups == 1


def test_a_record_that_comes_while_the_disk_writes_waits_for_the_next_group(house: House) -> None:
    house.account(request(SECRET, *START))
    house.durable.flush()
    house.account(request(SECRET, *START, identifier=8))
    house.loop()
    assert [decode(answer).identifier for answer in house.answers] == [7]
    house.flush()
    assert [decode(answer).identifier for answer in house.answers] == [7, 8]


def test_the_disk_may_be_rounds_ahead_of_the_loop_and_no_answer_leaves_too_early(house: House) -> None:
    for identifier in range(3):
        house.account(request(SECRET, *START, identifier=identifier))
        house.durable.flush()
    house.account(request(SECRET, *START, identifier=3))
    house.loop()
    assert [decode(answer).identifier for answer in house.answers] == [0, 1, 2]
    house.flush()
    assert [decode(answer).identifier for answer in house.answers] == [0, 1, 2, 3]


def test_what_it_says_is_in_the_event(house: House) -> None:
    _, class_ = house.seal.write(NOW, "person:2", "student", "os-primer:pupils", "ab" * 32, 20, 0.0, 600, False, "pap")
    house.account(
        request(
            SECRET,
            (40, number(3)),
            (44, b"S1"),
            (1, b"ucenik.primer"),
            (4, bytes((10, 0, 0, 9))),
            (5, number(0)),
            (8, bytes((10, 20, 3, 4))),
            (25, class_),
            (30, b"02-00-00-00-0A-01:Ucenici"),
            (31, b"02:00:00:00:00:01"),
            (32, b"ap-1"),
            (42, number(5)),
            (43, number(6)),
            (46, number(600)),
            (47, number(7)),
            (48, number(8)),
            (50, b"M1"),
            (52, number(2)),
            (53, number(1)),
            (55, number(int(NOW) - 3)),
            (87, b"wlan0"),
        )
    )
    event = taken(house)
    assert (event.status, event.school, event.nas, event.client, event.family) == ("interim", "os-primer", NAS, NAS, "generic")
    assert (event.time, event.event_time, event.stamped) == (NOW, NOW - 3, True)
    assert (event.session_id, event.multi_session_id, event.user, event.mac) == (
        "S1",
        "M1",
        "ucenik.primer",
        "02-00-00-00-00-01",
    )
    assert (event.ssid, event.access_point, event.nas_address, event.nas_identifier) == (
        "Ucenici",
        "02-00-00-00-0A-01",
        "10.0.0.9",
        "ap-1",
    )
    assert event.addresses == ("10.20.3.4",)
    assert (event.input_octets, event.output_octets) == ((2 << 32) + 5, (1 << 32) + 6)
    assert (event.input_packets, event.output_packets, event.session_time, event.nas_port) == (7, 8, 600, 0)
    assert event.login is not None
    assert (event.login.subject, event.login.rule, event.login.policy) == ("person:2", "os-primer:pupils", "ab" * 32)


FOREIGN = LoginSeal(b"x" * 32, bytes).write(NOW, "person:1", "staff", "r", "", 0, 0.0, 0, False, "")[1]


@pytest.mark.parametrize("class_", [b"", b"\x02", b"\x02" + bytes(60), b"\x01" + bytes(24), b"CACS:0A000001/x/1", FOREIGN])
def test_a_class_that_is_not_ours_counts_as_none(house: House, class_: bytes) -> None:
    house.account(request(SECRET, *START, (25, class_)))
    assert taken(house).login is None


def test_of_several_classes_ours_is_found(house: House) -> None:
    name, ours = house.seal.write(NOW, "person:1", "staff", "r", "", 0, 0.0, 0, False, "pap")
    house.account(request(SECRET, *START, (25, b"another server's"), (25, ours)))
    login = taken(house).login
    assert login is not None
    assert login.id == name


def test_the_class_of_an_accept_finds_its_login(house: House) -> None:
    accept = the_reply(house, house.receive(pap(house)))
    house.account(request(SECRET, *START, (25, accept.first[CLASS])))
    event, login = house.events[0], taken(house).login
    assert login is not None
    assert event.login == login.id != ""  # type: ignore[union-attr]
    assert (login.subject, login.role, login.rule, login.vlan) == ("person:1", "staff", "os-primer:staff", 10)
    assert (login.policy, login.method) == (event.policy, "pap")  # type: ignore[union-attr]
    again = the_reply(house, house.receive(pap(house, identifier=9)))
    assert again.first[CLASS] != accept.first[CLASS]


def test_a_wrong_request_authenticator_is_met_with_silence(house: House) -> None:
    octets = bytearray(request(SECRET, *START))
    octets[10] ^= 1
    house.account(bytes(octets))
    house.account(request(b"another secret", *START))
    house.flush()
    assert house.answers == []
    assert house.counters.bad_authenticator == 2
    assert house.events == []


def test_a_message_authenticator_must_be_right_if_it_is_there(house: House) -> None:
    secret = SharedSecret(Secret(SECRET))
    body = b"".join(encode_attribute(kind, value) for kind, value in START)
    head = bytes((4, 7)) + (20 + 18 + len(body)).to_bytes(2, "big")

    def made(mac: bytes) -> bytes:
        rest = b"\x50\x12" + mac + body
        return head + hashlib.md5(head + bytes(16) + rest + SECRET).digest() + rest

    right = hmac.new(SECRET, head + bytes(16) + b"\x50\x12" + bytes(16) + body, "md5").digest()
    house.account(made(bytes(16)))
    assert house.counters.bad_message_authenticator == 1
    house.account(made(right))
    assert len(house.events) == 1
    assert secret.accounting_authenticator_valid(decode(made(right)))


@pytest.mark.parametrize(
    "attributes",
    [
        (),
        ((44, b"S1"),),
        ((40, number(1)),),
        ((40, b"\1"), (44, b"S1")),
        ((40, number(3)), (44, b"")),
        ((40, number(0)), (44, b"S1")),
    ],
)
def test_a_record_without_what_it_must_have_is_met_with_silence(
    house: House, attributes: tuple[tuple[int, bytes], ...]
) -> None:
    house.account(request(SECRET, *attributes))
    house.flush()
    assert house.answers == house.events == []
    assert house.counters.accounting_incomplete == 1


@pytest.mark.parametrize("status", [7, 8])
def test_an_access_point_that_starts_has_no_session(house: House, status: int) -> None:
    house.account(request(SECRET, (40, number(status)), (32, b"ap-1")))
    house.flush()
    assert len(house.answers) == 1
    assert taken(house).status == {7: "on", 8: "off"}[status]


def test_an_unreadable_name_loses_no_record(house: House) -> None:
    house.account(request(SECRET, (40, number(1)), (44, b"\xff\x00"), (1, b"\xff\n"), (31, PHONE.encode())))
    event = taken(house)
    assert (event.user, event.session_id, event.mac) == ("", "ff00", PHONE)


def test_the_same_octets_get_the_same_answer_and_are_one_record(house: House) -> None:
    octets = request(SECRET, *START)
    house.account(octets)
    assert house.account(octets) == []
    assert house.counters.in_work_dropped == 1
    house.flush()
    assert house.account(octets) == house.answers[:1]
    assert len(house.events) == house.counters.duplicates == 1


def test_proxy_states_come_back_unchanged_and_in_order(house: House) -> None:
    states = [b"one", b"\x00two", b"one"]
    house.account(request(SECRET, *START, *((PROXY_STATE, state) for state in states)))
    house.flush()
    assert decode(house.answers[0]).all(PROXY_STATE) == states


def test_both_secrets_hold_while_they_are_changed(house: House) -> None:
    house.add_client("192.0.2.20", previous=b"the secret before")
    for secret in (SECRET, b"the secret before"):
        house.receive(request(secret, *START), ("192.0.2.20", 40_000), house.port1813)
    house.flush()
    assert len(house.answers) == 2


def test_an_accounting_request_is_not_for_the_authentication_port(house: House) -> None:
    assert house.receive(request(SECRET, *START)) == []
    assert house.counters.unexpected_code == 1


def test_any_worker_takes_a_record_without_handing_it_over(tmp_path: Path) -> None:
    house = House(tmp_path / "journal", workers=64)
    house.account(request(SECRET, *START))
    assert house.later.handed == []
    assert len(house.events) == 1


# --- a journal that cannot


def test_a_full_journal_is_silence_for_accounting_and_logins_go_on(tmp_path: Path) -> None:
    house = House(tmp_path / "journal", limit=0)
    house.account(request(SECRET, *START))
    house.flush()
    assert house.answers == []
    assert house.counters.accounting_unstored == 1
    assert house.journal.failing
    house.account(request(SECRET, *START, identifier=8))  # not even taken
    assert house.counters.accounting_unstored == 2
    assert len(house.events) == 1
    assert the_reply(house, house.receive(pap(house))).code == Code.ACCESS_ACCEPT


def test_once_the_journal_stores_again_the_repeated_record_is_answered(tmp_path: Path) -> None:
    house = House(tmp_path / "journal", limit=10_000)
    others = tmp_path / "journal" / "node1-1.0.00000001.journal"
    others.write_bytes(bytes(10_000))
    house.account(request(SECRET, *START))
    house.flush()
    assert house.journal.failing
    others.unlink()
    house.now = NOW + 5
    house.flush()
    house.account(request(SECRET, *START))
    house.flush()
    assert len(house.answers) == 1


class BrokenJournal(Journal):
    """A journal with a fault of ours in it."""

    def flush(self) -> int:
        raise RuntimeError("never seen")


def test_a_flush_that_raises_answers_nobody(house: House, tmp_path: Path) -> None:
    broken = Durable(BrokenJournal(tmp_path / "other", "node1-1", b"j" * 32), house.counters, house.calls.append)
    house.gate.accounting = Accounting(house.clients, house.seal, house.events.append, broken, house.counters, lambda: NOW)
    house.account(request(SECRET, *START))
    with pytest.raises(RuntimeError):
        broken.flush()
    (call,) = house.calls
    call()
    assert house.answers == []
    assert house.counters.accounting_unstored == 1


def test_only_so_many_wait_for_the_disk(tmp_path: Path) -> None:
    house = House(tmp_path / "journal", at_most=2)
    for identifier in range(3):
        house.account(request(SECRET, *START, identifier=identifier))
    assert len(house.events) == 2
    assert house.counters.accounting_unstored == 1


# --- when it happened


@pytest.mark.parametrize(
    ("stamp", "delay", "when", "stamped"),
    [
        (0, -1, NOW, False),
        (0, 30, NOW - 30, False),
        (0, 1_000_000, NOW, False),  # no delay that anybody believes
        (NOW - 3600, -1, NOW - 3600, True),  # came late, and says no delay
        (NOW - 3600, 3600, NOW - 3600, True),
        (NOW - 3600, 0, NOW, False),  # says that it was not delayed, so its clock is wrong
        (NOW + 3600, -1, NOW, False),  # local time
        (1, -1, NOW, False),  # 1970
        (NOW - 86_401, -1, NOW, False),
        (NOW + 300, -1, NOW + 300, True),
    ],
)
def test_when_it_happened(stamp: float, delay: int, when: float, stamped: bool) -> None:
    assert happened(NOW, int(stamp), delay) == (when, stamped)


@given(st.integers(0, (1 << 32) - 1), st.integers(-1, (1 << 32) - 1))
def test_no_record_happened_long_ago_or_in_the_future(stamp: int, delay: int) -> None:
    when, _ = happened(NOW, stamp, delay)
    assert NOW - EARLIER_AT_MOST - LATER_AT_MOST <= when <= NOW + LATER_AT_MOST
