"""A session between SQL and folding: what people look for in columns, what only folding needs in one of octets."""

from math import inf
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Row

from radius.aaa.sessions import NAMES, Fact, SessionRow
from radius.audit.events import Login
from radius.store.session_tables import ERASED
from radius.store.tables import sessions

_COLUMNS_OF_LOGIN: Final = ("login", "subject", "role", "rule", "policy", "method", "vlan", "valid_until", "limited", "interim")
_COUNTERS: Final = ("input_octets", "output_octets", "input_packets", "output_packets", "session_time")
_PERSONAL: Final[dict[str, Fact]] = {"user": "", "mac": "", "cui": "", "addresses": ()}
_PLAIN: Final = tuple(name for name in NAMES if name != "addresses")
_ADDRESSES: Final = NAMES.index("addresses")
COLUMNS: Final = tuple(
    sessions.c[name] for name in ("id", "identity", "number", "version", *_PLAIN, *_COLUMNS_OF_LOGIN, *_COUNTERS, "state")
)


class State(Struct, frozen=True, array_like=True):
    """What folding needs besides the columns. A field is only ever added at the end, with a default.

    `stamps` are those of the facts that are not `heard` (when the latest record spoke), by their place.
    """

    heard: float
    stamps: dict[int, float]
    addresses: tuple[str, ...]
    login_time: float
    covers_from: float
    covers_until: float
    began: float
    heard_first: float
    begun: float
    alive: float
    alive_before: float
    stopped: float
    stop_reason: str
    ghosted: float
    ghost_reason: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(State).decode


def columns_of(session: SessionRow) -> dict[str, Any]:
    """The columns of a session but `id`, `identity`, `number` and `version`."""
    login, (addresses, _), (ended, reason) = session.login, session.held, session.end
    heard = max(session.stamps)
    state = State(
        heard,
        {place: stamp for place, stamp in enumerate(session.stamps) if stamp != heard},
        addresses,
        login.time if login is not None else 0.0,
        session.covers_from,
        session.covers_until,
        session.began,
        session.heard_first,
        session.begun,
        session.alive,
        session.alive_before,
        session.stopped,
        session.stop_reason,
        session.ghosted,
        session.ghost_reason,
    )
    values: dict[str, Any] = dict(zip(NAMES, session.facts, strict=False))
    del values["addresses"]
    values |= zip(_COUNTERS, session.counters, strict=True)
    return values | {
        "address": addresses[0] if addresses else "",
        "authenticated": login is not None,
        "login": login.id if login is not None else "",
        "subject": login.subject if login is not None else "",
        "role": login.role if login is not None else "",
        "rule": login.rule if login is not None else "",
        "policy": login.policy if login is not None else "",
        "method": login.method if login is not None else "",
        "vlan": login.vlan if login is not None else 0,
        "valid_until": login.valid_until if login is not None else 0.0,
        "limited": login is not None and login.limited,
        "interim": login.interim if login is not None else 0,
        "started": session.started,
        "updated": session.updated,
        "due": session.due,
        "ended": ended,
        "end_reason": reason,
        "state": _encode(state),
    }


def session_of(row: Row[Any]) -> SessionRow:
    """The session in a row of COLUMNS."""
    state = _decode(row.state)
    login = None
    if row.login:
        login = Login(
            row.login,
            state.login_time,
            row.subject,
            row.role,
            row.rule,
            row.policy,
            row.vlan,
            row.valid_until,
            row.interim,
            row.limited,
            row.method,
        )
    plain: list[Fact] = [getattr(row, name) for name in _PLAIN]
    facts: tuple[Fact, ...] = (*plain[:_ADDRESSES], state.addresses, *plain[_ADDRESSES:], login)
    stamps = [state.heard] * len(facts)
    for place, stamp in state.stamps.items():
        stamps[place] = stamp
    if row.subject == ERASED:
        facts, stamps = _forgotten(facts, stamps)
    return SessionRow(
        facts,
        tuple(stamps),
        (row.input_octets, row.output_octets, row.input_packets, row.output_packets, row.session_time),
        state.covers_from,
        state.covers_until,
        state.began,
        state.heard_first,
        state.begun,
        state.alive,
        state.alive_before,
        state.stopped,
        state.stop_reason,
        state.ghosted,
        state.ghost_reason,
    )


def _forgotten(facts: tuple[Fact, ...], stamps: list[float]) -> tuple[tuple[Fact, ...], list[float]]:
    """The facts of a session of somebody who was erased: nothing that comes later says anew who it was."""
    names = (*NAMES, "login")
    known = [_PERSONAL.get(name, fact) for name, fact in zip(names, facts, strict=True)]
    fixed = [inf if name in _PERSONAL or name == "login" else stamp for name, stamp in zip(names, stamps, strict=True)]
    return tuple(known), fixed
