"""Certificates for the tests with real peers, written into a folder.

Two hierarchies, as a school has them: the servers' (root, intermediate, a server certificate with P-256 and one with
RSA-2048, an expired one) and the devices' (root, intermediate, a revoked intermediate, client certificates good, expired
and revoked, and a revocation list from each of their authorities). A stranger's root signs nothing that is trusted.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from tests.fakes.authority import (
    EXPIRED,
    GOOD,
    Authority,
    Pair,
    PrivateKey,
    ec_key,
    for_client,
    for_server,
    rsa_key,
    write,
    write_pair,
)

SERVER_NAME = "radius.example.test"


@dataclass(frozen=True)
class Certificates:
    """Where everything is. `servers` and `clients` are by the names that the cases use."""

    server_roots: Path
    stranger_root: Path
    client_roots: Path
    client_authorities: tuple[Path, ...]  # the devices' root and both intermediates, a file each
    client_crls: tuple[Path, ...]  # a revocation list from each of these
    client_roots_and_crls: Path
    servers: dict[str, Pair]
    clients: dict[str, Pair]


def make(folder: Path, users: tuple[str, ...]) -> Certificates:
    """Write everything into `folder`. Client certificate "user0" bears the name of the first of `users`, and so on; so do
    those that must be refused."""
    folder.mkdir(parents=True, exist_ok=True)
    clients, authorities = _clients(folder, users)
    roots = write(folder / "client-roots.pem", [authorities[0].certificate])
    crls = tuple(write(folder / f"client-crl-{number}.pem", [each.crl()]) for number, each in enumerate(authorities))
    servers, server_root = _servers(folder)
    both = folder / "client-roots-and-crls.pem"
    both.write_bytes(b"".join(path.read_bytes() for path in (roots, *crls)))
    return Certificates(
        server_roots=write(folder / "server-roots.pem", [server_root.certificate]),
        stranger_root=write(folder / "stranger-root.pem", [Authority("A stranger's root").certificate]),
        client_roots=roots,
        client_authorities=tuple(
            write(folder / f"client-authority-{number}.pem", [each.certificate]) for number, each in enumerate(authorities)
        ),
        client_crls=crls,
        client_roots_and_crls=both,
        servers=servers,
        clients=clients,
    )


def _servers(folder: Path) -> tuple[dict[str, Pair], Authority]:
    root = Authority("Test server root")
    issuing = Authority("Test server issuing", root)
    keys: dict[str, PrivateKey] = {
        "ec": ec_key(),
        "rsa": rsa_key(),
        "expired": ec_key(),
    }
    pairs = {}
    for name, key in keys.items():
        valid = EXPIRED if name == "expired" else GOOD
        pairs[name] = write_pair(
            folder, f"server-{name}", key, issuing.issue(key, SERVER_NAME, for_server(SERVER_NAME), valid), issuing
        )
    return pairs, root


def _clients(folder: Path, users: tuple[str, ...]) -> tuple[dict[str, Pair], list[Authority]]:
    root = Authority("Test device root")
    issuing = Authority("Test device issuing", root)
    fallen = Authority("Test device issuing, revoked", root)
    root.revoke(fallen.certificate)
    stranger = Authority("A stranger's devices")
    pairs = {}

    def issue(name: str, user: str, authority: Authority, valid: tuple[timedelta, timedelta] = GOOD) -> x509.Certificate:
        key = ec_key()
        certificate = authority.issue(key, user, for_client(), valid)
        pairs[name] = write_pair(folder, f"client-{name}", key, certificate, authority)
        return certificate

    for number, user in enumerate(users):
        issue(f"user{number}", user, issuing)
    issue("expired", users[0], issuing, EXPIRED)
    issuing.revoke(issue("revoked", users[0], issuing))
    issue("revoked-authority", users[0], fallen)
    issue("stranger", users[0], stranger)
    return pairs, [root, issuing, fallen]
