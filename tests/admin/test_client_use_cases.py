"""RADIUS clients: their addresses, secrets, rotation and learning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from radius.admin import clients
from radius.admin.clients import canonical_network, check_secret
from radius.errors import NotFound, OperatorError
from radius.secret import Secret
from radius.store import tables

FAMILIES = ("generic", "cisco")
CANARY = Secret("Kanarinac-9f3!zq7Q-tajni")


def add(admin, network="192.0.2.1", **options):
    return clients.add_client(admin, network, "os-vuk", "generic", FAMILIES, **{"name": "AP 1", **options})


def stored(admin, network):
    with admin.reading() as connection:
        return connection.execute(select(tables.clients).where(tables.clients.c.network == network)).one()


def opened(admin, network):
    row = stored(admin, network)
    unseal = lambda octets: admin.keyring.open(octets, f"client:{network}") if octets else b""  # noqa: E731
    return unseal(row.secret), unseal(row.previous_secret)


def learn(admin, *addresses) -> None:
    with admin.engine.begin() as connection:
        rows = [{"address": address, "time": 1.0, "removed": False, "revision": 1} for address in addresses]
        connection.execute(insert(tables.learned), rows)


def test_a_generated_secret_is_strong_and_sealed_to_its_client(admin, on_disk) -> None:
    client, secret = add(admin)
    assert check_secret(secret) == secret
    assert len(secret.reveal()) == 32
    assert opened(admin, client.network) == (secret.reveal(), b"")
    assert secret.reveal() not in on_disk()
    _, other = add(admin, "192.0.2.2")
    assert other != secret


def test_a_given_secret_appears_nowhere(admin, on_disk, told) -> None:
    client, secret = add(admin, secret=CANARY)
    assert secret == CANARY
    assert CANARY.reveal() not in on_disk()
    assert CANARY.reveal().decode() not in repr(client) + repr(told())


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        (" 192.0.2.0/255.255.255.0 ", "192.0.2.0/24"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:0db8::/32", "2001:db8::/32"),
    ],
)
def test_a_network_has_one_spelling(text, canonical) -> None:
    assert canonical_network(text) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ap-1.example",
        "192.0.2.1/24",
        "192.0.2.256",
        "192.0.2.0/33",
        "::ffff:192.0.2.1",
        "fe80::1%eth0",
        "0.0.0.0/0",
        "::/0",
    ],
)
def test_a_bad_network_is_refused(admin, text) -> None:
    with pytest.raises(OperatorError):
        add(admin, text)
    assert clients.list_clients(admin) == []


@given(st.ip_addresses())
def test_every_address_is_its_own_canonical_spelling(address) -> None:
    if address.version == 4 or (address.ipv4_mapped is None and address.scope_id is None):
        once = canonical_network(str(address))
        assert canonical_network(once) == once


@pytest.mark.parametrize(
    "secret",
    [
        "testing123",
        "radius",
        "secret",
        "password",
        "testing123testing123",
        "MySharedSecret-2024",
        "RADIUSradius123456",
        "SECRET SECRET SECRET",
    ],
)
def test_a_secret_that_everybody_knows_is_refused(admin, secret) -> None:
    with pytest.raises(OperatorError, match="everybody knows"):
        add(admin, secret=Secret(secret))


@pytest.mark.parametrize(
    "secret", ["", "x9!kQz7-mPw3$Lr", "a" * 16, "abababababababababab", "tačno-šesnaest-ž9", "x y z 1 2 3 4 5 6 7", "k" * 129]
)
def test_a_weak_or_fragile_secret_is_refused(secret) -> None:
    with pytest.raises(OperatorError):
        check_secret(Secret(secret))


@pytest.mark.parametrize("secret", ["x9!kQz7-mPw3$LrT", "correct-horse-battery-staple", "Zf3kQ8pR2mX7wL5v"])
def test_a_good_secret_is_taken(secret) -> None:
    assert check_secret(Secret(secret)) == Secret(secret)


def test_an_unknown_family_school_or_mode_is_refused(admin) -> None:
    with pytest.raises(OperatorError, match="families are: cisco, generic"):
        clients.add_client(admin, "192.0.2.1", "os-vuk", "juniper", FAMILIES, "AP")
    with pytest.raises(NotFound, match="did you mean os-vuk"):
        clients.add_client(admin, "192.0.2.1", "os-vukk", "cisco", FAMILIES, "AP")
    with pytest.raises(OperatorError, match="require, learn, optional"):
        add(admin, mode="off")
    assert clients.list_clients(admin) == []


def test_an_address_belongs_to_one_client(admin) -> None:
    add(admin)
    with pytest.raises(OperatorError, match="already"):
        add(admin, "192.0.2.1/32")


def test_a_removed_client_leaves_no_secret_and_its_address_is_free(admin, told) -> None:
    add(admin)
    clients.remove_client(admin, "192.0.2.1")
    row = stored(admin, "192.0.2.1")
    assert (row.removed, row.secret, row.previous_secret) == (True, b"", b"")
    assert clients.list_clients(admin) == []
    with pytest.raises(NotFound):
        clients.remove_client(admin, "192.0.2.1")
    _, secret = add(admin, name="AP 1 again")
    assert opened(admin, "192.0.2.1") == (secret.reveal(), b"")
    assert [row.tag for row in told()[-3:]] == ["client:add:done", "client:remove:done", "client:add:done"]


def test_while_rotating_both_secrets_are_there(admin, clock) -> None:
    _, first = add(admin)
    client, second = clients.rotate_secret(admin, "192.0.2.1")
    assert opened(admin, "192.0.2.1") == (second.reveal(), first.reveal())
    assert client.previous_until == clock.time + 7 * 86_400


def test_a_second_rotation_waits_for_the_first_unless_it_is_urgent(admin, clock) -> None:
    add(admin)
    clients.rotate_secret(admin, "192.0.2.1")
    with pytest.raises(OperatorError, match="rotating already"):
        clients.rotate_secret(admin, "192.0.2.1")
    client, urgent = clients.rotate_secret(admin, "192.0.2.1", keep_seconds=0)
    assert opened(admin, "192.0.2.1") == (urgent.reveal(), b"")
    assert client.previous_until == 0
    clients.rotate_secret(admin, "192.0.2.1")
    clock.time += 8 * 86_400
    clients.rotate_secret(admin, "192.0.2.1")


def test_rotating_to_the_present_secret_is_refused(admin) -> None:
    add(admin, secret=CANARY)
    with pytest.raises(OperatorError, match="already"):
        clients.rotate_secret(admin, "192.0.2.1", Secret(CANARY.reveal()))


def test_an_unknown_client_names_those_that_look_like_it(admin) -> None:
    add(admin, "192.0.2.10")
    with pytest.raises(NotFound, match=r"did you mean 192\.0\.2\.10"):
        clients.rotate_secret(admin, "192.0.2.11")


def test_the_mode_is_changed_and_audited(admin, told) -> None:
    add(admin)
    assert clients.set_mode(admin, "192.0.2.1", "require").mode == "require"
    assert told()[-1].details == {"mode": "require", "before": "learn"}
    with pytest.raises(OperatorError, match="modes are"):
        clients.set_mode(admin, "192.0.2.1", "never")


def test_forgetting_undoes_learning_for_the_addresses_of_a_network_alone(admin, told) -> None:
    add(admin, "192.0.2.0/24")
    learn(admin, "192.0.2.7", "192.0.2.9", "198.51.100.1", "2001:db8::1")
    assert clients.forget_authenticator(admin, "192.0.2.0/24") == ["192.0.2.7", "192.0.2.9"]
    with admin.reading() as connection:
        left = connection.execute(select(tables.learned.c.address).where(~tables.learned.c.removed)).scalars().all()
    assert sorted(left) == ["198.51.100.1", "2001:db8::1"]
    assert told()[-1].tag == "client:authenticator:forgotten"
    assert told()[-1].school == "os-vuk"
    with pytest.raises(NotFound, match="nothing to forget"):
        clients.forget_authenticator(admin, "192.0.2.0/24")


def test_clients_of_one_school_are_listed(admin) -> None:
    add(admin)
    clients.add_client(admin, "192.0.2.9", "os-tesla", "cisco", FAMILIES, "AP")
    assert [client.network for client in clients.list_clients(admin, "os-tesla")] == ["192.0.2.9"]
    with pytest.raises(NotFound):
        clients.list_clients(admin, "os-tesl")
