"""EAP-MSCHAPv2 step by step: the vectors of RFC 2759 and RFC 3079, every answer of a directory, every packet out of place."""

import tomllib
from functools import partial
from pathlib import Path

import pytest

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import (
    Answer,
    CouldNotAsk,
    MsChap2Response,
    NotHere,
    Principal,
    Proved,
    Question,
    Refused,
    Wrong,
)
from radius.eap.authentication import Authentication
from radius.eap.method import EapContext, EapType
from radius.eap.mschapv2 import master_session_key, mschapv2
from radius.eap.steps import Ask, Failed, Offer, Send, Step, Succeeded
from radius.secret import Secret
from tests.fakes.eap_peer import MSCHAPV2, Peer, answering, converse, identity, mschapv2_response, response
from tests.fakes.school_house import NOW, SchoolHouse

VECTOR = {
    name: bytes.fromhex(value) if name.endswith(("challenge", "hash", "response", "key")) and "S=" not in value else value
    for name, value in tomllib.loads((Path(__file__).parents[1] / "vectors" / "mschap.toml").read_text())["v2"].items()
}
ANA = Principal("person:1", "ana", "staff", frozenset(), "os-primer")
CHALLENGE = bytes(range(16))


def begin(name: str = "User", *, retries: int = 0, random: bytes = CHALLENGE, remember: bool = False) -> Authentication:
    """A conversation whose challenge is out."""
    context = EapContext("", lambda size: random[:size], remember=remember)
    offer = Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, partial(mschapv2, retries=retries))
    authentication = Authentication([offer], context)
    assert isinstance(authentication.receive(identity(name, 0), NOW), Send)
    return authentication


def respond(authentication: Authentication, data: bytes, identifier: int = 1) -> Step:
    return authentication.receive(response(identifier, MSCHAPV2, data), NOW)


def asked(authentication: Authentication, name: bytes = b"User", password: str = "clientPass") -> Question:
    step = respond(authentication, mschapv2_response(CHALLENGE, name, password))
    assert isinstance(step, Ask)
    return step.question


def proved() -> Proved:
    return Proved(ANA, Secret(VECTOR["nt_hash_hash"]))


def text_of(step: Step) -> str:
    assert isinstance(step, Send)
    return step.octets[9:].decode()


# --- the vectors


def test_the_challenge_is_the_drafts():
    authentication = Authentication(
        [Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, mschapv2)],
        EapContext("", lambda size: VECTOR["authenticator_challenge"][:size], server_name="gate"),
    )
    step = authentication.receive(identity("User", 0x20), NOW)
    header = b"\x01\x21\x00\x1e\x1a" + b"\x01\x21\x00\x19\x10"  # EAP, then OpCode, MS-CHAPv2-ID, MS-Length, Value-Size
    assert step == Send(header + VECTOR["authenticator_challenge"] + b"gate")


def test_a_login_with_the_numbers_of_rfc_2759_and_rfc_3079():
    authentication = begin(random=VECTOR["authenticator_challenge"])
    fields = b"\x31" + VECTOR["peer_challenge"] + bytes(8) + VECTOR["nt_response"] + b"\0User"
    step = respond(authentication, b"\x02\x01" + (4 + len(fields)).to_bytes(2, "big") + fields)
    assert step == Ask(
        Question(
            "User",
            MsChap2Response(VECTOR["authenticator_challenge"], VECTOR["peer_challenge"], b"User", VECTOR["nt_response"]),
            NOW,
        )
    )
    step = authentication.answered(proved(), NOW)
    assert isinstance(step, Send)
    message = f"{VECTOR['authenticator_response']} M=OK".encode()
    assert step.octets == b"\x01\x02\x00\x38\x1a\x03\x01\x00\x33" + message
    step = respond(authentication, b"\x03", 2)
    assert isinstance(step, Succeeded)
    assert step.octets == b"\x03\x02\x00\x04"
    msk = step.success.msk
    assert msk is not None
    assert (len(msk.reveal()), msk.reveal()[16:32], msk.reveal()[32:]) == (64, VECTOR["send_key"], bytes(32))
    assert (step.success.method, step.success.identity) == (Method.EAP_MSCHAPV2, "User")


def test_the_msk_begins_with_the_servers_receive_key_which_is_the_peers_send_key():
    house = SchoolHouse()
    peer = Peer("nastavnik.primer", "staff password 1")
    authentication = Authentication([Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, mschapv2)], EapContext("", bytes))
    step = converse(authentication, peer, answering(house), NOW)
    assert isinstance(step, Succeeded)
    assert step.success.msk == Secret(peer.msk)
    assert len(set(peer.msk[:16])) > 1
    assert peer.msk[:16] != peer.msk[16:32]


@pytest.mark.parametrize(
    ("name", "hashed", "principal"),
    [
        ("OS-VUK\\User", b"User", "OS-VUK\\User"),
        ("User@os-vuk.example", b"User@os-vuk.example", "User@os-vuk.example"),
        ("ђорђе", "ђорђе".encode(), "ђорђе"),
    ],
)
def test_the_name_is_hashed_without_its_windows_domain(name, hashed, principal):
    question = asked(begin(name), name.encode())
    assert isinstance(question.credential, MsChap2Response)
    assert (question.credential.user_name, question.principal) == (hashed, principal)


@pytest.mark.parametrize("name", [b"user", b"USER", b"OS-VUK\\User", b"User@os-vuk.example"])
def test_the_peer_may_spell_its_name_another_way(name):
    assert asked(begin("User"), name).principal == "User"


@pytest.mark.parametrize("name", [b"", b"Other", b"User2", b"Other@User", b"\xff"])
def test_a_response_for_another_name_than_the_identity_is_no_proof(name):
    step = respond(begin("User"), mschapv2_response(CHALLENGE, name, "clientPass"))
    assert isinstance(step, Failed)
    assert step.failure.cause is Cause.EAP_BROKEN


@pytest.mark.parametrize("remember", [False, True])
def test_the_question_asks_for_the_version_when_it_will_be_remembered(remember):
    assert asked(begin(remember=remember)).remember is remember


# --- what the directory says


@pytest.mark.parametrize(
    ("answer", "error", "cause"),
    [
        (Wrong(ANA), 691, Cause.WRONG_PASSWORD),
        (NotHere(), 691, Cause.UNKNOWN_ACCOUNT),
        (Refused(ANA, Cause.METHOD_NOT_CHECKABLE), 691, Cause.METHOD_NOT_CHECKABLE),
        (Refused(ANA, Cause.ACCOUNT_DISABLED), 647, Cause.ACCOUNT_DISABLED),
        (Refused(ANA, Cause.ACCOUNT_EXPIRED), 649, Cause.ACCOUNT_EXPIRED),
        (Refused(ANA, Cause.ACCOUNT_NOT_YET_VALID), 649, Cause.ACCOUNT_NOT_YET_VALID),
        (Refused(ANA, Cause.ACCOUNT_LOCKED), 691, Cause.ACCOUNT_LOCKED),
        (Refused(ANA, Cause.PASSWORD_EXPIRED), 649, Cause.PASSWORD_EXPIRED),
        (Refused(ANA, Cause.PASSWORD_MUST_CHANGE), 649, Cause.PASSWORD_MUST_CHANGE),
        (Refused(ANA, Cause.LOGON_HOURS), 646, Cause.LOGON_HOURS),
        (Refused(ANA, Cause.LOGON_WORKSTATIONS), 649, Cause.LOGON_WORKSTATIONS),
        (Refused(ANA, Cause.ACCOUNT_RESTRICTED), 691, Cause.ACCOUNT_RESTRICTED),
        (Proved(ANA, None), 691, Cause.METHOD_NOT_CHECKABLE),
    ],
)
def test_every_no_is_told_and_ends_in_failure(answer: Answer, error, cause):
    authentication = begin()
    asked(authentication)
    step = authentication.answered(answer, NOW)
    assert text_of(step) == f"E={error} R=0 C={CHALLENGE.hex().upper()} V=3 M=Access denied"
    step = respond(authentication, b"\x04", 2)
    assert isinstance(step, Failed)
    assert (step.failure.cause, step.failure.answer, step.failure.identity) == (cause, answer, "User")
    assert step.octets == b"\x04\x02\x00\x04"


@pytest.mark.parametrize("retries", [0, 2])
def test_a_stranger_cannot_tell_which_names_exist(retries):
    told = set()
    for answer in (Wrong(ANA), NotHere(), Refused(ANA, Cause.METHOD_NOT_CHECKABLE)):
        authentication = begin(retries=retries)
        asked(authentication)
        step = authentication.answered(answer, NOW)
        assert isinstance(step, Send)
        told.add(step.octets)
    assert len(told) == 1


def test_a_directory_that_could_not_be_asked_never_says_wrong_password():
    authentication = begin(retries=2)
    asked(authentication)
    step = authentication.answered(CouldNotAsk("ldap"), NOW)
    assert isinstance(step, Failed)
    assert (step.failure.cause, step.failure.answer) == (Cause.DIRECTORY_AWAY, CouldNotAsk("ldap"))


@pytest.mark.parametrize("data", [b"", b"\x03", b"\x02", b"\x01" * 60, b"\x04" + bytes(9)])
def test_a_final_no_stays_one_whatever_the_device_answers(data):
    authentication = begin()
    asked(authentication)
    authentication.answered(Wrong(ANA), NOW)
    step = respond(authentication, data, 2)
    assert isinstance(step, Failed)
    assert step.failure.cause is Cause.WRONG_PASSWORD


def test_the_right_password_after_a_final_no_is_too_late():
    authentication = begin()
    asked(authentication, password="wrong")
    authentication.answered(Wrong(ANA), NOW)
    step = respond(authentication, mschapv2_response(CHALLENGE, b"User", "clientPass"), 2)
    assert isinstance(step, Failed)
    assert step.failure.cause is Cause.WRONG_PASSWORD


def test_a_device_that_falls_silent_after_a_no_has_a_wrong_password():
    authentication = begin(retries=1)
    asked(authentication)
    authentication.answered(Wrong(ANA), NOW)
    failure = authentication.abandoned(NOW + 30)
    assert (failure.cause, failure.answer) == (Cause.WRONG_PASSWORD, Wrong(ANA))


# --- another try


def retried(retries: int, wrong: int) -> tuple[Authentication, Step]:
    """`wrong` wrong answers, each with a challenge of its own."""
    challenges = iter([CHALLENGE, b"1" * 16, b"2" * 16, b"3" * 16, b"4" * 16])
    authentication = begin(retries=retries, random=CHALLENGE)
    authentication.context.random = lambda size: next(challenges)
    next(challenges)
    step: Step = Send(b"")
    for number in range(wrong):
        data = mschapv2_response(bytes([48 + number]) * 16 if number else CHALLENGE, b"User", "wrong")
        assert isinstance(respond(authentication, data, 1 + number), Ask)
        step = authentication.answered(Wrong(ANA), NOW)
    return authentication, step


def test_a_second_try_has_a_new_challenge_and_may_succeed():
    authentication, step = retried(1, 1)
    assert text_of(step).startswith("E=691 R=1 C=" + (b"1" * 16).hex().upper())
    step = respond(authentication, mschapv2_response(b"1" * 16, b"User", "clientPass"), 2)
    assert isinstance(step, Ask)
    assert isinstance(step.question.credential, MsChap2Response)
    assert step.question.credential.authenticator_challenge == b"1" * 16
    assert text_of(authentication.answered(proved(), NOW)).startswith("S=")
    assert isinstance(respond(authentication, b"\x03", 3), Succeeded)


def test_silence_after_a_second_try_is_not_the_first_ones_fault():
    authentication, _ = retried(1, 1)
    respond(authentication, mschapv2_response(b"1" * 16, b"User", "clientPass"), 2)
    authentication.answered(proved(), NOW)
    assert authentication.abandoned(NOW).cause is Cause.DEVICE_WENT_SILENT


@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 2), (2, 3), (3, 3), (1000, 3)])
def test_the_tries_are_counted_and_never_more_than_three(retries, tries):
    for wrong in range(1, tries + 1):
        _, step = retried(retries, wrong)
        assert f"R={int(wrong < tries)}" in text_of(step)


def test_a_disabled_account_has_no_second_try():
    authentication = begin(retries=2)
    asked(authentication)
    assert "R=0" in text_of(authentication.answered(Refused(ANA, Cause.ACCOUNT_DISABLED), NOW))


def test_a_device_may_decline_a_second_try():
    authentication, _ = retried(2, 1)
    step = respond(authentication, b"\x04", 2)
    assert isinstance(step, Failed)
    assert step.failure.cause is Cause.WRONG_PASSWORD


def test_real_packets_with_a_second_password():
    house = SchoolHouse()
    for retry, expected in (("staff password 1", Succeeded), ("wrong too", Failed)):
        peer = Peer("nastavnik.primer", "wrong", retry=retry)
        authentication = Authentication(
            [Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, partial(mschapv2, retries=1))],
            EapContext("", bytes),
        )
        assert isinstance(converse(authentication, peer, answering(house), NOW), expected)


# --- packets out of place

ACKNOWLEDGEMENTS = [b"\x03", b"\x03\x01\x00\x04", b"\x03" + bytes(60)]


@pytest.mark.parametrize("data", ACKNOWLEDGEMENTS)
def test_an_acknowledged_success_that_was_never_told_is_no_login(data):  # CVE-2006-1354
    step = respond(begin(), data)
    assert isinstance(step, Failed)
    assert step.failure.cause is Cause.EAP_BROKEN


@pytest.mark.parametrize("data", ACKNOWLEDGEMENTS)
def test_an_acknowledged_success_after_a_chance_to_retry_is_no_login(data):
    authentication, _ = retried(2, 1)
    assert isinstance(respond(authentication, data, 2), Failed)


WHOLE = mschapv2_response(CHALLENGE, b"User", "clientPass")
BROKEN = {
    "nothing": b"",
    "a challenge": b"\x01" + WHOLE[1:],
    "a failure acknowledged": b"\x04",
    "an unknown code": b"\x09" + WHOLE[1:],
    "a value of another size": WHOLE[:4] + b"\x30" + WHOLE[5:],
    "an MS-Length past the end": WHOLE[:2] + (len(WHOLE) + 1).to_bytes(2, "big") + WHOLE[4:],
    "an MS-Length before the name": WHOLE[:2] + b"\x00\x35" + WHOLE[4:],
    "an MS-Length of nothing": WHOLE[:2] + b"\x00\x00" + WHOLE[4:],
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_is_no_response_fails(data):
    step = respond(begin(), data)
    assert isinstance(step, Failed)
    assert step.failure.cause is Cause.EAP_BROKEN


@pytest.mark.parametrize("size", range(len(WHOLE)))
def test_every_truncation_of_a_response_fails(size):
    assert isinstance(respond(begin(), WHOLE[:size]), Failed)


def test_octets_behind_the_ms_length_are_not_the_name():
    step = respond(begin(), WHOLE + b"\0\0")
    assert isinstance(step, Ask)


@pytest.mark.parametrize("padding", [0, 9, 582])
def test_a_wish_to_change_the_password_is_refused_with_its_cause(padding):
    wish = b"\x07" + bytes(padding)
    authentication = begin()
    asked(authentication)
    authentication.answered(Refused(ANA, Cause.ACCOUNT_EXPIRED), NOW)
    for step in (respond(begin(), wish), respond(authentication, wish, 2)):
        assert isinstance(step, Failed)
        assert step.failure.cause is Cause.PASSWORD_CHANGE


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02", b"\x04", b"\x07", WHOLE, b"\xff"])
def test_only_an_acknowledgement_completes_a_success(data):
    authentication = begin()
    asked(authentication)
    authentication.answered(proved(), NOW)
    step = respond(authentication, data, 2)
    assert isinstance(step, Failed)
    assert step.failure.cause is Cause.EAP_BROKEN


def test_keys_depend_on_the_hash_and_the_response():
    keys = {master_session_key(h, r).reveal() for h in (b"a" * 16, b"b" * 16) for r in (b"c" * 24, b"d" * 24)}
    assert len(keys) == 4
