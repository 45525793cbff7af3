"""`kapija client`."""

import json

import pytest
from sqlalchemy import insert

from radius.admin.context import open_admin
from radius.secret import Secret
from radius.settings import load
from radius.store import tables
from radius.wire.codes import Code
from radius.wire.shared_secret import SharedSecret

CANARY = "Kanarinac-9f3!zq7Q-tajni"


def seen(home, **rows) -> None:
    with open_admin(load(home), "test") as admin, admin.engine.begin() as connection:
        for table, values in rows.items():
            connection.execute(insert(getattr(tables, table)), values)


def test_a_generated_secret_is_shown_once(expect, on_disk) -> None:
    shown = json.loads(expect("client", "add", "192.0.2.1", "--school", "os-vuk", "--family", "cisco", "--json").output)
    assert (shown["network"], shown["family"], shown["mode"]) == ("192.0.2.1", "cisco", "learn")
    secret = shown["secret"]
    assert len(secret) == 32
    assert secret not in expect("client", "list").output + expect("client", "list", "--json").output
    assert secret.encode() not in on_disk()
    words = expect("client", "add", "192.0.2.2", "--school", "os-vuk").output
    assert "shown this once" in words


@pytest.mark.parametrize("way", ["stdin", "file", "prompt"])
def test_a_given_secret_is_never_shown(expect, on_disk, tmp_path, way) -> None:
    file = tmp_path / "secret.txt"
    file.write_text(CANARY + "\n")
    option = {"stdin": ("--secret-stdin",), "file": ("--secret-file", str(file)), "prompt": ("--ask-secret",)}[way]
    stdin = {"stdin": f"{CANARY}\n", "file": "", "prompt": f"{CANARY}\n{CANARY}\n"}[way]
    result = expect("client", "add", "192.0.2.1", "--school", "os-vuk", *option, stdin=stdin)
    file.unlink()
    assert CANARY not in result.output + result.stderr
    assert CANARY.encode() not in on_disk()


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "words"),
    [
        (("add", "192.0.2.1"), "", 2, "--school"),
        (("add", "192.0.2.1", "--school", "os-vukk"), "", 1, "did you mean os-vuk"),
        (("add", "192.0.2.1/24", "--school", "os-vuk"), "", 1, "did you mean 192.0.2.0/24 or 192.0.2.1"),
        (("add", "192.0.2.1", "--school", "os-vuk", "--family", "juniper"), "", 1, "the families are: aruba"),
        (("add", "192.0.2.1", "--school", "os-vuk", "--mode", "off"), "", 2, "require"),
        (("add", "192.0.2.1", "--school", "os-vuk", "--secret-stdin"), "testing123\n", 1, "everybody knows"),
        (("add", "192.0.2.1", "--school", "os-vuk", "--secret-stdin"), "kRatka-t4jna\n", 1, "16 to 128"),
        (("add", "192.0.2.1", "--school", "os-vuk", "--secret-stdin"), "", 1, "nothing came"),
        (("add", "192.0.2.1", "--school", "os-vuk", "--secret-stdin", "--ask-secret"), "", 2, "not both"),
        (("add", "192.0.2.1", "--school", "os-vuk", "--secret", "x"), "", 2, "--secret"),
        (("remove", "192.0.2.9"), "", 1, "no client 192.0.2.9"),
        (("remove", "ap.example"), "", 1, "no address or network"),
        (("rotate-secret", "192.0.2.9"), "", 1, "no client"),
        (("rotate-secret", "192.0.2.9", "--keep-days", "-1"), "", 2, "keep-days"),
        (("forget-authenticator", "192.0.2.9"), "", 1, "nothing to forget"),
        (("mode", "192.0.2.9", "never"), "", 2, "require"),
        (("list", "--school", "os-vukk"), "", 1, "did you mean os-vuk"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_status(expect, arguments, stdin, status, words) -> None:
    expect("client", *arguments, stdin=stdin, status=status, says=words)


def test_rotating_shows_the_new_secret_and_until_when_the_old_one_holds(expect) -> None:
    expect("client", "add", "192.0.2.0/24", "--school", "os-vuk")
    shown = json.loads(expect("client", "rotate-secret", "192.0.2.0/24", "--json").output)
    assert len(shown["secret"]) == 32
    assert shown["previous_until"].endswith("Z")
    expect("client", "rotate-secret", "192.0.2.0/24", status=1, says="rotating already")
    ended = json.loads(expect("client", "rotate-secret", "192.0.2.0/24", "--keep-days", "0", "--json").output)
    assert ended["previous_until"] is None


def test_clients_are_listed_in_the_order_of_their_addresses(expect) -> None:
    for network in ("192.0.2.10", "192.0.2.9", "2001:db8::1", "10.0.0.0/8"):
        expect("client", "add", network, "--school", "os-vuk")
    listed = [client["network"] for client in json.loads(expect("client", "list", "--json").output)]
    assert listed == ["10.0.0.0/8", "192.0.2.9", "192.0.2.10", "2001:db8::1"]
    expect("client", "remove", "192.0.2.9")
    assert "192.0.2.9\t" not in expect("client", "list").output


def test_the_mode_can_be_changed_and_optional_is_warned_of(expect) -> None:
    result = expect("client", "add", "192.0.2.1", "--school", "os-vuk", "--mode", "optional")
    assert "CVE-2024-3596" in result.stderr
    assert "require" in expect("client", "mode", "192.0.2.1", "require").output


def test_learning_is_undone_by_command(expect, home) -> None:
    expect("client", "add", "192.0.2.0/24", "--school", "os-vuk")
    seen(home, learned=[{"address": "192.0.2.7", "time": 1.0, "removed": False, "revision": 1}])
    assert "192.0.2.7" in expect("client", "forget-authenticator", "192.0.2.0/24").output


def test_an_unknown_address_is_matched_with_a_clients_secret(expect, home) -> None:
    expect("client", "add", "192.0.2.1", "--school", "os-vuk", "--secret-stdin", stdin=CANARY + "\n")
    octets = SharedSecret(Secret(CANARY)).request(Code.ACCESS_REQUEST, 1, bytes(range(16)), b"\x01\x05ana")
    seen(home, unknown_clients=[{"address": "198.51.100.7", "first": 1e9, "last": 1e9 + 1, "count": 4, "octets": octets}])
    plain = json.loads(expect("client", "unknown", "--json").output)
    assert plain[0] == {
        "address": "198.51.100.7",
        "first": "2001-09-09T01:46:40.000Z",
        "last": "2001-09-09T01:46:41.000Z",
        "count": 4,
        "sent": "Access-Request",
        "secret_of": "",
    }
    tried = expect("client", "unknown", "--try-secrets")
    assert "192.0.2.1" in tried.output
    assert CANARY not in tried.output
