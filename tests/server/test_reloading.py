"""SIGHUP: what can be changed while serving takes effect, what needs a restart is said and stays as it was."""

from pathlib import Path

import msgspec
import pytest

from radius.admin.installation import init_home
from radius.server.serving import NEED_A_RESTART, Serving, keep
from radius.settings import EapSettings, RadiusSettings, Settings, StoreSettings, load


def test_what_can_change_changes_and_what_cannot_stays_and_is_named() -> None:
    old = Settings(node="one", radius=RadiusSettings(workers=2, reject_delay=1.0))
    new = Settings(
        node="two",
        radius=RadiusSettings(workers=3, reject_delay=2.0),
        store=StoreSettings("sqlite:///elsewhere.db"),
        eap=EapSettings(packet_size=800),
    )
    kept, changed = keep(old, new)
    assert changed == ["node", "radius.workers", "store.url"]
    assert (kept.node, kept.radius.workers, kept.store.url) == ("one", 2, "")
    assert (kept.radius.reject_delay, kept.eap.packet_size) == (2.0, 800)


def test_nothing_new_changes_nothing() -> None:
    assert keep(Settings(), Settings()) == (Settings(), [])


def test_every_key_that_needs_a_restart_is_one() -> None:
    for section, keys in NEED_A_RESTART.items():
        of = getattr(Settings(), section) if section else Settings()
        assert set(keys) <= {field.name for field in msgspec.structs.fields(of)}


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    home, _ = init_home(tmp_path / "home")
    return Serving(home, 1)


def test_settings_that_cannot_be_read_stay_as_they_were(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    before = serving.home
    (before.path / "kapija.toml").write_text("[radius]\nport = 5\n")
    assert not serving.reload()
    assert serving.home is before
    assert "the settings stay as they were" in caplog.text


def test_a_reload_makes_the_tls_contexts_anew_so_that_renewed_workers_have_what_eap_now_says(serving: Serving) -> None:
    serving._identity.look()
    before = serving._identity.contexts
    file = serving.home.path / "kapija.toml"
    file.write_text(file.read_text().replace('# tls_minimum = "1.2"', 'tls_minimum = "1.3"'))
    assert serving.reload()
    assert serving._identity.contexts is not before
    assert not serving._identity.look(), "and workers are not renewed a second time"
    assert load(serving.home.path).settings == serving.home.settings
