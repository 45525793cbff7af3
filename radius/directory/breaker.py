"""Whether a directory is worth asking now: a circuit breaker with a half-open probe, so that an outage is felt once.

    closed     questions go through; FAILURES in a row that got no answer open it
    open       none go through: what memory cannot answer could not be asked, at once. After PAUSE a probe is sent, which reads
               one account and nobody waits for; while it fails, the next follows after another PAUSE
    half-open  the probe was answered: as many questions as there are threads go through; the first answer closes it, the
               first that gets none opens it again

A probe alone does not close it, because it proves that accounts can be read and not that passwords can be checked. Pure: the
time is an argument, in seconds of the monotonic clock. One directory's threads share it, so each method is one step.
"""

from enum import StrEnum
from threading import Lock
from typing import Final

FAILURES: Final = 3
PAUSE: Final = 1.0


class BreakerState(StrEnum):
    """See the module."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """One directory's. `at_once` is how many questions may be under way while it is half-open."""

    def __init__(self, at_once: int, now: float) -> None:
        self.state = BreakerState.CLOSED
        self.since = now  # when it came into this state
        self._at_once = at_once
        self._failures = 0
        self._trials = 0
        self._probe_at = 0.0
        self._probing = False
        self._lock = Lock()

    @property
    def closed(self) -> bool:
        """Whether everything goes through; the one look that a packet's way takes."""
        return self.state is BreakerState.CLOSED

    def admits(self, now: float) -> bool:
        """Whether this question may be asked; `answered`, `failed` or `withdrawn` must follow if so."""
        with self._lock:
            if self.state is BreakerState.OPEN or (self.state is BreakerState.HALF_OPEN and self._trials >= self._at_once):
                return False
            self._trials += 1
            return True

    def withdrawn(self) -> None:
        """A question that was admitted was not asked after all."""
        with self._lock:
            self._trials = max(0, self._trials - 1)

    def answered(self, now: float) -> None:
        """A question got an answer, whichever it was."""
        with self._lock:
            self._trials = max(0, self._trials - 1)
            self._failures = 0
            if self.state is BreakerState.HALF_OPEN:
                self._enter(BreakerState.CLOSED, now)

    def failed(self, now: float) -> None:
        """A question that was asked got no answer."""
        with self._lock:
            self._trials = max(0, self._trials - 1)
            self._failures += 1
            if self.state is BreakerState.HALF_OPEN or (self.state is BreakerState.CLOSED and self._failures >= FAILURES):
                self._enter(BreakerState.OPEN, now)
                self._probe_at = now + PAUSE

    def wants_probe(self, now: float) -> bool:
        """Whether a probe is to be sent now; `probed` must follow if so. One at a time."""
        with self._lock:
            if self.state is not BreakerState.OPEN or self._probing or now < self._probe_at:
                return False
            self._probing = True
            return True

    def probed(self, answered: bool, now: float) -> None:
        """What came of the probe."""
        with self._lock:
            self._probing = False
            self._probe_at = now + PAUSE
            if answered and self.state is BreakerState.OPEN:
                self._trials = 0
                self._enter(BreakerState.HALF_OPEN, now)

    def _enter(self, state: BreakerState, now: float) -> None:
        self.state = state
        self.since = now
        self._failures = 0
