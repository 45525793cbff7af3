"""RADIUS clients (access points, switches, controllers): added, removed, their secrets rotated, their modes set."""

import re
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from secrets import token_urlsafe

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from radius.admin import checks
from radius.admin.context import Admin
from radius.admin.schools import school_named
from radius.audit.tags import Tag
from radius.errors import NotFound, OperatorError
from radius.secret import Secret
from radius.store.tables import clients, learned

SHORTEST_SECRET = 16  # octets; RFC 2865 section 3
LONGEST_SECRET = 128
GENERATED_OCTETS = 24  # 192 bits, 32 characters that every access point's form takes
ROTATION_SECONDS = 7 * 86_400.0

# Secrets that examples, manuals and factory settings use, and words that people pad them with.
_KNOWN = re.compile(
    r"testing|secret|radius|password|lozinka|tajna|shared|kapija|wifi|school|skola|admin|cisco|changeme|qwerty|example"
)
_FILLER = re.compile(r"[\W\d_]+")

_COLUMNS = (
    clients.c.id,
    clients.c.network,
    clients.c.name,
    clients.c.school,
    clients.c.family,
    clients.c.location,
    clients.c.previous_until,
    clients.c.mode,
    clients.c.coa_port,
)


class Mode(StrEnum):
    """Whether a client's requests must carry Message-Authenticator (CVE-2024-3596)."""

    REQUIRE = "require"
    LEARN = "learn"
    OPTIONAL = "optional"


class Client(Struct, frozen=True):
    """A client as administrators see it: no secret. `previous_until` is when the secret before the last rotation ends;
    `coa_port` where it listens for Disconnect- and CoA-Requests, 0 for the usual port of its family."""

    id: int
    network: str
    name: str
    school: str
    family: str
    location: str
    previous_until: float
    mode: str
    coa_port: int = 0


def canonical_network(text: str) -> str:
    """An address or CIDR network as it is stored: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`."""
    try:
        network: IPv4Network | IPv6Network = ip_network(text.strip(), strict=False)
        first: IPv4Address | IPv6Address = ip_address(text.strip().partition("/")[0])
    except ValueError:
        raise OperatorError(f"{text!r} is no address or network: write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/64") from None
    if first != network.network_address:
        raise OperatorError(f"{text!r} has bits beyond its prefix: did you mean {network} or {first}?")
    if isinstance(first, IPv6Address):
        if first.scope_id is not None:
            raise OperatorError(f"{text!r} names an interface: write the address alone")
        if first.ipv4_mapped is not None:
            raise OperatorError(f"{text!r} is an IPv4 address in IPv6 form: write {first.ipv4_mapped}")
    if network.prefixlen == 0:
        raise OperatorError(f"{text!r} is the whole Internet: name the network of the access points")
    return str(first) if network.prefixlen == network.max_prefixlen else str(network)


def check_secret(secret: Secret) -> Secret:
    """The shared secret, if it is long enough and no known one. Errors tell nothing of it."""
    octets = secret.reveal()
    words = _FILLER.sub("", octets.decode(errors="replace").lower())
    if octets and len(_KNOWN.sub("", words)) < 4 and _KNOWN.search(words):
        raise OperatorError("the shared secret is one that everybody knows: leave it out, and a strong one is generated")
    if len(octets) < SHORTEST_SECRET or len(octets) > LONGEST_SECRET:
        raise OperatorError(
            f"the shared secret must have {SHORTEST_SECRET} to {LONGEST_SECRET} octets: leave it out, and one is generated"
        )
    if len(set(octets)) < 6:
        raise OperatorError("the shared secret repeats a few characters: leave it out, and a strong one is generated")
    if not all(0x21 <= octet <= 0x7E for octet in octets):
        raise OperatorError("the shared secret must be printable ASCII without spaces: access points spoil anything else")
    return secret


def add_client(
    admin: Admin,
    network: str,
    school: str,
    family: str,
    families: Iterable[str],
    name: str,
    location: str = "",
    secret: Secret | None = None,
    mode: str = Mode.LEARN,
    coa_port: int = 0,
) -> tuple[Client, Secret]:
    """Add a client; without `secret` one is generated. Returns it with its secret, which cannot be read again later.

    `families` are the NAS families there are (this room does not know the dialects).
    """
    network = canonical_network(network)
    _check_family(family, families)
    _check_mode(mode)
    _check_port(coa_port)
    name = checks.line(name.strip(), "the name") or network
    location = checks.line(location.strip(), "the location")
    secret = check_secret(secret) if secret is not None else Secret(token_urlsafe(GENERATED_OCTETS))
    row = {
        "name": name,
        "school": school,
        "family": family,
        "location": location,
        "secret": admin.keyring.seal(secret.reveal(), secret_context(network)),
        "previous_secret": b"",
        "previous_until": 0.0,
        "mode": mode,
        "coa_port": coa_port,
        "removed": False,
    }
    with admin.change() as change:
        school_named(change.connection, school)
        found = change.connection.execute(select(clients.c.removed).where(clients.c.network == network)).scalar_one_or_none()
        if found is False:
            raise OperatorError(f"there is a client {network} already: remove it first, or rotate its secret")
        statement = insert(clients) if found is None else update(clients).where(clients.c.network == network)
        change.connection.execute(statement.values(network=network, revision=change.revision, **row))
        client = _client_named(change.connection, network)
        details = {"name": name, "family": family, "location": location, "mode": mode}
        change.audit(Tag.CLIENT_ADDED, f"client {network}", school=school, details=details)
    return client, secret


def list_clients(admin: Admin, school: str | None = None) -> list[Client]:
    """Every client (of one school), by school and network. Raises NotFound for an unknown school."""
    query = select(*_COLUMNS).where(clients.c.removed.is_(False)).order_by(clients.c.school, clients.c.network)
    with admin.reading() as connection:
        if school is not None:
            school_named(connection, school)
            query = query.where(clients.c.school == school)
        return [Client(*row) for row in connection.execute(query)]


def remove_client(admin: Admin, network: str) -> Client:
    """Remove a client: its datagrams get silence from now on, and its secrets are destroyed."""
    with admin.change() as change:
        client = _client_named(change.connection, network)
        gone = {"removed": True, "secret": b"", "previous_secret": b"", "previous_until": 0.0}
        change.connection.execute(
            update(clients).where(clients.c.network == client.network).values(revision=change.revision, **gone)
        )
        change.audit(Tag.CLIENT_REMOVED, f"client {client.network}", school=client.school, details={"name": client.name})
    return client


def rotate_secret(
    admin: Admin, network: str, secret: Secret | None = None, keep_seconds: float = ROTATION_SECONDS
) -> tuple[Client, Secret]:
    """Give a client a new secret; the present one stays valid for `keep_seconds`, so that access points can be changed one
    by one. Refused while the last rotation is under way: the access points that still have the oldest would be lost."""
    secret = check_secret(secret) if secret is not None else Secret(token_urlsafe(GENERATED_OCTETS))
    with admin.change() as change:
        client = _client_named(change.connection, network)
        if client.previous_until > change.now and keep_seconds > 0:
            left = (client.previous_until - change.now) / 86_400
            raise OperatorError(
                f"{client.network} is rotating already, for {left:.1f} days more: wait,"
                " or end it with '--keep-days 0', after which only the new secret is valid"
            )
        context = secret_context(client.network)
        present = change.connection.execute(select(clients.c.secret).where(clients.c.network == client.network)).scalar_one()
        if Secret(admin.keyring.open(present, context)) == secret:
            raise OperatorError(f"{client.network} has this secret already: choose another")
        keep = keep_seconds > 0
        values = {
            "secret": admin.keyring.seal(secret.reveal(), context),
            "previous_secret": present if keep else b"",
            "previous_until": change.now + keep_seconds if keep else 0.0,
        }
        change.connection.execute(
            update(clients).where(clients.c.network == client.network).values(revision=change.revision, **values)
        )
        details = {"previous_valid_days": f"{max(keep_seconds, 0) / 86_400:g}"}
        change.audit(Tag.CLIENT_SECRET_ROTATED, f"client {client.network}", school=client.school, details=details)
        return _client_named(change.connection, client.network), secret


def set_mode(admin: Admin, network: str, mode: str) -> Client:
    """Say whether this client's requests must carry Message-Authenticator."""
    _check_mode(mode)
    with admin.change() as change:
        client = _client_named(change.connection, network)
        change.connection.execute(
            update(clients).where(clients.c.network == client.network).values(mode=mode, revision=change.revision)
        )
        details = {"mode": mode, "before": client.mode}
        change.audit(Tag.CLIENT_CHANGED, f"client {client.network}", school=client.school, details=details)
        return _client_named(change.connection, client.network)


def set_coa_port(admin: Admin, network: str, port: int) -> Client:
    """Say where this client listens for Disconnect- and CoA-Requests (RFC 5176); 0 for the usual port of its family."""
    _check_port(port)
    with admin.change() as change:
        client = _client_named(change.connection, network)
        change.connection.execute(
            update(clients).where(clients.c.network == client.network).values(coa_port=port, revision=change.revision)
        )
        details = {"coa_port": str(port), "before": str(client.coa_port)}
        change.audit(Tag.CLIENT_CHANGED, f"client {client.network}", school=client.school, details=details)
        return _client_named(change.connection, client.network)


def forget_authenticator(admin: Admin, network: str) -> list[str]:
    """Undo learning: the source addresses within `network` need not send Message-Authenticator until they do so again.

    `network` is an address or network, a client's or not. Returns the addresses. Raises NotFound when none was learned.
    """
    network = canonical_network(network)
    within = ip_network(network)
    with admin.change() as change:
        known = change.connection.execute(select(learned.c.address).where(learned.c.removed.is_(False))).scalars()
        addresses = sorted(address for address in known if ip_address(address) in within)
        if not addresses:
            raise NotFound(f"no address in {network} has been learned: there is nothing to forget")
        for start in range(0, len(addresses), 1000):
            some = learned.c.address.in_(addresses[start : start + 1000])
            change.connection.execute(update(learned).where(some).values(removed=True, revision=change.revision))
        client = _find(change.connection, network)
        change.audit(
            Tag.AUTHENTICATOR_FORGOTTEN,
            f"client {network}",
            school=client.school if client is not None else "",
            details={"addresses": ", ".join(addresses[:20]), "count": str(len(addresses))},
        )
    return addresses


def secret_context(network: str) -> str:
    """The context to which a client's secrets are sealed (radius.server.clients opens them)."""
    return f"client:{network}"


def _client_named(connection: Connection, network: str) -> Client:
    network = canonical_network(network)
    client = _find(connection, network)
    if client is None:
        known = connection.execute(select(clients.c.network).where(clients.c.removed.is_(False))).scalars()
        raise NotFound(f"there is no client {network}; {checks.near(network, known, 'clients')}")
    return client


def _find(connection: Connection, network: str) -> Client | None:
    row = connection.execute(select(*_COLUMNS).where(clients.c.network == network, clients.c.removed.is_(False))).first()
    return Client(*row) if row is not None else None


def _check_family(family: str, families: Iterable[str]) -> None:
    if family not in families:
        raise OperatorError(f"there is no NAS family {family!r}; the families are: {', '.join(sorted(families))}")


def _check_mode(mode: str) -> None:
    if mode not in tuple(Mode):
        raise OperatorError(f"there is no mode {mode!r}; the modes are: {', '.join(Mode)}")


def _check_port(port: int) -> None:
    if not 0 <= port <= 65_535:
        raise OperatorError(f"{port} is no UDP port: write 1 to 65535, or 0 for the usual one of the client's family")
