"""A home with a school, its people and access points, a node file, and living sessions, for what is asked of them later."""

import time
from pathlib import Path

from sqlalchemy import insert, select, update

from policies.access import Method
from radius.aaa.deciding import Deciding
from radius.aaa.former import Former
from radius.aaa.living import living
from radius.aaa.reauthorize import Step
from radius.aaa.reauthorizing import Pace, Reauthorizing
from radius.aaa.schools import Schools
from radius.admin.clients import add_client
from radius.admin.context import Admin
from radius.admin.devices import add_device
from radius.admin.installation import init_home
from radius.admin.people import add_person
from radius.admin.policies import publish
from radius.admin.schools import add_school, map_vlan
from radius.audit.carry import Carrier
from radius.audit.events import AccessDecided
from radius.audit.journal import Journal
from radius.directory.local import LocalDirectory
from radius.directory.question import Answer, CouldNotAsk, Question
from radius.secret import Secret
from radius.server.requests import Requests, ability_of
from radius.store.engine import open_store, reading, writing
from radius.store.feed import Feed
from radius.store.keyring import Keyring
from radius.store.master_key import MasterKey
from radius.store.node_writer import NodeWriter
from radius.store.outbox_tables import outbox
from radius.store.records import PolicyRecord
from radius.store.session_wishes import rows_of
from radius.store.tables import audit, policies, sessions
from radius.vendors import FAMILIES
from radius.wire import dictionary

SECRET = "kx7Qm2vT9sLw4pRz"  # of every access point here
SCHOOL = "os-vuk"
WORDS = dictionary.load()
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
when = { role = "student" }
grant = { vlan = "pupils", filter = "young" }

[[rule]]
id = "printers"
when = { role = "device", method = "mab" }
grant = { vlan = 30 }

[filter.young]
description = "Under fifteen"
"""


class SessionHouse:
    """Everything in one process, step by step. `now` is the clock of all of it."""

    def __init__(self, folder: Path, pace: Pace | None = None, url: str = "") -> None:
        self.home, _ = init_home(folder / "home", store_url=url, environment={})
        self.now = time.time()
        self.engine = open_store(self.home.database_url)
        self.master = MasterKey.load(self.home)
        with reading(self.engine) as connection:
            self.keyring = Keyring.load(connection, self.master)
        self.admin = Admin(self.engine, self.keyring, "cli:test", lambda: self.now)
        add_school(self.admin, SCHOOL, "ОШ „Вук Измишљени“")
        for name, number in (("staff", 10), ("pupils", 20), ("other", 40)):
            map_vlan(self.admin, SCHOOL, name, number)
        self.publish(POLICY)
        self.away = False
        self.asked: list[Question] = []
        self._writer = NodeWriter.open(self.home.node_file)
        self._feed = Feed(self.engine, self._writer)
        self.node_file = self._writer.reader()
        self._directory = LocalDirectory(self.node_file, self.keyring)
        self._schools = Schools(self.node_file, WORDS.check)
        self._former = Former(self._versions, self.node_file, WORDS.check)
        self.deciding = Deciding(self._schools, self._former, self._ask, self.node_file.presence)
        self.pace = pace or Pace()
        self.feed()

    def close(self) -> None:
        self._writer.close()
        self.engine.dispose()

    def feed(self) -> None:
        """What the feeder and the process's own refresh do."""
        self._feed.carry_all()
        self.node_file.refresh()
        self._schools.forget_all()
        self._former.forget()

    def publish(self, document: str, scope: str = SCHOOL) -> None:
        publish(self.admin, scope, document, WORDS.check, FAMILIES)

    def client(self, network: str = "127.0.0.1", family: str = "generic", port: int = 0) -> None:
        add_client(self.admin, network, SCHOOL, family, FAMILIES, "hall", "hall", Secret(SECRET), "learn", port)

    def person(self, name: str, role: str = "student", groups: tuple[str, ...] = (), valid_until: str = "") -> str:
        """Her subject."""
        made = add_person(
            self.admin, name, SCHOOL, role, Secret("a long enough password 1"), groups=groups, valid_until=valid_until
        )
        return made.subject

    def device(self, mac: str, **more: str) -> str:
        """Its subject."""
        return add_device(self.admin, mac, SCHOOL, **more).subject

    def policy_hash(self) -> str:
        self.feed()
        school = self._schools.get(SCHOOL)
        assert school is not None
        return school.evaluator.sha256

    def session(
        self,
        subject: str,
        rule: str = "os-vuk:pupils",
        vlan: int = 20,
        *,
        mac: str = "02-00-00-00-05-01",
        user: str = "anonymous",
        name: str = "",
        method: str = Method.PEAP,
        nas: str = "127.0.0.1",
        family: str = "generic",
        number: str = "5F3A-01",
        policy: str | None = None,
        login: str = "aa",
        **more: object,
    ) -> int:
        """A living session from a login of ours, which stands in the audit log; its number."""
        policy = self.policy_hash() if policy is None else policy
        if subject and login:
            self.happened(subject, name or user, mac, method, rule, policy, vlan, login)
        row: dict[str, object] = {
            "identity": f"{nas} {number} {mac}".encode(),
            "number": 1,
            "version": 1,
            "school": SCHOOL,
            "nas": nas,
            "client": nas,
            "family": family,
            "nas_address": nas,
            "nas_identifier": "ap-1",
            "session_id": number,
            "multi_session_id": "",
            "user": user,
            "mac": mac,
            "ssid": "school",
            "access_point": "02-00-00-00-0A-01",
            "address": "198.51.100.7",
            "nas_port": 3,
            "nas_port_id": "ge-0/0/3",
            "audit_session_id": "",
            "cui": "",
            "authenticated": bool(login),
            "login": login,
            "subject": subject,
            "role": "student",
            "rule": rule,
            "policy": policy[:16],
            "vlan": vlan,
            "method": method,
            "valid_until": 0.0,
            "limited": False,
            "interim": 600,
            "started": self.now,
            "updated": self.now,
            "due": self.now + 1500,
            "ended": 0.0,
            "end_reason": "",
            "input_octets": 0,
            "output_octets": 0,
            "input_packets": 0,
            "output_packets": 0,
            "session_time": 0,
            "state": b"",
        }
        with writing(self.engine) as connection:
            made = connection.execute(insert(sessions).values(**(row | more)).returning(sessions.c.id))
            return int(made.scalar_one())

    def end(self, number: int) -> None:
        with writing(self.engine) as connection:
            connection.execute(update(sessions).where(sessions.c.id == number).values(ended=self.now, end_reason="stop"))

    def happened(self, subject: str, user: str, mac: str, method: str, rule: str, policy: str, vlan: int, login: str) -> None:
        """A login in the audit log, by a journal and its carrier."""
        event = AccessDecided(
            self.now,
            "access:decide:granted",
            SCHOOL,
            "127.0.0.1",
            "127.0.0.1",
            user,
            subject,
            "student",
            mac,
            "school",
            "02-00-00-00-0A-01",
            method,
            rule,
            policy,
            (),
            vlan,
            0,
            0.0,
            (1, 1, 1, 3),
            login=login,
        )
        folder = self.home.path / f"journal-{time.monotonic_ns()}"
        journal = Journal(folder, f"node1-{time.monotonic_ns()}", self.keyring.journal_key("node1"))
        journal.append(event)
        journal.close()
        Carrier(self.engine, self.keyring, folder, "node1").step(self.now)

    def requests(self, holder: str = "node1/1") -> Requests:
        return Requests(self.engine, self.keyring, "node1", holder, self.deciding, WORDS)

    def reauthorizing(self, node: str = "node1", at_once: int = 200) -> Reauthorizing:
        abilities = {name: ability_of(family) for name, family in FAMILIES.items()}
        return Reauthorizing(
            self.engine, self.keyring, node, self.deciding, self.node_file.carried, abilities, self.pace, at_once
        )

    def look(self, driver: Reauthorizing) -> int:
        """Feed, then step until nothing is left; how many wishes followed."""
        self.feed()
        wishes = 0
        while (looked := driver.step(self.now)).more:
            wishes += looked.wishes
        return wishes

    def decide(self, number: int) -> Step:
        """What a session is to have now."""
        with reading(self.engine) as connection:
            rows = rows_of(connection, sessions.c.id == number, 1)
            (session,) = living(connection, self.keyring, rows)
        return self.deciding.decide(session, ability_of(FAMILIES[session.family]), self.now).step

    def rows(self) -> list[dict[str, object]]:
        """The outbox."""
        with reading(self.engine) as connection:
            return [dict(row) for row in connection.execute(select(outbox).order_by(outbox.c.id)).mappings()]

    def told(self) -> list[str]:
        """The tags of the administrators' chain, in order."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(audit.c.tag).where(audit.c.chain == "admin").order_by(audit.c.number))
            return [tag for tag in rows.scalars() if tag.startswith("session:")]

    def _ask(self, question: Question, subject: str) -> Answer:
        self.asked.append(question)
        return CouldNotAsk("local") if self.away else self._directory.answer_now(question) or CouldNotAsk("local")

    def _versions(self, scope: str) -> list[PolicyRecord]:
        query = select(policies.c.scope, policies.c.version, policies.c.sha256, policies.c.document)
        with reading(self.engine) as connection:
            rows = connection.execute(query.where(policies.c.scope == scope).order_by(policies.c.version.desc()))
            return [PolicyRecord(*row) for row in rows]
