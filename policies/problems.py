"""What is wrong in a text that an administrator wrote: problems with their places, collected instead of stopping at the first.

A Table reads one TOML table strictly: each key that it is asked for is checked, each key that nobody knows is a problem
with the known keys beside it. After a problem the reader goes on with a harmless value; the text is refused as a whole.
"""

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches

from msgspec import Struct

MAX_TEXT = 1 << 20  # characters; a national policy has some tens of thousands
MAX_PROBLEMS = 100  # a hundred tell the author enough
MAX_OCTETS = 253  # the longest text attribute, RFC 2865 section 5


class Problem(Struct, frozen=True):
    """One thing that is wrong: `place` is like `rule[3].when.ssid` (counted from 0), `rule` the rule's id if it has one."""

    place: str
    message: str
    rule: str = ""

    def __str__(self) -> str:
        where = f"{self.place} (rule {self.rule!r})" if self.rule else self.place
        return f"{where}: {self.message}"


class Problems:
    """The problems found so far. `rule` is the id of the rule that is being read, put beside each of its problems."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.rule = ""

    def add(self, place: str, message: str) -> None:
        """Note that `place` is wrong; `message` says what and how to mend it."""
        if len(self.found) < MAX_PROBLEMS:
            self.found.append(Problem(place, message, self.rule))


def load(text: str, problems: Problems) -> "Table":
    """The TOML document `text` as a Table at the place "" (an empty one, with the problem noted, when it is no TOML)."""
    if len(text) > MAX_TEXT:
        problems.add("document", f"has {len(text)} characters, more than the {MAX_TEXT} that are allowed")
        return Table({}, "", problems)
    try:
        return Table(tomllib.loads(text), "", problems)
    except ValueError as error:  # TOMLDecodeError is one; so is what int() says to 5,000 digits
        problems.add("document", f"is not valid TOML: {error}")
    except RecursionError:
        problems.add("document", "is not valid TOML: it is nested too deeply")
    return Table({}, "", problems)


def known_values(value: str, known: Iterable[str]) -> str:
    """The mend for an unknown name: the nearest known one, and all of them if they are few enough to read."""
    names = sorted(str(name) for name in known)
    near = get_close_matches(value, names, 1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
    return f"{meant}known: {shown or 'none'}"


def kind(value: object) -> str:
    """The TOML word for a value's type, for messages."""
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", dict: "a table", list: "a list"}
    return words.get(type(value), "a date or time")


class Table:
    """One TOML table at `place`, read strictly; what is wrong goes to `problems`."""

    def __init__(self, values: dict[str, object], place: str, problems: Problems) -> None:
        self.values = values
        self.place = place
        self.problems = problems

    def at(self, key: str) -> str:
        """The place of `key`."""
        return f"{self.place}.{key}" if self.place else key

    def wrong(self, key: str, message: str) -> None:
        """Note a problem with the value of `key`."""
        self.problems.add(self.at(key), message)

    def only(self, known: Iterable[str]) -> None:
        """Note each key that is not one of `known`."""
        keys = tuple(known)
        for key in self.values:
            if key not in keys:
                self.wrong(key, f"is not known here; {known_values(key, keys)}")

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        """A printable text of at most 253 octets."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.wrong(key, "is missing")
            return default
        return checked_text(value, self.at(key), self.problems)

    def texts(self, key: str) -> tuple[str, ...]:
        """One text or a list of texts, as a tuple; empty when the key is missing."""
        return checked_texts(self.values[key], self.at(key), self.problems) if key in self.values else ()

    def flag(self, key: str) -> bool:
        """true or false; false when the key is missing."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.wrong(key, f"must be true or false, not {kind(value)}")
            return False
        return value

    def whole(self, key: str, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`, None when the key is missing."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(key, f"must be a whole number from {low} to {high}, not {kind(value)}")
        elif not low <= value <= high:
            self.wrong(
                key, f"must be from {low} to {high}, not {_short(str(value))}" if abs(value) < 1 << 64 else "is far too large"
            )
        else:
            return value
        return None

    def table(self, key: str) -> "Table | None":
        """The table under `key`, None when it is missing or none."""
        value = self.values.get(key)
        if value is None:
            return None
        return as_table(value, self.at(key), self.problems)

    def tables(self, key: str, limit: int) -> list["Table"]:
        """The array of tables under `key` (`[[key]]`), at most `limit` of them."""
        return as_tables(self.values[key], self.at(key), self.problems, limit) if key in self.values else []


def as_table(value: object, place: str, problems: Problems) -> Table | None:
    """`value` as a Table; None, with the problem noted, when it is no table."""
    if isinstance(value, dict):
        return Table(value, place, problems)
    problems.add(place, f"must be a table, not {kind(value)}")
    return None


def as_tables(value: object, place: str, problems: Problems, limit: int) -> list[Table]:
    """`value` as Tables at `place[0]`, `place[1]`, …"""
    if not isinstance(value, list):
        problems.add(place, f"must be a list of tables, not {kind(value)}")
        return []
    if len(value) > limit:
        problems.add(place, f"has {len(value)} entries, more than the {limit} that are allowed")
        return []
    tables = [as_table(entry, f"{place}[{at}]", problems) for at, entry in enumerate(value)]
    return [table for table in tables if table is not None]


def checked_text(value: object, place: str, problems: Problems) -> str:
    """`value` if it is a printable text that an attribute can carry, else "" with the problem noted."""
    if not isinstance(value, str):
        problems.add(place, f"must be a text, not {kind(value)}")
    elif not value.strip():
        problems.add(place, "must not be empty")
    elif not value.isprintable():
        problems.add(place, "has a character that cannot be printed; write it in one line, without control characters")
    elif len(value.encode()) > MAX_OCTETS:
        problems.add(place, f"is longer than {MAX_OCTETS} octets in UTF-8")
    else:
        return value
    return ""


def checked_texts(value: object, place: str, problems: Problems) -> tuple[str, ...]:
    """`value` as texts: one text, or a list with at least one."""
    if isinstance(value, str):
        return (checked_text(value, place, problems),)
    if not isinstance(value, list):
        problems.add(place, f"must be a text or a list of texts, not {kind(value)}")
        return ()
    if not value:
        problems.add(place, "must have at least one value; leave the key out if everything is meant")
    return tuple(checked_text(entry, f"{place}[{at}]", problems) for at, entry in enumerate(value))


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
