"""The kernel delivers a datagram to the worker that it belongs to, and what it cannot read does no harm."""

import os
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.server.sockets import bind
from radius.server.state import States
from radius.server.steering import ATTRIBUTES, owner_of, program, steer
from radius.wire.attributes import CALLING_STATION_ID, EAP_MESSAGE, STATE, USER_NAME, encode_attribute

WORKERS = 3
HEAD = bytes(20)


class Group:
    """Three workers' sockets on one address."""

    def __init__(self, stack: ExitStack, address: str) -> None:
        first = stack.enter_context(bind(address, 0, 65_536))
        self.address = first.getsockname()[:2]
        self.socks = [first, *(stack.enter_context(bind(address, self.address[1], 65_536)) for _ in range(WORKERS - 1))]
        steer(self.socks)
        self.clients = [stack.enter_context(socket.socket(first.family, socket.SOCK_DGRAM)) for _ in range(8)]

    def reached(self, datagram: bytes) -> set[int]:
        """Where it arrives, sent from eight addresses: without the filter that would be all sockets."""
        found = set()
        for client in self.clients:
            client.sendto(datagram, self.address)
            (ready, *none), _, _ = select.select(self.socks, [], [], 5)
            assert not none
            assert ready.recv(65_535) == datagram
            found.add(self.socks.index(ready))
        return found


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"])
def group(request: pytest.FixtureRequest) -> Iterator[Group]:
    with ExitStack() as stack:
        yield Group(stack, request.param)


def attributes(*pairs: tuple[int, bytes]) -> bytes:
    return HEAD + b"".join(encode_attribute(code, value) for code, value in pairs)


# Most requests name a device and some attributes before and after
others = st.lists(st.tuples(st.sampled_from([USER_NAME, EAP_MESSAGE, 26, 80]), st.binary(min_size=1, max_size=253)), max_size=6)
devices = st.binary(min_size=1, max_size=40) | st.from_regex(r"[0-9A-F]{2}(-[0-9A-F]{2}){5}", fullmatch=True).map(str.encode)


@given(before=others, device=devices, after=others)
def test_a_device_reaches_its_worker(
    group: Group, before: list[tuple[int, bytes]], device: bytes, after: list[tuple[int, bytes]]
) -> None:
    datagram = attributes(*before, (CALLING_STATION_ID, device), *after)
    assert group.reached(datagram) == {owner_of(device, WORKERS)}


@given(before=others, worker=st.integers(0, WORKERS - 1), device=devices, after=others)
def test_a_conversation_reaches_the_worker_that_has_it(
    group: Group, before: list[tuple[int, bytes]], worker: int, device: bytes, after: list[tuple[int, bytes]]
) -> None:
    state = States(bytes(32), "node", worker, 7).write(os.urandom(8), 3)
    for order in (((CALLING_STATION_ID, device), (STATE, state)), ((STATE, state), (CALLING_STATION_ID, device))):
        assert group.reached(attributes(*before, *order, *after)) == {worker}


@given(octets=st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: HEAD + tail))
def test_whatever_comes_is_delivered_once(group: Group, octets: bytes) -> None:
    assert len(group.reached(octets)) >= 1


def test_a_state_of_another_length_is_somebody_elses(group: Group) -> None:
    device = b"02-00-00-00-00-01"
    for size in (1, 26, 28, 29, 30, 253):  # 29: as long, with its header, as the type of Calling-Station-Id is numbered
        datagram = attributes((STATE, b"\xff" * size), (CALLING_STATION_ID, device))
        assert group.reached(datagram) == {owner_of(device, WORKERS)}


def test_a_state_that_names_no_worker_is_delivered_somewhere(group: Group) -> None:
    state = States(bytes(32), "node", 200, 7).write(os.urandom(8), 3)
    assert group.reached(attributes((STATE, state))) <= {0, 1, 2}


def test_the_walk_ends_although_the_packet_does_not(group: Group) -> None:
    many = [(26, b"x")] * ATTRIBUTES
    assert group.reached(attributes(*many, (CALLING_STATION_ID, b"02-00-00-00-00-01"))) == {0}
    assert len(program(255, 255)) // 8 <= 4096  # BPF_MAXINSNS


def test_devices_spread_evenly_however_an_access_point_spells_them() -> None:
    for spelling in ("{:02X}-{:02X}-{:02X}-{:02X}-{:02X}-{:02X}", "{:02x}{:02x}.{:02x}{:02x}.{:02x}{:02x}", "{:02x}" * 6):
        for workers in (2, 3, 8):
            counts = [0] * workers
            for number in range(8_000):
                mac = spelling.format(0x02, 0x1A, 0x11, *number.to_bytes(3, "big"))
                counts[owner_of(mac.encode(), workers)] += 1
            assert max(counts) < 1.2 * min(counts), (spelling, counts)


@pytest.mark.parametrize("workers", [1, 3])
def test_what_has_a_state_goes_to_the_workers_socket_for_conversations_where_it_has_one(workers: int) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(bind("127.0.0.1", 0, 65_536))
        address = first.getsockname()
        more = [stack.enter_context(bind("127.0.0.1", address[1], 65_536)) for _ in range(2 * workers - 1)]
        socks = [first, *more]
        assert steer(socks[:workers], socks[workers:])
        client = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        for worker in range(workers):
            device = b"02-00-00-00-00-%02X" % worker
            state = States(bytes(32), "node", worker, 7).write(os.urandom(8), 3)
            for datagram, place in (
                (attributes((CALLING_STATION_ID, device), (STATE, state)), workers + worker),
                (attributes((CALLING_STATION_ID, device)), owner_of(device, workers)),
                (attributes((CALLING_STATION_ID, device), (STATE, b"x" * 8)), owner_of(device, workers)),
            ):
                client.sendto(datagram, address)
                ready, _, _ = select.select(socks, [], [], 5)
                assert [socks.index(sock) for sock in ready] == [place]
                ready[0].recv(4096)


def test_one_worker_needs_no_filter() -> None:
    with bind("127.0.0.1", 0, 65_536) as only:
        steer([only])
