"""One connection to one LDAP server: open, bind, search, each under a deadline; ldap3 writes and reads the messages.

Whatever goes wrong is Unreachable, also an answer that ldap3 cannot read: what is not understood says nothing about a person.
"""

import math
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import ldap3
from ldap3.core.exceptions import LDAPExceptionError
from pyasn1.error import PyAsn1Error

from radius.directory.ldap.deadlines import DeadlineSocket
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.password_policy import PASSWORD_POLICY, BindResult, PolicyError, policy_error
from radius.directory.ldap.resolving import Address
from radius.directory.ldap.tls import reason
from radius.directory.ldap.unreachable import Stage, Unreachable
from radius.secret import Secret

T = TypeVar("T")

START_TLS: Final = "1.3.6.1.4.1.1466.20037"  # RFC 4511 section 4.14
PAGED: Final = "1.2.840.113556.1.4.319"  # RFC 2696
SCOPES: Final = {"base": ldap3.BASE, "one": ldap3.LEVEL, "subtree": ldap3.SUBTREE}
PAGE: Final = 500  # entries; Active Directory gives at most 1,000
MAX_ENTRIES: Final = 10_000  # of one search

SUCCESS: Final = 0  # RFC 4511 appendix A, as the numbers below
SIZE_LIMIT_EXCEEDED: Final = 4
NO_SUCH_OBJECT: Final = 32
# What a bind can say about the person: constraintViolation (389-DS: locked), noSuchObject, invalidDNSyntax,
# inappropriateAuthentication, invalidCredentials, insufficientAccessRights, unwillingToPerform. All else is the server's.
ABOUT_THE_PERSON: Final = frozenset({SUCCESS, 19, NO_SUCH_OBJECT, 34, 48, 49, 50, 53})

# The decoders of ldap3 and pyasn1 raise these on octets that are no LDAP: bad lengths, unknown tags, deep nesting.
UNREADABLE: Final = (
    LDAPExceptionError,
    PyAsn1Error,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)


class LdapConnection:
    """Open to `url`; not thread-safe. After any Unreachable it is of no use and must be closed."""

    def __init__(self, url: str, channel: DeadlineSocket) -> None:
        self.url: Final = url
        self.opened: Final = time.monotonic()
        self.used = self.opened
        self._channel = channel
        server = ldap3.Server("kapija", get_info=ldap3.NONE)  # its name is not used: the socket is open already
        self._ldap: Any = ldap3.Connection(
            server, auto_referrals=False, auto_range=False, check_names=False, auto_escape=False, auto_encode=False
        )
        self._adopt(channel)

    def _adopt(self, channel: DeadlineSocket) -> None:
        """Give ldap3 a socket that is open: its own opening knows no deadline for the whole of TCP and TLS."""
        self._channel = channel
        self._ldap.socket = channel
        self._ldap.strategy._outstanding = {}
        self._ldap.closed = False
        self._ldap.listening = True

    def start_tls(self, context: ssl.SSLContext, server_name: str, deadline: float) -> None:
        """RFC 4511 section 4.14, and the handshake. Raises Unreachable."""
        result = self._exchange(Stage.TLS, deadline, lambda: self._result(self._ldap.extended(START_TLS)))
        if result["result"] != SUCCESS:
            raise Unreachable(Stage.TLS, self.url, f"the server does not start TLS: {_words(result)}")
        self._adopt(encrypted(self._channel.raw, context, server_name, deadline, self.url))

    def bind(self, name: str, password: Secret, deadline: float, stage: Stage = Stage.PROOF) -> BindResult:
        """A simple bind (RFC 4513 section 5.1.3). Raises Unreachable for all that says nothing about the account.

        Raises ValueError for an empty name or password: that would be an anonymous or unauthenticated bind, which succeeds
        on many servers (RFC 4513 section 5.1.2).
        """
        if not name or not password:
            raise ValueError("an empty name or password is never sent")

        def ask() -> dict[str, Any]:
            controls = [(PASSWORD_POLICY, False, None)]
            try:
                # As octets: given a str, ldap3 would change it (SASLprep).
                self._ldap.rebind(name, password.reveal(), ldap3.SIMPLE, read_server_info=False, controls=controls)
                return self._result()
            finally:
                self._ldap.password = None

        result = self._exchange(stage, deadline, ask)
        if result["result"] not in ABOUT_THE_PERSON:
            raise Unreachable(stage, self.url, _words(result))
        held = result["result"] == SUCCESS
        return BindResult(result["result"], result["message"], policy_error(result.get("controls"), held=held))

    def bind_service(self, name: str, password: Secret | None, deadline: float, *, external: bool) -> None:
        """Bind as the service account: by password, else by the client certificate (SASL EXTERNAL), else not at all."""
        if name:
            if not password:
                raise Unreachable(Stage.BIND, self.url, "bind_dn has no password; give it as the secret 'bind_password'")
            result = self.bind(name, password, deadline, Stage.BIND)
            if result.code != SUCCESS or result.policy is PolicyError.CHANGE_AFTER_RESET:
                detail = result.message or f"result {result.code}"
                raise Unreachable(Stage.BIND, self.url, f"the service account was refused: {detail}")
        elif external:
            self._ldap.sasl_credentials = ""  # RFC 4422 appendix A: to be whom the certificate says
            given = self._exchange(
                Stage.BIND,
                deadline,
                lambda: self._result(self._ldap.rebind(None, None, ldap3.SASL, ldap3.EXTERNAL, read_server_info=False)),
            )
            if given["result"] != SUCCESS:
                raise Unreachable(Stage.BIND, self.url, f"the client certificate was refused: {_words(given)}")

    def search(
        self,
        base: str,
        filter_: str,
        attributes: list[str],
        deadline: float,
        scope: str = "subtree",
        size_limit: int = 0,
    ) -> list[Entry]:
        """The entries. Without `size_limit` all of them, read by pages (RFC 2696), at most MAX_ENTRIES.

        Aliases are not followed, and references to other servers are left out. Raises Unreachable, also when the base is
        not there (except for scope "base": then there is no such entry), since that says nothing about a person.
        """
        found: list[Entry] = []
        cookie: bytes | None = None
        while True:
            left = max(1, math.ceil(deadline - time.monotonic()))
            asked = {"size_limit": size_limit} if size_limit else {"paged_size": PAGE, "paged_cookie": cookie}
            result, entries = self._exchange(
                Stage.SEARCH,
                deadline,
                lambda options=asked, left=left: self._search(  # type: ignore[misc]
                    search_base=base,
                    search_filter=filter_,
                    search_scope=SCOPES[scope],
                    dereference_aliases=ldap3.DEREF_NEVER,
                    attributes=attributes,
                    time_limit=left,
                    **options,
                ),
            )
            found += entries
            code = result["result"]
            if code == NO_SUCH_OBJECT and scope == "base":
                return []
            if code == SIZE_LIMIT_EXCEEDED and 0 < size_limit <= len(found):
                return found
            if code != SUCCESS:
                raise Unreachable(Stage.SEARCH, self.url, f"base {base!r}: {_words(result)}")
            cookie = _cookie(result)
            if not cookie:
                return found
            if len(found) >= MAX_ENTRIES:
                raise Unreachable(
                    Stage.SEARCH, self.url, f"more than {MAX_ENTRIES} entries match; narrow the filter or the base"
                )

    def quiet(self) -> bool:
        """Whether nothing came unasked: a server that closed, or said good-bye, is seen so before it is used."""
        self._channel.raw.settimeout(0)
        try:
            self._channel.raw.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Without an unbind request: a server that hangs could not even take that."""
        self._channel.close()

    def _search(self, **options: Any) -> tuple[dict[str, Any], list[Entry]]:
        self._ldap.search(**options)
        entries = [
            Entry(each["dn"], each["raw_attributes"]) for each in self._ldap.response if each["type"] == "searchResEntry"
        ]
        return self._result(), entries

    def _result(self, _: object = None) -> dict[str, Any]:
        result: dict[str, Any] = self._ldap.result
        return result

    def _exchange(self, stage: Stage, deadline: float, ask: Callable[[], T]) -> T:
        self._channel.begin(deadline)
        try:
            answer = ask()
        except UNREADABLE as error:
            trouble = self._channel.trouble
            detail = reason(trouble) if trouble else f"an answer that is no LDAP ({type(error).__name__})"
            raise Unreachable(stage, self.url, detail) from None
        self.used = time.monotonic()
        return answer


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


def encrypted(raw: socket.socket, context: ssl.SSLContext, server_name: str, deadline: float, url: str) -> DeadlineSocket:
    """`raw` after a TLS handshake that checked the certificate. Raises Unreachable, with `raw` closed."""
    try:
        raw.settimeout(max(deadline - time.monotonic(), 0.001))  # for the whole handshake: OpenSSL's module counts it down
        return DeadlineSocket(context.wrap_socket(raw, server_hostname=server_name))
    except OSError as error:
        raw.close()
        raise Unreachable(Stage.TLS, url, reason(error)) from None


def _cookie(result: dict[str, Any]) -> bytes:
    paged = (result.get("controls") or {}).get(PAGED)
    cookie: bytes = paged["value"]["cookie"] if paged else b""
    return cookie


def _words(result: dict[str, Any]) -> str:
    return f"{result['description']} ({result['result']})" + (f": {result['message']}" if result["message"] else "")
