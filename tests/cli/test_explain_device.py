"""`kapija explain --mac` says what is wrong with a device now and shows what it tried, as `kapija audit search --mac` does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from radius.audit.causes import Cause
from radius.audit.events import AccessDecided
from radius.audit.sentences import explain
from radius.cli.frame import At

Kapija = Callable[..., Result]

NOW = 1_795_420_800.0  # 2026-11-23 08:00 UTC
LAPTOP = "02-00-00-00-05-01"
SPELLINGS = (LAPTOP, "02:00:00:00:05:01", "0200.0000.0501", "020000000501", "020000-000501")


def attempt(minute: float, *causes: str, **changes: Any) -> AccessDecided:
    """An attempt by PEAP, refused for these causes, or let in when there are none."""
    usual: dict[str, Any] = {
        "tag": "access:decide:denied" if causes else "access:decide:granted",
        "school": "os-vuk",
        "nas": "192.0.2.1",
        "client": "Zgrada A",
        "user": "ana.primer",
        "subject": "person:17",
        "role": "student",
        "mac": LAPTOP,
        "ssid": "skola",
        "access_point": "02-00-00-00-00-01",
        "method": "peap",
        "rule": "" if causes else "national:pupils",
        "policy": "ab" * 32,
        "causes": causes,
        "vlan": 0 if causes else 20,
        "session_timeout": 0,
        "valid_until": 0.0,
        "micros": (10, 3, 4, 30),
        "outer": "anonymous@os-vuk.example",
        "inner": "mschapv2",
        "tls": "1.2",
        "rounds": 9,
    }
    return AccessDecided(time=NOW + 60 * minute, **(usual | changes))


@pytest.fixture
def old_password(happened: Callable[..., None]) -> None:
    """The laptop came in yesterday, fails seven times since this morning; the phone of the same person is in."""
    happened(
        attempt(-1440, tls="1.3", resumed=True),
        attempt(-60, mac="02-00-00-00-05-02"),
        *(attempt(number, "wrong-password", detail="error 691 was sent in the tunnel") for number in range(7)),
    )


def test_a_device_is_told_what_is_wrong_in_one_sentence_before_all_else(expect: Kapija, old_password: None) -> None:
    lines = expect("explain", "--mac", LAPTOP).stdout.splitlines()
    assert lines[0] == (
        f"{LAPTOP}: An old password is saved on this device, while the account itself is in order. "
        "Forget the network on the device, connect again and type the present password; a new one is not needed."
    )


def test_the_timeline_says_when_who_where_how_and_why(expect: Kapija, old_password: None) -> None:
    lines = expect("explain", "--mac", LAPTOP).stdout.splitlines()
    told = explain(Cause.WRONG_PASSWORD, "coordinator", "en")
    place = "skola at 02-00-00-00-00-01 (os-vuk)"
    who = "ana.primer (outside the tunnel: anonymous@os-vuk.example)"
    assert lines[-5:] == [
        f"{At(NOW - 86_400)}  granted  {who}  peap mschapv2, TLS 1.3, resumed  {place}  rule national:pupils  VLAN 20",
        f"{At(NOW)}  denied 7 times since then, last at {At(NOW + 360)}  {who}  peap mschapv2, TLS 1.2  {place}",
        f"    Cause: {told.cause}",
        f"    Cure: {told.cure}",
        "    Detail: error 691 was sent in the tunnel",
    ]


def test_the_search_by_address_shows_the_same_timeline(expect: Kapija, old_password: None) -> None:
    explained = expect("explain", "--mac", LAPTOP).stdout
    searched = expect("audit", "search", "--mac", "02:00:00:00:05:01").stdout
    assert explained.endswith("\n\n" + searched)
    assert "denied 7 times" in searched


def test_a_filter_narrows_the_timeline(expect: Kapija, old_password: None) -> None:
    searched = expect("audit", "search", "--mac", LAPTOP, "--tag", "access:decide:denied", "--limit", "3")
    assert searched.stdout.startswith(f"{At(NOW + 240)}  denied 3 times since then")
    assert "these are the newest 3" in searched.stderr


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_address_may_be_spelled_as_usual_anywhere(expect: Kapija, old_password: None, spelling: str) -> None:
    told = json.loads(expect("explain", "--mac", spelling, "--json").stdout)
    assert (told["mac"], len(told["attempts"])) == (LAPTOP, 2)


def test_programs_get_the_diagnosis_and_the_timeline(expect: Kapija, old_password: None) -> None:
    told = json.loads(expect("explain", "--mac", LAPTOP, "--json").stdout)
    assert told["diagnosis"]["code"] == "old-password"
    assert told["diagnosis"]["account_in_order"] is True
    granted, denied = told["attempts"]
    assert (granted["result"], granted["tls"], granted["resumed"], granted["vlan"]) == ("granted", "1.3", True, 20)
    assert (denied["result"], denied["count"], denied["rounds"]) == ("denied", 7, 9)
    assert (denied["first"], denied["last"]) == ("2026-11-23T08:00:00.000Z", "2026-11-23T08:06:00.000Z")
    assert (denied["user"], denied["outer"], denied["inner"]) == ("ana.primer", "anonymous@os-vuk.example", "mschapv2")
    assert [cause["code"] for cause in denied["causes"]] == ["wrong-password"]
    assert denied["causes"][0]["cure"] == explain(Cause.WRONG_PASSWORD, "coordinator", "en").cure


def test_rows_for_programs_have_the_fields_of_802_1x_and_the_sentences(expect: Kapija, old_password: None) -> None:
    newest, *_ = json.loads(expect("audit", "search", "--mac", LAPTOP, "--json").stdout)
    fields = ("outer", "inner", "tls", "resumed", "rounds", "detail")
    assert [newest[name] for name in fields] == [
        "anonymous@os-vuk.example",
        "mschapv2",
        "1.2",
        False,
        9,
        "error 691 was sent in the tunnel",
    ]
    assert newest["why"].startswith("The password was wrong. Let the person type it again")


def test_tail_shows_them_too(expect: Kapija, old_password: None) -> None:
    header, row = expect("audit", "tail", "-n", "1").stdout.splitlines()
    cells = dict(zip(header.split("\t"), row.split("\t"), strict=True))
    assert (cells["method"], cells["outer"]) == ("peap mschapv2, TLS 1.2", "anonymous@os-vuk.example")
    assert cells["detail"] == "error 691 was sent in the tunnel"


def test_what_was_seen_beside_it_is_told(expect: Kapija, happened: Callable[..., None]) -> None:
    others = [attempt(n, "silent-after-certificate", mac=f"02-00-00-00-06-0{n}") for n in (1, 2)]
    happened(attempt(0, "silent-after-certificate"), *others)
    lines = expect("explain", "--mac", LAPTOP).stdout.splitlines()
    assert lines[0].startswith(f"{LAPTOP}: This device and others at the same access point fall silent")
    assert lines[1] == "Seen beside it: at the same access point within an hour 2 other devices failed alike and 0 came in."


def test_registering_the_device_stands_in_its_story(expect: Kapija) -> None:
    expect("device", "add", LAPTOP, "--school", "os-vuk")
    lines = expect("explain", "--mac", LAPTOP).stdout.splitlines()
    assert lines[0].startswith(f"{LAPTOP}: No attempt of this device has been recorded.")
    assert "device:add:done  device:1 by cli:" in lines[-1]


def test_a_device_that_never_came_is_not_an_error(expect: Kapija) -> None:
    told = json.loads(expect("explain", "--mac", LAPTOP, "--json").stdout)
    assert (told["diagnosis"]["code"], told["attempts"]) == ("never-seen", [])


def test_a_name_in_a_timeline_cannot_steer_the_terminal(expect: Kapija, happened: Callable[..., None]) -> None:
    happened(attempt(0, "wrong-password", user="ana\x1b[2J", outer="\u202eeva", detail="a\nb"))
    for command in (["explain", "--mac", LAPTOP], ["audit", "search", "--mac", LAPTOP]):
        out = expect(*command).stdout
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "Detail: a\\nb" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--user", "ana"),
        ("--user", "ana", "--mac", LAPTOP),
        ("--mac", LAPTOP, "--ssid", "skola"),
        ("--mac", LAPTOP, "--at", "2026-09-01T08:00"),
        ("--mac", LAPTOP, "--method", "mab"),
        ("--mac", LAPTOP, "--client", "192.0.2.1"),
        ("--mac", LAPTOP, "--family", "generic"),
        ("--mac", LAPTOP, "--directory-away"),
    ],
)
def test_what_asks_for_rules_needs_a_school(expect: Kapija, arguments: tuple[str, ...]) -> None:
    expect("explain", *arguments, status=2, says="--school says whose rules are asked")


def test_with_a_school_the_device_itself_is_asked_for_as_before(expect: Kapija) -> None:
    out = expect("explain", "--mac", LAPTOP, "--school", "os-vuk").stdout
    assert "no device with this address is registered" in out
    assert "Rules, in the order in which they were tried:" in out


def test_what_is_no_address_is_told(expect: Kapija) -> None:
    expect("explain", "--mac", "02-00", status=1, says="is no MAC address")
