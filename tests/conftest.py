"""What all tests share: real peers that may be missing on a desk but not in CI, and hypothesis without a stopwatch."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a peer is marked `peer`, so that `make check` leaves it out."""
    for item in items:
        if "peer" in getattr(item, "fixturenames", ()):
            item.add_marker("peer")
