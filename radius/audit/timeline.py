"""What one device tried, as a timeline: its audit rows from the oldest to the newest, runs of the same drawn together.

A phone with an old password tries for hours; 'denied, 212 times since 07:58' is what somebody wants to read of it.
"""

from collections.abc import Sequence

from msgspec import Struct

from radius.audit.search import Entry
from radius.audit.tags import Tag

RESULTS = {
    Tag.ACCESS_GRANTED.value: "granted",
    Tag.ACCESS_DENIED.value: "denied",
    Tag.ACCESS_UNANSWERED.value: "unanswered",
}


class Run(Struct, frozen=True):
    """`count` rows one after the other that say the same; `first` is when it began, `latest` the newest of them (its detail
    and what the access point was told are shown)."""

    first: float
    count: int
    latest: Entry

    @property
    def result(self) -> str:
        """`granted`, `denied` or `unanswered`; of a row that is no attempt (the device was registered) its tag."""
        return RESULTS.get(self.latest.tag, self.latest.tag)


def runs(entries: Sequence[Entry]) -> list[Run]:
    """The timeline of `entries`, which are newest first as `radius.audit.search` gives them. Oldest first."""
    drawn: list[Run] = []
    for entry in reversed(entries):
        if drawn and entry.tag in RESULTS and _alike(drawn[-1].latest, entry):
            drawn[-1] = Run(drawn[-1].first, drawn[-1].count + 1, entry)
        else:
            drawn.append(Run(entry.time, 1, entry))
    return drawn


def way(entry: Entry) -> str:
    """How somebody proved himself, in a few words: `peap mschapv2, TLS 1.3, resumed, from cache`."""
    method = f"{entry.method} {entry.inner}".strip()
    tls, resumed = f"TLS {entry.tls}" if entry.tls else "", "resumed" if entry.resumed else ""
    parts = (method, tls, resumed, "from cache" if entry.from_cache else "")
    return ", ".join(part for part in parts if part)


def _alike(one: Entry, other: Entry) -> bool:
    """Whether both say the same of the same person at the same place. How long it took, and the detail, may differ."""
    return _face(one) == _face(other)


def _face(entry: Entry) -> tuple[object, ...]:
    where = (entry.school, entry.nas, entry.access_point, entry.ssid)
    return (entry.tag, entry.user, entry.outer, *where, entry.method, entry.inner, entry.causes, entry.rule, entry.vlan)
