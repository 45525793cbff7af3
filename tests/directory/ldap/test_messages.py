"""Requests are octet for octet what ldap3 sends; responses are read whole, or refused with the one error."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.bind import bind_operation
from ldap3.operation.extended import extended_operation
from ldap3.operation.search import search_operation
from ldap3.protocol.convert import build_controls_list
from ldap3.protocol.rfc2696 import paged_search_control
from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
from ldap3.utils.asn1 import decode_message_fast, encode

from radius.directory.ldap import messages
from radius.directory.ldap.ber import MalformedBer
from radius.directory.ldap.filters import fill
from radius.directory.ldap.messages import read_entry, read_response, read_result
from radius.directory.ldap.password_policy import PASSWORD_POLICY
from tests.fakes.ldap_octets import BIND_RESPONSE, SEARCH_DONE, entry, message, result, tlv

IDS = st.integers(1, messages.MAX_MESSAGE_ID)
TEXTS = st.text(min_size=1, max_size=200)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)


def by_ldap3(message_id: int, kind: str, operation: object, controls: list[Any]) -> bytes:
    """The oracle: as ldap3.strategy.base sends it."""
    whole = LDAPMessage()
    whole["messageID"] = MessageID(message_id)
    whole["protocolOp"] = ProtocolOp().setComponentByName(kind, operation)
    listed = build_controls_list(controls)
    if listed is not None:
        whole["controls"] = listed
    octets: bytes = encode(whole)
    return octets


@given(IDS, TEXTS, st.binary(min_size=1, max_size=300))
def test_a_bind_is_ldap3s(message_id: int, name: str, password: bytes) -> None:
    operation = bind_operation(3, "SIMPLE", name, password)
    expected = by_ldap3(message_id, "bindRequest", operation, [(PASSWORD_POLICY, False, None)])
    asked = messages.control(PASSWORD_POLICY)
    assert messages.simple_bind(message_id, name.encode(), password, asked) == expected


@given(
    IDS,
    TEXTS,
    st.sampled_from(list(messages.SCOPES)),
    TEXTS,
    st.lists(NAMES, min_size=1, max_size=30),
    st.integers(0, 1000),
    st.integers(1, 1000),
    st.binary(max_size=300) | st.none(),
)
def test_a_search_is_ldap3s(
    message_id: int,
    base: str,
    scope: str,
    name: str,
    attributes: list[str],
    size_limit: int,
    time_limit: int,
    cookie: bytes | None,
) -> None:
    text = f"(&(objectClass=person)(uid={''.join(f'{chr(92)}{octet:02x}' for octet in name.encode())}))"
    operation = search_operation(
        base,
        text,
        {"base": "BASE", "one": "LEVEL", "subtree": "SUBTREE"}[scope],
        "NEVER",
        attributes,
        size_limit,
        time_limit,
        False,
        False,
        False,
        None,
        None,
        False,
    )
    controls = [] if cookie is None else [paged_search_control(False, 500, cookie)]
    expected = by_ldap3(message_id, "searchRequest", operation, controls)
    filter_ = fill("(&(objectClass=person)(uid={name}))", {"name": name})
    asked = b"" if cookie is None else messages.paged(500, cookie)
    given_ = messages.search(
        message_id, base.encode(), messages.SCOPES[scope], filter_, attributes, size_limit, time_limit, asked
    )
    assert given_ == expected


def test_start_tls_and_external_are_ldap3s() -> None:
    operation = extended_operation(messages.START_TLS.decode())
    assert messages.start_tls(7) == by_ldap3(7, "extendedReq", operation, [])
    operation = bind_operation(3, "SASL", "", None, "EXTERNAL", b"")
    assert messages.external_bind(7) == by_ldap3(7, "bindRequest", operation, [])


ATTRIBUTES = st.dictionaries(NAMES, st.lists(st.binary(max_size=300), max_size=5), max_size=8)


@given(IDS, st.text(max_size=200), ATTRIBUTES)
def test_an_entry_is_read_as_ldap3_reads_it(message_id: int, dn: str, attributes: dict[str, list[bytes]]) -> None:
    listed = [
        tlv(0x30, tlv(4, name.encode()), tlv(0x31, *(tlv(4, value) for value in values))) for name, values in attributes.items()
    ]
    octets = message(message_id, tlv(messages.SEARCH_ENTRY, tlv(4, dn.encode()), tlv(0x30, *listed)))
    response = read_response(octets)
    assert (response.message_id, response.operation) == (message_id, messages.SEARCH_ENTRY)
    assert decode_message_fast(octets)["messageID"] == message_id
    found = read_entry(response)
    assert found.dn == dn
    assert found.values == {name.lower(): values for name, values in attributes.items()} or len(found.values) < len(attributes)


def test_a_result_is_read_with_its_controls_and_what_may_stand_in_it() -> None:
    control = tlv(0x30, tlv(4, b"1.2.3"), tlv(1, b"\xff"), tlv(4, b"value"))
    bare = tlv(0x30, tlv(4, b"1.2.4"))
    operation = tlv(
        BIND_RESPONSE,
        tlv(10, b"\x31"),
        tlv(4, b"dc=x"),
        tlv(4, "одбијено".encode()),
        tlv(0xA3, tlv(4, b"ldap://x")),
        tlv(0x87, b"s"),
    )
    told = read_result(read_response(tlv(0x30, tlv(2, b"\x05"), operation, tlv(0xA0, control, bare))))
    assert (told.code, told.message, told.controls) == (49, "одбијено", {"1.2.3": b"value", "1.2.4": b""})


def test_the_cookie_of_a_page() -> None:
    def with_control(value: bytes) -> messages.Result:
        paged = tlv(0xA0, tlv(0x30, tlv(4, messages.PAGED.encode()), tlv(4, value)))
        done = tlv(SEARCH_DONE, tlv(10, b"\0"), tlv(4), tlv(4))
        return read_result(read_response(tlv(0x30, tlv(2, b"\x05"), done, paged)))

    assert messages.next_page(with_control(tlv(0x30, tlv(2, b"\0"), tlv(4, b"cookie")))) == b"cookie"
    assert messages.next_page(with_control(tlv(0x30, tlv(2, b"\0"), tlv(4)))) == b""
    assert messages.next_page(read_result(read_response(result(5, SEARCH_DONE, 0)))) == b""
    for value in (b"", b"0", tlv(0x30), tlv(0x30, tlv(2, b"\0")), tlv(0x30, tlv(2, b"\0"), tlv(4), tlv(4)), tlv(4, b"cookie")):
        with pytest.raises(MalformedBer):
            messages.next_page(with_control(value))


def read_all(octets: bytes) -> None:
    response = read_response(octets)
    body = response.body
    if response.operation == messages.SEARCH_ENTRY:
        read_entry(response)
    else:
        messages.next_page(read_result(response))
    assert not body.more


WHOLE = [
    entry(1, "uid=ana,dc=x", uid="ana", entryUUID="1"),
    result(2, SEARCH_DONE, 0),
    message(3, tlv(BIND_RESPONSE, tlv(10, b"\0"), tlv(4), tlv(4), tlv(0xA3, tlv(4, b"ldap://x")))),
    tlv(
        0x30,
        tlv(2, b"\x04"),
        tlv(BIND_RESPONSE, tlv(10, b"\0"), tlv(4), tlv(4)),
        tlv(0xA0, tlv(0x30, tlv(4, b"1.2"), tlv(4, b"x"))),
    ),
]


@pytest.mark.parametrize("octets", WHOLE, ids=range(len(WHOLE)))
def test_every_truncation_is_refused(octets: bytes) -> None:
    read_all(octets)
    for size in range(len(octets)):
        with pytest.raises(MalformedBer):
            read_all(octets[:size])
    with pytest.raises(MalformedBer):
        read_all(octets + b"\0")


@given(st.sampled_from(WHOLE), st.data())
def test_an_octet_that_is_another_one_is_read_or_refused(octets: bytes, data: st.DataObject) -> None:
    changed = bytearray(octets)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MalformedBer):
        read_all(bytes(changed))


@given(st.binary(max_size=120))
def test_random_octets_raise_nothing_but_the_one_error(octets: bytes) -> None:
    for whole in (
        octets,
        tlv(0x30, octets),
        message(1, tlv(messages.SEARCH_ENTRY, octets)),
        message(1, tlv(SEARCH_DONE, octets)),
    ):
        try:
            read_all(whole)
        except MalformedBer:
            continue
