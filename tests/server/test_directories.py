"""A worker's directories follow their records: what has not changed keeps its threads, memory and breaker."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from radius.directory.description import Description, parse_description
from radius.directory.local import LocalDirectory
from radius.errors import OperatorError
from radius.secret import Secret
from radius.server.counters import Counters
from radius.server.directories import Directories, fingerprint
from radius.server.status import WorkerStatus, directory_status, read_statuses, write_status
from radius.store.directory_secrets import seal_secrets
from radius.store.keyring import NAMES, Keyring
from radius.store.known_file import KnownFile
from radius.store.records import DirectoryRecord
from tests.fakes.directory_source import FakeSource
from tests.fakes.records import MemoryRecords

KEYRING = Keyring({name: name.encode().ljust(32, b".") for name in NAMES}, {}, lambda n: b"r" * n)
TEXT = 'kind = "ldap"\nservers = ["ldaps://a.example"]\nbase = "dc=a"\n'


class House:
    def __init__(self, folder: Path) -> None:
        self.made: list[FakeSource] = []
        self.secrets: list[Mapping[str, Secret]] = []
        self.counters = Counters()
        local = LocalDirectory(MemoryRecords(), KEYRING)
        known = KnownFile.open(folder / "known.lmdb")
        self.directories = Directories(local, KEYRING, known, self.make, self.counters)

    def make(self, name: str, description: Description, secrets: Mapping[str, Secret]) -> FakeSource:
        if "refused.example" in description.servers[0]:
            raise OperatorError("the certificate cannot be used")
        self.made.append(FakeSource(name))
        self.secrets.append(secrets)
        return self.made[-1]

    def adopt(self, *records: DirectoryRecord) -> list[str]:
        """The names of those that are no more."""
        former = self.directories.adopt(self.directories.prepare(records))
        for guard in former:
            guard.close()
        return [guard.name for guard in former]

    def names(self) -> list[str]:
        return [guard.name for guard in self.directories.chain.guards]


def record(name: str, text: str = TEXT, password: str = "service password") -> DirectoryRecord:
    return DirectoryRecord(name, text, seal_secrets(KEYRING, name, {"bind_password": Secret(password)}))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.directories.close()


def test_a_directory_is_made_from_its_record_with_its_secrets_opened(house: House) -> None:
    assert house.adopt(record("a")) == []
    assert house.names() == ["a"]
    assert house.secrets == [{"bind_password": Secret("service password")}]


def test_what_has_not_changed_stays_as_it_is(house: House) -> None:
    house.adopt(record("a"), record("b"))
    first = house.directories.chain.guards[0]
    changed = record("b", TEXT + "[serve]\nposition = 20\n")
    assert house.adopt(record("a"), changed) == ["b"]
    assert house.directories.chain.guards[0] is first
    assert [(source.name, source.closed) for source in house.made] == [("a", False), ("b", True), ("b", False)]


def test_another_secret_is_another_directory(house: House) -> None:
    house.adopt(record("a"))
    assert house.adopt(record("a", password="new")) == ["a"]
    assert house.secrets[-1] == {"bind_password": Secret("new")}


def test_one_that_is_removed_is_asked_no_more(house: House) -> None:
    house.adopt(record("a"), record("b"))
    assert house.adopt(record("b")) == ["a"]
    assert house.names() == ["b"]
    assert house.made[0].closed


@pytest.mark.parametrize(
    "broken",
    [
        record("a", "no description at all"),
        record("a", TEXT.replace("a.example", "refused.example")),
        DirectoryRecord("a", TEXT, b"sealed by somebody else"),
    ],
)
def test_one_that_cannot_be_made_stays_as_it_was_and_the_others_go_on(
    house: House, broken: DirectoryRecord, caplog: pytest.LogCaptureFixture
) -> None:
    house.adopt(record("a"))
    before = house.directories.chain.guards[0]
    assert house.adopt(broken, record("b")) == []
    assert house.directories.chain.guards[0] is before
    assert house.names() == ["a", "b"]
    assert "the directory a cannot be used" in caplog.text
    assert "kapija directory test a" in caplog.text


def test_one_that_never_could_be_made_is_left_out(house: House) -> None:
    assert house.adopt(record("a", "nothing"), record("b")) == []
    assert house.names() == ["b"]


def test_what_is_known_is_kept_over_changes_that_do_not_touch_it() -> None:
    same = [TEXT.replace("a.example", "b.example"), TEXT + "[limits]\nthreads = 2\n", TEXT + "[cache]\nproof_seconds = 0\n"]
    other = [TEXT.replace("dc=a", "dc=b"), TEXT + '[[map]]\nrole = "staff"\n', TEXT + '[people]\nid = "uid"\n']
    usual = fingerprint(parse_description(TEXT))
    assert [fingerprint(parse_description(text)) == usual for text in same] == [True] * 3
    assert [fingerprint(parse_description(text)) == usual for text in other] == [False] * 3


def test_a_workers_status_is_written_whole_and_read_again(house: House, tmp_path: Path) -> None:
    house.adopt(record("a"))
    (guard,) = house.directories.chain.guards
    guard.tally.took(0.02, answered=True)
    directory = directory_status(guard, guard.breaker.since + 7.0, 1000.0)
    assert (directory.name, directory.state, directory.since) == ("a", "closed", 993.0)
    assert (directory.asked, directory.p50, directory.threads, directory.busy) == (1, 20.0, 64, 0)
    assert directory.checks == ("PlainPassword", "Remembered", "VerifiedCertificate")
    status = WorkerStatus(3, os.getpid(), 1.0, 2.0, house.counters.read(), (directory,))
    write_status(tmp_path / "status", status)
    write_status(tmp_path / "status", status)
    assert read_statuses(tmp_path / "status") == [status]
    assert len(list((tmp_path / "status").iterdir())) == 1


def test_a_status_that_nobody_keeps_up_is_not_told(tmp_path: Path) -> None:
    write_status(tmp_path, WorkerStatus(0, 2**22 + 1, 1.0, 2.0, {}))  # no such process
    (tmp_path / "1.msgpack").write_bytes(b"nothing")
    assert read_statuses(tmp_path) == []
    assert read_statuses(tmp_path / "nowhere") == []
