"""`kapija directory`, as far as no directory need be there: templates, adding, changing, listing, removing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from radius.admin.directory_templates import PRODUCTS, template
from radius.directory.description import parse_description

Kapija = Callable[..., Result]

CANARY = "Kanarinac-9f3!zq7Q"
DOCUMENT = """
kind = "ldap"
servers = ["ldaps://ldap.example"]
base = "ou=people,dc=example"   # људи
bind_dn = "cn=kapija,dc=example"
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "skola.toml"
    path.write_text(DOCUMENT)
    return str(path)


def listed(expect: Kapija) -> list[dict]:
    found: list[dict] = json.loads(expect("directory", "list", "--json").stdout)
    return found


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_template_is_a_description_and_says_what_to_change(expect: Kapija, product: str) -> None:
    shown = expect("directory", "template", product).stdout
    assert shown == template(product)
    description = parse_description(shown)
    assert product in (description.profile, description.kind)
    assert shown.count("<--") >= 4
    assert max(map(len, shown.splitlines())) <= 140
    uncommented = shown.replace("\n# [ntlm]\n# domain", "\n[ntlm]\ndomain").replace("\n# [cache]\n# facts", "\n[cache]\nfacts")
    uncommented = uncommented.replace("\n# server_name", "\nserver_name")
    for key in ("processes", "proof_seconds", "proof_hours_away", "refusal_seconds"):
        uncommented = uncommented.replace(f"\n# {key}", f"\n{key}")
    assert parse_description(uncommented).cache == description.cache  # what the remarks call the defaults


def test_no_other_template_is_offered(expect: Kapija) -> None:
    expect("directory", "template", "novell", status=2, says="openldap")


@pytest.mark.parametrize("way", ["prompt", "file", "stdin"])
def test_a_secret_is_taken_every_way_and_shown_never(expect: Kapija, on_disk, tmp_path: Path, file: str, way: str) -> None:
    secret = tmp_path / "password"
    secret.write_text(CANARY + "\n")
    option = {
        "prompt": (),
        "file": ("--secret-file", f"bind_password={secret}"),
        "stdin": ("--secret-stdin", "bind_password"),
    }[way]
    stdin = "" if way == "file" else f"{CANARY}\n"
    done = expect("directory", "add", "skola", "--file", file, *option, stdin=stdin)
    shown = expect("directory", "show", "skola").output + expect("directory", "show", "skola", "--json").output
    secret.unlink()
    assert CANARY not in done.output + done.stderr + shown
    assert CANARY.encode() not in on_disk()
    assert json.loads(expect("directory", "show", "skola", "--json").stdout)["secrets"] == ["bind_password"]
    assert [one["name"] for one in listed(expect)] == ["skola"]


def test_what_is_shown_is_what_was_given_octet_by_octet(expect: Kapija, file: str) -> None:
    expect("directory", "add", "skola", "--file", "-", "--secret-file", f"bind_password={file}", stdin=DOCUMENT)
    assert expect("directory", "show", "skola", "--document").stdout == DOCUMENT
    assert DOCUMENT in expect("directory", "show", "skola").stdout
    assert json.loads(expect("directory", "show", "skola", "--json").stdout)["document"] == DOCUMENT
    assert listed(expect) == [
        {
            "name": "skola",
            "kind": "ldap",
            "position": 10,
            "realms": ['""'],
            "schools": [],
            "servers": ["ldaps://ldap.example"],
            "state": "asked",
        }
    ]


def test_a_directory_is_changed_disabled_enabled_and_removed(expect: Kapija, file: str, tmp_path: Path) -> None:
    expect("directory", "add", "skola", "--file", file, stdin=f"{CANARY}\n")
    other = tmp_path / "other.toml"
    other.write_text(DOCUMENT + '[serve]\nrealms = ["skola.example"]\n')
    expect("directory", "change", "skola", "--file", str(other))
    assert listed(expect)[0]["realms"] == ["skola.example"]
    expect("directory", "change", "skola", "--secret", "bind_password", stdin="another\n")
    assert "'kapija directory enable skola'" in expect("directory", "disable", "skola").stdout
    assert listed(expect)[0]["state"] == "disabled"
    expect("directory", "enable", "skola")
    assert listed(expect)[0]["state"] == "asked"
    expect("directory", "remove", "skola")
    assert listed(expect) == []
    tags = [row["tag"] for row in json.loads(expect("audit", "search", "--limit", "6", "--json").stdout)]
    assert tags == [
        "directory:remove:done",
        "directory:enable:done",
        "directory:disable:done",
        "directory:change:done",
        "directory:change:done",
        "directory:add:done",
    ]


def test_a_change_asks_for_the_secret_that_it_needs_anew(expect: Kapija, file: str, tmp_path: Path) -> None:
    bare = tmp_path / "bare.toml"
    bare.write_text(DOCUMENT.replace("bind_dn", "# bind_dn"))
    expect("directory", "add", "skola", "--file", str(bare), "--disabled")
    assert listed(expect)[0]["state"] == "disabled"
    expect("directory", "change", "skola", "--file", file, status=1, says="nothing was entered")
    expect("directory", "change", "skola", "--file", file, stdin=f"{CANARY}\n")
    assert json.loads(expect("directory", "show", "skola", "--json").stdout)["secrets"] == ["bind_password"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "words"),
    [
        (("add", "skola"), "", 2, "--file"),
        (("add", "skola", "--file", "/nowhere/x.toml"), "", 1, "/nowhere/x.toml: No such file"),
        (("add", "skola", "--file", "-"), b"\xff\xfe", 1, "is not UTF-8 text"),
        (("add", "skola", "--file", "-"), "kind", 1, "not valid TOML"),
        (("add", "skola", "--file", "-"), 'kind = "ldap"\n', 1, "servers"),
        (("add", "skola", "--file", "FILE"), "", 1, "nothing was entered"),
        (("add", "Skola!", "--file", "FILE"), "x\n", 1, "is not a short name"),
        (("add", "skola", "--file", "FILE", "--secret-file", "bind_password"), "", 2, "bind_password=FILE"),
        (("add", "skola", "--file", "FILE", "--secret-file", "bind_password=/nowhere/x"), "", 1, "/nowhere/x: No such file"),
        (("add", "skola", "--file", "-", "--secret-stdin", "bind_password"), "x\n", 2, "standard input carries one thing"),
        (("add", "skola", "--file", "FILE", "--secret-stdin", "bind_pass"), "x\n", 1, "no use for a secret 'bind_pass'"),
        (("add", "skola", "--file", "CERT"), "", 1, "give it with --secret-file client_key=FILE"),
        (("add", "skola", "--file", "CERT", "--secret-file", "client_key=FILE"), "", 1, "do not go together"),
        (("show", "skola"), "", 1, "there are no directories yet"),
        (("change", "skola"), "", 2, "say what to change"),
        (("change", "skola", "--file", "FILE"), "x\n", 1, "there is no directory 'skola'"),
        (("remove", "skola"), "", 1, "there is no directory 'skola'"),
        (("enable", "skola"), "", 1, "there is no directory 'skola'"),
        (("disable", "skola"), "", 1, "there is no directory 'skola'"),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(
    expect: Kapija, file: str, tmp_path: Path, arguments: tuple[str, ...], stdin: str | bytes, status: int, words: str
) -> None:
    certificate = tmp_path / "certificate.toml"
    certificate.write_text(DOCUMENT.replace("bind_dn", "# bind_dn") + 'client_certificate = "x"\n')
    given = [one.replace("FILE", file).replace("CERT", str(certificate)) for one in arguments]
    expect("directory", *given, stdin=stdin, status=status, says=words.replace("client_key=" + file, "client_key=FILE"))
    assert listed(expect) == []
