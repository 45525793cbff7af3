"""Certificates for the tests with real peers, written into a folder.

Two hierarchies, as a school has them: the servers' (root, intermediate, a server certificate with P-256 and one with
RSA-2048, an expired one) and the devices' (root, intermediate, a revoked intermediate, client certificates good, expired
and revoked, and a revocation list from each of their authorities). A stranger's root signs nothing that is trusted.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.fakes.pem_files import LivingAuthority, Pair, ec_key, rsa_key

SERVER_NAME = "radius.example.test"


@dataclass(frozen=True)
class Certificates:
    """Where everything is. `servers` and `clients` are by the names that the cases use."""

    server_root: Path
    stranger_root: Path
    client_root: Path
    client_crls: tuple[Path, ...]  # a revocation list from each of the devices' authorities
    client_root_and_crls: Path
    servers: dict[str, Pair]
    clients: dict[str, Pair]


def make(folder: Path, users: tuple[str, ...]) -> Certificates:
    """Write everything into `folder`. Client certificate "user0" bears the name of the first of `users`, and so on; so do
    those that must be refused."""
    folder.mkdir(parents=True, exist_ok=True)
    server_root = LivingAuthority("Test server root", folder)
    stranger = LivingAuthority("A stranger's root", folder)
    devices = LivingAuthority("Test device root", folder)
    issuing = LivingAuthority("Test device issuing", folder, devices)
    fallen = LivingAuthority("Test device issuing, revoked", folder, devices)
    devices.revoked.append(fallen.certificate.serial_number)
    clients = {f"user{number}": issuing.client_pair(f"client-user{number}", user) for number, user in enumerate(users)}
    clients |= {
        "expired": issuing.client_pair("client-expired", users[0], expired=True),
        "revoked": issuing.client_pair("client-revoked", users[0], revoked=True),
        "revoked-authority": fallen.client_pair("client-revoked-authority", users[0]),
        "stranger": stranger.client_pair("client-stranger", users[0]),
    }
    crls = tuple(each.write_crl(f"crl-{number}.pem") for number, each in enumerate((devices, issuing, fallen)))
    client_root, both = devices.write("client-root.pem"), folder / "client-root-and-crls.pem"
    both.write_bytes(b"".join(path.read_bytes() for path in (client_root, *crls)))
    return Certificates(
        server_root=server_root.write("server-root.pem"),
        stranger_root=stranger.write("stranger-root.pem"),
        client_root=client_root,
        client_crls=crls,
        client_root_and_crls=both,
        servers=_servers(LivingAuthority("Test server issuing", folder, server_root)),
        clients=clients,
    )


def _servers(issuing: LivingAuthority) -> dict[str, Pair]:
    return {
        "ec": issuing.server_pair("server-ec", SERVER_NAME, ec_key()),
        "rsa": issuing.server_pair("server-rsa", SERVER_NAME, rsa_key()),
        "expired": issuing.server_pair("server-expired", SERVER_NAME, ec_key(), expired=True),
    }
