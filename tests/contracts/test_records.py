"""MemoryRecords, which tests use, answers what the node file answers."""

from pathlib import Path
from typing import Protocol

import msgspec
import pytest

from radius.store.node_file import Kind
from radius.store.node_writer import Batch, Entry, NodeWriter
from radius.store.records import ClientRecord, DeviceRecord, DirectoryRecord, PersonRecord, PolicyRecord, SchoolRecord
from tests.fakes.records import MemoryRecords

PERSON = PersonRecord(1, "ana.primer", "os-primer", "student", ("8-2",), False, 0.0, 0.0, b"v", b"n", b"p", "")
DEVICE = DeviceRecord(1, "02-00-00-00-00-01", "printer", "os-primer", "device", (), "managed", False, 0.0, b"")
ADDRESS = ClientRecord(1, "192.0.2.1", "hall", "os-primer", "generic", "hall", b"s", b"", 0.0, "learn")
NETWORK = ClientRecord(2, "198.51.100.0/24", "all", "os-primer", "generic", "", b"s", b"", 0.0, "require")
SCHOOL = SchoolRecord("os-primer", "OŠ Primer", "Europe/Belgrade", "sr-Latn", ("demo",), {"staff": 10}, "")
DIRECTORIES = [DirectoryRecord("ad", 'kind = "active-directory"', b"x"), DirectoryRecord("ldap", 'kind = "ldap"', b"")]
POLICY = PolicyRecord("os-primer", 3, "0" * 64, "")


class Records(Protocol):
    def person(self, username: str) -> PersonRecord | None: ...
    def device(self, mac: str) -> DeviceRecord | None: ...
    def client(self, network: str) -> ClientRecord | None: ...
    def networks(self) -> list[ClientRecord]: ...
    def school(self, name: str) -> SchoolRecord | None: ...
    def policy(self, scope: str) -> PolicyRecord | None: ...
    def directories(self) -> list[DirectoryRecord]: ...
    def is_learned(self, address: str) -> bool: ...


def memory(_path: Path) -> Records:
    records = MemoryRecords()
    records.people = {PERSON.username: PERSON}
    records.devices = {DEVICE.mac: DEVICE}
    records.all_clients = {ADDRESS.network: ADDRESS, NETWORK.network: NETWORK}
    records.all_schools = {SCHOOL.name: SCHOOL}
    records.all_policies = {POLICY.scope: POLICY}
    records.all_directories = {record.name: record for record in reversed(DIRECTORIES)}
    records.learned = {"192.0.2.1"}
    return records  # type: ignore[return-value]  # a list where the protocol says iterable


def node_file(path: Path) -> Records:
    encode = msgspec.msgpack.encode
    writer = NodeWriter.open(path / "directory.lmdb")
    writer.apply(
        Batch(
            [
                Entry(Kind.PERSON, PERSON.username, encode(PERSON), 1),
                Entry(Kind.DEVICE, DEVICE.mac, encode(DEVICE), 1),
                Entry(Kind.CLIENT, ADDRESS.network, encode(ADDRESS), 1),
                Entry(Kind.NETWORK, NETWORK.network, encode(NETWORK), 2),
                Entry(Kind.SCHOOL, SCHOOL.name, encode(SCHOOL)),
                Entry(Kind.POLICY, POLICY.scope, encode(POLICY)),
                *(Entry(Kind.DIRECTORY, record.name, encode(record)) for record in reversed(DIRECTORIES)),
                Entry(Kind.LEARNED, "192.0.2.1", b""),
            ]
        )
    )
    return writer.reader()


@pytest.fixture(params=[memory, node_file])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Records:
    made: Records = request.param(tmp_path)
    return made


def test_what_is_there_is_found_whole(records: Records) -> None:
    assert records.person("ana.primer") == PERSON
    assert records.device("02-00-00-00-00-01") == DEVICE
    assert records.client("192.0.2.1") == ADDRESS
    assert records.client("198.51.100.0/24") == NETWORK
    assert list(records.networks()) == [NETWORK]
    assert records.school("os-primer") == SCHOOL
    assert records.policy("os-primer") == POLICY
    assert records.directories() == DIRECTORIES
    assert records.is_learned("192.0.2.1")


@pytest.mark.parametrize("name", ["", "ana", "ANA.PRIMER", "ana.primer\0", "x" * 600, "đ", "192.0.2.9"])
def test_what_is_not_there_is_none_and_never_an_error(records: Records, name: str) -> None:
    assert records.person(name) is None
    assert records.device(name) is None
    assert records.client(name) is None
    assert records.school(name) is None
    assert records.policy(name) is None
    assert not records.is_learned(name)
