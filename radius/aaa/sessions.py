"""What accounting records come to: one row a session, the same in whatever order and however often they come.

Records are lost, repeated, late and out of order, and access points give an Acct-Session-Id again after a reboot. So nothing
here counts or compares with "the last one". Each record makes a row of its own (`row_of`), and two rows of one session are
joined (`join`): what only grows is the greater, what changes is the later one's, what began is the earlier. Each of these is
a maximum or minimum, so `join` is associative, commutative and idempotent, and `fold` follows.

Which records belong together: those of one identity (`identity_of`: access point, Acct-Session-Id, device) whose times touch.
A record covers the time from the session's beginning, which Acct-Session-Time tells, until it happened; a session covers what
its records do. Two sessions under one Acct-Session-Id never overlap, for an access point cannot have both at once, so another
time is another session. Times touch within a few seconds where the access point dates its records (Event-Timestamp), within
half a minute where only their coming does.

An end holds until the session is heard of later: a Stop, or an end that was inferred (radius.aaa.ghosts).
"""

from math import inf
from typing import Final

from msgspec import Struct

from radius.audit.events import Accounted, Login

BEGINS: Final = frozenset({"start", "tunnel-start", "tunnel-link-start"})
ENDS: Final = frozenset({"stop", "tunnel-stop", "tunnel-link-stop", "tunnel-reject", "tunnel-link-reject", "failed"})
RESTARTS: Final = frozenset({"on", "off"})  # of the access point: they belong to no session

STAMPED_SLACK: Final = 5.0  # seconds: clocks are cut to whole ones, and some Starts wait for the device's address
UNSTAMPED_SLACK: Final = 30.0  # seconds: the record may have been sent several times
REACH: Final = 86_400.0  # a record that does not say how long its session has lasted belongs to one of this last day
LONGEST: Final = 400 * 86_400  # seconds; an Acct-Session-Time above it is none
LATE: Final = 60.0  # an interim within this of a Stop was sent before it

MISSED: Final = 2.5  # intervals without a sign of life end a session
SHORTEST_INTERVAL: Final = 60.0  # RFC 2869 section 5.16
LONGEST_INTERVAL: Final = 86_400.0  # and what an access point without interims is given

NAMES: Final = (  # what a later record may tell anew
    "school",
    "nas",
    "client",
    "family",
    "nas_address",
    "nas_identifier",
    "session_id",
    "multi_session_id",
    "user",
    "mac",
    "ssid",
    "access_point",
    "addresses",
    "nas_port",
    "nas_port_id",
    "audit_session_id",
    "cui",
)

_UNSAID: Final = ("", -1, None, ())
_LOGIN: Final = len(NAMES)
_ADDRESSES: Final = NAMES.index("addresses")

Fact = str | int | tuple[str, ...] | Login | None


class SessionRow(Struct, frozen=True, gc=False):
    """A session as far as its records tell. Times are seconds since the epoch, 0 for never.

    `facts` are those of NAMES in that order and then the Login; `stamps` when each was said, 0 for those that nobody has said.
    `counters` are input and output octets, input and output packets, and seconds. `began` is inf until a record tells it.
    `begun`, `alive` and `stopped` are the latest Start, other sign of life, and Stop; `alive_before` the sign of life before
    the latest; `ghosted` an inferred end with its reason.
    """

    facts: tuple[Fact, ...]
    stamps: tuple[float, ...]
    counters: tuple[int, int, int, int, int]
    covers_from: float
    covers_until: float
    began: float
    heard_first: float
    begun: float = 0.0
    alive: float = 0.0
    alive_before: float = 0.0
    stopped: float = 0.0
    stop_reason: str = ""
    ghosted: float = 0.0
    ghost_reason: str = ""

    @property
    def login(self) -> Login | None:
        """The login that the latest record with a Class of ours named."""
        login = self.facts[_LOGIN]
        return login if isinstance(login, Login) else None

    @property
    def held(self) -> tuple[tuple[str, ...], float]:
        """The addresses that the latest record with any told, and when."""
        addresses = self.facts[_ADDRESSES]
        return addresses if isinstance(addresses, tuple) else (), self.stamps[_ADDRESSES]

    @property
    def started(self) -> float:
        """When it began, or was first heard of."""
        return self.began if self.began < inf else self.heard_first

    @property
    def updated(self) -> float:
        """When it was last heard of."""
        return max(self.begun, self.alive, self.stopped)

    @property
    def end(self) -> tuple[float, str]:
        """When it ended and why; (0, "") while it lives."""
        if self.stopped and self.begun <= self.stopped and self.alive <= self.stopped + LATE:
            return self.stopped, self.stop_reason
        if self.ghosted and self.ghosted >= self.begun and self.ghosted >= self.alive:
            return self.ghosted, self.ghost_reason
        return 0.0, ""

    @property
    def interval(self) -> float:
        """Seconds between two signs of life: what was asked for or what the access point keeps to, whichever is longer; a
        day where no interim has come yet, because many access points send none."""
        if not self.alive:
            return LONGEST_INTERVAL
        asked = self.login.interim if self.login is not None else 0
        kept = self.alive - (self.alive_before or max(self.begun, self.started))
        return min(max(SHORTEST_INTERVAL, asked, kept), LONGEST_INTERVAL)

    @property
    def due(self) -> float:
        """Without a sign of life until then it has ended."""
        return self.updated + MISSED * self.interval

    def fact(self, name: str) -> Fact:
        """One of NAMES."""
        return self.facts[NAMES.index(name)]

    def touches(self, other: "SessionRow") -> bool:
        """Whether two rows of one identity are of one session."""
        return self.covers_from <= other.covers_until and other.covers_from <= self.covers_until


def fold(session: SessionRow | None, record: Accounted) -> SessionRow:
    """The session with what the record tells; None is a session of which nothing is known yet.

    Pure. The same rows come of the same records in any order and with any repeats. The caller sees to it that the record is
    of that session (`identity_of`, `SessionRow.touches`).
    """
    row = row_of(record)
    return row if session is None else join(session, row)


def identity_of(record: Accounted) -> str:
    """The text that all records of a session have alike: access point, Acct-Session-Id and device.

    Of an access point its NAS-Identifier goes before its address, which may change while it runs. A tunnel and the links in it
    (RFC 2867) may have the Acct-Session-Id of a session that runs through them, and are apart.
    """
    status = record.status
    kind = "" if not status.startswith("tunnel-") else "link" if status.startswith("tunnel-link-") else "tunnel"
    nas = record.nas_identifier or record.nas_address or record.nas
    return "\n".join((kind, record.client, nas, record.session_id, record.mac))


def row_of(record: Accounted) -> SessionRow:
    """What one record tells of its session."""
    at, status, lasted = record.event_time, record.status, record.session_time
    slack = STAMPED_SLACK if record.stamped else UNSTAMPED_SLACK
    if status in BEGINS:
        began, reach = at, at
    elif 0 <= lasted <= LONGEST:
        began = reach = at - lasted
    else:
        began, reach = inf, at - REACH
    facts: tuple[Fact, ...] = (
        record.school,
        record.nas,
        record.client,
        record.family,
        record.nas_address,
        record.nas_identifier,
        record.session_id,
        record.multi_session_id,
        record.user,
        record.mac,
        record.ssid,
        record.access_point,
        record.addresses,
        record.nas_port,
        record.nas_port_id,
        record.audit_session_id,
        record.cui,
        record.login,
    )
    stops = status in ENDS
    return SessionRow(
        facts,
        tuple([0.0 if fact in _UNSAID else at for fact in facts]),
        (record.input_octets, record.output_octets, record.input_packets, record.output_packets, max(lasted, 0)),
        reach - slack,
        at + slack,
        began,
        at,
        begun=at if status in BEGINS else 0.0,
        alive=at if status not in BEGINS and not stops else 0.0,
        stopped=at if stops else 0.0,
        stop_reason=_reason(status, record.terminate_cause) if stops else "",
    )


def join(one: SessionRow, other: SessionRow) -> SessionRow:
    """What two rows of one session tell together."""
    facts, stamps = _latest(one, other)
    mine, theirs = one.counters, other.counters
    alive, before = one.alive, max(one.alive_before, other.alive_before)
    if other.alive > alive:
        alive, before = other.alive, max(before, alive)
    elif other.alive < alive:
        before = max(before, other.alive)
    stopped, stop_reason = max((one.stopped, one.stop_reason), (other.stopped, other.stop_reason))
    ghosted, ghost_reason = max((one.ghosted, one.ghost_reason), (other.ghosted, other.ghost_reason))
    return SessionRow(
        facts,
        stamps,
        (
            max(mine[0], theirs[0]),
            max(mine[1], theirs[1]),
            max(mine[2], theirs[2]),
            max(mine[3], theirs[3]),
            max(mine[4], theirs[4]),
        ),
        min(one.covers_from, other.covers_from),
        max(one.covers_until, other.covers_until),
        min(one.began, other.began),
        min(one.heard_first, other.heard_first),
        max(one.begun, other.begun),
        alive,
        before,
        stopped,
        stop_reason,
        ghosted,
        ghost_reason,
    )


def _latest(one: SessionRow, other: SessionRow) -> tuple[tuple[Fact, ...], tuple[float, ...]]:
    """Each fact from whoever said it last."""
    if one.facts == other.facts and one.stamps == other.stamps:
        return one.facts, one.stamps
    facts: list[Fact] = []
    stamps: list[float] = []
    for mine, theirs, since, stamp in zip(one.facts, other.facts, one.stamps, other.stamps, strict=True):
        if since > stamp or (since == stamp and (mine == theirs or repr(mine) >= repr(theirs))):
            facts.append(mine)
            stamps.append(since)
        else:
            facts.append(theirs)
            stamps.append(stamp)
    return tuple(facts), tuple(stamps)


# RFC 2866 section 5.10, RFC 3580 section 2.2
_CAUSES: Final = {
    1: "user-request",
    2: "lost-carrier",
    3: "lost-service",
    4: "idle-timeout",
    5: "session-timeout",
    6: "admin-reset",
    7: "admin-reboot",
    8: "port-error",
    9: "nas-error",
    10: "nas-request",
    11: "nas-reboot",
    12: "port-unneeded",
    13: "port-preempted",
    14: "port-suspended",
    15: "service-unavailable",
    16: "callback",
    17: "user-error",
    18: "host-request",
    19: "supplicant-restart",
    20: "reauthentication-failure",
    21: "port-reinitialized",
    22: "port-administratively-disabled",
    23: "lost-power",
}


def _reason(status: str, cause: int) -> str:
    """Why a session stopped, as a code."""
    if cause in _CAUSES:
        return _CAUSES[cause]
    if status != "stop":
        return status
    return f"cause-{cause}" if cause else "stopped"
