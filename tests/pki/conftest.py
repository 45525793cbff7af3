"""Authorities made once, and a trust store on this test's own files."""

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from radius.pki.reading import pem
from radius.pki.trust import TrustStore
from tests.fakes.certificates import Authority

_times = count(1_700_000_000)


class TrustFiles:
    """The `pki/` of a home directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trust = folder / "trust"
        self.crl = folder / "crl"
        self.crl.mkdir(parents=True)

    def authority(self, authority: Authority, scope: str = "national", file: str = "ca.pem") -> Path:
        return self.put(self.trust / scope / file, pem(authority.certificate))

    def list(self, octets: bytes, file: str = "ca.crl") -> Path:
        return self.put(self.crl / file, octets)

    def put(self, path: Path, octets: bytes) -> Path:
        """Write the file, with a time that no former one had: a test is faster than a clock's tick."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
        os.utime(path, (next(_times),) * 2)
        return path

    def store(self, **options: object) -> TrustStore:
        store = TrustStore(self.trust, self.crl, **options)  # type: ignore[arg-type]
        store.refresh()
        return store


@pytest.fixture
def files(tmp_path: Path) -> TrustFiles:
    return TrustFiles(tmp_path / "pki")


@pytest.fixture(scope="session")
def root() -> Authority:
    return Authority("Root")


@pytest.fixture(scope="session")
def middle(root: Authority) -> Authority:
    return Authority("Middle", root)


@pytest.fixture
def trusting(files: TrustFiles, root: Authority) -> Callable[..., TrustStore]:
    """`trusting()` is a store that trusts `root` everywhere."""

    def make(**options: object) -> TrustStore:
        files.authority(root)
        return files.store(**options)

    return make
