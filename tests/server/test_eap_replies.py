"""EAP over RADIUS: sizes, and what an Accept tells of a person."""

import pytest

from radius.audit.events import AccessDecided
from radius.settings import EapSettings
from radius.wire.attributes import (
    CHARGEABLE_USER_IDENTITY,
    CLASS,
    EAP_MESSAGE,
    FRAMED_MTU,
    OPERATOR_NAME,
    PROXY_STATE,
    USER_NAME,
    encode_attribute,
)
from radius.wire.codes import Code
from tests.fakes.eap_house import AccessPoint, eap_of, with_eap
from tests.fakes.eap_peer import Peer, identity
from tests.fakes.school_house import SchoolHouse

TEACHER = ("nastavnik.primer", "staff password 1")


@pytest.fixture
def house() -> SchoolHouse:
    made = SchoolHouse()
    with_eap(made)
    return made


@pytest.fixture
def ap(house: SchoolHouse) -> AccessPoint:
    return AccessPoint(house)


# --- sizes, and what an Accept tells


@pytest.mark.parametrize(
    ("more", "size"),
    [
        (b"", 1000),
        (encode_attribute(FRAMED_MTU, (1400).to_bytes(4, "big")), 1000),
        (encode_attribute(FRAMED_MTU, (600).to_bytes(4, "big")), 596),
        (encode_attribute(FRAMED_MTU, (1).to_bytes(4, "big")), 100),
        (encode_attribute(FRAMED_MTU, b"xx"), 1000),
        (encode_attribute(PROXY_STATE, bytes(253)) * 12, 959),
    ],
)
def test_an_eap_packet_fits_the_link_and_the_reply(house: SchoolHouse, more: bytes, size: int) -> None:
    eap = house.gate.eap
    request = AccessPoint(house, more=more)
    from radius.wire.packet import decode

    assert eap._packet_size(decode(request.request(identity("ana")))) == size  # type: ignore[union-attr]


def test_a_long_eap_packet_is_split_and_put_together(house: SchoolHouse, ap: AccessPoint) -> None:
    from radius.server.eap_replies import challenge, eap_message
    from radius.wire.packet import decode

    octets = bytes(range(256)) * 4
    request = house.secret.request(Code.ACCESS_REQUEST, 1, bytes(16), eap_message(octets))
    assert b"".join(decode(request).all(EAP_MESSAGE)) == octets
    assert [len(value) for value in decode(request).all(EAP_MESSAGE)] == [253, 253, 253, 253, 12]
    assert challenge(b"", b"state").endswith(encode_attribute(EAP_MESSAGE, b""))


def test_more_proxy_states_than_at_the_beginning_are_silence_and_no_fault(house: SchoolHouse, ap: AccessPoint) -> None:
    first = ap.send(identity(TEACHER[0]))
    assert first is not None
    crowd = encode_attribute(PROXY_STATE, bytes(253)) * 15
    assert ap.send(Peer(*TEACHER).answer(eap_of(first))[:40], more=crowd) is None
    assert house.counters.faults == 0


@pytest.mark.parametrize(
    ("setting", "more", "school", "told"),
    [
        ("at-home", b"", "os-primer", True),
        ("at-home", b"", "os-druga", False),
        ("at-home", encode_attribute(OPERATOR_NAME, b"1provider.example"), "os-primer", False),
        ("always", encode_attribute(OPERATOR_NAME, b"1provider.example"), "os-druga", True),
        ("never", b"", "os-primer", False),
    ],
)
def test_the_proved_name_is_told_where_the_settings_say(setting: str, more: bytes, school: str, told: bool) -> None:
    house = SchoolHouse()
    with_eap(house, settings=EapSettings(user_name=setting))  # type: ignore[arg-type]
    house.add_person("gost.primer", "right password", "staff", school=school)
    reply = AccessPoint(house, more=more).log_in(Peer("gost.primer", "right password"))
    assert reply is not None
    assert reply.code == Code.ACCESS_ACCEPT
    assert (reply.first.get(USER_NAME) == b"gost.primer") is told


def handle(house: SchoolHouse, name: str = TEACHER[0], password: str = TEACHER[1], more: bytes = b"") -> bytes | None:
    asked = encode_attribute(CHARGEABLE_USER_IDENTITY, b"\0")
    reply = AccessPoint(house, more=asked + more).log_in(Peer(name, password))
    assert reply is not None
    return reply.first.get(CHARGEABLE_USER_IDENTITY)


def test_a_chargeable_identity_is_stable_per_person_and_operator_and_never_the_name(house: SchoolHouse) -> None:
    first = handle(house)
    assert first is not None
    assert first == handle(house)
    assert TEACHER[0].encode() not in first
    assert first != handle(house, "ucenik.primer", "lozinka učenika")
    assert first != handle(house, more=encode_attribute(OPERATOR_NAME, b"1provider.example"))


def test_a_chargeable_identity_is_told_only_to_who_asks(house: SchoolHouse, ap: AccessPoint) -> None:
    reply = ap.log_in(Peer(*TEACHER))
    assert reply is not None
    assert CHARGEABLE_USER_IDENTITY not in reply.first


def test_class_names_the_session_and_the_person_to_nobody_but_us(house: SchoolHouse, ap: AccessPoint) -> None:
    first, second = (ap.log_in(Peer(*TEACHER)) for _ in range(2))
    assert first is not None
    assert second is not None
    logins = [login for packet in (first, second) if (login := house.seal.read(packet.first[CLASS])) is not None]
    assert [(login.subject, login.rule) for login in logins] == [("person:1", "os-primer:staff")] * 2
    decided = [event for event in house.events if isinstance(event, AccessDecided)]
    assert [(login.id, login.method) for login in logins] == [(event.login, event.method) for event in decided]
    assert len({packet.first[CLASS] for packet in (first, second)}) == 2
    assert TEACHER[0].encode() not in first.first[CLASS]
