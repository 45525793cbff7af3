"""Which RADIUS client a datagram is from, by its source address, and whether its Message-Authenticator is as it must be.

The longest prefix wins. Each source address keeps what was learned of it: after its first *verified* Message-Authenticator
in a request without EAP-Message (where RFC 3579 demands it anyway) an access point must always send one, so that an
attacker on the path cannot strip it (CVE-2024-3596). Until then a request with Proxy-State and without
Message-Authenticator is dropped, as that is the shape of the attack.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Protocol

from radius.errors import KapijaError
from radius.secret import Secret
from radius.server.counters import Counters
from radius.store.records import ClientRecord
from radius.vendors import FAMILIES
from radius.wire.attributes import EAP_MESSAGE, PROXY_STATE, USER_PASSWORD
from radius.wire.packet import Packet
from radius.wire.shared_secret import SharedSecret

AT_MOST = 65_536  # source addresses kept ready: 40,000 access points fit, a flood of addresses from one CIDR does not matter
WARN_EVERY = 86_400.0

log = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network


class Records(Protocol):
    """Where clients are: the node file's view."""

    def client(self, network: str) -> ClientRecord | None:
        """The client of exactly this address or network, in canonical text."""

    def networks(self) -> Iterable[ClientRecord]:
        """The clients that are networks, not single addresses."""

    def is_learned(self, address: str) -> bool:
        """Whether this source address has shown that it sends Message-Authenticator."""


class Client:
    """One source address of a RADIUS client, ready for the packet's way: what its record says is at hand in its own fields."""

    __slots__ = (
        "current",
        "family",
        "family_name",
        "likely",
        "location",
        "mode",
        "must_sign",
        "network",
        "previous",
        "previous_until",
        "record",
        "school",
        "warned",
    )

    def __init__(self, record: ClientRecord, current: SharedSecret, previous: SharedSecret | None, learned: bool) -> None:
        self.record = record
        self.network, self.school, self.location, self.mode = record.network, record.school, record.location, record.mode
        self.family_name = record.family
        self.family = FAMILIES[record.family]
        self.current = current
        self.previous = previous
        self.previous_until = record.previous_until
        self.likely = previous or current  # while rotating: access points have the old secret until they show the new one
        self.must_sign = record.mode == "require" or (record.mode == "learn" and learned)
        self.warned = 0.0

    def secrets(self, now: float) -> tuple[SharedSecret, ...]:
        """The secrets that are valid at `now` (seconds since the epoch), the likelier one first."""
        if self.previous is None:
            return (self.current,)
        if now >= self.previous_until:
            self.previous, self.likely = None, self.current
            return (self.current,)
        return (self.previous, self.current) if self.likely is self.previous else (self.current, self.previous)


def _bare(address: str) -> str:
    """The address without its interface, which a link-local one carries (fe80::1%eth0)."""
    return address.partition("%")[0]


def is_text(password: bytes) -> bool:
    """Whether octets can be a password that somebody typed: with the wrong shared secret they hardly ever are."""
    try:
        return password.decode().isprintable()
    except UnicodeDecodeError:
        return False


class Clients:
    """The clients of this installation as one worker sees them. `unseal(sealed, context)` opens a client's secret;
    `learn(client, address)` is called once for each address that starts to be held to its Message-Authenticator."""

    def __init__(
        self,
        records: Records,
        unseal: Callable[[bytes, str], bytes],
        counters: Counters,
        learn: Callable[[Client, str], None],
    ) -> None:
        self._records = records
        self._unseal = unseal
        self._counters = counters
        self._learn = learn
        self._ready: OrderedDict[str, Client] = OrderedDict()
        self._networks: list[tuple[Network, ClientRecord]] = []
        self._held: dict[str, None] = {}  # learned by this worker, and not yet known to be in the records
        self.find = self._ready.get  # the packet's way: one look-up; `prepare` is for the first packet of an address
        self.forget_all()

    def __len__(self) -> int:
        return len(self._ready)

    def forget_all(self) -> None:
        """Clients have changed: each address is looked up again at its next packet."""
        self._ready.clear()
        networks = [(ip_network(record.network), record) for record in self._records.networks()]
        self._networks = sorted(networks, key=lambda pair: -pair[0].prefixlen)

    def forget_learned(self, addresses: Iterable[str]) -> None:
        """The records now say of these addresses whether they have learned, or have been told to forget it."""
        gone = set(addresses)
        for address in gone:
            self._held.pop(address, None)
        for ready in [each for each in self._ready if _bare(each) in gone]:
            del self._ready[ready]

    def prepare(self, address: str) -> Client | None:
        """The client of an address that `find` does not have, or None when nobody has told us of it."""
        text = _bare(address)
        record = self._records.client(text) or self._in_network(text)
        if record is None:
            return None
        try:
            client = self._make(record, text)
        except (KapijaError, KeyError, ValueError) as error:
            log.error("client %s (%s) cannot be used, run 'kapija check': %s", record.name, record.network, error)
            return None
        self._ready[address] = client
        if len(self._ready) > AT_MOST:
            self._ready.popitem(last=False)
        return client

    def verify(self, client: Client, packet: Packet, address: str, now: float) -> SharedSecret | None:
        """The secret that this request is answered with; None when the request is to be discarded (counted here)."""
        if packet.message_authenticator_at:
            for secret in (client.current,) if client.previous is None else client.secrets(now):
                if secret.verify_message_authenticator(packet):
                    client.likely = secret
                    if not client.must_sign and client.mode == "learn" and EAP_MESSAGE not in packet.first:
                        client.must_sign = True
                        self._hold(client, _bare(address))
                    return secret
            self._counters.bad_message_authenticator += 1
            return None
        if client.must_sign or EAP_MESSAGE in packet.first:
            self._counters.message_authenticator_missing += 1
            return None
        if client.mode == "optional":
            self._warn(client, address, now)
        elif PROXY_STATE in packet.first:
            self._counters.proxy_state_unprotected += 1
            return None
        return client.current if client.previous is None else self._guess(client, packet, now)

    def verify_accounting(self, client: Client, packet: Packet, now: float) -> SharedSecret | None:
        """The secret that this Accounting-Request was made with; None when it is to be discarded (counted here).

        Its Request Authenticator is a digest with the secret (RFC 2866 section 3), so nothing has to be learned. A
        Message-Authenticator that is there must be right (RFC 5080 section 2.2.2)."""
        for secret in (client.current,) if client.previous is None else client.secrets(now):
            if secret.accounting_authenticator_valid(packet):
                if packet.message_authenticator_at and not secret.verify_message_authenticator(packet):
                    self._counters.bad_message_authenticator += 1
                    return None
                client.likely = secret
                return secret
        self._counters.bad_authenticator += 1
        return None

    def _hold(self, client: Client, address: str) -> None:
        """From now on, however often clients change before the housekeepers have stored it."""
        if address not in self._held:
            self._held[address] = None
            self._learn(client, address)
        if len(self._held) > AT_MOST:
            del self._held[next(iter(self._held))]

    def _guess(self, client: Client, packet: Packet, now: float) -> SharedSecret:
        """While rotating, and nothing is signed: the secret under which a User-Password is text, else the likelier one."""
        hidden = packet.first.get(USER_PASSWORD)
        secrets = client.secrets(now)
        if hidden is not None:
            for secret in secrets:
                password = secret.reveal_password(hidden, packet.authenticator)
                if password is not None and is_text(password):
                    client.likely = secret
                    return secret
        return secrets[0]

    def _in_network(self, text: str) -> ClientRecord | None:
        address = ip_address(text)
        for network, record in self._networks:
            if address in network:
                return record
        return None

    def _make(self, record: ClientRecord, address: str) -> Client:
        context = f"client:{record.network}"
        current = SharedSecret(Secret(self._unseal(record.secret, context)))
        previous = SharedSecret(Secret(self._unseal(record.previous_secret, context))) if record.previous_secret else None
        return Client(record, current, previous, address in self._held or self._records.is_learned(address))

    def _warn(self, client: Client, address: str, now: float) -> None:
        if now - client.warned >= WARN_EVERY:
            client.warned = now
            log.warning(
                "access point %s (%s) sent a request without Message-Authenticator, which anyone on its path can forge:"
                " update its firmware, then run 'kapija client mode %s require'",
                address,
                client.record.name,
                client.network,
            )
