"""How long a session lasts: the smallest of what the grant says and what the Decision's time conditions allow."""

from math import inf

from msgspec import Struct

from policies.grant import Grant

SHORTEST = 60  # a NAS may refuse or misread less (RFC 3580 section 3.17 warns of re-authenticating too often)


class SessionTiming(Struct, frozen=True):
    """`seconds` until the session ends, or is proved anew where `reauthenticate` is true; 0 seconds: no limit."""

    seconds: int
    reauthenticate: bool


def session_timing(grant: Grant, valid_until: float, now: float, random: float, jitter: int) -> SessionTiming:
    """The timing of one session. `random` is in [0, 1); `jitter` is how many seconds it may spread.

    A decision that holds only until the bell is asked again at the bell: sessions end up to `jitter` seconds *after* it, never
    all at once. What the administrator wrote as a limit is spread *before* it, since a limit may not be exceeded.
    """
    seconds, reauthenticate = inf, False
    if grant.session_timeout is not None:
        spread = min(jitter, grant.session_timeout // 10)
        seconds = grant.session_timeout - int(random * spread)
    if grant.reauthenticate is not None and grant.reauthenticate < seconds:
        spread = min(jitter, grant.reauthenticate // 10)
        seconds, reauthenticate = grant.reauthenticate - int(random * spread), True
    if valid_until - now < seconds:
        remaining = valid_until - now
        later = max(SHORTEST, int(remaining) + 1 + int(random * jitter))
        if later < seconds:
            seconds, reauthenticate = later, True
    if seconds == inf:
        return SessionTiming(0, False)
    return SessionTiming(int(seconds), reauthenticate)
