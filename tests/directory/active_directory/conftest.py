"""The source that Kapija makes of the Samba domain controller of the tests."""

from collections.abc import Iterator

import pytest

from radius.directory.active_directory.source import ActiveDirectory, make_active_directory
from radius.directory.description import BIND_PASSWORD, Description, parse_description
from radius.secret import Secret
from tests.fakes.samba_dc import SambaDc

PASSWORD = "Lozinka.2026"


def describe(dc: SambaDc, more: str = "", **changes: str) -> Description:
    """See SambaDc.document."""
    return parse_description(dc.document(more + MAP, **changes))


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
