"""LDAP's messages (RFC 4511 section 4) as far as they are needed here: requests to octets, octets to responses.

Bind (simple, SASL EXTERNAL), search, StartTLS; the controls of paging and of password policy. Nothing here opens a socket.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from policies.value import Value
from radius.directory.ldap.ber import (
    BOOLEAN,
    ENUMERATED,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    MalformedBer,
    Reader,
    element,
    integer,
)
from radius.directory.ldap.entry import Entry

MAX_MESSAGE_ID: Final = 2**31 - 1  # section 4.1.1.1

# Section 4.2 to 4.12: the tags of the operations.
BIND_REQUEST: Final = 0x60
BIND_RESPONSE: Final = 0x61
SEARCH_REQUEST: Final = 0x63
SEARCH_ENTRY: Final = 0x64
SEARCH_DONE: Final = 0x65
SEARCH_REFERENCE: Final = 0x73
EXTENDED_REQUEST: Final = 0x77
EXTENDED_RESPONSE: Final = 0x78

START_TLS: Final = b"1.3.6.1.4.1.1466.20037"  # section 4.14
PAGED: Final = "1.2.840.113556.1.4.319"  # RFC 2696
SCOPES: Final = {"base": 0, "one": 1, "subtree": 2}  # section 4.5.1.2

_CONTROLS: Final = 0xA0
_REFERRAL: Final = 0xA3  # [3] of an LDAPResult
_SASL_CREDENTIALS: Final = 0x87  # [7] of a BindResponse
_RESPONSE_NAME: Final = 0x8A
_RESPONSE_VALUE: Final = 0x8B
_VERSION_3: Final = integer(3)
_SIMPLE: Final = 0x80
_SASL: Final = 0xA3
_EXTERNAL: Final = element(_SASL, element(OCTET_STRING, b"EXTERNAL") + element(OCTET_STRING, b""))
_NEVER_DEREFERENCE: Final = integer(0, ENUMERATED)  # neverDerefAliases
_VALUES_TOO: Final = element(BOOLEAN, b"\0")  # typesOnly FALSE


class Result(Value):
    """An LDAPResult (section 4.1.9): `code`, the server's text, and the response's controls by their OIDs."""

    __slots__ = ("code", "controls", "message")

    def __init__(self, code: int, message: str, controls: Mapping[str, bytes]) -> None:
        self.code: Final = code
        self.message: Final = message
        self.controls: Final = controls


class Response(Value):
    """A message from a server: `operation` is its tag, `body` reads what is in it, `controls` stand by their OIDs."""

    __slots__ = ("body", "controls", "message_id", "operation")

    def __init__(self, message_id: int, operation: int, body: Reader, controls: Mapping[str, bytes]) -> None:
        self.message_id: Final = message_id
        self.operation: Final = operation
        self.body: Final = body
        self.controls: Final = controls


def control(oid: str, value: bytes | None = None) -> bytes:
    """A control that is not critical (section 4.1.11)."""
    octets = element(OCTET_STRING, oid.encode())
    return element(SEQUENCE, octets if value is None else octets + element(OCTET_STRING, value))


def paged(size: int, cookie: bytes) -> bytes:
    """The control that asks for the next page (RFC 2696 section 2)."""
    return control(PAGED, element(SEQUENCE, integer(size) + element(OCTET_STRING, cookie)))


def simple_bind(message_id: int, name: bytes, password: bytes, controls: bytes) -> bytes:
    """A BindRequest with a password (section 4.2). `controls` are encoded already."""
    return _message(message_id, BIND_REQUEST, _VERSION_3 + element(OCTET_STRING, name) + element(_SIMPLE, password), controls)


def external_bind(message_id: int) -> bytes:
    """A BindRequest to be whom the client's certificate says (RFC 4422 appendix A)."""
    return _message(message_id, BIND_REQUEST, _VERSION_3 + element(OCTET_STRING, b"") + _EXTERNAL, b"")


def start_tls(message_id: int) -> bytes:
    """The ExtendedRequest of StartTLS (section 4.14.1)."""
    return _message(message_id, EXTENDED_REQUEST, element(0x80, START_TLS), b"")


def search(
    message_id: int,
    base: bytes,
    scope: int,
    filter_: bytes,
    attributes: Sequence[str],
    size_limit: int,
    time_limit: int,
    controls: bytes,
) -> bytes:
    """A SearchRequest (section 4.5.1). `filter_` and `controls` are encoded already; `time_limit` is in seconds."""
    wanted = b"".join([element(OCTET_STRING, name.encode()) for name in attributes])
    content = (
        element(OCTET_STRING, base)
        + integer(scope, ENUMERATED)
        + _NEVER_DEREFERENCE
        + integer(size_limit)
        + integer(time_limit)
        + _VALUES_TOO
        + filter_
        + element(SEQUENCE, wanted)
    )
    return _message(message_id, SEARCH_REQUEST, content, controls)


def read_response(octets: bytes) -> Response:
    """One whole message. Raises MalformedBer."""
    outer = Reader(octets, 0, len(octets))
    message = outer.inside(SEQUENCE)
    outer.end()
    message_id = message.number(INTEGER)
    operation = message.next_tag()
    if operation < 0:
        raise MalformedBer("a message without an operation")
    body = message.inside(operation)
    controls: dict[str, bytes] = {}
    if message.next_tag() == _CONTROLS:
        listed = message.inside(_CONTROLS)
        while listed.more:
            one = listed.inside(SEQUENCE)
            oid = one.text(OCTET_STRING)
            if one.next_tag() == BOOLEAN:
                one.boolean()
            controls[oid] = one.octets(OCTET_STRING) if one.more else b""
            one.end()
    message.end()
    return Response(message_id, operation, body, controls)


def read_result(response: Response) -> Result:
    """The result that is in a BindResponse, SearchResultDone or ExtendedResponse. Raises MalformedBer."""
    body = response.body
    code = body.number(ENUMERATED)
    body.octets(OCTET_STRING)  # matchedDN
    words = body.octets(OCTET_STRING).decode(errors="replace")
    for tag in (_REFERRAL, _SASL_CREDENTIALS, _RESPONSE_NAME, _RESPONSE_VALUE):
        if body.next_tag() == tag:
            body.skip()
    body.end()
    return Result(code, words, response.controls)


def read_entry(response: Response) -> Entry:
    """A SearchResultEntry (section 4.5.2). Raises MalformedBer."""
    body = response.body
    dn = body.text(OCTET_STRING)
    listed = body.inside(SEQUENCE)
    body.end()
    attributes: dict[str, list[bytes]] = {}
    while listed.more:
        one = listed.inside(SEQUENCE)
        name = one.text(OCTET_STRING)
        values = one.inside(SET)
        one.end()
        found: list[bytes] = []
        while values.more:
            found.append(values.octets(OCTET_STRING))
        attributes[name] = found
    return Entry(dn, attributes)


def next_page(result: Result) -> bytes:
    """The cookie with which the next page is asked for; b"" when this was the last one. Raises MalformedBer."""
    value = result.controls.get(PAGED)
    if value is None:
        return b""
    outer = Reader(value, 0, len(value))
    pair = outer.inside(SEQUENCE)
    outer.end()
    pair.number(INTEGER)  # an estimate of how many there are
    cookie = pair.octets(OCTET_STRING)
    pair.end()
    return cookie


def _message(message_id: int, operation: int, content: bytes, controls: bytes) -> bytes:
    octets = integer(message_id) + element(operation, content)
    return element(SEQUENCE, octets + element(_CONTROLS, controls) if controls else octets)
