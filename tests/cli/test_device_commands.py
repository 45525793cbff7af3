"""`kapija device`."""

import json

import pytest

CANARY = "Kanarinac psk 4711"
ADD = ("device", "add", "0200.0000.0501", "--school", "os-vuk")


def test_a_device_is_added_listed_and_removed(expect) -> None:
    expect(*ADD, "--label", "štampač", "--group", "printer", "--valid-until", "2027-06-30")
    (listed,) = json.loads(expect("device", "list", "--school", "os-vuk", "--json").output)
    assert (listed["mac"], listed["label"], listed["groups"], listed["psk"]) == (
        "02-00-00-00-05-01",
        "štampač",
        ["printer"],
        False,
    )
    assert listed["valid_until"] == "2027-06-30T22:00:00.000Z"
    assert "02-00-00-00-05-01" in expect("device", "remove", "02:00:00:00:05:01").output
    assert json.loads(expect("device", "list", "--json").output) == []


def test_a_generated_key_is_shown_once(expect, on_disk) -> None:
    psk = json.loads(expect(*ADD, "--generate-psk", "--json").output)["psk"]
    assert len(psk) == 19
    assert psk not in expect("device", "list").output
    assert psk.encode() not in on_disk()


def test_a_given_key_is_never_shown(expect, on_disk) -> None:
    result = expect(*ADD, "--psk-stdin", stdin=CANARY + "\n")
    assert CANARY not in result.output
    assert CANARY.encode() not in on_disk()


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "words"),
    [
        (("add", "printer", "--school", "os-vuk"), "", 1, "no MAC address"),
        (("add", "02-00-00-00-05-01"), "", 2, "--school"),
        (("add", "02-00-00-00-05-01", "--school", "os-vukk"), "", 1, "did you mean os-vuk"),
        (("add", "02-00-00-00-05-01", "--school", "os-vuk", "--ownership", "stolen"), "", 2, "managed"),
        (("add", "02-00-00-00-05-01", "--school", "os-vuk", "--owner", "niko"), "", 1, "nobody"),
        (("add", "02-00-00-00-05-01", "--school", "os-vuk", "--psk-stdin"), "kratko", 1, "8 to 63"),
        (("add", "02-00-00-00-05-01", "--school", "os-vuk", "--psk-stdin", "--generate-psk"), "", 2, "not both"),
        (("remove", "02-00-00-00-05-01"), "", 1, "no device"),
        (("list", "--school", "os-vukk"), "", 1, "did you mean os-vuk"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_status(expect, arguments, stdin, status, words) -> None:
    expect("device", *arguments, stdin=stdin, status=status, says=words)
