"""The servers of one LDAP directory: asked in their order, with connections kept open, all under the caller's deadline.

A server that failed rests for a while and the next one is asked at once; then one question tries it again, with half of its
time. There are two kinds of connections: those of the service account, which search, and those on which people prove their
passwords, whose identity changes with every bind; the latter never search.
"""

import time
from collections.abc import Callable
from enum import Enum
from threading import BoundedSemaphore, Lock
from typing import Final, TypeVar
from urllib.parse import urlsplit

from radius.directory.description import BIND_PASSWORD, CLIENT_KEY, Description
from radius.directory.ldap.channel import Channel
from radius.directory.ldap.connection import LdapConnection, connected
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.password_policy import BindResult
from radius.directory.ldap.resolving import Resolver
from radius.directory.ldap.tls import client_context
from radius.directory.ldap.unreachable import Stage, Unreachable
from radius.secret import Secret

T = TypeVar("T")
Work = Callable[[LdapConnection, float], T]

REST: Final = 15.0  # seconds for which a server that failed is asked last
IDLE: Final = 60.0  # seconds after which an unused connection is closed; many firewalls forget one after some minutes
AGE: Final = 600.0  # seconds after which a connection is closed in any case, so that load spreads again
EXTRA: Final = 2  # connections beside one for each thread: for the administrator's trials
LDAP_PORT: Final = 389
LDAPS_PORT: Final = 636


class Purpose(Enum):
    """What a connection is for."""

    SEARCH = 0
    PROOF = 1


class Server:
    """One server of the list, with its idle connections."""

    def __init__(self, url: str, server_name: str) -> None:
        parts = urlsplit(url)
        self.url: Final = url
        self.ldaps: Final = parts.scheme == "ldaps"
        self.host: Final = parts.hostname or ""
        self.port: Final = parts.port or (LDAPS_PORT if self.ldaps else LDAP_PORT)
        self.server_name: Final = server_name or self.host
        self.resolver: Final = Resolver(self.host)
        self.rests_until = 0.0
        self.idle: dict[Purpose, list[LdapConnection]] = {purpose: [] for purpose in Purpose}


class Servers:
    """Thread-safe. What it raises: Unreachable, and nothing else."""

    def __init__(self, description: Description, secrets: dict[str, Secret]) -> None:
        """Opens nothing yet. Raises OperatorError for certificates and keys that cannot be used."""
        self._servers = [Server(url, description.server_name) for url in description.servers]
        self._plain = description.tls == "insecure-plain"
        self._context = client_context(description.ca, description.client_certificate, secrets.get(CLIENT_KEY))
        self._external = bool(description.client_certificate)
        self._bind_dn = description.bind_dn
        self._bind_password = secrets.get(BIND_PASSWORD)
        self._slots = BoundedSemaphore(description.limits.threads + EXTRA)
        self._lock = Lock()
        self._closed = False

    def search(
        self,
        base: str,
        filter_: bytes,
        attributes: list[str],
        deadline: float,
        scope: str = "subtree",
        size_limit: int = 0,
    ) -> list[Entry]:
        """As the service account; see LdapConnection.search. `filter_` is of radius.directory.ldap.filters, `deadline` in
        monotonic seconds. Raises Unreachable."""
        return self._ask(
            Purpose.SEARCH,
            lambda connection, until: connection.search(base, filter_, attributes, until, scope, size_limit),
            deadline,
        )

    def bind_as(self, name: str, password: Secret, deadline: float) -> BindResult:
        """Whether `password` is that of `name`, a DN or what else the server takes as one. Raises Unreachable.

        An empty password is never sent (RFC 4513 section 5.1.2): it is invalidCredentials at once.
        """
        if not password or not name:
            return BindResult(49, "an empty password is never sent")
        return self._ask(Purpose.PROOF, lambda connection, until: connection.bind(name, password, until), deadline)

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it comes back."""
        with self._lock:
            self._closed = True
            idle = [connection for server in self._servers for kept in server.idle.values() for connection in kept]
            for server in self._servers:
                server.idle = {purpose: [] for purpose in Purpose}
        for connection in idle:
            connection.close()

    @property
    def each(self) -> list[Server]:
        """The servers in the order of the description."""
        return list(self._servers)

    def open(
        self, server: Server, purpose: Purpose, deadline: float, passed: Callable[[Stage], None] = lambda _: None
    ) -> LdapConnection:
        """A new connection, encrypted, and bound where it is for searching; `passed` is told each stage. Raises Unreachable."""
        try:
            addresses = server.resolver.addresses(deadline)
        except OSError as error:
            raise Unreachable(Stage.RESOLVE, server.url, str(error)) from None
        passed(Stage.RESOLVE)
        raw = connected(addresses, server.port, deadline, server.url)
        passed(Stage.CONNECT)
        connection = LdapConnection(server.url, Channel(raw))
        try:
            if not self._plain:
                begin_tls = connection.encrypt if server.ldaps else connection.start_tls
                begin_tls(self._context, server.server_name, deadline)
                passed(Stage.TLS)
            if purpose is Purpose.SEARCH:
                connection.bind_service(self._bind_dn, self._bind_password, deadline, external=self._external)
                passed(Stage.BIND)
        except Unreachable:
            connection.close()
            raise
        return connection

    def _ask(self, purpose: Purpose, work: Work[T], deadline: float) -> T:
        if not self._slots.acquire(timeout=max(deadline - time.monotonic(), 0.0)):
            raise Unreachable(Stage.CONNECT, "", "all connections are busy")
        try:
            servers = self._in_order()
            for more, server in zip(range(len(servers) - 1, -1, -1), servers, strict=True):
                now = time.monotonic()
                until = now + (deadline - now) / 2 if more else deadline
                try:
                    answer = self._at(server, purpose, work, until)
                except Unreachable:
                    server.rests_until = time.monotonic() + REST
                    if not more or time.monotonic() >= deadline:
                        raise
                else:
                    server.rests_until = 0.0
                    return answer
            raise AssertionError("a description names at least one server")
        finally:
            self._slots.release()

    def _in_order(self) -> list[Server]:
        """Those that answer before those that rest; one whose rest is over is tried by one question, not by all."""
        now = time.monotonic()
        with self._lock:
            ready = [server for server in self._servers if now >= server.rests_until]
            resting = [server for server in self._servers if now < server.rests_until]
            for server in ready:
                if server.rests_until:
                    server.rests_until = now + REST
        return ready + resting

    def _at(self, server: Server, purpose: Purpose, work: Work[T], until: float) -> T:
        kept = self._kept(server, purpose)
        if kept is not None:
            try:
                return self._use(server, purpose, kept, work, until)
            except Unreachable:
                # The server may have closed it long ago. If the time is up it was something else.
                if time.monotonic() >= until:
                    raise
        return self._use(server, purpose, self.open(server, purpose, until), work, until)

    def _use(self, server: Server, purpose: Purpose, connection: LdapConnection, work: Work[T], until: float) -> T:
        try:
            answer = work(connection, until)
        except Unreachable:
            connection.close()
            raise
        with self._lock:
            if not self._closed:
                server.idle[purpose].append(connection)
                return answer
        connection.close()
        return answer

    def _kept(self, server: Server, purpose: Purpose) -> LdapConnection | None:
        """The idle connection that was used last, if it is of use; those that are not are closed."""
        while True:
            now = time.monotonic()
            with self._lock:
                kept = server.idle[purpose]
                old = [each for each in kept if now - each.used > IDLE or now - each.opened > AGE]
                server.idle[purpose] = kept = [each for each in kept if each not in old]
                last = kept.pop() if kept else None
            for each in old:
                each.close()
            if last is None or last.quiet():
                return last
            last.close()
