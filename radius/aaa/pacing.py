"""When re-authorisations may leave, so that a change for a whole country does not become a login storm.

Each request may bring its device to log in again, so they are dealt out over time: so many a second in all, and so many a
second at one school, whose access points and line are small.
"""

from collections import Counter
from collections.abc import Mapping


class Pacer:
    """Deals out moments. `per_school` and `in_all` are requests a second, more than 0. Not thread-safe."""

    def __init__(self, per_school: float, in_all: int) -> None:
        self._gap = 1.0 / per_school
        self._in_all = in_all
        self._dealt: Counter[int] = Counter()  # second -> how many leave in it
        self._schools: dict[str, float] = {}  # when the last one of a school leaves
        self._full = 0  # every second before it, from now on, is full

    def resume(self, dealt: Mapping[int, int], schools: Mapping[str, float]) -> None:
        """Take up what was dealt out before, by whoever it was."""
        self._dealt = Counter(dealt)
        self._schools = dict(schools)
        self._full = 0

    def next(self, school: str, now: float) -> float:
        """The moment for one more request at `school`: the earliest that has room for it (seconds since the epoch)."""
        self._forget(now)
        wanted = max(now, self._schools.get(school, now - self._gap) + self._gap)
        second = max(int(wanted), self._full)
        while self._dealt[second] >= self._in_all:
            second += 1
        moment = max(wanted, second + self._dealt[second] / self._in_all)
        self._dealt[second] += 1
        while self._dealt[self._full] >= self._in_all:
            self._full += 1
        self._schools[school] = moment
        return moment

    def _forget(self, now: float) -> None:
        """What has left need not be remembered."""
        present = int(now)
        if self._full >= present:
            return
        self._full = present
        self._dealt = Counter({second: count for second, count in self._dealt.items() if second >= present})
        self._schools = {school: last for school, last in self._schools.items() if last + self._gap > now}
