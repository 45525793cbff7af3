"""The private slapd that the directory's tests share: started once, in 0.1 s; a test that breaks it starts its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.slapd import Slapd
from tests.fakes.slapd_people import many_people


@pytest.fixture(scope="session")
def slapd(peer: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(peer("slapd"), tmp_path_factory.mktemp("slapd"), more_people=many_people(1200)) as server:
        yield server
