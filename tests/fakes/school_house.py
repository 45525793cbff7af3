"""A small school for tests of the packet's way: people, a device, a client, a policy, and a gate in front of it all."""

import hashlib
import os
import random
from collections.abc import Callable

from radius.aaa.login_class import LoginSeal
from radius.aaa.schools import Schools
from radius.audit.events import Event
from radius.crypto.mschap import hash_nt_password_hash, nt_password_hash
from radius.crypto.passwords import verifier
from radius.directory.local import LocalDirectory
from radius.directory.question import Answer, Directory, Question
from radius.secret import Secret
from radius.server.clients import Client, Clients
from radius.server.counters import Counters
from radius.server.gate import Gate
from radius.server.replies import Replies
from radius.server.sockets import Port, Source
from radius.server.state import State
from radius.store.records import ClientRecord, DeviceRecord, PersonRecord, PolicyRecord, SchoolRecord
from radius.wire import dictionary
from radius.wire.shared_secret import SharedSecret
from tests.fakes.records import MemoryRecords

NOW = 1_795_420_800.0  # a Monday morning in November 2026
SECRET = b"a secret of this school's access points"
NAS = "192.0.2.10"
SOURCE: Source = (NAS, 40_000)

POLICY = """
[[rule]]
id = "blocked"
when = { group = "blocked" }
deny = "Ask your class teacher."

[[rule]]
id = "staff"
when = { role = "staff" }
grant = { vlan = "staff", session_timeout = 3600 }

[[rule]]
id = "pupils"
when = { role = "student", home = true }
grant = { vlan = "pupils", filter = "young" }

[[rule]]
id = "nowhere"
when = { role = "guest" }
grant = { vlan = "unmapped" }

[[rule]]
id = "printers"
when = { role = "device", method = "mab" }
grant = { vlan = 30 }

[filter.young]
description = "Under fifteen"
vendor_names = { "*" = "young-filter" }
"""


class TestSeals:
    """Seals by XOR with a digest of the context: enough to prove that the right context is used. Keyring is the real one."""

    __test__ = False
    pepper = b"p" * 32

    def seal(self, plain: bytes, context: str) -> bytes:
        mask = hashlib.shake_256(context.encode()).digest(len(plain))
        return bytes(a ^ b for a, b in zip(plain, mask, strict=True))

    def open(self, sealed: bytes, context: str) -> bytes:
        return self.seal(sealed, context)

    def blind_index(self, kind: str, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), digest_size=16, person=kind.encode()).digest()


class FakePort:
    """A port whose replies are kept."""

    def __init__(self, accounting: bool = False, number: int = 0) -> None:
        self.accounting = accounting
        self.number = number
        self.sent: list[tuple[bytes, Source]] = []

    def send(self, octets: bytes, source: Source, local: bytes) -> None:
        self.sent.append((octets, source))


class ManualLater:
    """A `Later` whose time passes when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Question, Callable[[Answer], None]]] = []
        self.delayed: list[Callable[[], None]] = []
        self.handed: list[tuple[int, bytes, Source, int, bytes]] = []
        self.to_elder: list[bytes] = []
        self.to_node: list[State] = []
        self.nodes_answer = True
        self.unknown: list[tuple[str, bytes]] = []
        self.room = 1_000

    def ask(self, question: Question, then: Callable[[Answer], None]) -> None:
        self.asked.append((question, then))

    def delay(self, send: Callable[[], None], began: int) -> bool:
        if len(self.delayed) >= self.room:
            return False
        self.delayed.append(send)
        return True

    def hand_over(self, worker: int, octets: bytes, source: Source, port: int, local: bytes) -> None:
        self.handed.append((worker, octets, source, port, local))

    def hand_to_elder(self, octets: bytes, source: Source, port: int, local: bytes) -> None:
        self.to_elder.append(octets)

    def hand_to_node(self, state: State, octets: bytes, source: Source, port: Port, local: bytes) -> bool:
        self.to_node.append(state)
        return self.nodes_answer

    def unknown_client(self, address: str, octets: bytes, now: float) -> None:
        self.unknown.append((address, octets))

    def let_time_pass(self) -> None:
        """Send every delayed reject."""
        waiting, self.delayed = self.delayed, []
        for send in waiting:
            send()


class SchoolHouse:
    """A gate with everything behind it; `records` may be changed before or between packets."""

    def __init__(
        self, worker: int = 0, workers: int = 1, directory: Directory | None = None, another_server: bool = False
    ) -> None:
        self.records = MemoryRecords()
        self.seals = TestSeals()
        self.events: list[Event] = []
        self.learned: list[str] = []
        self.later = ManualLater()
        self.port = FakePort()
        self.counters = Counters()
        self.now = NOW
        words = dictionary.load()
        self.records.all_schools["os-primer"] = SchoolRecord(
            "os-primer", "OŠ Primer", "Europe/Belgrade", "en", ("demo",), {"staff": 10, "pupils": 20}, ""
        )
        self.records.all_policies["os-primer"] = PolicyRecord("os-primer", 1, "0" * 64, POLICY)
        self.add_client(NAS)
        self.add_person("nastavnik.primer", "staff password 1", "staff")
        self.add_person("ucenik.primer", "lozinka učenika", "student", groups=("8-2",))
        self.add_device("02-00-00-00-05-01")
        self.clients = Clients(self.records, self.seals.open, self.counters, self._learn)
        self.schools = Schools(self.records, words.check)
        self.seal = LoginSeal(b"k" * 32, os.urandom)
        self.replies = Replies(words, 300, os.urandom, random.Random(7).random, self.seal)
        self.gate = Gate(
            self.clients,
            self.schools,
            directory or LocalDirectory(self.records, self.seals),
            self.replies,
            self.events.append,
            self.later,
            self.counters,
            worker,
            workers,
            lambda: self.now,
            another_server,
        )
        self.secret = SharedSecret(Secret(SECRET))

    def add_client(self, network: str, mode: str = "learn", family: str = "generic", previous: bytes = b"") -> None:
        """A RADIUS client of the school; `previous` is the secret that it had before, valid for a day."""
        context = f"client:{network}"
        self.records.all_clients[network] = ClientRecord(
            len(self.records.all_clients) + 1,
            network,
            "hallway",
            "os-primer",
            family,
            "hallway",
            self.seals.seal(SECRET, context),
            self.seals.seal(previous, context) if previous else b"",
            self.now + 86_400 if previous else 0.0,
            mode,
        )

    def add_person(
        self,
        name: str,
        password: str,
        role: str,
        *,
        groups: tuple[str, ...] = (),
        disabled: bool = False,
        valid_from: float = 0.0,
        valid_until: float = 0.0,
        school: str = "os-primer",
        chap: bool = True,
    ) -> None:
        """An account with every kind of proof."""
        nt_hash = nt_password_hash(password)
        self.records.people[name] = PersonRecord(
            len(self.records.people) + 1,
            name,
            school,
            role,
            groups,
            disabled,
            valid_from,
            valid_until,
            verifier(self.seals.pepper, b"s" * 16, password.encode()),
            self.seals.seal(nt_hash + hash_nt_password_hash(nt_hash), f"person-nt:{name}"),
            self.seals.seal(password.encode(), f"person-plain:{name}") if chap else b"",
            "",
        )

    def add_device(self, mac: str, role: str = "device", disabled: bool = False, valid_until: float = 0.0) -> None:
        """A registered device without a key of its own."""
        self.records.devices[mac] = DeviceRecord(
            len(self.records.devices) + 1, mac, "printer", "os-primer", role, (), "managed", disabled, valid_until, b""
        )

    def receive(
        self, octets: bytes, source: Source = SOURCE, port: FakePort | None = None, handed: bool = False
    ) -> list[bytes]:
        """Put one datagram through the gate; what left for it at once."""
        port = port or self.port
        before = len(port.sent)
        self.gate.receive(octets, source, port, b"", handed)  # type: ignore[arg-type]  # a fake port
        return [reply for reply, _ in port.sent[before:]]

    def _learn(self, client: Client, address: str) -> None:
        self.learned.append(address)
