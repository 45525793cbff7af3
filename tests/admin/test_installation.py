"""A home directory: made once, whole, for its owner alone."""

import stat
import tomllib

import msgspec
import pytest
from sqlalchemy import select

from radius.admin.context import open_admin
from radius.admin.installation import init_home
from radius.admin.schools import list_schools
from radius.errors import OperatorError
from radius.settings import EapSettings, Settings, known_keys, load
from radius.store import tables
from radius.store.engine import open_store, reading
from radius.store.keyring import NAMES


def make(path, **options):
    return init_home(path, **{"environment": {}, **options})


def test_a_new_home_works_and_is_for_its_owner_alone(tmp_path) -> None:
    home, new = make(tmp_path / "a" / "home")
    assert new
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.master_key.stat().st_mode) == 0o600
    with open_admin(home, "cli:test") as admin:
        assert list_schools(admin) == []
        with admin.reading() as connection:
            assert set(connection.execute(select(tables.keys.c.name)).scalars()) == set(NAMES)


def flattened(values, prefix=""):
    for key, given in values.items():
        value = given[0] if key == "offer" else "" if key == "others" else given  # [[eap.offer]]; names of nodes
        yield from flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]


def test_the_settings_file_says_the_defaults_and_names_every_key(tmp_path) -> None:
    home, _ = make(tmp_path / "home")
    assert home.settings == Settings()
    text = (home.path / "kapija.toml").read_text()
    lines = [line for line in text.splitlines() if " = " in line or line.removeprefix("# ").startswith("[")]
    values = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines))
    assert sorted(flattened(values)) == sorted(known_keys())
    assert values["radius"]["auth_port"] == 1812
    assert msgspec.convert({**values["eap"], "offer": []}, EapSettings) == EapSettings()


def test_a_second_init_is_refused_and_changes_nothing(tmp_path) -> None:
    home, _ = make(tmp_path / "home")
    before = {path: path.read_bytes() for path in home.path.iterdir() if path.is_file()}
    with pytest.raises(OperatorError, match="home directory already"):
        make(home.path)
    assert {path: path.read_bytes() for path in home.path.iterdir() if path.is_file()} == before


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path) -> None:
    (tmp_path / "thesis.odt").write_text("x")
    with pytest.raises(OperatorError, match=r"not empty \(thesis.odt\)"):
        make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_an_interrupted_init_goes_on_with_the_same_master_key(tmp_path) -> None:
    home, _ = make(tmp_path / "home")
    key = home.master_key.read_bytes()
    (home.path / "kapija.toml").unlink()  # it is written last
    again, new = make(home.path)
    assert not new
    assert again.master_key.read_bytes() == key
    with open_admin(again, "cli:test") as admin:
        assert list_schools(admin) == []


def test_a_master_key_in_the_environment_leaves_no_file(tmp_path) -> None:
    environment = {"KAPIJA_MASTER_KEY": "ab" * 32}
    home, _ = make(tmp_path / "home", environment=environment)
    assert not home.master_key.exists()


def test_a_further_node_needs_the_master_key_of_the_first(tmp_path) -> None:
    first, _ = make(tmp_path / "first")
    url = f"sqlite:///{first.path / 'kapija.db'}"
    with pytest.raises(OperatorError, match="master key"):
        make(tmp_path / "stranger", store_url=url)
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "master.key").write_bytes(first.master_key.read_bytes())
    (tmp_path / "second" / "master.key").chmod(0o600)
    second, new = make(tmp_path / "second", node="node2", store_url=url)
    assert not new
    assert (second.settings.node, second.database_url) == ("node2", url)


@pytest.mark.parametrize("node", ["", "Node 1", 'x"\nworkers=9', "čvor"])
def test_a_bad_node_name_is_refused_before_anything_is_made(tmp_path, node) -> None:
    with pytest.raises(OperatorError):
        make(tmp_path / "home", node=node)
    assert not (tmp_path / "home" / "master.key").exists()


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="cannot be made a home directory"):
        make(tmp_path / "file" / "home")


def test_a_url_with_quotes_stays_a_url(tmp_path) -> None:
    odd = tmp_path / 'odd "name'
    odd.mkdir()
    url = f"sqlite:///{odd}/kapija.db"
    home, _ = make(tmp_path / "home", store_url=url)
    assert load(home.path).settings.store.url == url
    engine = open_store(url)
    with reading(engine) as connection:
        assert connection.execute(select(tables.keys.c.name)).first()
    engine.dispose()
