"""A directory's secrets open in their own row and nowhere else."""

import msgspec
import pytest

from radius.secret import Secret
from radius.store.directory_secrets import open_secrets, seal_secrets
from radius.store.keyring import NAMES, Keyring, SealBroken

SECRETS = {"bind_password": Secret("тајна лозинка"), "client_key": Secret(b"-----BEGIN\x00\xff")}


@pytest.fixture
def keyring() -> Keyring:
    return Keyring({name: name.encode().ljust(32, b".") for name in NAMES}, {}, lambda octets: b"n" * octets)


@pytest.mark.parametrize("secrets", [SECRETS, {}, {"bind_password": Secret(b"")}])
def test_what_was_sealed_is_opened(keyring: Keyring, secrets: dict[str, Secret]) -> None:
    sealed = seal_secrets(keyring, "ldap", secrets)
    assert open_secrets(keyring, "ldap", sealed) == secrets
    assert not any(secret.reveal() in sealed for secret in secrets.values() if secret)


def test_another_rows_secrets_and_changed_ones_do_not_open(keyring: Keyring) -> None:
    sealed = seal_secrets(keyring, "ldap", SECRETS)
    for name, octets in (("ad", sealed), ("ldap", sealed[:-1]), ("ldap", b""), ("ldap", sealed[:-1] + b"?")):
        with pytest.raises(SealBroken):
            open_secrets(keyring, name, octets)


@pytest.mark.parametrize("plain", [b"", b"\xff", msgspec.msgpack.encode(["bind_password"]), msgspec.msgpack.encode({"a": 7})])
def test_octets_of_another_form_are_said_to_be_so(keyring: Keyring, plain: bytes) -> None:
    with pytest.raises(SealBroken, match="the secrets of the directory ldap are in no form"):
        open_secrets(keyring, "ldap", keyring.seal(plain, "directory:ldap"))
