"""Replies leave from the address that was asked, on IPv4 and IPv6, bound to one address or to all."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from radius.errors import OperatorError
from radius.server.places import ensure_free
from radius.server.sockets import Port, bind, open_ports


@pytest.fixture(params=["127.0.0.1", "0.0.0.0", "::1", "::"])
def port(request: pytest.FixtureRequest) -> Iterator[Port]:
    with closing(bind(request.param, 0, 65_536)) as sock:
        yield Port(sock, accounting=False, number=0)


def test_a_reply_comes_from_the_address_that_was_asked(port: Port) -> None:
    address = port.sock.getsockname()[0]
    asked = {"0.0.0.0": ["127.0.0.2", "127.0.0.3", "127.0.0.1"], "::": ["::1"]}.get(address, [address])
    for each in asked:
        client = socket.socket(port.sock.family, socket.SOCK_DGRAM)
        with closing(client):
            client.settimeout(5)
            client.sendto(b"question", (each, port.sock.getsockname()[1]))
            port.sock.settimeout(5)
            octets, source, local = port.receive()
            port.send(b"answer to " + octets, source, local)
            answer, sender = client.recvfrom(100)
            assert (answer, sender[0]) == (b"answer to question", each)


def test_an_empty_socket_says_so_at_once(port: Port) -> None:
    with pytest.raises(BlockingIOError):
        port.receive()


def test_a_datagram_longer_than_a_packet_shows_itself(port: Port) -> None:
    address, number = port.sock.getsockname()[:2]
    with closing(socket.socket(port.sock.family, socket.SOCK_DGRAM)) as client:
        client.sendto(b"x" * 9000, ("127.0.0.1" if "." in address else "::1", number))
        port.sock.settimeout(5)
        assert len(port.receive()[0]) == 4097


def test_two_workers_share_an_address_and_a_stranger_is_refused() -> None:
    with closing(bind("127.0.0.1", 0, 65_536)) as first:
        number = first.getsockname()[1]
        with closing(bind("127.0.0.1", number, 65_536)):
            with pytest.raises(OperatorError, match=f"port {number}.*kapija.toml"):
                ensure_free("127.0.0.1", number)
            with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger, pytest.raises(OSError, match="in use"):
                stranger.bind(("127.0.0.1", number))


def test_an_address_that_is_not_ours_is_refused_with_the_place_to_mend_it() -> None:
    with pytest.raises(OperatorError, match=r"192\.0\.2\.1.*radius\.listen"):
        bind("192.0.2.1", 0, 65_536)


def test_ports_are_numbered_alike_in_every_worker() -> None:
    ports = open_ports(("127.0.0.1", "127.0.0.2"), 0, 0, 65_536)
    try:
        assert [(port.number, port.accounting) for port in ports] == [(0, False), (1, True), (2, False), (3, True)]
    finally:
        for port in ports:
            port.sock.close()
