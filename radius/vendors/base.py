"""What every NAS family speaks of: attributes by name, what a grant becomes, a session's facts, and the family itself.

A family is one module with three functions: `read` makes an Arrival of an Access-Request, `express` makes attributes of
Terms, `identify` names a session in a Disconnect- or CoA-Request; and some with a fourth, `own`, for what their accounting
says in attributes of their own. They are pure; the server encodes what `express` gives
once for each grant and family. What a family cannot say is in `Expression.lost`, so that `kapija explain` can tell.
"""

from collections.abc import Callable
from struct import Struct as Layout

from msgspec import Struct

from policies.access import Arrival
from policies.grant import Terms
from radius.errors import OperatorError, PeerError
from radius.secret import Secret
from radius.store.session_facts import SessionFacts
from radius.vendors.accounting import Account, Own, account, nothing
from radius.wire.attributes import RADIUS_REQUEST, SESSION_TIMEOUT, TERMINATION_ACTION
from radius.wire.packet import Packet

__all__ = ["Attribute", "Expression", "Family", "Inexpressible", "SessionFacts", "UnreadableName", "no_psk", "timing"]

MAX_SECONDS = 0xFFFFFFFF  # RFC 2865 section 5.27: a 32-bit number
_TIMING = Layout("!BBIBBI")


class UnreadableName(PeerError):  # noqa: N818 - names the fault, as MalformedPacket does
    """The User-Name is no printable UTF-8 text of at most 253 octets (RFC 2865 section 5.1)."""


class Inexpressible(OperatorError):  # noqa: N818
    """A value of a grant does not fit into the attribute that carries it."""


class Attribute(Struct, frozen=True):
    """One attribute to send, by its dictionary name. `tag` is RFC 2868's, 0 where it has none.

    A Secret is an octet string that must not be printed; whether it is also salt-encrypted on the wire is the
    dictionary's to know.
    """

    name: str
    value: str | int | Secret
    tag: int = 0


class Expression(Struct, frozen=True):
    """What a family makes of Terms: `attributes` in the order of the reply, and the names of the Terms fields that this
    family cannot say, in the order of Terms."""

    attributes: tuple[Attribute, ...]
    lost: tuple[str, ...] = ()


def no_psk(psk: Secret, ssid: str) -> None:
    """For families that take no device's own pre-shared key from RADIUS."""


class Family(Struct, frozen=True):
    """A NAS family. `source` is the page that says what its access points send and understand.

    `read` raises UnreadableName; `express` and `identify` raise OperatorError. `reauthenticates` says whether its access
    points honour Termination-Action, so that a re-authentication does not end the session.

    Of living sessions (RFC 5176): `coa_port` is the UDP port where they listen; `ask_again` is what a CoA-Request says beside
    the session's name so that they authenticate it anew, empty where they cannot be told to; `changes` are the fields of
    Terms that they take for a living session in a CoA-Request. Whatever they cannot change, a Disconnect-Request ends.
    """

    name: str
    title: str
    source: str
    read: Callable[[Packet], Arrival]
    express: Callable[[Terms], Expression]
    identify: Callable[[SessionFacts], tuple[Attribute, ...]]
    psk: Callable[[Secret, str], tuple[Attribute, ...] | None] = no_psk
    reauthenticates: bool = True
    coa_port: int = 3799  # RFC 5176 section 2
    ask_again: tuple[Attribute, ...] = ()
    changes: frozenset[str] = frozenset()
    own: Callable[[Packet], Own] = nothing

    def account(self, packet: Packet) -> Account | None:
        """What an Accounting-Request says; None when it lacks what it must have. Never raises."""
        return account(packet, self.read, self.own)

    def express_psk(self, psk: Secret, ssid: str = "") -> tuple[Attribute, ...] | None:
        """The device's own pre-shared key for the network `ssid`; None when the family cannot say it (or needs to know
        the SSID). Raises OperatorError when the key is no WPA pre-shared key."""
        return self.psk(psk, ssid)


def timing(seconds: int, reauthenticate: bool) -> bytes:
    """Session-Timeout and Termination-Action as plain octets, added to each session's reply (RFC 3580 sections 3.17, 3.19).

    After `seconds` the NAS asks again when `reauthenticate`, else it ends the session. A time below one second is sent as
    one, because some NASes take 0 for 'no limit'.
    """
    seconds = min(max(seconds, 1), MAX_SECONDS)
    return _TIMING.pack(SESSION_TIMEOUT, 6, seconds, TERMINATION_ACTION, 6, RADIUS_REQUEST if reauthenticate else 0)
