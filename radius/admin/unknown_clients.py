"""Addresses that sent datagrams and are no client: who they may be, told by the secret that verifies their last packet."""

from collections.abc import Callable

from msgspec import Struct
from sqlalchemy import select

from radius.admin.clients import secret_context
from radius.admin.context import Admin
from radius.errors import MalformedPacket
from radius.secret import Secret
from radius.store.tables import clients, unknown_clients
from radius.wire.codes import code_name
from radius.wire.packet import Packet, decode
from radius.wire.shared_secret import SharedSecret

NO_RADIUS = "not a RADIUS packet"
UNSIGNED = "no Message-Authenticator, so no secret can be tried"
NO_MATCH = "none of the known secrets"
NOT_TRIED = ""


class Unknown(Struct, frozen=True):
    """An address that no client has. `sent` is the kind of its last packet; `secret_of` says whose secret verifies it: the
    clients' addresses, or one of the sentences above. Times are seconds since the epoch."""

    address: str
    first: float
    last: float
    count: int
    sent: str
    secret_of: str


def list_unknown(admin: Admin, try_secrets: bool = False, on_row: Callable[[], None] = lambda: None) -> list[Unknown]:
    """The unknown addresses, the latest first. With `try_secrets` each known secret is tried on each kept packet: about
    3 us each, so 1,000 packets and 40,000 secrets take two minutes; `on_row` is called after each."""
    query = select(
        unknown_clients.c.address,
        unknown_clients.c.first,
        unknown_clients.c.last,
        unknown_clients.c.count,
        unknown_clients.c.octets,
    ).order_by(unknown_clients.c.last.desc(), unknown_clients.c.address)
    with admin.reading() as connection:
        rows = connection.execute(query).all()
    secrets = _known_secrets(admin) if try_secrets and rows else []
    found = []
    for address, first, last, count, octets in rows:
        try:
            packet = decode(octets)
        except MalformedPacket:
            sent, secret_of = NO_RADIUS, NOT_TRIED
        else:
            sent = code_name(packet.code)
            secret_of = _whose(packet, secrets) if try_secrets else NOT_TRIED
        found.append(Unknown(address, first, last, count, sent, secret_of))
        on_row()
    return found


def _known_secrets(admin: Admin) -> list[tuple[SharedSecret, str]]:
    """Each different secret once, with the clients that have it; a secret that is rotating out counts too."""
    owners: dict[bytes, list[str]] = {}
    query = select(clients.c.network, clients.c.secret, clients.c.previous_secret).where(clients.c.removed.is_(False))
    with admin.reading() as connection:
        for network, current, previous in connection.execute(query.order_by(clients.c.network)):
            for sealed in (current, previous):
                if sealed:
                    owners.setdefault(admin.keyring.open(sealed, secret_context(network)), []).append(network)
    return [(SharedSecret(Secret(secret)), _names(networks)) for secret, networks in owners.items()]


def _names(networks: list[str]) -> str:
    return ", ".join(networks[:3]) + (f" and {len(networks) - 3} more" if len(networks) > 3 else "")


def _whose(packet: Packet, secrets: list[tuple[SharedSecret, str]]) -> str:
    if not packet.message_authenticator_at:
        return UNSIGNED
    for secret, names in secrets:
        if secret.verify_message_authenticator(packet):
            return names
    return NO_MATCH
