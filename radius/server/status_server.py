"""Status-Server (RFC 5997): is this port alive? Asked with any of the client's secrets, answered as the port answers."""

from typing import Final

from radius.server.counters import Counters
from radius.server.replies import proxy_states
from radius.server.sockets import Port, Source
from radius.wire.codes import Code
from radius.wire.packet import Packet
from radius.wire.shared_secret import SharedSecret

_ACCESS_ACCEPT: Final = int(Code.ACCESS_ACCEPT)
_ACCOUNTING_RESPONSE: Final = int(Code.ACCOUNTING_RESPONSE)


def answer_status(
    packet: Packet, secrets: tuple[SharedSecret, ...], source: Source, port: Port, local: bytes, counters: Counters
) -> None:
    """Answer a Status-Server; without a right Message-Authenticator, which it must have (section 3), silence."""
    for secret in secrets:
        if secret.verify_message_authenticator(packet):
            break
    else:
        counters.bad_message_authenticator += 1
        return
    counters.status_server += 1
    # It always fits: the request held the same Proxy-States and a Message-Authenticator of its own.
    if port.accounting:
        reply = secret.plain_reply(_ACCOUNTING_RESPONSE, packet, proxy_states(packet))
    else:
        reply = secret.reply(_ACCESS_ACCEPT, packet, proxy_states(packet))
    try:
        port.send(reply, source, local)
    except OSError:
        counters.send_failures += 1
