"""What one directory's questions came to, as numbers for `kapija directory status`: plain integers, read when somebody asks."""

from threading import Lock
from typing import Final

LATEST: Final = 512  # answers whose time is kept


class Tally:
    """Counters of one directory in one worker. `hits` and `misses` are by what was looked for in memory."""

    def __init__(self) -> None:
        self.asked = 0
        self.answered = 0
        self.could_not_ask = 0
        self.full = 0
        self.joined = 0
        self.hits = {"facts": 0, "proofs": 0, "refusals": 0}
        self.misses = {"facts": 0, "proofs": 0, "refusals": 0}
        self._times: list[float] = []
        self._next = 0
        self._lock = Lock()

    def took(self, seconds: float, *, answered: bool) -> None:
        """A question came back."""
        with self._lock:
            self.asked += 1
            if not answered:
                self.could_not_ask += 1
                return
            self.answered += 1
            if len(self._times) < LATEST:
                self._times.append(seconds)
            else:
                self._times[self._next] = seconds
            self._next = (self._next + 1) % LATEST

    def percentiles(self) -> tuple[float, float, float]:
        """Milliseconds within which half, 95 % and 99 % of the latest answers came; zeros when there were none."""
        with self._lock:
            times = sorted(self._times)
        if not times:
            return 0.0, 0.0, 0.0
        half, most, nearly_all = (times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.95, 0.99))
        return half * 1000, most * 1000, nearly_all * 1000
