"""A school's local time and calendar at one instant, looked up once and shared by the requests of the next minutes."""

from msgspec import Struct


class Moment(Struct, frozen=True):
    """Which of a school's time conditions hold, and how long.

    `now` is seconds since the epoch (UTC) for which it was made; `holding` has the `text` of each time condition that is
    true; `changes` maps the `text` of each time condition to the instant at which its truth next changes (infinity if never
    within the horizon). It may be used while `now` < `until`, which is the smallest of `changes`.
    """

    now: float
    holding: frozenset[str] = frozenset()
    changes: dict[str, float] = {}
    until: float = float("inf")
