"""The helper's protocol against a program that breaks it: only the two whole replies are answers, and none is another's."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.audit.causes import Cause
from radius.directory.active_directory.ntlm_auth import Accepted, Declined, HelperFault, NtlmAuth, read_reply, request
from tests.fakes import abusive_helper
from tests.fakes.abusive_helper import KEY, SAYS, WRONG, YES
from tests.fakes.serving import eventually

CHALLENGE, RESPONSE = bytes(8), bytes(24)
SOON = 10.0  # seconds; waited in full only when something is broken
PATH = Path(abusive_helper.__file__)


class Fixture:
    """A pool of helpers that behave in one way."""

    def __init__(self, way: str, processes: int = 1) -> None:
        self.pool = NtlmAuth((sys.executable, "-I", str(PATH), way), processes)

    def ask(self, patience: float = SOON) -> Accepted | Declined:
        return self.pool.check("SKOLA", "ana", CHALLENGE, RESPONSE, time.monotonic() + patience)


@pytest.fixture
def helpers(request: pytest.FixtureRequest) -> Iterator[Fixture]:
    fixture = Fixture(*request.param)
    yield fixture
    fixture.pool.close()


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


# --- what is written


def test_a_request_has_names_in_base64_and_numbers_in_hex() -> None:
    octets = request("SKOLA", "ана", bytes.fromhex("791bd7b3c9b50645"), bytes(range(24)))
    assert octets == (
        b"LANMAN-Challenge: 791bd7b3c9b50645\nNT-Response: 000102030405060708090a0b0c0d0e0f1011121314151617\n"
        b"Username:: 0LDQvdCw\nNT-Domain:: U0tPTEE=\nRequest-User-Session-Key: Yes\n.\n"
    )


def test_without_a_domain_the_choice_is_winbinds() -> None:
    assert b"NT-Domain" not in request("", "ana", CHALLENGE, RESPONSE)


@given(st.text(max_size=253), st.text(max_size=64))
def test_no_name_adds_a_line(domain: str, name: str) -> None:
    octets = request(domain, name, CHALLENGE, RESPONSE)
    assert octets.count(b"\n") == (6 if domain else 5)
    assert octets.isascii()
    assert octets.endswith(b"\n.\n")
    assert len(octets) < 4096  # PIPE_BUF: written whole


@pytest.mark.parametrize(
    ("challenge", "response"), [(bytes(7), RESPONSE), (bytes(16), RESPONSE), (CHALLENGE, bytes(23)), (b"", b"")]
)
def test_what_is_no_proof_is_never_sent(challenge: bytes, response: bytes) -> None:
    with pytest.raises(ValueError, match="octets"):
        request("SKOLA", "ana", challenge, response)


# --- what is read


def test_the_two_replies_are_read() -> None:
    yes, no = read_reply(YES.encode()), read_reply(WRONG.encode())
    assert isinstance(yes, Accepted)
    assert yes.nt_hash_hash.reveal() == bytes.fromhex(KEY)
    assert isinstance(no, Declined)
    assert no.cause is Cause.WRONG_PASSWORD


@pytest.mark.parametrize("whole", [YES.encode(), WRONG.encode()], ids=["yes", "no"])
def test_a_part_of_a_reply_is_waited_for(whole: bytes) -> None:
    for size in range(len(whole)):
        assert read_reply(whole[:size]) is None, whole[:size]


@pytest.mark.parametrize("whole", [YES.encode(), WRONG.encode()], ids=["yes", "no"])
@given(data=st.data())
def test_one_changed_octet_is_no_answer_of_another_kind(whole: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    octet = data.draw(st.integers(0, 255))
    changed = whole[:at] + bytes((octet,)) + whole[at + 1 :]
    try:
        verdict = read_reply(changed)
    except HelperFault:
        return
    if verdict is not None:
        assert type(verdict) is type(read_reply(whole))


@given(st.binary(max_size=2000))
def test_octets_of_any_kind_are_an_answer_or_a_fault(octets: bytes) -> None:
    try:
        verdict = read_reply(octets)
    except HelperFault:
        return
    assert verdict is None  # which is at most the beginning of one
    assert not octets or b"Authenticated: ".startswith(octets[:15])


# --- processes


@pytest.mark.parametrize("helpers", [("well",), ("in-pieces",)], indirect=True)
def test_one_process_answers_many(helpers: Fixture) -> None:
    for _ in range(3):
        verdict = helpers.ask()
        assert isinstance(verdict, Accepted)
    assert len(helpers.pool.idle()) == 1


GARBAGE = sorted(set(SAYS) - {"well", "in-pieces", "silence", "one-dot", "unasked"})


@pytest.mark.parametrize("helpers", [(way,) for way in GARBAGE], indirect=True, ids=GARBAGE)
def test_anything_else_is_no_answer_and_ends_the_helper(helpers: Fixture) -> None:
    for _ in range(2):
        with pytest.raises(HelperFault):
            helpers.ask()
        assert helpers.pool.idle() == []


@pytest.mark.parametrize("helpers", [("silence",), ("one-dot",), ("deaf",)], indirect=True)
def test_an_answer_that_does_not_come_ends_at_the_deadline(helpers: Fixture) -> None:
    begun = time.monotonic()
    with pytest.raises(HelperFault, match="in time"):
        helpers.ask(patience=0.3)
    assert time.monotonic() - begun < SOON
    assert helpers.pool.idle() == []


@pytest.mark.parametrize("helpers", [("unasked",)], indirect=True)
def test_what_comes_after_the_answer_is_not_the_next_ones(helpers: Fixture) -> None:
    helpers.ask()
    (pid,) = helpers.pool.idle()
    time.sleep(0.1)  # its second answer comes now
    helpers.ask()
    assert gone(pid)
    assert helpers.pool.idle() != [pid]


@pytest.mark.parametrize("helpers", [("well",)], indirect=True)
def test_a_helper_that_died_in_its_sleep_is_replaced(helpers: Fixture) -> None:
    helpers.ask()
    (pid,) = helpers.pool.idle()
    os.kill(pid, 9)
    eventually(lambda: "State:\tZ" in Path(f"/proc/{pid}/status").read_text(), "it is dead")
    assert isinstance(helpers.ask(), Accepted)


@pytest.mark.parametrize("helpers", [("silence", 2)], indirect=True)
def test_when_all_are_busy_the_next_waits_no_longer_than_its_deadline(helpers: Fixture) -> None:
    faults: list[str] = []

    def stuck() -> None:
        try:
            helpers.ask(patience=1.0)
        except HelperFault as fault:
            faults.append(str(fault))

    threads = [threading.Thread(target=stuck) for _ in range(2)]
    for thread in threads:
        thread.start()
    eventually(lambda: helpers.pool._free._value == 0, "both are busy")
    with pytest.raises(HelperFault, match="busy"):
        helpers.ask(patience=0.05)
    for thread in threads:
        thread.join()
    assert faults == ["ntlm_auth did not answer in time"] * 2


def test_a_program_that_is_not_there_is_no_answer() -> None:
    pool = NtlmAuth(("/nonexistent/ntlm_auth",), 1)
    for _ in range(2):  # the place in the pool is given back
        with pytest.raises(HelperFault, match="cannot be started"):
            pool.check("", "ana", CHALLENGE, RESPONSE, time.monotonic() + SOON)


def test_closing_ends_the_helpers() -> None:
    helpers = Fixture("well")
    helpers.ask()
    (pid,) = helpers.pool.idle()
    helpers.pool.close()
    assert gone(pid)
    helpers.ask()  # a question that was on its way is still answered
    assert helpers.pool.idle() == []
