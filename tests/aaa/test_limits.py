"""The limits of a grant, and its quota: who may come in beside what is on, and when what was used up begins anew."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from policies.decision import Decision
from policies.grant import Grant, Quota
from radius.aaa.limits import by_quota, excess, grant_by, rule_of, within
from radius.aaa.quotas import day_of, monday_of, used_up_until
from radius.audit.causes import Cause
from radius.store.records import PresenceRecord

NOW = 1_795_420_800.0  # Monday 2026-11-23 09:00 in Belgrade
ZONE = ZoneInfo("Europe/Belgrade")
PHONE, LAPTOP, TABLET = (f"02-00-00-00-00-0{number}" for number in (1, 2, 3))


def on(*devices: tuple[str, float, int], used_up: float = 0.0) -> PresenceRecord:
    return PresenceRecord("person:17", devices, used_up)


@pytest.mark.parametrize(
    ("presence", "mac", "refused"),
    [
        (None, PHONE, None),
        (on(), PHONE, None),
        (on((PHONE, 0.0, 1)), LAPTOP, None),
        (on((PHONE, 0.0, 1), (LAPTOP, 0.0, 1)), TABLET, Cause.DEVICE_LIMIT),
        (on((PHONE, 0.0, 1), (LAPTOP, 0.0, 1)), PHONE, None),  # it comes again
        (on((PHONE, 0.0, 1), (LAPTOP, NOW + 1, 1)), TABLET, Cause.DEVICE_LIMIT),  # logged in, accounting not begun
        (on((PHONE, 0.0, 1), (LAPTOP, NOW, 1)), TABLET, None),  # it never began
    ],
)
def test_devices_are_counted_and_not_sessions(presence: PresenceRecord | None, mac: str, refused: Cause | None) -> None:
    assert excess(Grant(max_devices=2), presence, mac, NOW) is refused


def test_sessions_are_counted_and_a_device_s_own_are_replaced() -> None:
    both = on((PHONE, 0.0, 2), (LAPTOP, 0.0, 1))
    grant = Grant(max_sessions=3)
    assert excess(grant, both, TABLET, NOW) is Cause.SESSION_LIMIT
    assert excess(grant, both, PHONE, NOW) is None
    assert excess(Grant(), both, TABLET, NOW) is None


def test_a_used_up_quota_refuses_or_gives_what_it_says() -> None:
    slow = Grant(vlan=30, bandwidth_down=500)
    used = on(used_up=NOW + 100)
    refusing = Decision(True, "national:a", Grant(vlan=20, quota=Quota(day_megabytes=1)), None, "ab")
    giving = Decision(True, "national:a", Grant(vlan=20, quota=Quota(day_megabytes=1, then=slow)), None, "ab")
    assert by_quota(refusing, used, NOW) is Cause.QUOTA_USED_UP
    assert by_quota(refusing, used, NOW + 100) is refusing
    assert by_quota(refusing, None, NOW) is refusing
    held = by_quota(giving, used, NOW)
    assert isinstance(held, Decision)
    assert (held.rule, held.grant, held.permitted, held.valid_until) == ("national:a+used-up", slow, True, NOW + 100)
    assert rule_of(held.rule) == "national:a"
    assert grant_by(giving.grant, held.rule) == slow
    assert grant_by(giving.grant, "national:a") == giving.grant
    assert within(giving, used, PHONE, NOW) == held


def test_the_devices_of_the_grant_itself_count_while_its_quota_is_used_up() -> None:
    grant = Grant(max_devices=1, quota=Quota(day_minutes=1, then=Grant(vlan=30)))
    decision = Decision(True, "r", grant, None, "")
    assert within(decision, on((PHONE, 0.0, 1), used_up=NOW + 9), LAPTOP, NOW) is Cause.DEVICE_LIMIT


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


@pytest.mark.parametrize(
    ("quota", "used", "until"),
    [
        (Quota(day_megabytes=10), {"2026-11-23": (9_999_999, 0)}, 0.0),
        (Quota(day_megabytes=10), {"2026-11-23": (10_000_000, 0)}, at("2026-11-24 00:00")),
        (Quota(day_megabytes=10), {"2026-11-22": (10_000_000, 0)}, 0.0),
        (Quota(day_minutes=2), {"2026-11-23": (0, 120)}, at("2026-11-24 00:00")),
        (Quota(week_megabytes=10), {"2026-11-23": (10_000_000, 0)}, at("2026-11-30 00:00")),
        (Quota(week_megabytes=10), {"2026-11-22": (10_000_000, 0)}, 0.0),  # Sunday was last week
        (Quota(day_minutes=1, week_minutes=1), {"2026-11-23": (0, 60)}, at("2026-11-30 00:00")),
        (Quota(day_megabytes=1), {}, 0.0),
    ],
)
def test_until_when_a_quota_is_used_up(quota: Quota, used: dict[str, tuple[int, int]], until: float) -> None:
    assert used_up_until(quota, used, NOW, ZONE) == until


def test_days_are_the_school_s() -> None:
    assert day_of(at("2026-11-23 00:30"), ZONE) == "2026-11-23"
    assert day_of(at("2026-11-23 00:30"), ZoneInfo("UTC")) == "2026-11-22"
    assert [monday_of(day) for day in ("2026-11-23", "2026-11-29", "2026-11-30")] == ["2026-11-23", "2026-11-23", "2026-11-30"]


def test_a_day_of_25_hours_ends_at_its_midnight() -> None:
    """2026-10-25: the clock goes back at three."""
    until = used_up_until(Quota(day_minutes=1), {"2026-10-25": (0, 60)}, at("2026-10-25 01:00"), ZONE)
    assert until == at("2026-10-26 00:00")
    assert until - at("2026-10-25 00:00") == 25 * 3600
