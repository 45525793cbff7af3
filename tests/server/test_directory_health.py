"""What several workers say of a directory, added up; and what is promised for the time when it is away."""

import pytest
from msgspec.structs import replace

from radius.directory.description import parse_description
from radius.server.directory_health import health, survival
from radius.server.status import DirectoryStatus, WorkerStatus
from radius.settings import EapSettings

ONE = DirectoryStatus(
    name="skola",
    state="closed",
    since=1000.0,
    asked=10,
    answered=9,
    could_not_ask=1,
    joined=2,
    full=3,
    p50=1.0,
    p95=20.0,
    p99=30.0,
    threads=8,
    busy=4,
    waiting=5,
    hits={"facts": 3, "proofs": 0, "refusals": 0},
    misses={"facts": 1, "proofs": 8, "refusals": 0},
    checks=("PlainPassword",),
)
DOCUMENT = 'kind = "ldap"\nservers = ["ldaps://ldap.example"]\nbase = "dc=example"\n'


def worker(number: int, *directories: DirectoryStatus) -> WorkerStatus:
    return WorkerStatus(number, 4000 + number, 900.0, 2000.0, {}, directories)


def test_numbers_are_added_and_of_times_the_slowest_workers_are_told() -> None:
    other = replace(ONE, asked=1, answered=1, could_not_ask=0, p50=5.0, p95=6.0, p99=99.0, misses={"facts": 4, "proofs": 2})
    (found,) = health([worker(0, ONE), worker(1, other)])
    assert (found.asked, found.answered, found.could_not_ask, found.joined, found.full) == (11, 10, 1, 4, 6)
    assert (found.busy, found.threads, found.waiting, found.workers) == (8, 16, 10, 2)
    assert (found.p50, found.p95, found.p99) == (5.0, 20.0, 99.0)
    assert (found.facts, found.proofs, found.refusals) == (54.5, 0.0, None)


@pytest.mark.parametrize(
    ("states", "breaker", "since"),
    [
        ((("closed", 7.0), ("closed", 5.0)), "closed", 5.0),
        ((("closed", 7.0), ("open", 9.0), ("open", 8.0)), "open in 2 of 3 workers", 8.0),
        ((("half-open", 7.0), ("closed", 1.0)), "half-open in 1 of 2 workers", 7.0),
        ((("half-open", 7.0), ("open", 8.0)), "open in 1 of 2 workers", 8.0),
        ((("of a later version", 7.0),), "of a later version", 7.0),
    ],
)
def test_the_worst_state_is_told_with_how_many_see_it(
    states: tuple[tuple[str, float], ...], breaker: str, since: float
) -> None:
    each = [worker(n, replace(ONE, state=state, since=at)) for n, (state, at) in enumerate(states)]
    (found,) = health(each)
    assert (found.breaker, found.since) == (breaker, since)


def test_directories_come_by_name_and_workers_may_differ() -> None:
    found = health([worker(0, replace(ONE, name="b"), replace(ONE, name="a")), worker(1, replace(ONE, name="b")), worker(2)])
    assert [(one.name, one.workers) for one in found] == [("a", 1), ("b", 2)]
    assert health([worker(0)]) == []


MSCHAP = ("MsChap2Response", "PlainPassword")


@pytest.mark.parametrize(
    ("checks", "hours", "eap", "words", "lacks"),
    [
        (("PlainPassword",), 8, EapSettings(), "within 8 hours", "MS-CHAPv2"),
        (MSCHAP, 8, EapSettings(resumption_hours=24), "logged in within 8 hours", "lets nobody in"),
        (MSCHAP, 100, EapSettings(resumption_hours=24), "logged in within 24 hours", "lets nobody in"),
        (MSCHAP, 8, EapSettings(resumption=False), "PEAP with it lets nobody in", "survives"),
        (MSCHAP, 0, EapSettings(), "nobody of its people gets in", "MS-CHAPv2"),
    ],
)
def test_what_survives_an_outage_is_said_as_it_is(checks, hours, eap, words, lacks) -> None:
    said = survival(parse_description(f"{DOCUMENT}[cache]\nproof_hours_away = {hours}\n"), checks, eap)
    assert words in said
    assert lacks not in said
