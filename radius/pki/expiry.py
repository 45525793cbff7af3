"""Which certificates end soon, and who has been told: once at 60, 30 and 7 days, then every day, also after the end."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

DAY = 86_400.0
STAGES = (60, 30, 7)  # days
DAILY = STAGES[-1]


class Ending(Struct, frozen=True):
    """A certificate that somebody must renew: `name` is what people call it, `not_after` its last second."""

    name: str
    fingerprint: str
    not_after: float
    school: str = ""

    def days_left(self, now: float) -> int:
        """Whole days until it ends; negative when it has ended."""
        return int((self.not_after - now) // DAY)


class Told(Struct):
    """Of one certificate: the stage of the last warning, and its day (days since the epoch)."""

    stage: int
    day: int


def stage(days_left: int) -> int | None:
    """The stage that a certificate with so many whole days is in: 60, 30, 7, or None while there is time."""
    reached = [each for each in STAGES if days_left < each]
    return min(reached) if reached else None


def due(certificates: Iterable[Ending], told: dict[str, Told], now: float) -> list[Ending]:
    """Those to warn of now, each at most once a day, and `told` brought up to date; it forgets those that are gone."""
    today = int(now // DAY)
    warn, watched = [], {}
    for one in certificates:
        reached = stage(one.days_left(now))
        if reached is None:
            continue
        last = told.get(one.fingerprint)
        if last is None or last.stage > reached or (reached == DAILY and last.day != today):
            warn.append(one)
            last = Told(reached, today)
        watched[one.fingerprint] = last
    told.clear()
    told.update(watched)
    return warn


def read_told(path: Path) -> dict[str, Told]:
    """What was told, from a file of a few lines; an unreadable one costs a repeated warning, nothing worse."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Told])
    except (OSError, msgspec.MsgspecError):
        return {}


def write_told(path: Path, told: dict[str, Told]) -> None:
    """Keep what was told. Raises OSError."""
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(msgspec.json.encode(told))
    draft.replace(path)
