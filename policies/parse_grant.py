"""Reads what a rule gives: the `grant` table, and the filter profiles that grants name."""

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from policies.grant import FilterProfile, Grant, Quota, RawAttribute
from policies.problems import Table, kind
from policies.weekly import parse_window

CheckAttribute = Callable[[str, str | int, int], str | None]
"""Whether the dictionary can encode (name, value, tag): None when it can, else one sentence about what is wrong."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
MAX_ATTRIBUTES = 50
MAX_VLAN = 4094  # IEEE 802.1Q: 0 and 4095 are reserved
_DAY = 86_400
_MAX_RATE = 100_000_000  # kbit/s: 100 Gbit/s
_MAX_MEGABYTES = 100_000_000
_WEEK_MINUTES = 7 * 24 * 60
_MAX_DOMAINS = 5000
_DOMAIN = re.compile(r"(?:\*\.)?[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)+")

_GRANT_KEYS = Grant.__struct_fields__
_QUOTA_KEYS = Quota.__struct_fields__
_LIMITS = ("max_devices", "max_sessions", "quota")  # of the grant itself, not of what is given when they are used up
_FILTER_KEYS = tuple(field for field in FilterProfile.__struct_fields__ if field != "name")


def parse_grant(table: Table, check_attribute: CheckAttribute) -> Grant:
    """The Grant of `table`. What is wrong is noted in its problems."""
    table.only(_GRANT_KEYS)
    return _grant(table, check_attribute)


def _grant(table: Table, check_attribute: CheckAttribute) -> Grant:
    grant = Grant(
        vlan=_vlan(table),
        voice=table.flag("voice"),
        filter=table.text("filter") or None,
        acl=table.text("acl") or None,
        bandwidth_down=table.whole("bandwidth_down", 1, _MAX_RATE),
        bandwidth_up=table.whole("bandwidth_up", 1, _MAX_RATE),
        session_timeout=table.whole("session_timeout", 60, 30 * _DAY),
        idle_timeout=table.whole("idle_timeout", 60, _DAY),
        reauthenticate=table.whole("reauthenticate", 60, 30 * _DAY),
        max_devices=table.whole("max_devices", 1, 1000),
        redirect=_redirect(table),
        reply_message=table.text("reply_message") or None,
        psk=table.flag("psk"),
        attributes=_attributes(table, check_attribute),
        max_sessions=table.whole("max_sessions", 1, 1000),
        quota=_quota(table, check_attribute),
    )
    return _shared(grant)


@lru_cache(maxsize=1 << 14)
def _shared(grant: Grant) -> Grant:
    """One object for equal grants: thousands of schools give the same things."""
    return grant


def parse_filters(table: Table) -> dict[str, FilterProfile]:
    """The filter profiles of the document `table`, by name."""
    profiles = {}
    holder = table.table("filter")
    for name in holder.values if holder else ():
        entry = holder.table(name) if holder else None
        if entry is None:
            continue
        if not NAME.fullmatch(name):
            entry.problems.add(entry.place, f"{name!r} is no name; use a-z, 0-9, - and _")
        entry.only(_FILTER_KEYS)
        profiles[name] = FilterProfile(
            name,
            description=entry.text("description"),
            vendor_names=_vendor_names(entry),
            blocked_categories=entry.texts("blocked_categories"),
            allowed_domains=_domains(entry, "allowed_domains"),
            denied_domains=_domains(entry, "denied_domains"),
            safe_search=entry.flag("safe_search"),
            schedule=_schedule(entry),
        )
    return profiles


def _quota(table: Table, check_attribute: CheckAttribute) -> Quota | None:
    entry = table.table("quota")
    if entry is None:
        return None
    entry.only(_QUOTA_KEYS)
    if all(key not in entry.values for key in _QUOTA_KEYS if key != "then"):
        entry.problems.add(entry.place, "must have day_megabytes, week_megabytes, day_minutes or week_minutes")
    then = entry.table("then")
    if then is not None:
        then.only([key for key in _GRANT_KEYS if key not in _LIMITS])
    return Quota(
        entry.whole("day_megabytes", 1, _MAX_MEGABYTES),
        entry.whole("week_megabytes", 1, _MAX_MEGABYTES),
        entry.whole("day_minutes", 1, _WEEK_MINUTES // 7),
        entry.whole("week_minutes", 1, _WEEK_MINUTES),
        _grant(then, check_attribute) if then is not None else None,
    )


def _vlan(table: Table) -> str | int | None:
    value = table.values.get("vlan")
    if isinstance(value, str):
        if NAME.fullmatch(value):
            return value
        table.wrong("vlan", f"{value[:63]!r} is no VLAN name; use a-z, 0-9, - and _ (an id is written without quotes)")
        return None
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return table.whole("vlan", 1, MAX_VLAN)
    table.wrong("vlan", f"must be a name that schools map to their own ids, or an id from 1 to {MAX_VLAN}, not {kind(value)}")
    return None


def _redirect(table: Table) -> str | None:
    url = table.text("redirect")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        table.wrong("redirect", "must be the portal's URL, such as https://portal.example.rs/")
        return None
    return url


def _attributes(table: Table, check_attribute: CheckAttribute) -> tuple[RawAttribute, ...]:
    attributes = []
    for entry in table.tables("attributes", MAX_ATTRIBUTES):
        entry.only(("name", "value", "tag"))
        name = entry.text("name", required=True)
        tag = entry.whole("tag", 0, 31) or 0  # RFC 2868 section 3.1: 0x01-0x1f
        value = entry.values.get("value")
        if isinstance(value, bool) or not isinstance(value, str | int):
            entry.wrong("value", "is missing" if value is None else f"must be a text or a whole number, not {kind(value)}")
        elif isinstance(value, int) and not 0 <= value < 1 << 64:
            entry.wrong("value", "must be a whole number that fits into 64 bits")
        elif name:
            problem = check_attribute(name, value, tag)
            if problem:
                entry.problems.add(entry.place, problem)
            attributes.append(RawAttribute(name, value, tag))
    return tuple(attributes)


def _vendor_names(entry: Table) -> dict[str, str]:
    names = entry.table("vendor_names")
    return {family: names.text(family) for family in names.values} if names else {}


def _domains(entry: Table, key: str) -> tuple[str, ...]:
    domains = entry.texts(key)
    if len(domains) > _MAX_DOMAINS:
        entry.wrong(key, f"has {len(domains)} domains, more than the {_MAX_DOMAINS} that are allowed")
    for domain in domains[:_MAX_DOMAINS]:
        if domain and not _DOMAIN.fullmatch(domain):
            entry.wrong(key, f"{domain!r} is no domain; write it like example.rs or *.example.rs")
    return domains


def _schedule(entry: Table) -> str:
    schedule = entry.text("schedule")
    if schedule:
        try:
            return parse_window(schedule).text
        except ValueError as fault:
            entry.wrong("schedule", f"{schedule!r} {fault}")
    return schedule
