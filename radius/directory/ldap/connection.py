"""One connection to one LDAP server: open, bind, search, each under a deadline; one request at a time.

Whatever goes wrong is Unreachable, also an answer that cannot be read: what is not understood says nothing about a person.
"""

import math
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Final

from ldap3.core.results import RESULT_CODES

from radius.directory.ldap import messages
from radius.directory.ldap.ber import SEQUENCE, MalformedBer, size_of_first
from radius.directory.ldap.channel import MAX_ANSWER, Channel
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.messages import Response, Result
from radius.directory.ldap.password_policy import PASSWORD_POLICY, BindResult, PolicyError, policy_error
from radius.directory.ldap.resolving import Address
from radius.directory.ldap.tls import reason
from radius.directory.ldap.unreachable import Stage, Unreachable
from radius.secret import Secret

PAGE: Final = 500  # entries; Active Directory gives at most 1,000
MAX_ENTRIES: Final = 10_000  # of one search
SURELY_OPEN: Final = 1.0  # seconds after its last answer, within which a connection is used without looking first

SUCCESS: Final = 0  # RFC 4511 appendix A, as the numbers below
SIZE_LIMIT_EXCEEDED: Final = 4
NO_SUCH_OBJECT: Final = 32
# What a bind can say about the person: constraintViolation (389-DS: locked), noSuchObject, invalidDNSyntax,
# inappropriateAuthentication, invalidCredentials, insufficientAccessRights, unwillingToPerform. All else is the server's.
ABOUT_THE_PERSON: Final = frozenset({SUCCESS, 19, NO_SUCH_OBJECT, 34, 48, 49, 50, 53})

_ASK_POLICY: Final = messages.control(PASSWORD_POLICY)


class LdapConnection:
    """Open to `url`; not thread-safe. After any Unreachable it is of no use and must be closed."""

    def __init__(self, url: str, channel: Channel) -> None:
        self.url: Final = url
        self.opened: Final = time.monotonic()
        self.used = self.opened
        self._channel: Final = channel
        self._last_id = 0
        self._came = bytearray()  # and was not read yet

    def start_tls(self, context: ssl.SSLContext, server_name: str, deadline: float) -> None:
        """RFC 4511 section 4.14, and the handshake. Raises Unreachable."""
        response = self._exchange(Stage.TLS, deadline, messages.start_tls(self._next_id()), messages.EXTENDED_RESPONSE, None)
        if response.code != SUCCESS:
            raise Unreachable(Stage.TLS, self.url, f"the server does not start TLS: {_words(response)}")
        self.encrypt(context, server_name, deadline)

    def encrypt(self, context: ssl.SSLContext, server_name: str, deadline: float) -> None:
        """A TLS handshake that checks the certificate. Raises Unreachable."""
        try:
            self._channel.begin(deadline)
            self._channel.encrypt(context, server_name)
        except OSError as error:
            raise Unreachable(Stage.TLS, self.url, reason(error)) from None

    def bind(self, name: str, password: Secret, deadline: float, stage: Stage = Stage.PROOF) -> BindResult:
        """A simple bind (RFC 4513 section 5.1.3). Raises Unreachable for all that says nothing about the account.

        Raises ValueError for an empty name or password: that would be an anonymous or unauthenticated bind, which succeeds
        on many servers (RFC 4513 section 5.1.2).
        """
        if not name or not password:
            raise ValueError("an empty name or password is never sent")
        request = messages.simple_bind(self._next_id(), name.encode(), password.reveal(), _ASK_POLICY)
        result = self._exchange(stage, deadline, request, messages.BIND_RESPONSE, None)
        if result.code not in ABOUT_THE_PERSON:
            raise Unreachable(stage, self.url, _words(result))
        return BindResult(result.code, result.message, policy_error(result.controls, held=result.code == SUCCESS))

    def bind_service(self, name: str, password: Secret | None, deadline: float, *, external: bool) -> None:
        """Bind as the service account: by password, else by the client certificate (SASL EXTERNAL), else not at all."""
        if name:
            if not password:
                raise Unreachable(Stage.BIND, self.url, "bind_dn has no password; give it as the secret 'bind_password'")
            given = self.bind(name, password, deadline, Stage.BIND)
            if given.code != SUCCESS or given.policy is PolicyError.CHANGE_AFTER_RESET:
                detail = given.message or f"result {given.code}"
                raise Unreachable(Stage.BIND, self.url, f"the service account was refused: {detail}")
        elif external:
            request = messages.external_bind(self._next_id())
            result = self._exchange(Stage.BIND, deadline, request, messages.BIND_RESPONSE, None)
            if result.code != SUCCESS:
                raise Unreachable(Stage.BIND, self.url, f"the client certificate was refused: {_words(result)}")

    def search(
        self,
        base: str,
        filter_: bytes,
        attributes: Sequence[str],
        deadline: float,
        scope: str = "subtree",
        size_limit: int = 0,
    ) -> list[Entry]:
        """The entries. Without `size_limit` all of them, read by pages (RFC 2696), at most MAX_ENTRIES.

        Aliases are not followed, and references to other servers are left out. Raises Unreachable, also when the base is
        not there (except for scope "base": then there is no such entry), since that says nothing about a person.
        """
        found: list[Entry] = []
        cookie = b""
        while True:
            controls = b"" if size_limit else messages.paged(PAGE, cookie)
            request = messages.search(
                self._next_id(),
                base.encode(),
                messages.SCOPES[scope],
                filter_,
                attributes,
                size_limit,
                max(1, math.ceil(deadline - time.monotonic())),
                controls,
            )
            result = self._exchange(Stage.SEARCH, deadline, request, messages.SEARCH_DONE, found)
            if result.code == NO_SUCH_OBJECT and scope == "base":
                return []
            if result.code == SIZE_LIMIT_EXCEEDED and 0 < size_limit <= len(found):
                return found
            if result.code != SUCCESS:
                raise Unreachable(Stage.SEARCH, self.url, f"base {base!r}: {_words(result)}")
            cookie = self._next_page(result)
            if not cookie:
                return found
            if len(found) >= MAX_ENTRIES:
                raise Unreachable(
                    Stage.SEARCH, self.url, f"more than {MAX_ENTRIES} entries match; narrow the filter or the base"
                )

    def quiet(self) -> bool:
        """Whether it can be used: nothing came unasked, no good-bye and no end. Not looked for where it was just used."""
        return not self._came and (time.monotonic() - self.used < SURELY_OPEN or self._channel.quiet())

    def close(self) -> None:
        """Without an unbind request: a server that hangs could not even take that."""
        self._channel.close()

    def _next_id(self) -> int:
        self._last_id = self._last_id % messages.MAX_MESSAGE_ID + 1
        return self._last_id

    def _exchange(self, stage: Stage, deadline: float, request: bytes, last: int, entries: list[Entry] | None) -> Result:
        """Send the request; what comes before the response `last` are entries, where there may be any. Raises Unreachable."""
        channel = self._channel
        try:
            channel.begin(deadline)
            channel.send(request)
            while True:
                response = self._receive()
                if response.message_id != self._last_id:
                    raise MalformedBer("a message that nobody asked for")
                if response.operation == last:
                    break
                if entries is None or response.operation not in (messages.SEARCH_ENTRY, messages.SEARCH_REFERENCE):
                    raise MalformedBer("another response than that to the request")
                if response.operation == messages.SEARCH_ENTRY:
                    entries.append(messages.read_entry(response))
            result = messages.read_result(response)
            if self._came:
                raise MalformedBer("something behind the last response")
        except OSError as error:
            raise Unreachable(stage, self.url, reason(error)) from None
        except MalformedBer as error:
            raise Unreachable(stage, self.url, f"an answer that is no LDAP ({error})") from None
        self.used = time.monotonic()
        return result

    def _receive(self) -> Response:
        came = self._came
        while True:
            size = size_of_first(came, SEQUENCE, MAX_ANSWER)
            if 0 < size <= len(came):
                octets = bytes(came[:size])
                del came[:size]
                return messages.read_response(octets)
            came += self._channel.recv()

    def _next_page(self, result: Result) -> bytes:
        try:
            return messages.next_page(result)
        except MalformedBer as error:
            raise Unreachable(Stage.SEARCH, self.url, f"a page's cookie that is none ({error})") from None


def connected(addresses: list[Address], port: int, deadline: float, url: str) -> socket.socket:
    """A TCP connection to the first of `addresses` that takes one; each gets its share of the time. Raises Unreachable."""
    trouble = "the name has no address"
    for remaining, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        raw = socket.socket(family, socket.SOCK_STREAM)
        try:
            raw.settimeout(left / remaining)
            raw.connect((address, port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            raw.close()
            trouble = reason(error)
        else:
            return raw
    raise Unreachable(Stage.CONNECT, url, trouble)


def _words(result: Result) -> str:
    name = RESULT_CODES.get(result.code, "unknown")
    return f"{name} ({result.code})" + (f": {result.message}" if result.message else "")
