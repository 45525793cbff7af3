"""The table of EAP conversations: bounded three ways, expired by time alone; what is under way is not given up for more."""

import os
import tracemalloc

import pytest

from policies.access import Arrival
from radius.eap.authentication import Authentication
from radius.eap.method import EapContext
from radius.server.clients import Client
from radius.server.conversations import EXPIRED_AT_ONCE, LIMITS, Conversation, Conversations, Limits, Miss
from radius.server.counters import Counters
from radius.server.state import State
from tests.fakes.school_house import NAS, NOW, SchoolHouse

SMALL = Limits(worker=10, nas=6, device=2, patience=30.0, patience_when_loaded=12.0)


class Table:
    """A table with its counters and two clients."""

    def __init__(self, limits: Limits = SMALL) -> None:
        house = SchoolHouse()
        house.add_client("198.51.100.0/24")
        house.clients.forget_all()
        self.client = known(house, NAS)
        self.other = known(house, "198.51.100.7")
        self.counters = Counters()
        self.conversations = Conversations(os.urandom, self.counters, limits)
        self._devices = 0

    def begin(self, now: float = NOW, nas: str = NAS, mac: str | None = None) -> Conversation | None:
        """One more, of a device of its own unless `mac` says whose; None when there was no room."""
        self._devices += 1
        mac = (
            f"02-00-00-{self._devices >> 16:02X}-{self._devices >> 8 & 255:02X}-{self._devices & 255:02X}"
            if mac is None
            else mac
        )
        if not self.conversations.has_room(nas, mac):
            return None
        authentication = Authentication((), EapContext("ana", os.urandom))
        return self.conversations.begin(authentication, self.client, nas, Arrival("ana", mac), now)

    def state(self, conversation: Conversation, round_: int | None = None) -> State:
        return State(b"node", 0, 1, conversation.id, conversation.round if round_ is None else round_)


def known(house: SchoolHouse, address: str) -> Client:
    client = house.clients.prepare(address)
    assert client is not None
    return client


@pytest.fixture
def table() -> Table:
    return Table()


def begun(table: Table, **options: object) -> Conversation:
    conversation = table.begin(**options)  # type: ignore[arg-type]
    assert conversation is not None
    return conversation


# --- caps


def test_a_full_table_meets_the_new_with_silence_and_finishes_the_old(table: Table) -> None:
    under_way = [begun(table, nas=f"192.0.2.{number}") for number in range(10)]
    assert table.begin(nas="192.0.2.99") is None
    assert table.counters.eap_full_worker == 1
    assert all(table.conversations.find(table.state(each), table.client) is each for each in under_way)
    table.conversations.end(under_way[0])
    assert table.begin(nas="192.0.2.99") is not None


def test_one_access_point_cannot_fill_the_table(table: Table) -> None:
    for _ in range(6):
        begun(table)
    assert table.begin() is None
    assert table.counters.eap_full_nas == 1
    assert table.begin(nas="192.0.2.11") is not None


def test_one_device_cannot_fill_its_access_points_share(table: Table) -> None:
    for _ in range(2):
        begun(table, mac="02-00-00-00-00-01")
    assert table.begin(mac="02-00-00-00-00-01") is None
    assert table.counters.eap_full_device == 1
    assert table.begin(mac="02-00-00-00-00-02") is not None


def test_devices_without_an_address_count_for_their_access_point_alone(table: Table) -> None:
    for _ in range(6):
        begun(table, mac="")
    assert table.begin(mac="") is None
    assert table.counters.eap_full_nas == 1


def test_what_ended_makes_room_whichever_way_it_ended(table: Table) -> None:
    conversations = table.conversations
    for end in (conversations.end, lambda each: conversations.silence(each, NOW), lambda each: conversations.expire(NOW + 31)):
        begun(table, mac="02-00-00-00-00-01")
        last = begun(table, mac="02-00-00-00-00-01")
        assert table.begin(mac="02-00-00-00-00-01") is None
        end(last)
        assert conversations.has_room(NAS, "02-00-00-00-00-01")
        conversations.expire(NOW + 60)
    assert len(conversations) == 0
    assert conversations._of_nas == conversations._of_device == {}


def test_ending_twice_counts_once(table: Table) -> None:
    first, _ = begun(table), begun(table)
    table.conversations.end(first)
    table.conversations.end(first)
    assert table.conversations._of_nas == {NAS: 1}


def test_a_flood_of_half_open_conversations_leaves_memory_flat_and_the_old_ones_alive() -> None:
    table = Table(Limits(worker=500, nas=400, device=8))
    first = begun(table)
    tracemalloc.start()
    for number in range(2_000):
        table.begin(NOW + number * 0.001, nas=f"192.0.2.{number % 200}")
    before, _ = tracemalloc.get_traced_memory()
    for number in range(98_000):
        table.begin(NOW + 2 + number * 0.0001, nas=f"192.0.2.{number % 200}")
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table.conversations) == 500
    assert after - before < 50_000
    assert table.counters.eap_full_worker >= 98_000
    assert table.conversations.find(table.state(first), table.client) is first


# --- time


def test_who_answers_in_time_goes_on_and_who_does_not_is_given_up(table: Table) -> None:
    patient, silent = begun(table), begun(table)
    table.conversations.touch(patient, NOW + 29)
    assert table.conversations.expire(NOW + 29.9) == []
    assert table.conversations.expire(NOW + 30) == [silent]
    assert table.conversations.expire(NOW + 58.9) == []
    assert table.conversations.expire(NOW + 59) == [patient]


def test_patience_is_shorter_when_the_table_is_half_full(table: Table) -> None:
    for number in range(4):
        begun(table, nas=f"192.0.2.{number}")
    assert table.conversations.patience == 30.0
    begun(table, nas="192.0.2.9")
    assert table.conversations.patience == 12.0
    assert table.conversations.expire(NOW + 11.9) == []
    assert len(table.conversations.expire(NOW + 12)) >= 1


def test_the_default_patience_under_load_outlasts_a_directorys_answer() -> None:
    from radius.server.later import ANSWER_WITHIN

    assert 10 <= LIMITS.patience_when_loaded <= 15
    assert LIMITS.patience_when_loaded > 2 * ANSWER_WITHIN


def test_a_conversation_that_waits_for_a_directory_is_not_given_up(table: Table) -> None:
    waiting, silent = begun(table), begun(table)
    waiting.waiting = True
    assert table.conversations.expire(NOW + 31) == [silent]
    waiting.waiting = False
    assert table.conversations.expire(NOW + 60) == []
    assert table.conversations.expire(NOW + 62) == [waiting]


def test_all_waiting_is_no_endless_loop(table: Table) -> None:
    for _ in range(3):
        begun(table).waiting = True
    assert table.conversations.expire(NOW + 31) == []


def test_a_round_of_expiry_is_bounded() -> None:
    table = Table(Limits(worker=3 * EXPIRED_AT_ONCE, nas=3 * EXPIRED_AT_ONCE))
    for _ in range(2 * EXPIRED_AT_ONCE):
        begun(table)
    assert len(table.conversations.expire(NOW + 40)) == EXPIRED_AT_ONCE
    assert len(table.conversations.expire(NOW + 40)) == EXPIRED_AT_ONCE
    assert table.conversations.expire(NOW + 40) == []


def test_a_clock_that_was_set_back_expires_nobody(table: Table) -> None:
    begun(table)
    assert table.conversations.expire(NOW - 3_600) == []


# --- which one a State goes on with


def test_an_unknown_conversation_is_over(table: Table) -> None:
    assert table.conversations.find(State(b"node", 0, 1, b"unknown.", 1), table.client) is Miss.GONE


def test_a_conversation_belongs_to_the_client_that_began_it(table: Table) -> None:
    conversation = begun(table)
    assert table.conversations.find(table.state(conversation), table.other) is Miss.STRANGER
    assert table.conversations.find(table.state(conversation), table.client) is conversation


@pytest.mark.parametrize(
    ("current", "stated", "taken"), [(3, 3, True), (3, 2, True), (3, 1, False), (3, 4, False), (0, 255, True)]
)
def test_the_last_round_may_be_repeated_and_no_other(table: Table, current: int, stated: int, taken: bool) -> None:
    conversation = begun(table)
    conversation.round = current
    found = table.conversations.find(table.state(conversation, stated), table.client)
    assert found is (conversation if taken else Miss.STALE)


def test_what_ended_in_silence_stays_silent_for_a_while_and_is_then_over(table: Table) -> None:
    conversation = begun(table)
    table.conversations.silence(conversation, NOW)
    assert table.conversations.find(table.state(conversation), table.client) is Miss.SILENCED
    assert table.conversations.expire(NOW + 31) == []
    assert table.conversations.find(table.state(conversation), table.client) is Miss.GONE


def test_what_is_remembered_as_silent_is_bounded(table: Table) -> None:
    for _ in range(30):
        table.conversations.silence(begun(table), NOW)
    assert len(table.conversations._silenced) == SMALL.worker
