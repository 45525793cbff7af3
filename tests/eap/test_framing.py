"""Fragments of TLS messages: both ways at every size, and the abuse list, each as a fault of the peer's."""

from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.audit.causes import Cause
from radius.directory.question import Answer
from radius.eap.framing import EAP_HEADER, MAX_MESSAGE, exchange, start
from radius.eap.method import Challenge, EapContext, PeerFault, Verify

Running = Generator[Challenge | Verify, bytes | Answer, bytes]

LENGTH, MORE, START = 0x80, 0x40, 0x20


def context(mtu: int = 1_000) -> EapContext:
    return EapContext("ana", bytes, mtu)


def said(step: Challenge | Verify) -> bytes:
    assert isinstance(step, Challenge)
    return step.data


def answer(running: Running, *responses: bytes) -> bytes:
    """The message that the server has after these responses. Fails the test if it still waits."""
    next(running)
    for response in responses[:-1]:
        assert said(running.send(response)) == b"\0"
    with pytest.raises(StopIteration) as end:
        running.send(responses[-1])
    message = end.value.value
    assert isinstance(message, bytes)
    return message


def fault(*responses: bytes, message: bytes = b"hello", mtu: int = 1_000, versioned: bool = True) -> str:
    """What the peer is told to have done wrong with the last of these responses."""
    running = exchange(context(mtu), message, versioned)
    next(running)
    for response in responses[:-1]:
        running.send(response)
    with pytest.raises(PeerFault) as found:
        running.send(responses[-1])
    assert found.value.cause is Cause.EAP_BROKEN
    return found.value.detail.removesuffix(" (RFC 5216 section 3.1)")


def length(octets: int) -> bytes:
    return octets.to_bytes(4, "big")


# --- what must work


def test_the_start_packet_has_the_start_flag_alone_and_version_0() -> None:
    assert said(next(start(versioned=True))) == b"\x20"
    assert answer(start(versioned=True), b"\0hello") == b"hello"


def test_a_message_that_fits_travels_without_flags() -> None:
    assert said(next(exchange(context(), b"x" * 994, versioned=True))) == b"\0" + b"x" * 994


def test_the_first_fragment_alone_tells_the_length_and_the_last_alone_has_no_more() -> None:
    running = exchange(context(106), b"a" * 250, versioned=True)
    assert said(next(running)) == bytes((LENGTH | MORE,)) + length(250) + b"a" * 96
    assert said(running.send(b"\0")) == bytes((MORE,)) + b"a" * 100
    assert said(running.send(b"\0")) == b"\0" + b"a" * 54


@given(st.binary(max_size=5_000), st.integers(64, 1_400))
def test_fragments_fit_the_mtu_and_give_the_message_again(message: bytes, mtu: int) -> None:
    running = exchange(context(mtu), message, versioned=True)
    data, got = said(next(running)), b""
    while True:
        assert len(data) + EAP_HEADER <= mtu
        got += data[5:] if data[0] & LENGTH else data[1:]
        if not data[0] & MORE:
            break
        assert len(data) + EAP_HEADER == mtu
        data = said(running.send(b"\0"))
    assert got == message


@given(st.binary(min_size=1, max_size=5_000), st.integers(1, 1_400), st.booleans())
def test_any_way_of_cutting_a_message_is_understood(message: bytes, size: int, every: bool) -> None:
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    responses = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        tells = every or (number == 0 and not last)
        flags = (LENGTH if tells else 0) | (0 if last else MORE)
        responses.append(bytes((flags,)) + (length(len(message)) if tells else b"") + part)
    assert answer(exchange(context(), b"hi", versioned=True), *responses) == message


@pytest.mark.parametrize("data", [b"\0hello", b"\x80\0\0\0\5hello"])
def test_an_unfragmented_message_comes_with_and_without_its_length(data: bytes) -> None:
    assert answer(exchange(context(), b"hi", versioned=True), data) == b"hello"


@pytest.mark.parametrize("data", [b"\0", b"\x80\0\0\0\0"])
def test_an_empty_packet_is_an_acknowledgement(data: bytes) -> None:
    assert answer(exchange(context(), b"hi", versioned=True), data) == b""


def test_64_kb_are_a_message() -> None:
    message = b"x" * MAX_MESSAGE
    first, rest = message[:4_000], message[4_000:]
    parts = [rest[at : at + 4_000] for at in range(0, len(rest), 4_000)]
    responses = [b"\xc0" + length(MAX_MESSAGE) + first, *(b"\x40" + part for part in parts[:-1]), b"\0" + parts[-1]]
    assert answer(exchange(context(), b"hi", versioned=True), *responses) == message


def test_eap_tls_ignores_the_bits_that_are_reserved_in_it() -> None:
    """RFC 5216 section 3.1: a receiver ignores them; elsewhere they are a version."""
    assert answer(exchange(context(), b"hi", versioned=False), b"\7hello") == b"hello"


def test_an_mtu_that_nobody_can_use_is_not_used() -> None:
    assert len(said(next(exchange(context(5), b"x" * 200, versioned=True)))) == 64 - EAP_HEADER


# --- the abuse list


def test_a_length_smaller_than_the_data() -> None:
    assert fault(b"\x80\0\0\0\4hello") == "5 octets in a TLS message announced as 4"
    assert fault(b"\xc0\0\0\0\4hello") == "5 octets in a TLS message announced as 4"


def test_a_length_greater_than_the_data() -> None:
    assert fault(b"\x80\0\0\0\6hello") == "a TLS message of 5 octets announced as 6"
    assert fault(b"\xc0\0\0\0\7hello", b"\0h") == "a TLS message of 6 octets announced as 7"


@pytest.mark.parametrize("octets", [MAX_MESSAGE + 1, 0xFFFFFFFF])
def test_a_length_of_more_than_64_kb(octets: int) -> None:
    assert fault(b"\xc0" + length(octets) + b"hello") == f"a TLS message announced as {octets} octets, more than 64 KB"


def test_a_length_that_changes_between_fragments() -> None:
    assert fault(b"\xc0\0\0\0\7hello", b"\x80\0\0\0\6h") == "a message length that changed from 7 to 6"


def test_more_without_a_length() -> None:
    assert fault(b"\x40hello") == "a first fragment without the length of the message"


def test_a_flood_of_fragments_without_data() -> None:
    assert fault(b"\xc0\0\0\0\7") == "a fragment without data"
    assert fault(b"\xc0\0\0\0\7hello", b"\x40") == "a fragment without data"


def test_more_fragments_when_the_message_is_done() -> None:
    assert fault(b"\xc0\0\0\0\5hello") == "more fragments after all 5 octets of the message"
    assert fault(b"\xc0\0\0\0\7hello", b"\x40!!") == "more fragments after all 7 octets of the message"


def test_the_last_fragment_runs_over_the_end() -> None:
    assert fault(b"\xc0\0\0\0\7hello", b"\0world") == "a TLS message of 10 octets announced as 7"


@pytest.mark.parametrize("data", [b"", b"\0x", b"\x40", b"\x80\0\0\0\0", b"\x20"])
def test_an_acknowledgement_that_is_not_empty(data: bytes) -> None:
    assert fault(data, message=b"x" * 500, mtu=200) == "an acknowledgement that is not empty"


def test_a_start_packet_from_the_peer() -> None:
    assert fault(b"\x20hello") == "a Start packet from the peer"


@pytest.mark.parametrize("version", [1, 2, 7])
def test_another_version_of_peap_or_ttls(version: int) -> None:
    assert fault(bytes((version,)) + b"hello") == f"version {version} of the method, where 0 was offered"


@pytest.mark.parametrize("data", [b"\x80", b"\x80\0\0\0"])
def test_a_length_flag_without_a_length(data: bytes) -> None:
    assert fault(data) == "a length flag without a length"


def test_a_packet_without_flags() -> None:
    assert fault(b"") == "a packet without flags"


def test_a_message_of_more_than_64_kb_in_one_piece() -> None:
    assert fault(b"\0" + bytes(MAX_MESSAGE + 1)) == "a TLS message of more than 64 KB"


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=6), st.booleans())
def test_no_octets_raise_anything_but_a_peer_fault(responses: list[bytes], versioned: bool) -> None:
    running = exchange(context(100), b"x" * 150, versioned)
    next(running)
    try:
        for response in responses:
            running.send(response)
    except (PeerFault, StopIteration):
        pass
