"""What a directory refused within the last seconds, so that a device that repeats itself does not load it."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from radius.directory.question import Answer

AT_MOST: Final = 10_000


class Refusals:
    """Answers other than a proof, under the digest of their question (which tells nothing of a password)."""

    def __init__(self, seconds: float, at_most: int = AT_MOST) -> None:
        self._seconds = seconds
        self._at_most = at_most
        self._answers: OrderedDict[bytes, tuple[float, Answer]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def keep(self, digest: bytes, answer: Answer, now: float) -> None:
        """`now` is in seconds of the monotonic clock."""
        if not self._seconds:
            return
        with self._lock:
            self._answers[digest] = (now + self._seconds, answer)
            self._answers.move_to_end(digest)
            while len(self._answers) > self._at_most:
                self._answers.popitem(last=False)

    def find(self, digest: bytes, now: float) -> Answer | None:
        """The answer to that very question, while it is fresh."""
        found = self._answers.get(digest)
        if found is None or now >= found[0]:
            return None
        return found[1]
