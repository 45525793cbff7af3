"""The way of a packet through the gate: who gets in, who does not, and what is met with silence."""

import pytest

from radius.audit.causes import Cause
from radius.audit.tags import Tag
from radius.wire.attributes import (
    FILTER_ID,
    REPLY_MESSAGE,
    SERVICE_TYPE,
    SESSION_TIMEOUT,
    TUNNEL_PRIVATE_GROUP_ID,
    encode_attribute,
)
from radius.wire.codes import Code
from tests.fakes.requests import chap, event, pap, the_reply
from tests.fakes.school_house import SchoolHouse


@pytest.fixture
def house() -> SchoolHouse:
    return SchoolHouse()


def test_a_teacher_gets_the_vlan_of_her_school(house: SchoolHouse) -> None:
    reply = the_reply(house, house.receive(pap(house)))
    assert reply.code == Code.ACCESS_ACCEPT
    assert reply.first[TUNNEL_PRIVATE_GROUP_ID].lstrip(b"\0") == b"10"
    assert 3300 <= int.from_bytes(reply.first[SESSION_TIMEOUT], "big") <= 3600
    noted = event(house)
    assert (noted.tag, noted.rule, noted.role, noted.vlan) == (Tag.ACCESS_GRANTED, "os-primer:staff", "staff", 10)
    assert noted.subject == "person:1"


def test_a_pupils_filter_is_told_in_the_vendors_name_of_the_profile(house: SchoolHouse) -> None:
    reply = the_reply(house, house.receive(pap(house, "ucenik.primer", "lozinka učenika")))
    assert reply.first[FILTER_ID] == b"young-filter"


def test_each_rule_has_its_own_grant_however_often_others_were_given(house: SchoolHouse) -> None:
    seen = []
    for identifier, name, password in (
        (1, "nastavnik.primer", "staff password 1"),
        (2, "ucenik.primer", "lozinka učenika"),
    ) * 2:
        house.gate.duplicates.tick(1e9 * identifier)
        reply = the_reply(house, house.receive(pap(house, name, password, identifier=identifier)))
        seen.append(reply.first[TUNNEL_PRIVATE_GROUP_ID].lstrip(b"\0"))
    assert seen == [b"10", b"20", b"10", b"20"]


def test_user_names_compare_without_case(house: SchoolHouse) -> None:
    assert the_reply(house, house.receive(pap(house, "Nastavnik.Primer"))).code == Code.ACCESS_ACCEPT


def test_a_wrong_password_is_rejected_after_the_delay_and_tells_nothing(house: SchoolHouse) -> None:
    assert house.receive(pap(house, password="wrong")) == []
    house.later.let_time_pass()
    reply = the_reply(house, [octets for octets, _ in house.port.sent])
    assert reply.code == Code.ACCESS_REJECT
    assert REPLY_MESSAGE not in reply.first
    assert event(house).causes == (Cause.WRONG_PASSWORD,)


def test_an_unknown_name_is_answered_exactly_as_a_wrong_password(house: SchoolHouse) -> None:
    other = SchoolHouse()
    assert house.receive(pap(house, password="wrong")) == other.receive(pap(other, name="niko.primer")) == []
    house.later.let_time_pass()
    other.later.let_time_pass()
    assert house.port.sent == other.port.sent
    assert event(other).causes == (Cause.UNKNOWN_ACCOUNT,)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"disabled": True}, Cause.ACCOUNT_DISABLED),
        ({"valid_until": 1.0}, Cause.ACCOUNT_EXPIRED),
        ({"valid_from": 4e9}, Cause.ACCOUNT_NOT_YET_VALID),
    ],
)
def test_a_closed_account_is_told_why_only_after_its_password_held(
    house: SchoolHouse, change: dict[str, float], cause: Cause
) -> None:
    house.add_person("bivsi.primer", "right password", "staff", **change)  # type: ignore[arg-type]
    assert house.receive(pap(house, "bivsi.primer", "wrong")) == []
    assert event(house).causes == (Cause.WRONG_PASSWORD,)
    house.events.clear()
    reply = the_reply(house, house.receive(pap(house, "bivsi.primer", "right password", identifier=8)))
    assert reply.code == Code.ACCESS_REJECT
    assert reply.first[REPLY_MESSAGE]
    assert event(house).causes == (cause,)


def test_a_rule_that_denies_tells_the_pupil_its_reason(house: SchoolHouse) -> None:
    house.add_person("blokiran.primer", "right password", "student", groups=("blocked",))
    reply = the_reply(house, house.receive(pap(house, "blokiran.primer", "right password")))
    assert (reply.code, reply.first[REPLY_MESSAGE]) == (Code.ACCESS_REJECT, b"Ask your class teacher.")
    assert event(house).causes == (Cause.DENIED_BY_RULE,)


def test_nobody_gets_in_without_a_rule_that_permits(house: SchoolHouse) -> None:
    house.add_person("drugi.primer", "right password", "student", school="os-druga")
    reply = the_reply(house, house.receive(pap(house, "drugi.primer", "right password")))
    assert reply.code == Code.ACCESS_REJECT
    assert event(house).causes == (Cause.NO_RULE,)


def test_a_vlan_that_the_school_has_not_mapped_rejects(house: SchoolHouse) -> None:
    house.add_person("gost.primer", "right password", "guest")
    reply = the_reply(house, house.receive(pap(house, "gost.primer", "right password")))
    assert reply.code == Code.ACCESS_REJECT
    assert event(house).causes == (Cause.VLAN_NOT_MAPPED,)


# --- CHAP and MAB


def test_chap_with_the_right_password_gets_in(house: SchoolHouse) -> None:
    assert the_reply(house, house.receive(chap(house, "nastavnik.primer", "staff password 1"))).code == Code.ACCESS_ACCEPT


def test_chap_with_a_wrong_password_is_rejected_after_the_delay(house: SchoolHouse) -> None:
    assert house.receive(chap(house, "nastavnik.primer", "wrong")) == []
    assert event(house).causes == (Cause.WRONG_PASSWORD,)


def test_chap_for_an_account_that_cannot_be_checked_so_says_what_is_missing(house: SchoolHouse) -> None:
    house.add_person("bez.chap", "right password", "staff", chap=False)
    assert house.receive(chap(house, "bez.chap", "right password")) == []
    assert event(house).causes == (Cause.METHOD_NOT_CHECKABLE,)


@pytest.mark.parametrize(
    "name", ["020000000501", "02-00-00-00-05-01", "02:00:00:00:05:01", "0200.0000.0501", "02-00-00-00-05-01".lower()]
)
def test_a_registered_printer_gets_in_by_its_mac_in_any_usual_spelling(house: SchoolHouse, name: str) -> None:
    reply = the_reply(house, house.receive(pap(house, name, name, mac="02-00-00-00-05-01")))
    assert reply.first[TUNNEL_PRIVATE_GROUP_ID].lstrip(b"\0") == b"30"
    assert (event(house).method, event(house).subject) == ("mab", "device:1")


def test_mab_works_by_chap_and_by_call_check_too(house: SchoolHouse) -> None:
    by_chap = chap(house, "020000000501", "020000000501", "02-00-00-00-05-01")
    assert the_reply(house, house.receive(by_chap)).code == Code.ACCESS_ACCEPT
    other = SchoolHouse()
    call_check = encode_attribute(SERVICE_TYPE, (10).to_bytes(4, "big"))
    request = pap(other, "020000000501", "whatever", mac="02-00-00-00-05-01", more=call_check)
    assert the_reply(other, other.receive(request)).code == Code.ACCESS_ACCEPT


def test_a_device_is_not_let_in_under_the_address_of_another(house: SchoolHouse) -> None:
    reply = the_reply(house, house.receive(pap(house, "020000000501", "020000000501", mac="02-00-00-00-66-66")))
    assert reply.code == Code.ACCESS_REJECT


def test_an_unknown_device_is_rejected(house: SchoolHouse) -> None:
    reply = the_reply(house, house.receive(pap(house, "0200000009ff", "0200000009ff", mac="02-00-00-00-09-FF")))
    assert reply.code == Code.ACCESS_REJECT
    assert event(house).causes == (Cause.UNKNOWN_DEVICE,)


def test_a_mac_as_name_with_another_password_is_no_mab(house: SchoolHouse) -> None:
    assert house.receive(pap(house, "020000000501", "not the mac", mac="02-00-00-00-05-01")) == []
