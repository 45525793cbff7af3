"""A Samba domain controller for each test process that asks for one, and the source that Kapija makes of it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from radius.directory.active_directory.source import ActiveDirectory, make_active_directory
from radius.directory.description import BIND_PASSWORD, Description, parse_description
from radius.secret import Secret
from tests.fakes import samba_dc
from tests.fakes.samba_dc import SambaDc

PASSWORD = "Lozinka.2026"
PATIENCE = 20.0  # seconds; waited in full only when something is broken


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for the controller needs a peer."""
    for item in items:
        if {"dc", "template"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("peer")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped controller with its people, shared by the test processes of this run."""
    reason = samba_dc.why_not()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return samba_dc.provisioned(shared / "samba" / "template")


@pytest.fixture(scope="session")
def dc(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SambaDc]:
    """The running controller."""
    with SambaDc(template, tmp_path_factory.mktemp("samba") / "dc") as running:
        yield running


def describe(dc: SambaDc, more: str = "", **changes: str) -> Description:
    """What an administrator would write for it; `changes` are TOML values of keys in front, `more` are tables."""
    keys = {
        "kind": '"active-directory"',
        "servers": f'["{dc.ldaps}"]',
        "server_name": f'"{samba_dc.HOST}"',
        "ca": f"'''{dc.ca}'''",
        "base": f'"{samba_dc.BASE}"',
        "bind_dn": f'"kapija@{samba_dc.REALM}"',
    } | changes
    text = "".join(f"{key} = {value}\n" for key, value in keys.items())
    ntlm = "" if "[ntlm]" in more else f'[ntlm]\ncommand = ["{dc.ntlm_auth}"]\nprocesses = 2\n'
    return parse_description(text + ntlm + more + MAP)


MAP = """
[[map]]
when = "group = nastavnici"
role = "staff"
[[map]]
when = "group = ucenici"
role = "student"
school = "os-vuk"
[[map]]
when = "group = Domain Computers"
role = "device"
[[map]]
attribute = "group"
groups = "{value}"
"""


def source(dc: SambaDc, more: str = "", password: str = PASSWORD, **changes: str) -> ActiveDirectory:
    """The source of it; close it."""
    return make_active_directory("skola", describe(dc, more, **changes), {BIND_PASSWORD: Secret(password)})


@pytest.fixture(scope="session")
def directory(dc: SambaDc) -> Iterator[ActiveDirectory]:
    """One source for the tests that change nothing."""
    made = source(dc)
    yield made
    made.close()


def soon() -> float:
    """A deadline."""
    return time.monotonic() + PATIENCE
