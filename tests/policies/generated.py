"""Random policies and accesses for the property tests, and a naive interpreter that decides from the raw tables.

The interpreter shares nothing with the project's own evaluation: it reads the same dictionaries that the TOML texts are
written from, and asks zoneinfo for the local time of each condition anew.
"""

import datetime as dt
import json
from fnmatch import fnmatchcase
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from policies.access import Access

ZONE = "Europe/Belgrade"
ROLES = ("student", "staff", "guest")
GROUPS = ("8-1", "8-2", "choir")
SSIDS = ("Ucenici", "Skola")
TAGS = ("primary", "north")
SCHOOLS = ("os-vuk", "os-sava")
MACS = ("02-00-00-00-05-01", "02-00-01-00-05-02", "")
ACCESS_POINTS = ("02-AA-00-00-00-01", "ap-hall-1", "ap-gym", "")
LOCATIONS = ("hall", "gym", "kabinet-1", "")
ISSUERS = ("CN=Kapija Test CA", "CN=Other CA,O=Test", "")
METHODS = ("pap", "mab", "eap-tls")
OWNERSHIPS = ("own", "managed", "registered")
TIMES = ("mon-fri 07:30-15:00", "22:00-06:00", "sun 01:00-04:00", "sat,sun", "wed 12:00-12:45", "00:00-24:00")
CALENDAR_NAMES = ("term", "holiday", "lesson", "break", "1. cas", "nothing of that name")
DATES = ("2026-09-01..2026-10-25", "2026-10-25", "2027-01-01..2027-06-30")

CALENDAR = {
    "term": [
        {"name": "first", "first": dt.date(2026, 9, 1), "last": dt.date(2026, 12, 30)},
        {"name": "second", "first": dt.date(2027, 1, 18), "last": dt.date(2027, 6, 15)},
    ],
    "holiday": [{"name": "autumn", "first": dt.date(2026, 10, 26), "last": dt.date(2026, 10, 30)}],
    "extra": [{"date": dt.date(2026, 10, 31), "like": "mon"}],
    "bell": [
        {"name": "1. cas", "time": "08:00-08:45"},
        {"name": "2. cas", "time": "08:50-09:35"},
        {"name": "dawn", "time": "02:15-02:45", "days": "sun"},
    ],
}


def toml(value: object) -> str:
    """A value in TOML; tables inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dt.date):
        return value.isoformat()
    return json.dumps(value)


def document_text(data: dict[str, object]) -> str:
    """A whole document or calendar; inline tables are TOML too."""
    return "\n".join(f"{key} = {toml(value)}" for key, value in data.items())


LEAVES: dict[str, tuple[object, ...]] = {
    "role": ROLES,
    "group": GROUPS,
    "ssid": SSIDS,
    "tag": TAGS,
    "school": SCHOOLS,
    "method": METHODS,
    "ownership": OWNERSHIPS,
    "mac": ("02-00-00", "02:00:01:00:05:02", "020000"),
    "access_point": ("02-AA-00", "ap-*", "ap-gym", "*-hall-?"),
    "location": ("hall", "kabinet-*", "[gh]*"),
    "issuer": ("CN=Kapija Test CA", "*O=Test"),
    "home": (True, False),
    "wired": (True, False),
    "time": TIMES,
    "calendar": CALENDAR_NAMES,
    "dates": DATES,
}

CHANCES = st.integers(0, 2**48).map(Random)
"""Random sources. Policies are drawn from them and not choice by choice, which takes Hypothesis a hundred times as long."""


def some(chance: Random, values: tuple[object, ...]) -> object:
    """One of the values, or a list of one or two."""
    if isinstance(values[0], bool) or chance.random() < 0.6:
        return chance.choice(values)
    return chance.sample(values, chance.randint(1, 2))


def when(chance: Random, depth: int = 0) -> dict[str, object]:
    """A random `when` table; the outermost may be empty."""
    if depth == 0 and chance.random() < 0.05:
        return {}
    table = {key: some(chance, LEAVES[key]) for key in chance.sample(sorted(LEAVES), chance.choice((1, 1, 2, 3)))}
    if depth < 3 and chance.random() < 0.4:
        key = chance.choice(("any", "all", "not"))
        branches = [when(chance, depth + 1) for _ in range(chance.randint(1, 3))]
        table[key] = branches[0] if key == "not" else branches
        if chance.random() < 0.3:
            table = {key: table[key]}
    return table


def document(chance: Random, scope: str) -> dict[str, object]:
    """A random document's data; a school's may replace n-0 to n-3."""
    national = scope == "national"
    rules = []
    for number in range(chance.randint(0, 6)):
        rule: dict[str, object] = {"id": f"{'n' if national else 's'}-{number}", "when": when(chance)}
        if chance.random() < 0.6:
            rule["grant"] = {"vlan": chance.randint(1, 4094)}
        else:
            rule["deny"] = f"reason {number}"
        if national and chance.random() < 0.5:
            rule["locked"] = True
        if not national and chance.random() < 0.3:
            rule["replaces"] = some(chance, ("n-0", "n-1", "n-2", "n-3"))
        rules.append(rule)
    data: dict[str, object] = {"rule": rules}
    if chance.random() < 0.4:
        critical: dict[str, object] = {"when": when(chance), "grant": {"vlan": chance.randint(1, 4094)}}
        if national and chance.random() < 0.5:
            critical["locked"] = True
        if not national and chance.random() < 0.5:
            critical["replaces"] = "critical"
        data["critical"] = critical
    return data


def facts(chance: Random) -> dict[str, object]:
    """The fields of a random Access, without its moment."""
    return {
        "school": chance.choice(SCHOOLS),
        "method": chance.choice(METHODS),
        "role": chance.choice((*ROLES, *ROLES, "", "caretaker")),
        "groups": frozenset(chance.sample(GROUPS, chance.randint(0, 3))),
        "home": chance.random() < 0.5,
        "ownership": chance.choice(OWNERSHIPS),
        "tags": frozenset(chance.sample(TAGS, chance.randint(0, 2))),
        "mac": chance.choice(MACS),
        "ssid": chance.choice((*SSIDS, "")),
        "access_point": chance.choice(ACCESS_POINTS),
        "location": chance.choice(LOCATIONS),
        "wired": chance.random() < 0.5,
        "issuer": chance.choice(ISSUERS),
        "directory_away": chance.random() < 0.2,
    }


INSTANTS = st.one_of(
    st.integers(1_787_000_000, 1_820_000_000).map(float),  # August 2026 to September 2027
    st.integers(1_792_850_000, 1_792_950_000).map(float),  # the autumn time change, 25 October 2026
    st.integers(1_806_150_000, 1_806_250_000).map(float),  # the spring one, 28 March 2027
)


def naive_decision(national: dict, school: dict, access: Access, now: float) -> str:
    """The name of the rule that decides, "" for none: the model's sentences, read aloud."""
    if access.directory_away:
        above, below = national.get("critical"), school.get("critical")
        if above and below and below.get("replaces") == "critical" and not above.get("locked"):
            above = None
        for scope, rule in (("national", above), ("os-vuk", below)):
            if rule and naive_when(rule["when"], access, now):
                return f"{scope}:critical"
        return ""
    gone = {name for rule in school["rule"] for name in _list(rule.get("replaces", []))}
    for rule in national["rule"]:
        if (rule.get("locked") or rule["id"] not in gone) and naive_when(rule["when"], access, now):
            return f"national:{rule['id']}"
    for rule in school["rule"]:
        if naive_when(rule["when"], access, now):
            return f"os-vuk:{rule['id']}"
    return ""


def naive_when(table: dict, access: Access, now: float) -> bool:
    """Whether every key of the table holds."""
    return all(_naive_key(key, value, access, now) for key, value in table.items())


def _naive_key(key: str, value: object, access: Access, now: float) -> bool:
    if key == "not":
        return not naive_when(value, access, now)
    if key == "any":
        return any(naive_when(table, access, now) for table in value)
    if key == "all":
        return all(naive_when(table, access, now) for table in value)
    if key in ("home", "wired"):
        return getattr(access, key) is value
    return any(_naive_value(key, wanted, access, now) for wanted in _list(value))


def _naive_value(key: str, wanted: str, access: Access, now: float) -> bool:
    if key in ("group", "tag"):
        return wanted in getattr(access, f"{key}s")
    if key in ("time", "calendar", "dates"):
        local = dt.datetime.fromtimestamp(now, ZoneInfo(ZONE)).replace(tzinfo=None)
        return {"time": naive_time, "calendar": naive_calendar, "dates": naive_dates}[key](wanted, local)
    actual = getattr(access, key)
    if key in ("mac", "access_point") and all(letter in "0123456789ABCDEFabcdef:-" for letter in wanted):
        return _digits(actual).startswith(_digits(wanted)) and (key == "mac" or actual.count("-") == 5)
    if key in ("access_point", "location", "issuer"):
        return actual != "" and fnmatchcase(actual, wanted)
    return actual == wanted


def naive_time(text: str, local: dt.datetime) -> bool:
    """Whether the window is open at the local time."""
    days, _, clock = text.rpartition(" ") if ":" in text else (text, "", "00:00-24:00")
    start, end = clock.split("-")
    today, yesterday = (_is_day(days, day) for day in (local, local - dt.timedelta(days=1)))
    at = local.strftime("%H:%M")
    if start < end:
        return today and start <= at < end
    return (today and at >= start) or (yesterday and at < end)


def naive_dates(text: str, local: dt.datetime) -> bool:
    """Whether the local date is in the range."""
    first, _, last = text.partition("..")
    return first <= local.strftime("%Y-%m-%d") <= (last or first)


def naive_calendar(name: str, local: dt.datetime) -> bool:
    """Whether that holds in CALENDAR at the local time."""
    date, at = local.date(), local.strftime("%H:%M")
    extra = [entry["like"] for entry in CALENDAR["extra"] if entry["date"] == date]
    inside = {kind: any(e["first"] <= date <= e["last"] for e in CALENDAR[kind]) for kind in ("term", "holiday")}
    term = bool(extra) or (inside["term"] and not inside["holiday"])
    if name in ("term", "holiday"):
        return term is (name == "term")
    weekday = extra[0] if extra else local.strftime("%a").lower()
    bells = [
        b for b in CALENDAR["bell"] if term and weekday in (["sun"] if "days" in b else ["mon", "tue", "wed", "thu", "fri"])
    ]
    ringing = [b["name"] for b in bells if b["time"][:5] <= at < b["time"][6:]]
    if name == "lesson":
        return bool(ringing)
    if name == "break":
        return bool(bells) and not ringing and min(b["time"][:5] for b in bells) <= at < max(b["time"][6:] for b in bells)
    return name in ringing


def _is_day(days: str, local: dt.datetime) -> bool:
    day = local.strftime("%a").lower()
    spelled = {"mon-fri": "mon,tue,wed,thu,fri", "mon-sat": "mon,tue,wed,thu,fri,sat"}.get(days, days)
    return not days or day in spelled.split(",")


def _digits(text: str) -> str:
    return text.replace("-", "").replace(":", "").upper()


def _list(value: object) -> list[str]:
    return value if isinstance(value, list) else [value]
