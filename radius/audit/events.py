"""What a worker writes into its journal: one value a decision or notice, filled along the way, written once.

These are the journal's format on disk (msgpack arrays with a type number first), so a field is only ever added at the end,
with a default. Texts are as received, bounded by the wire (253 octets); the journal seals each group whole.
"""

from msgspec import Struct

MAX_DETAIL = 253  # characters


class AccessDecided(Struct, frozen=True, gc=False, array_like=True, tag=1):
    """One Access-Request's decision. `causes` are Cause codes; `rule` is "scope:id" or "" when none matched; `policy` is
    the policy hash; `micros` is how long decoding, the directory, policy and the whole took, in microseconds.

    Of 802.1X: `user` is the name that was proved or refused, `outer` the identity outside the tunnel where it is another;
    `inner` the method in the tunnel; `tls` "1.2" or "1.3"; `resumed` says that an earlier proof was taken up; `detail` is
    what a technician asks next ("alert unknown_ca from the device"), at most MAX_DETAIL characters, never a secret, sealed
    with the name because it may quote one; `rounds` counts the EAP-Requests that were sent.

    `from_cache` says that the proof was not asked of its directory, because it had held there before.
    """

    time: float
    tag: str
    school: str
    nas: str
    client: str
    user: str
    subject: str
    role: str
    mac: str
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
    outer: str = ""
    inner: str = ""
    tls: str = ""
    resumed: bool = False
    detail: str = ""
    rounds: int = 0
    from_cache: bool = False


class AuthenticatorLearned(Struct, frozen=True, gc=False, array_like=True, tag=2):
    """A client's source address sent its first verified Message-Authenticator without EAP; from now on it must."""

    time: float
    school: str
    nas: str
    client: str


class UnknownClientSeen(Struct, frozen=True, gc=False, array_like=True, tag=3):
    """Datagrams from an address that no client has: how many since the last notice, and the last one's octets."""

    time: float
    nas: str
    count: int
    octets: bytes


class JournalGap(Struct, frozen=True, gc=False, array_like=True, tag=4):
    """`lost` events could not be written because the journal was full or failing, until `time`."""

    time: float
    lost: int


Event = AccessDecided | AuthenticatorLearned | UnknownClientSeen | JournalGap
