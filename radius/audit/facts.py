"""What a stored audit row says beside its columns: the plain facts, and the personal ones that are sealed under a person's key.

These are the format of the columns `facts` and `personal` (msgpack arrays, facts with a type number first), kept for years:
a field is only ever added at the end, with a default.
"""

import msgspec
from msgspec import Struct


class AccessFacts(Struct, frozen=True, array_like=True, tag=1):
    """A decision: see radius.audit.events.AccessDecided for the fields."""

    client: str
    role: str
    ssid: str
    access_point: str
    method: str
    rule: str
    policy: str
    causes: tuple[str, ...]
    vlan: int
    session_timeout: int
    valid_until: float
    micros: tuple[int, int, int, int]
    inner: str = ""
    tls: str = ""
    resumed: bool = False
    rounds: int = 0
    from_cache: bool = False


class ClientFacts(Struct, frozen=True, array_like=True, tag=2):
    """Something about a RADIUS client."""

    client: str


class GapFacts(Struct, frozen=True, array_like=True, tag=3):
    """`lost` events could not be written to the journal."""

    lost: int


class BrokenFacts(Struct, frozen=True, array_like=True, tag=4):
    """A journal's chain broke: `what` is wrong at record `sequence`; the rest of that writer lies in quarantine."""

    sequence: int
    what: str


class AdminFacts(Struct, frozen=True, array_like=True, tag=5):
    """A change by an administrator: who made it, on what, and the details that are not personal."""

    actor: str
    object: str
    details: dict[str, str]


Facts = AccessFacts | ClientFacts | GapFacts | BrokenFacts | AdminFacts


class Personal(Struct, frozen=True, array_like=True):
    """What names a person: sealed under the subject's key, unreadable for ever once that key is destroyed."""

    user: str = ""
    mac: str = ""
    details: dict[str, str] = {}
    outer: str = ""
    detail: str = ""


_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode
decode_facts = msgspec.msgpack.Decoder(Facts).decode
decode_personal = msgspec.msgpack.Decoder(Personal).decode
