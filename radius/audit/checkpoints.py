"""Checkpoints: the chains' heads, signed each minute and where a month's partition opens and closes.

Whoever can write the database could rewrite a chain from some row on and make every hash after it anew; a signed head
from before says that he did. A checkpoint kept elsewhere (an export, a printed page) also says it to him who has the
signing key. The signed message is the msgpack array ["kapija-checkpoint-1", chain, number, hash, time, kind].
"""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection, Engine, func, select

from radius.audit.chain import ADMIN
from radius.audit.conflict import insert_or
from radius.store import tables
from radius.store.engine import reading, writing
from radius.store.keyring import Keyring, verify_signature

VERSION = "kapija-checkpoint-1"
EVERY_SECONDS = 60.0
MINUTE = "minute"
_encode = msgspec.msgpack.Encoder().encode


def message(chain: str, number: int, head: bytes, time: float, kind: str) -> bytes:
    """The octets that a checkpoint's signature covers."""
    return _encode((VERSION, chain, number, head, time, kind))


def signed(connection: Connection, keyring: Keyring, chains: tuple[str, ...], time: float, kind: str) -> None:
    """Sign the heads of these chains as they are in this transaction; a head that has a checkpoint of this kind keeps it."""
    heads = connection.execute(select(tables.chains).where(tables.chains.c.chain.in_(chains), tables.chains.c.number > 0))
    rows = [
        {
            "chain": row.chain,
            "number": row.number,
            "hash": row.hash,
            "time": time,
            "kind": kind,
            "signer": keyring.signer,
            "signature": keyring.sign(message(row.chain, row.number, row.hash, time, kind)),
        }
        for row in heads.all()
    ]
    if rows:
        connection.execute(insert_or(connection, tables.checkpoints).on_conflict_do_nothing(), rows)


def genuine(signer: bytes, chain: str, number: int, head: bytes, time: float, kind: str, signature: bytes) -> bool:
    """Whether `signature` is the signer's over this checkpoint."""
    return verify_signature(signer, message(chain, number, head, time, kind), signature)


class Checkpointer:
    """Signs when it is time: the node's own chain and the administrators'."""

    def __init__(self, engine: Engine, keyring: Keyring, chain: str) -> None:
        self._engine = engine
        self._keyring = keyring
        self._chains = (chain, ADMIN)
        self._last: float | None = None

    def step(self, now: float) -> None:
        """Sign the heads if a minute or a month (UTC) has passed since the last signature. `now`: seconds since the epoch."""
        if self._last is None:
            with reading(self._engine) as connection:
                checkpoints = tables.checkpoints
                last = select(func.max(checkpoints.c.time)).where(checkpoints.c.chain.in_(self._chains))
                self._last = connection.scalar(last) or 0.0
        before, month = _month(self._last), _month(now)
        kinds = [f"close:{before}", f"open:{month}"] if self._last and before < month else []
        if abs(now - self._last) >= EVERY_SECONDS:  # abs: a clock that was set back must not stop signing
            kinds.append(MINUTE)
        if kinds:
            with writing(self._engine) as connection:
                for kind in kinds:
                    signed(connection, self._keyring, self._chains, now, kind)
            self._last = now


def _month(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m}"
