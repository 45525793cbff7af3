"""Patience with wrong passwords: a device that keeps sending an old one is answered from memory, ever more rarely asked.

Two clocks run. The pair (device, name) backs off 1, 2, 4 ... 30 seconds after its second failure in a row, so a forgotten
phone neither loads a directory nor locks its owner's account. The account is throttled the same way after ten failures from
whatever devices; a device that got in with that name within 24 hours is exempt, so nobody can lock another person out.
A directory that locks accounts may ask for more patience with a pair: until it has forgotten the wrong passwords.
Names count in the form in which directories compare them and without a Windows domain: another spelling is no fresh start for
a guesser.
Pure: the time is an argument. Bounded: a table of failures forgets its oldest entry when it is full; the trusted devices are
two generations of a plain table, so that a hundred thousand logins a minute cost one entry each and nothing to forget.
"""

from collections import OrderedDict

from radius.audit.causes import Cause
from radius.directory.names import canonical_username, without_domain

LONGEST = 30.0
FREE_FAILURES = 1  # a slip of the finger costs nothing
FREE_ACCOUNT_FAILURES = 10
FORGET_AFTER = 900.0
TRUSTED_FOR = 86_400.0
AT_MOST = 65_536
TRUSTED_AT_MOST = 262_144


class _Failures:
    __slots__ = ("blocked_until", "count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last = 0.0
        self.blocked_until = 0.0


class Backoff:
    """What a worker remembers of failures and successes. Names may come as the NAS sent them; they are compared canonically."""

    def __init__(self, at_most: int = AT_MOST, trusted_at_most: int = TRUSTED_AT_MOST) -> None:
        self._pairs: OrderedDict[int, _Failures] = OrderedDict()
        self._accounts: OrderedDict[int, _Failures] = OrderedDict()
        self._trusted: dict[int, int] = {}
        self._trusted_before: dict[int, int] = {}
        self._at_most = at_most
        self._trusted_at_most = trusted_at_most

    def refusal(self, device: str, name: str, now: float) -> Cause | None:
        """Why this attempt is not to be asked now, or None when it may be."""
        if not self._accounts:  # the common morning: nobody has failed of late
            return None
        name = _canonical(name)
        pair = self._pairs.get(hash((device, name)))
        if pair is not None and now < pair.blocked_until:
            return Cause.BACKING_OFF
        account = self._accounts.get(hash(name))
        if account is not None and now < account.blocked_until and not self._is_trusted(device, name, now):
            return Cause.ACCOUNT_THROTTLED
        return None

    def failed(self, device: str, name: str, now: float, patience: float = 0.0) -> None:
        """A wrong password; never called for an outage or a policy's denial. `patience` is Wrong.patience."""
        name = _canonical(name)
        pair = _count(self._pairs, hash((device, name)), FREE_FAILURES, now, self._at_most)
        if pair.count > FREE_FAILURES:
            pair.blocked_until = max(pair.blocked_until, now + patience)
        _count(self._accounts, hash(name), FREE_ACCOUNT_FAILURES, now, self._at_most)

    def succeeded(self, device: str, name: str, now: float) -> None:
        """The password held: this pair starts anew, and the device is trusted with the name for a day.

        The account's own count stays: one of its devices getting in says nothing about who is guessing elsewhere.
        """
        pair = hash((device, _canonical(name)))
        if self._pairs:
            self._pairs.pop(pair, None)
        if device:
            if len(self._trusted) * 2 >= self._trusted_at_most:
                self._trusted, self._trusted_before = {}, self._trusted
            self._trusted[pair] = int(now)

    def _is_trusted(self, device: str, name: str, now: float) -> bool:
        pair = hash((device, name))
        since = self._trusted.get(pair)
        if since is None:
            since = self._trusted_before.get(pair)
        return since is not None and now - since < TRUSTED_FOR


def _canonical(name: str) -> str:
    try:
        return canonical_username(without_domain(name))
    except ValueError:  # no name that an account can have
        return name


def _count(table: OrderedDict[int, _Failures], key: int, free: int, now: float, at_most: int) -> _Failures:
    failures = table.get(key)
    if failures is None or now - failures.last > FORGET_AFTER:
        failures = table[key] = _Failures()
    table.move_to_end(key)
    failures.count += 1
    failures.last = now
    if failures.count > free:
        failures.blocked_until = now + min(LONGEST, 2.0 ** min(failures.count - free - 1, 10))
    if len(table) > at_most:
        table.popitem(last=False)
    return failures
