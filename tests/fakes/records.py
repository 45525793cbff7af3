"""Records in memory, with the look-ups of the node file. tests/contracts holds it to what the node file does."""

from collections.abc import Iterable

from radius.store.records import ClientRecord, DeviceRecord, DirectoryRecord, PersonRecord, PolicyRecord, SchoolRecord


class MemoryRecords:
    """What NodeFile answers, from plain tables that a test fills."""

    def __init__(self) -> None:
        self.people: dict[str, PersonRecord] = {}
        self.devices: dict[str, DeviceRecord] = {}
        self.all_clients: dict[str, ClientRecord] = {}
        self.all_schools: dict[str, SchoolRecord] = {}
        self.all_policies: dict[str, PolicyRecord] = {}
        self.all_directories: dict[str, DirectoryRecord] = {}
        self.learned: set[str] = set()
        self.filled = True

    def person(self, username: str) -> PersonRecord | None:
        return self.people.get(username)

    def device(self, mac: str) -> DeviceRecord | None:
        return self.devices.get(mac)

    def client(self, network: str) -> ClientRecord | None:
        return self.all_clients.get(network)

    def networks(self) -> Iterable[ClientRecord]:
        return [record for network, record in self.all_clients.items() if "/" in network]

    def school(self, name: str) -> SchoolRecord | None:
        return self.all_schools.get(name)

    def policy(self, scope: str) -> PolicyRecord | None:
        return self.all_policies.get(scope)

    def directories(self) -> list[DirectoryRecord]:
        return [self.all_directories[name] for name in sorted(self.all_directories)]

    def complete(self) -> bool:
        return self.filled

    def is_learned(self, address: str) -> bool:
        return address in self.learned
