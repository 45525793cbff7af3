"""Which known secret would verify an unknown address's last packet."""

from sqlalchemy import insert

from radius.admin import clients
from radius.admin.unknown_clients import NO_MATCH, NO_RADIUS, UNSIGNED, list_unknown
from radius.secret import Secret
from radius.store import tables
from radius.wire.attributes import encode_attribute
from radius.wire.codes import Code
from radius.wire.shared_secret import SharedSecret

NAME = encode_attribute(1, b"ana")


def request(secret: Secret) -> bytes:
    return SharedSecret(secret).request(Code.ACCESS_REQUEST, 7, bytes(range(16)), NAME)


def unsigned() -> bytes:
    return bytes([1, 7, 0, 20 + len(NAME)]) + bytes(range(16)) + NAME


def see(admin, packets: dict[str, bytes]) -> None:
    with admin.engine.begin() as connection:
        connection.execute(
            insert(tables.unknown_clients),
            [
                {"address": address, "first": 1.0, "last": 100.0 + at, "count": 3, "octets": octets}
                for at, (address, octets) in enumerate(packets.items())
            ],
        )


def client(admin, network: str, secret: Secret | None = None) -> Secret:
    return clients.add_client(admin, network, "os-vuk", "generic", ("generic",), "AP", secret=secret)[1]


def test_the_client_whose_secret_verifies_the_packet_is_named(admin) -> None:
    client(admin, "192.0.2.1")
    secret = client(admin, "192.0.2.2")
    see(
        admin,
        {
            "198.51.100.1": request(secret),
            "198.51.100.2": request(Secret("some-other-0ne-xyz")),
            "198.51.100.3": unsigned(),
            "198.51.100.4": b"not RADIUS at all, not at all",
        },
    )
    found = {one.address: one for one in list_unknown(admin, try_secrets=True)}
    assert found["198.51.100.1"].secret_of == "192.0.2.2"
    assert found["198.51.100.1"].sent == "Access-Request"
    assert found["198.51.100.2"].secret_of == NO_MATCH
    assert found["198.51.100.3"].secret_of == UNSIGNED
    assert (found["198.51.100.4"].sent, found["198.51.100.4"].secret_of) == (NO_RADIUS, "")


def test_the_secret_that_is_rotating_out_counts_too(admin) -> None:
    old = client(admin, "192.0.2.1")
    clients.rotate_secret(admin, "192.0.2.1")
    see(admin, {"198.51.100.1": request(old)})
    assert list_unknown(admin, try_secrets=True)[0].secret_of == "192.0.2.1"


def test_clients_that_share_a_secret_are_named_together(admin) -> None:
    shared = client(admin, "192.0.2.1")
    for host in range(2, 6):
        client(admin, f"192.0.2.{host}", shared)
    see(admin, {"198.51.100.1": request(shared)})
    assert list_unknown(admin, try_secrets=True)[0].secret_of == "192.0.2.1, 192.0.2.2, 192.0.2.3 and 2 more"


def test_a_removed_clients_secret_is_tried_no_more(admin) -> None:
    secret = client(admin, "192.0.2.1")
    clients.remove_client(admin, "192.0.2.1")
    see(admin, {"198.51.100.1": request(secret)})
    assert list_unknown(admin, try_secrets=True)[0].secret_of == NO_MATCH


def test_no_secret_is_tried_unless_it_is_asked_for(admin) -> None:
    secret = client(admin, "192.0.2.1")
    see(admin, {"198.51.100.1": request(secret), "198.51.100.2": unsigned()})
    found = list_unknown(admin)
    assert [one.address for one in found] == ["198.51.100.2", "198.51.100.1"]  # the latest first
    assert {one.secret_of for one in found} == {""}
