"""`kapija session who-had`: an address and a time, and what is told about both."""

import json
from functools import partial
from pathlib import Path

import pytest

from radius.aaa.session_keeping import Keeper
from radius.admin.context import open_admin
from radius.settings import load
from radius.store.change import change
from tests.cli.conftest import Kapija
from tests.fakes.accounting import NOW, PHONE, start, stop


@pytest.fixture
def who_had(expect: Kapija, home: Path) -> Kapija:
    """`session who-had` where a session lasted from NOW for ten minutes."""
    with open_admin(load(home), "test") as admin, change(admin.engine) as work:
        Keeper(admin.keyring).apply(work, [start(school="os-vuk"), stop(600, school="os-vuk")], NOW)
    return partial(expect, "session", "who-had")


def test_who_had_it(who_had: Kapija) -> None:
    result = who_had("10.20.3.4", "--at", "2026-11-23T08:05+00:00", "--school", "os-vuk", "--json")
    (row,) = json.loads(result.stdout)
    assert (row["mac"], row["user"], row["subject"], row["address"]) == (PHONE, "ucenik.primer", "person:17", "10.20.3.4")
    assert (row["since"], row["until"]) == ("2026-11-23T08:00:00.000Z", "2026-11-23T08:10:00.000Z")


def test_nobody_had_it(who_had: Kapija) -> None:
    assert "Nobody had this address then" in who_had("10.20.3.4", "--at", "2026-11-23T09:00+00:00").stdout
    assert who_had("10.20.3.4", "--at", "2026-11-23T09:00+00:00", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("10.20.3",), "is no IP address"),
        (("10.20.3.4", "--at", "yesterday"), "'yesterday' is no time"),
        (("10.20.3.4", "--school", "os-none"), "os-none"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(who_had: Kapija, arguments: tuple[str, ...], sentence: str) -> None:
    who_had(*arguments, status=1, says=sentence)
