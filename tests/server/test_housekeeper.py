"""The housekeepers' rounds: what is new reaches workers and SQL, and an outage of the database is waited out."""

import logging
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from radius.admin.context import open_admin
from radius.admin.people import add_person
from radius.admin.unknown_clients import list_unknown
from radius.audit.events import UnknownClientSeen
from radius.audit.journal import Journal
from radius.pki.reading import pem
from radius.secret import Secret
from radius.server.housekeeper import RETRY, ROUND, Carrying, Feeding
from radius.settings import Home
from radius.store.lookup import SqlRecords
from radius.store.node_file import NodeFile
from radius.store.tables import audit
from tests.fakes.certificates import DAY, Authority
from tests.fakes.serving import make_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "kapija")


def journal_of(home: Home) -> Journal:
    with open_admin(home, "test") as admin:
        return Journal(home.journal, "node1-0", admin.keyring.journal_key("node1"))


def test_a_new_node_is_filled_before_anybody_asks(home: Home) -> None:
    rounds = Feeding(home)
    assert rounds.first()
    rounds.close()
    node_file = NodeFile.open(home.node_file)
    assert node_file.person("ucenik.primer") is not None
    assert node_file.policy("os-primer") is not None
    node_file.close()


def test_a_change_is_carried_in_the_next_round(home: Home) -> None:
    rounds = Feeding(home)
    rounds.first()
    with open_admin(home, "test") as admin:
        add_person(admin, "nova.primer", "os-primer", "student", Secret("a new password"))
    while rounds.once():
        pass
    rounds.close()
    node_file = NodeFile.open(home.node_file)
    assert node_file.person("nova.primer") is not None
    node_file.close()


def test_what_a_command_explains_is_what_a_worker_reads(home: Home) -> None:
    rounds = Feeding(home)
    rounds.first()
    rounds.close()
    node_file = NodeFile.open(home.node_file)
    with open_admin(home, "test") as admin, admin.reading() as connection:
        records = SqlRecords(connection)
        assert records.person("ucenik.primer") == node_file.person("ucenik.primer")
        assert records.device("02-00-00-00-05-01") == node_file.device("02-00-00-00-05-01")
        assert records.client("127.0.0.1") == node_file.client("127.0.0.1")
        assert records.school("os-primer") == node_file.school("os-primer")
        assert records.policy("os-primer") == node_file.policy("os-primer")
        assert records.person("niko") is None
        assert list(records.networks()) == list(node_file.networks()) == []
    node_file.close()


def test_a_database_that_is_away_is_waited_out_told_once_and_loses_nothing(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = Carrying(home)
    journal = journal_of(home)
    journal.append(UnknownClientSeen(1.0, "198.51.100.7", 3, b"octets"))
    journal.close()
    database = home.path / "kapija.db"
    away = home.path / "away.db"
    rounds.engine.dispose()
    database.rename(away)
    with caplog.at_level(logging.ERROR):
        assert not rounds.once()
        assert not rounds.once()
    assert rounds.pause == RETRY
    assert caplog.text.count("audit events wait, because the database does not work") == 1
    rounds.engine.dispose()
    away.rename(database)
    while rounds.once():
        pass
    assert rounds.pause == ROUND
    with open_admin(home, "test") as admin:
        assert [unknown.address for unknown in list_unknown(admin)] == ["198.51.100.7"]
    rounds.close()


def test_a_node_starts_from_its_own_file_while_the_database_is_away(home: Home) -> None:
    rounds = Feeding(home)
    rounds.first()
    rounds.close()
    (home.path / "kapija.db").rename(home.path / "away.db")
    rounds = Feeding(home)
    assert rounds.first()
    rounds.close()


def test_a_node_that_was_never_filled_does_not_serve_without_its_database(home: Home) -> None:
    (home.path / "kapija.db").rename(home.path / "away.db")
    rounds = Feeding(home)
    assert not rounds.first()
    rounds.close()


def test_a_certificate_that_ends_soon_is_told_by_the_carrier_and_not_again_after_a_restart(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    soon = Authority("Ministry CA", ends=time.time() + 20.5 * DAY)
    (home.pki / "trust" / "national" / "ministry.pem").write_bytes(pem(soon.certificate))
    for _ in range(2):
        rounds = Carrying(home)
        assert not rounds.once()
        rounds.close()
    assert caplog.text.count("trust/national/ministry.pem ends in 20 days: get the CA's new certificate") == 1
    with open_admin(home, "test") as admin, admin.reading() as connection:
        tags = connection.execute(select(audit.c.tag).where(audit.c.tag == "certificate:end:soon")).all()
    assert len(tags) == 1
