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

    Of an accept: `login` is the id that its Class carries into the session's accounting, and `counts` says that the grant
    limits how many devices, sessions or how much.
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
    login: str = ""
    counts: bool = False


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


class Login(Struct, frozen=True, gc=False, array_like=True):
    """Of which login a session is: what our Class in the Access-Accept said (radius.aaa.login_class).

    `id` is random and in hexadecimal, the same as in the audit row of the login; `interim` the Acct-Interim-Interval that was
    asked for, in seconds, 0 for none; `limited` says that the grant counts devices, sessions or use; `method` how the proof
    was made. Times are seconds since the epoch, 0 for never.
    """

    id: str
    time: float
    subject: str
    role: str
    rule: str
    policy: str = ""
    vlan: int = 0
    valid_until: float = 0.0
    interim: int = 0
    limited: bool = False
    method: str = ""


class Accounted(Struct, frozen=True, gc=False, array_like=True, tag=5):
    """One Accounting-Request that was answered because this is durable (RFC 2866, 2867, 2869).

    `status` is start, stop, interim, on, off, a tunnel's (tunnel-start, tunnel-stop, tunnel-reject, tunnel-link-start,
    tunnel-link-stop, tunnel-link-reject), failed, or type-N for a number of which we know no name. `event_time` is when it
    happened, at `time` it was received; `stamped` says that the access point dated it itself (Event-Timestamp). `nas` is the
    source address, `client` the client's network. `addresses` are the framed IPv4 and IPv6 addresses and prefixes as text.
    Octets and packets are 64-bit, as the user sees them: input is what came from it. `session_time` is seconds, -1 when the
    record does not say; `nas_port` -1 likewise; `terminate_cause` is RFC 2866's number, 0 for none. `login` is None when there
    is no Class of ours: nobody was let in by us there.
    """

    time: float
    event_time: float
    stamped: bool
    status: str
    school: str
    nas: str
    client: str
    family: str
    session_id: str
    user: str
    mac: str
    ssid: str
    access_point: str
    nas_address: str
    nas_identifier: str
    addresses: tuple[str, ...]
    input_octets: int
    output_octets: int
    input_packets: int
    output_packets: int
    session_time: int
    terminate_cause: int
    login: Login | None
    multi_session_id: str = ""
    nas_port: int = -1
    nas_port_id: str = ""
    audit_session_id: str = ""
    cui: str = ""


Event = AccessDecided | AuthenticatorLearned | UnknownClientSeen | JournalGap | Accounted
