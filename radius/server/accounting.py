"""The way of an Accounting-Request: client, authenticator, duplicate, event, journal; the answer when the record is durable.

    decoded by the gate -> Request Authenticator (radius.server.clients)     wrong: silence, a counter
      -> the same octets again? answered: the same answer again              waiting for the disk: silence, the answer is coming
      -> the journal cannot store? silence, a counter                        the access point sends it again; logins go on
      -> vendors.FAMILY.account -> audit.events.Accounted -> Journal.append
      -> fsync of the group -> Accounting-Response                           (radius.server.durable)

No directory, no SQL and no other worker is waited for, and any worker may take any record. What the records come to is the
carrier's work (radius.aaa.session_keeping).
"""

from collections.abc import Callable
from typing import Final

from radius.aaa.login_class import LoginSeal
from radius.audit.events import Accounted, Event, Login
from radius.server.clients import Client, Clients
from radius.server.counters import Counters
from radius.server.duplicates import Duplicates, key_of, repeat
from radius.server.durable import Durable, Waiting
from radius.server.replies import proxy_states
from radius.server.sockets import Port, Source
from radius.vendors.accounting import Account
from radius.wire.codes import Code
from radius.wire.packet import Packet

EARLIER_AT_MOST: Final = 86_400.0  # seconds between an event and its record's coming: a night without the line to us
LATER_AT_MOST: Final = 300.0  # seconds by which an access point's clock may be wrong
_ACCOUNTING_RESPONSE: Final = int(Code.ACCOUNTING_RESPONSE)


class Accounting:
    """One worker's accounting behind its gate. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        clients: Clients,
        seal: LoginSeal,
        record: Callable[[Event], None],
        durable: Durable,
        counters: Counters,
        clock: Callable[[], float],
    ) -> None:
        self._clients = clients
        self._read_class = seal.read
        self._record = record
        self._durable = durable
        self._counters = counters
        self._clock = clock
        self.duplicates = Duplicates()

    def receive(self, packet: Packet, client: Client, source: Source, port: Port, local: bytes) -> None:
        """Take one Accounting-Request whose source is a client."""
        now = self._clock()
        secret = self._clients.verify_accounting(client, packet, now)
        if secret is None:
            return
        key = key_of(source, packet.identifier)
        seen = self.duplicates.find(key, packet.octets)
        if seen is not None:
            repeat(seen.reply, source, port, local, self._counters)
            return
        if not self._durable.has_room():
            self._counters.accounting_unstored += 1
            return
        account = client.family.account(packet)
        if account is None:
            self._counters.accounting_incomplete += 1
            return
        reply = secret.plain_reply(_ACCOUNTING_RESPONSE, packet, proxy_states(packet))
        seen = self.duplicates.begin(key, packet.octets)
        self._record(accounted(account, client, source[0], now, self._login(account)))
        self._durable.answer(Waiting(seen, reply, source, port, local))  # after the record: see radius.server.durable

    def _login(self, account: Account) -> Login | None:
        for octets in account.class_:
            login = self._read_class(octets)
            if login is not None:
                return login
        return None


def accounted(account: Account, client: Client, nas: str, now: float, login: Login | None) -> Accounted:
    """The event of a record that came at `now` from the address `nas`."""
    at, stamped = happened(now, account.event_timestamp, account.delay)
    arrival = account.arrival
    return Accounted(
        now,
        at,
        stamped,
        account.status,
        client.school,
        nas,
        client.network,
        client.family_name,
        account.session_id,
        arrival.user_name,
        arrival.mac,
        arrival.ssid,
        arrival.access_point,
        account.nas_address,
        account.nas_identifier,
        account.addresses,
        account.input_octets,
        account.output_octets,
        account.input_packets,
        account.output_packets,
        account.session_time,
        account.terminate_cause,
        login,
        account.multi_session_id,
        account.nas_port,
        account.nas_port_id,
        account.own.audit_session_id,
        account.cui,
    )


def happened(now: float, event_timestamp: int, delay: int) -> tuple[float, bool]:
    """When it happened, and whether the access point says so itself, of a record that came at `now`.

    Event-Timestamp (RFC 2869 section 5.3) is the same each time a record is sent, so it is taken wherever it can be true. It
    cannot where the access point's clock stands in 1970 or at a local time: where it is later than now, earlier than a day
    ago, or contradicts Acct-Delay-Time (RFC 2866 section 5.2), which needs no clock. Without it: now less that delay.
    """
    sent = now - delay if 0 < delay <= EARLIER_AT_MOST else now
    earlier = LATER_AT_MOST if delay >= 0 else EARLIER_AT_MOST
    if event_timestamp and sent - earlier <= event_timestamp <= sent + LATER_AT_MOST:
        return float(event_timestamp), True
    return sent, False
