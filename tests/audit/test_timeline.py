"""A device's rows become a story: runs of the same are one line, and what differs stays apart."""

from typing import Any

import pytest
from msgspec.structs import replace

from radius.audit.search import Entry
from radius.audit.timeline import runs, way

NOW = 1_795_420_800.0

DENIED = Entry(
    id=1,
    chain="node:node1",
    number=1,
    time=NOW,
    tag="access:decide:denied",
    school="os-vuk",
    nas="192.0.2.1",
    user="ana.primer",
    mac="02-00-00-00-05-01",
    ssid="skola",
    access_point="02-00-00-00-00-01",
    method="peap",
    inner="mschapv2",
    causes=("wrong-password",),
)


def entries(*changes: dict[str, Any]) -> list[Entry]:
    """Rows a minute apart, given oldest first, as a search returns them: newest first."""
    made = [replace(DENIED, time=NOW + 60 * number, **change) for number, change in enumerate(changes)]
    return list(reversed(made))


def test_seven_failures_of_a_kind_are_one_run_since_the_first() -> None:
    (run,) = runs(entries(*({} for _ in range(7))))
    assert (run.first, run.count, run.result, run.latest.time) == (NOW, 7, "denied", NOW + 360)


def test_the_story_goes_from_the_oldest_to_the_newest() -> None:
    granted = {"tag": "access:decide:granted", "causes": (), "vlan": 20}
    told = runs(entries(granted, {}, {}, {"tag": "access:decide:unanswered", "causes": ("directory-away",)}, granted))
    assert [(run.result, run.count) for run in told] == [("granted", 1), ("denied", 2), ("unanswered", 1), ("granted", 1)]
    assert [run.first for run in told] == sorted(run.first for run in told)


@pytest.mark.parametrize(
    "change",
    [
        {"causes": ("account-disabled",)},
        {"causes": ("wrong-password", "denied-by-rule")},
        {"user": "eva.primer"},
        {"outer": "anonymous@os-vuk.example"},
        {"ssid": "gosti"},
        {"access_point": "02-00-00-00-00-02"},
        {"nas": "192.0.2.2"},
        {"school": "os-sava"},
        {"method": "ttls"},
        {"inner": "gtc"},
        {"rule": "national:exams"},
        {"tag": "access:decide:unanswered"},
    ],
)
def test_what_differs_in_anything_that_is_shown_stays_apart(change: dict[str, Any]) -> None:
    assert [run.count for run in runs(entries({}, change, {}))] == [1, 1, 1]


def test_a_run_shows_its_newest_detail() -> None:
    (run,) = runs(entries({"detail": "first"}, {"detail": "second", "rounds": 9, "micros": (1, 2, 3, 4)}))
    assert (run.count, run.latest.detail) == (2, "second")


def test_changes_by_people_stand_one_by_one_between_the_attempts() -> None:
    added = {"tag": "device:add:done", "causes": (), "actor": "cli:root", "object": "device:4"}
    assert [(run.result, run.count) for run in runs(entries({}, added, added, {}))] == [
        ("denied", 1),
        ("device:add:done", 1),
        ("device:add:done", 1),
        ("denied", 1),
    ]


def test_nothing_tried_is_no_story() -> None:
    assert runs([]) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tls": "1.3", "resumed": True}, "peap mschapv2, TLS 1.3, resumed"),
        ({"tls": "1.3", "resumed": True, "from_cache": True}, "peap mschapv2, TLS 1.3, resumed, from cache"),
        ({"tls": "1.2"}, "peap mschapv2, TLS 1.2"),
        ({"method": "eap-tls", "inner": "", "tls": "1.3"}, "eap-tls, TLS 1.3"),
        ({"method": "pap", "inner": ""}, "pap"),
        ({"method": "", "inner": ""}, ""),
    ],
)
def test_the_way_somebody_proved_himself_in_a_few_words(changes: dict[str, Any], words: str) -> None:
    assert way(replace(DENIED, **changes)) == words
