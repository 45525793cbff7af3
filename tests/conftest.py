"""What all tests share: real peers that may be missing on a desk but not in CI, and hypothesis without a stopwatch."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.fakes.samba_dc import SambaDc
    from tests.fakes.slapd import Slapd

PACKAGES = {
    "radclient": "freeradius-utils",
    "radtest": "freeradius-utils",
    "freeradius": "freeradius",
    "eapol_test": "eapoltest",
    "hostapd": "hostapd",
    "hostapd_cli": "hostapd",
    "wpa_supplicant": "wpasupplicant",
    "wpa_cli": "wpasupplicant",
    "ip": "iproute2",
    "openssl": "openssl",
    "slapd": "slapd",
}

# A deadline would measure the neighbours on a shared machine, not our code.
settings.register_profile("kapija", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("kapija"), max_examples=int(os.environ.get("FUZZ", "20000")))
settings.load_profile("kapija")


def find_program(name: str) -> Path | None:
    """Where `name` is; the system's directories count too, which a user's PATH may lack."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return Path(found) if found else None


@pytest.fixture(scope="session")
def peer() -> Callable[[str], Path]:
    """`peer("radclient")` is the program's path; a missing one skips on a desk and fails with CI=true."""

    def find(name: str) -> Path:
        path = find_program(name)
        if path is not None:
            return path
        reason = f"{name} is missing; install it with: sudo apt-get install --no-install-recommends {PACKAGES.get(name, name)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)

    return find


@pytest.fixture(scope="session")
def slapd(peer: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Slapd]":
    """A private LDAP server, started once in 0.1 s; a test that breaks it starts its own."""
    from tests.fakes.slapd import Slapd
    from tests.fakes.slapd_people import many_people

    with Slapd(peer("slapd"), tmp_path_factory.mktemp("slapd"), more_people=many_people(1200)) as server:
        yield server


@pytest.fixture(scope="session")
def samba_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped Samba domain controller with its people, shared by the test processes of this run."""
    from tests.fakes import samba_dc

    if os.geteuid() != 0:
        pytest.skip("a Samba domain controller needs root: namespaces, and attributes of files")
    reason = samba_dc.why_not()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return samba_dc.provisioned(shared / "samba" / "template")


@pytest.fixture(scope="session")
def dc(samba_template: Path, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SambaDc]":
    """The running Samba domain controller, one for each test process that asks."""
    from tests.fakes.samba_dc import SambaDc

    with SambaDc(samba_template, tmp_path_factory.mktemp("samba") / "dc") as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a peer, or for the Samba domain controller, is marked `peer`, so that `make check` leaves it out."""
    for item in items:
        if {"peer", "samba_template"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("peer")
