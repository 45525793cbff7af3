"""The certificate that the supervisor serves with: made anew when its file is another, kept when the new one is of no use."""

from pathlib import Path

import pytest

from radius.admin.installation import init_home
from radius.pki.server_certificates import file_of
from radius.server.tls_identity import TlsIdentity
from radius.settings import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home, _ = init_home(tmp_path / "home", environment={})
    return home


def test_a_certificate_is_taken_up_once(home: Home) -> None:
    identity = TlsIdentity(home)
    assert identity.look()
    assert identity.contexts is not None
    assert not identity.look()


@pytest.mark.parametrize("octets", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_bad_certificate_leaves_the_one_before_in_force_and_is_told_once(
    home: Home, octets: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    identity = TlsIdentity(home)
    identity.look()
    before = identity.contexts
    file_of(home, "server-ec").write_bytes(octets)
    assert not identity.look()
    assert not identity.look()
    assert identity.contexts is before
    assert caplog.text.count("the one before stays in force") == 1


def test_a_certificate_that_is_gone_leaves_the_one_before_in_force(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    identity = TlsIdentity(home)
    identity.look()
    before = identity.contexts
    file_of(home, "server-ec").unlink()
    assert not identity.look()
    assert identity.contexts is before
    assert "the one before stays in force" in caplog.text
    assert "of 802.1X nothing" not in caplog.text


def test_without_a_certificate_the_log_says_how_to_get_one(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("ca", "server-ec"):
        file_of(home, name).unlink()
    identity = TlsIdentity(home)
    assert not identity.look()
    assert identity.contexts is None
    assert "so of 802.1X nothing that needs TLS is served" in caplog.text
    assert "'kapija pki renew'" in caplog.text
    assert "'kapija pki new-ca'" in caplog.text
