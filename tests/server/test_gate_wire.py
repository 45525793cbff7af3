"""The way of a packet through the gate: what is met with silence, what is repeated, what a client must sign."""

import hashlib

import pytest

from radius.audit.causes import Cause
from radius.audit.events import AccessDecided
from radius.audit.tags import Tag
from radius.secret import Secret
from radius.wire.attributes import (
    EAP_MESSAGE,
    PROXY_STATE,
    STATE,
    USER_NAME,
    encode_attribute,
)
from radius.wire.codes import Code
from radius.wire.packet import decode
from radius.wire.shared_secret import SharedSecret
from tests.fakes.requests import AUTHENTICATOR, PHONE, event, pap, the_reply
from tests.fakes.school_house import NAS, SECRET, SOURCE, FakePort, SchoolHouse


@pytest.fixture
def house() -> SchoolHouse:
    return SchoolHouse()


def test_the_same_octets_get_the_same_octets_back(house: SchoolHouse) -> None:
    request = pap(house)
    first, second = house.receive(request), house.receive(request)
    assert first == second
    assert len(house.events) == 1
    assert house.counters.duplicates == 1


def test_padding_behind_the_length_makes_no_other_request(house: SchoolHouse) -> None:
    request = pap(house)
    assert house.receive(request + b"\0\0") == house.receive(request) == house.receive(request + b"\xff")
    assert house.counters.duplicates == 2


def test_a_request_in_work_is_not_asked_twice(house: SchoolHouse) -> None:
    request = pap(house, password="wrong")
    assert house.receive(request) == house.receive(request) == []
    assert house.counters.in_work_dropped == 1
    house.later.let_time_pass()
    assert len(house.port.sent) == 1


def test_a_reused_identifier_with_other_octets_is_a_new_request(house: SchoolHouse) -> None:
    house.receive(pap(house))
    assert house.receive(pap(house, "ucenik.primer", "lozinka učenika"))
    assert house.counters.duplicates == 0


def test_proxy_states_come_back_unchanged_and_in_order(house: SchoolHouse) -> None:
    states = [b"one", b"two \x00\xff", b"one"]
    more = b"".join(encode_attribute(PROXY_STATE, state) for state in states)
    assert the_reply(house, house.receive(pap(house, more=more))).all(PROXY_STATE) == states


def test_nobody_is_answered_who_is_no_client(house: SchoolHouse) -> None:
    assert house.receive(pap(house), ("198.51.100.1", 1)) == []
    assert house.counters.unknown_client == 1
    assert house.later.unknown[0][0] == "198.51.100.1"


@pytest.mark.parametrize("size", [0, 1, 19, 20, 4097, 5000])
def test_octets_that_are_no_packet_are_met_with_silence(house: SchoolHouse, size: int) -> None:
    assert house.receive(b"\x01" * size) == []
    assert house.counters.malformed == 1


@pytest.mark.parametrize("code", sorted(set(range(256)) - {Code.ACCESS_REQUEST, Code.STATUS_SERVER}))
def test_codes_that_are_not_for_this_port_are_met_with_silence(house: SchoolHouse, code: int) -> None:
    assert house.receive(bytes((code,)) + pap(house)[1:]) == []
    assert house.counters.unexpected_code == 1


def test_a_forged_message_authenticator_is_met_with_silence(house: SchoolHouse) -> None:
    request = bytearray(pap(house))
    request[25] ^= 1
    assert house.receive(bytes(request)) == []
    assert house.counters.bad_message_authenticator == 1
    assert not house.learned


def test_a_client_that_has_signed_once_must_sign_always(house: SchoolHouse) -> None:
    assert house.receive(pap(house, signed=False))
    assert house.receive(pap(house, identifier=8))
    assert house.learned == [NAS]
    assert house.receive(pap(house, identifier=9, signed=False)) == []
    assert house.counters.message_authenticator_missing == 1


def test_what_was_learned_holds_after_a_restart(house: SchoolHouse) -> None:
    house.records.learned.add(NAS)
    assert house.receive(pap(house, signed=False)) == []


def test_eap_does_not_teach_that_a_client_signs(house: SchoolHouse) -> None:
    house.receive(pap(house, more=encode_attribute(EAP_MESSAGE, b"\2\1\0\5\1")))
    assert not house.learned


def test_eap_without_message_authenticator_is_met_with_silence(house: SchoolHouse) -> None:
    assert house.receive(pap(house, signed=False, more=encode_attribute(EAP_MESSAGE, b"\2\1\0\5\1"))) == []


def test_proxy_state_without_message_authenticator_is_met_with_silence_until_the_client_is_trusted_so(
    house: SchoolHouse,
) -> None:
    assert house.receive(pap(house, signed=False, more=encode_attribute(PROXY_STATE, b"x"))) == []
    assert house.counters.proxy_state_unprotected == 1


def test_a_client_that_must_sign_is_not_answered_without(house: SchoolHouse) -> None:
    house.add_client(NAS, mode="require")
    house.clients.forget_all()
    assert house.receive(pap(house, signed=False)) == []


def test_an_optional_client_may_leave_it_out_and_is_warned_of_once_a_day(
    house: SchoolHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house.add_client(NAS, mode="optional")
    house.clients.forget_all()
    assert house.receive(pap(house, signed=False, more=encode_attribute(PROXY_STATE, b"x")))
    assert house.receive(pap(house, signed=False, identifier=9))
    assert caplog.text.count("without Message-Authenticator") == 1
    house.now += 86_401
    assert house.receive(pap(house, signed=False, identifier=10))
    assert caplog.text.count("without Message-Authenticator") == 2


def test_the_longest_prefix_wins(house: SchoolHouse) -> None:
    house.add_client("192.0.2.0/24", mode="require")
    house.add_client("192.0.0.0/16", mode="require")
    house.add_client("192.0.2.128/25", mode="learn")
    house.clients.forget_all()
    assert house.receive(pap(house, signed=False), ("192.0.2.200", 5))
    assert house.receive(pap(house, signed=False), ("192.0.2.100", 5)) == []


def test_ipv6_clients_are_found_with_and_without_an_interface(house: SchoolHouse) -> None:
    house.add_client("2001:db8::/32")
    house.add_client("fe80::1")
    house.clients.forget_all()
    assert house.receive(pap(house), ("2001:db8::7", 5, 0, 0))
    assert house.receive(pap(house), ("fe80::1%eth0", 5, 0, 2))


def test_while_rotating_both_secrets_are_good_and_the_reply_uses_the_askers(house: SchoolHouse) -> None:
    old = SharedSecret(Secret(b"the secret of yesterday, still good"))
    house.add_client(NAS, previous=b"the secret of yesterday, still good")
    house.clients.forget_all()
    for signed in (False, True):  # who has signed once must go on signing
        for secret, identifier in ((old, 1), (house.secret, 2), (old, 3)):
            house.clients.forget_all()
            (reply,) = house.receive(pap(house, secret=secret, identifier=identifier + 10 * signed, signed=signed))
            assert secret.response_valid(decode(reply), AUTHENTICATOR)
    house.now += 86_401
    assert house.receive(pap(house, secret=old, identifier=40)) == []


def test_different_secrets_on_both_sides_are_named_as_the_cause_and_nobody_is_throttled_for_it(house: SchoolHouse) -> None:
    other = SharedSecret(Secret(hashlib.sha256(b"other").digest()))
    for identifier in range(5):
        house.receive(pap(house, secret=other, signed=False, identifier=identifier))
    assert {each.causes for each in house.events if isinstance(each, AccessDecided)} == {
        (Cause.SECRET_MISMATCH, Cause.WRONG_PASSWORD)
    }
    assert house.gate.backoff.refusal(PHONE, "nastavnik.primer", house.now) is None


def test_a_looping_phone_is_answered_without_asking(house: SchoolHouse) -> None:
    for identifier in range(4):
        house.receive(pap(house, password="old", identifier=identifier))
    assert house.events[-1].causes == (Cause.BACKING_OFF,)  # type: ignore[union-attr]
    house.now += 31
    assert house.receive(pap(house, identifier=9))


def test_status_server_is_answered_on_both_ports_and_only_when_signed(house: SchoolHouse) -> None:
    request = house.secret.request(Code.STATUS_SERVER, 3, AUTHENTICATOR, b"")
    assert decode(house.receive(request)[0]).code == Code.ACCESS_ACCEPT
    accounting = FakePort(accounting=True)
    (reply,) = house.receive(request, port=accounting)
    assert decode(reply).code == Code.ACCOUNTING_RESPONSE
    assert house.secret.response_valid(decode(reply), AUTHENTICATOR)
    assert house.receive(b"\x0c\x03\x00\x14" + AUTHENTICATOR) == []


def test_the_accounting_port_takes_no_access_request(house: SchoolHouse) -> None:
    assert house.receive(pap(house), port=FakePort(accounting=True)) == []


def test_eap_is_rejected_with_eap_failure_and_the_cause(house: SchoolHouse) -> None:
    eap = encode_attribute(EAP_MESSAGE, b"\2\x21\0\5\1")
    name = encode_attribute(USER_NAME, b"nastavnik.primer")
    reply = the_reply(house, house.receive(house.secret.request(Code.ACCESS_REQUEST, 7, AUTHENTICATOR, name + eap)))
    assert reply.first[EAP_MESSAGE] == b"\4\x21\0\4"
    assert event(house).causes == (Cause.METHOD_NOT_SUPPORTED,)


@pytest.mark.parametrize("name", [b"\xff\xfe", b"ana\nAccess-Accept", b"ana\0", b"\x1b[2J"])
def test_names_that_could_forge_a_log_line_are_rejected_unread(house: SchoolHouse, name: bytes) -> None:
    request = house.secret.request(Code.ACCESS_REQUEST, 7, AUTHENTICATOR, encode_attribute(USER_NAME, name))
    assert the_reply(house, house.receive(request)).code == Code.ACCESS_REJECT
    assert event(house).causes == (Cause.UNREADABLE_NAME,)
    assert event(house).user == ""


@pytest.mark.parametrize(
    "name", ["' OR 1=1 --", "%{User-Password}", "$(reboot)", "*)(uid=*", "a" * 253, "ana@@", "../../etc/passwd"]
)
def test_names_with_somebodys_syntax_are_only_unknown(house: SchoolHouse, name: str) -> None:
    assert house.receive(pap(house, name)) == []
    assert event(house).causes == (Cause.UNKNOWN_ACCOUNT,)


def test_a_request_without_any_proof_is_rejected(house: SchoolHouse) -> None:
    request = house.secret.request(
        Code.ACCESS_REQUEST, 7, AUTHENTICATOR, encode_attribute(USER_NAME, b"ana") + encode_attribute(STATE, b"x")
    )
    assert the_reply(house, house.receive(request)).code == Code.ACCESS_REJECT
    assert event(house).causes == (Cause.NO_CREDENTIAL,)


def test_a_school_that_is_gone_ends_in_silence_not_in_blame(house: SchoolHouse) -> None:
    del house.records.all_schools["os-primer"]
    assert house.receive(pap(house)) == []
    assert event(house).tag == Tag.ACCESS_UNANSWERED


def test_a_device_of_another_worker_is_handed_over_and_answered_there() -> None:
    macs = [f"02-00-00-00-07-{number:02X}" for number in range(16)]
    first = SchoolHouse(worker=0, workers=2)
    second = SchoolHouse(worker=1, workers=2)
    for mac in macs:
        answered = len(first.receive(pap(first, mac=mac)))
        if not answered:
            worker, octets, source, _, _ = first.later.handed[-1]
            assert worker == 1
            answered = len(second.receive(octets, source, handed=True))
        assert answered == 1
    assert 0 < len(first.later.handed) < len(macs)


def test_a_reject_that_no_longer_fits_the_queue_is_silence_and_tried_anew(house: SchoolHouse) -> None:
    house.later.room = 0
    request = pap(house, password="wrong")
    assert house.receive(request) == []
    assert house.counters.delayed_rejects_full == 1
    assert house.receive(request) == []
    assert house.counters.in_work_dropped == 0


def test_secrets_and_passwords_are_in_no_event(house: SchoolHouse) -> None:
    house.receive(pap(house))
    house.receive(pap(house, password="canary-password", identifier=8))
    assert "canary-password" not in repr(house.events)
    assert "staff password 1" not in repr(house.events)
    assert SECRET.decode() not in repr(house.events)
    assert SOURCE[0] in repr(house.events)


def test_what_one_address_learned_outlives_changes_of_other_clients(house: SchoolHouse) -> None:
    house.receive(pap(house))
    house.clients.forget_all()
    house.clients.forget_learned({"198.51.100.9"})
    assert house.receive(pap(house, identifier=8, signed=False)) == []
    assert house.learned == [NAS]


def test_what_an_operator_told_to_forget_is_forgotten_at_once(house: SchoolHouse) -> None:
    house.receive(pap(house))
    house.clients.forget_learned({NAS})
    assert house.receive(pap(house, identifier=8, signed=False))


def test_a_link_local_address_learns_without_its_interface(house: SchoolHouse) -> None:
    house.add_client("fe80::1")
    house.clients.forget_all()
    house.receive(pap(house), ("fe80::1%eth0", 5, 0, 2))
    assert house.learned == ["fe80::1"]
    house.clients.forget_learned({"fe80::1"})
    house.records.learned.add("fe80::1")
    assert house.receive(pap(house, identifier=8, signed=False), ("fe80::1%eth0", 5, 0, 2)) == []


def full_of_proxy_states(house: SchoolHouse, code: Code) -> bytes:
    """A request of exactly 4,096 octets, nearly all of them Proxy-State."""
    states = b"".join(encode_attribute(PROXY_STATE, bytes(253)) for _ in range(15))
    name = encode_attribute(USER_NAME, b"ana.primer")
    states += encode_attribute(PROXY_STATE, bytes(4096 - 38 - len(states) - len(name) - 2)) + name
    request = house.secret.request(code, 7, AUTHENTICATOR, states)
    assert len(request) == 4096
    return request


def test_a_status_server_full_of_proxy_states_gets_them_all_back(house: SchoolHouse) -> None:
    assert len(the_reply(house, house.receive(full_of_proxy_states(house, Code.STATUS_SERVER))).all(PROXY_STATE)) == 16


def test_proxy_states_that_leave_no_room_for_our_reply_are_met_with_silence(house: SchoolHouse) -> None:
    assert house.receive(full_of_proxy_states(house, Code.ACCESS_REQUEST)) == []
    assert house.counters.faults == 1
    assert house.receive(pap(house, identifier=9))
