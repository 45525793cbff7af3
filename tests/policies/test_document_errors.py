"""A document is read strictly: each mistake is told with its place, all at once; nothing but DocumentError leaves."""

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.document import Document, DocumentError, parse
from policies.grant import RawAttribute
from tests.policies.generated import CHANCES, document, document_text, toml

GOOD = '[[rule]]\nid = "staff"\nwhen = { role = "staff" }\ngrant = { vlan = "staff" }\n'


def dictionary(name: str, value: str | int, tag: int) -> str | None:
    return None if name == "Filter-Id" else f"the attribute {name!r} is in no dictionary"


def read(text: str, scope: str = "national") -> Document:
    return parse(text, scope, dictionary)


def problems(text: str, scope: str = "national") -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as caught:
        read(text, scope)
    return [(problem.place, problem.message) for problem in caught.value.problems]


def one(when: str = "{}", outcome: str = 'deny = "no"', more: str = "") -> str:
    return f'{GOOD}[[rule]]\nid = "odd"\nwhen = {when}\n{outcome}\n{more}\n'


@pytest.mark.parametrize(
    ("when", "place", "words"),
    [
        ('{ sid = "x" }', "rule[1].when.sid", "did you mean 'ssid'?"),
        ('{ directory_away = true }', "rule[1].when.directory_away", "known: access_point, all, any"),
        ("{ ssid = 3 }", "rule[1].when.ssid", "must be a text or a list of texts, not a whole number"),
        ("{ ssid = [] }", "rule[1].when.ssid", "at least one value"),
        ('{ ssid = ["a", 3] }', "rule[1].when.ssid[1]", "must be a text"),
        ('{ ssid = "" }', "rule[1].when.ssid", "must not be empty"),
        (r'{ ssid = "a\u0000" }', "rule[1].when.ssid", "cannot be printed"),
        (f'{{ ssid = "{"x" * 254}" }}', "rule[1].when.ssid", "longer than 253 octets"),
        ('{ method = "mschap2" }', "rule[1].when.method", "did you mean 'mschapv2'?"),
        ('{ ownership = "mine" }', "rule[1].when.ownership", "known: managed, own, registered"),
        ('{ mac = "02-00" }', "rule[1].when.mac", "no MAC address or its beginning"),
        ('{ home = "yes" }', "rule[1].when.home", "must be true or false, not a text"),
        ('{ wired = 1 }', "rule[1].when.wired", "must be true or false"),
        ('{ time = "pon 08:00-09:00" }', "rule[1].when.time", "weekday"),
        ('{ time = "08:00-08:00" }', "rule[1].when.time", "00:00-24:00"),
        ('{ dates = "2026-13-01" }', "rule[1].when.dates", "no range of dates"),
        ('{ dates = "2026-02-01..2026-01-01" }', "rule[1].when.dates", "ends before it begins"),
        ('{ dates = "2026-01-01..9999-12-31" }', "rule[1].when.dates", "in the years"),
        ('{ dates = 2026-01-01 }', "rule[1].when.dates", "not a date or time"),
        ('{ calendar = "1, 2" }', "rule[1].when.calendar", "comma"),
        ("{ any = [] }", "rule[1].when.any", "at least one table"),
        ('{ any = { role = "staff" } }', "rule[1].when.any", "must be a list of tables, not a table"),
        ('{ any = [{ role = "a" }, { rol = "b" }] }', "rule[1].when.any[1].rol", "did you mean 'role'?"),
        ('{ all = [{ role = "a" }, {}] }', "rule[1].when.all[1]", "at least one condition"),
        ("{ not = {} }", "rule[1].when.not", "at least one condition"),
        ('{ not = { any = [{ sid = "x" }] } }', "rule[1].when.not.any[0].sid", "not known"),
        ("{ not = " * 9 + '{ role = "a" }' + " }" * 9, "rule[1].when" + ".not" * 8, "nested more than 8 deep"),
        ("true", "rule[1].when", "must be a table"),
    ],
)  # fmt: skip
def test_a_mistake_in_when_is_told_with_its_place(when, place, words):
    assert [at for at, _ in problems(one(when))] == [place]
    assert words in problems(one(when))[0][1]


@pytest.mark.parametrize(
    ("grant", "place", "words"),
    [
        ("vlan = 0", "vlan", "from 1 to 4094"),
        ("vlan = 4095", "vlan", "from 1 to 4094"),
        ("vlan = true", "vlan", "not true or false"),
        ("vlan = 1.5", "vlan", "an id from 1"),
        ('vlan = "Pupils VLAN"', "vlan", "no VLAN name"),
        ('vlans = "x"', "vlans", "did you mean 'vlan'?"),
        ("bandwidth_down = -1", "bandwidth_down", "must be from 1"),
        (f"bandwidth_up = {'9' * 40}", "bandwidth_up", "far too large"),
        ("session_timeout = 59", "session_timeout", "must be from 60"),
        ('idle_timeout = "600"', "idle_timeout", "whole number"),
        ("max_devices = true", "max_devices", "whole number"),
        ("psk = 1", "psk", "true or false"),
        ('redirect = "javascript:alert(1)"', "redirect", "portal's URL"),
        ('redirect = "https://[broken"', "redirect", "portal's URL"),
        ('attributes = [{ name = "Filter-Ids", value = "x" }]', "attributes[0]", "in no dictionary"),
        ('attributes = [{ name = "Filter-Id" }]', "attributes[0].value", "is missing"),
        ('attributes = [{ name = "Filter-Id", value = true }]', "attributes[0].value", "a text or a whole number"),
        ('attributes = [{ name = "Filter-Id", value = -1 }]', "attributes[0].value", "64 bits"),
        ('attributes = [{ name = "Filter-Id", value = "x", tag = 32 }]', "attributes[0].tag", "from 0 to 31"),
        ('attributes = [{ value = "x" }]', "attributes[0].name", "is missing"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_grant_is_told_with_its_place(grant, place, words):
    found = problems(one(outcome=f"grant = {{ {grant} }}"))
    assert [at for at, _ in found] == [f"rule[1].grant.{place}"]
    assert words in found[0][1]


@pytest.mark.parametrize(
    ("text", "scope", "place", "words"),
    [
        ("[[rules]]", "national", "rules", "did you mean 'rule'?"),
        (GOOD + GOOD, "national", "rule[1].id", "the id of rule[0] already"),
        (GOOD.replace('"staff"', '"Staff!"', 1), "national", "rule[0].id", "no id"),
        (GOOD.replace('"staff"', '"critical"', 1), "national", "rule[0].id", "[critical]"),
        (GOOD.replace('id = "staff"', ""), "national", "rule[0].id", "is missing"),
        (GOOD.replace('when = { role = "staff" }', ""), "national", "rule[0].when", "when = {}"),
        (GOOD.replace('grant = { vlan = "staff" }', ""), "national", "rule[0]", "either grant"),
        (GOOD + 'deny = "both"', "national", "rule[0]", "either grant"),
        (GOOD.replace('grant = { vlan = "staff" }', 'deny = ""'), "national", "rule[0].deny", "empty"),
        (GOOD + "locked = true", "os-vuk", "rule[0].locked", "for national rules"),
        (GOOD + 'locked = "yes"', "national", "rule[0].locked", "true or false"),
        (GOOD + 'replaces = "x"', "national", "rule[0].replaces", "for schools' rules"),
        (GOOD + 'replaces = "critical"', "os-vuk", "rule[0].replaces", "own [critical]"),
        ("rule = 3", "national", "rule", "list of tables"),
        ("rule = [3]", "national", "rule[0]", "must be a table"),
        ("[critical]\nwhen = {}", "national", "critical.grant", "is missing"),
        ('[critical]\ndeny = "no"\ngrant = {}', "national", "critical.deny", "not known"),
        ('[critical]\ngrant = { vlan = 0 }', "national", "critical.grant.vlan", "from 1"),
        ('[critical]\nreplaces = "night"\ngrant = {}', "os-vuk", "critical.replaces", "'critical'"),
        ("[filter.young]\nblocked = []", "national", "filter.young.blocked", "not known"),
        ('[filter."Young One"]', "national", "filter.Young One", "no name"),
        ('[filter.young]\ndenied_domains = ["http://x.rs/"]', "national", "filter.young.denied_domains", "no domain"),
        ('[filter.young]\nschedule = "always"', "national", "filter.young.schedule", "always"),
        ("[filter.young]\nvendor_names = { cisco = 3 }", "national", "filter.young.vendor_names.cisco", "must be a text"),
        ("filter = []", "national", "filter", "must be a table"),
        ("a = [[[", "national", "document", "not valid TOML"),
        ("a = " + "[" * 5000, "national", "document", "nested too deeply"),
        ("a = " + "9" * 5000, "national", "document", "not valid TOML"),
        ("#" * (1 << 20) + "#", "national", "document", "more than"),
        ("\ud800", "national", "document", "UTF-8"),
        ("", "Osnovna škola", "scope", "short name"),
    ],
)  # fmt: skip
def test_a_mistake_elsewhere_is_told_with_its_place(text, scope, place, words):
    found = problems(text, scope)
    assert found[0][0] == place
    assert words in found[0][1]
    assert len(found) == 1


def test_all_mistakes_are_told_at_once_with_the_rules_id():
    text = one('{ sid = "x", method = "?" }', "grant = { vlan = 0 }", "colour = 1")
    with pytest.raises(DocumentError) as caught:
        read(text)
    assert len(caught.value.problems) == 4
    assert {problem.rule for problem in caught.value.problems} == {"odd"}
    assert "rule[1].when.sid (rule 'odd'): is not known here; did you mean 'ssid'?" in str(caught.value)


def test_a_thousand_mistakes_are_cut_at_a_hundred():
    assert len(problems("\n".join(f"key{number} = 1" for number in range(1000)))) == 100


def test_a_full_grant_comes_out_as_it_was_written():
    grant = (
        'vlan = 20, voice = true, filter = "young", acl = "pupils-in", bandwidth_down = 1000, bandwidth_up = 500, '
        "session_timeout = 3600, idle_timeout = 600, reauthenticate = 7200, max_devices = 2, "
        'redirect = "https://portal.example.rs/in", '
        'reply_message = "Добро дошли", psk = true, attributes = [{ name = "Filter-Id", value = "x", tag = 3 }]'
    )
    read_grant = read(one(outcome=f"grant = {{ {grant} }}")).rules[1].grant
    assert read_grant.attributes == (RawAttribute("Filter-Id", "x", 3),)
    assert (read_grant.vlan, read_grant.filter, read_grant.reply_message, read_grant.psk) == (20, "young", "Добро дошли", True)
    assert read_grant.redirect == "https://portal.example.rs/in"
    assert (read_grant.bandwidth_down, read_grant.bandwidth_up, read_grant.max_devices) == (1000, 500, 2)
    assert (read_grant.session_timeout, read_grant.idle_timeout, read_grant.reauthenticate) == (3600, 600, 7200)


def test_the_hash_is_of_the_text_in_utf_8():
    assert read("").sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert read("# ш").sha256 != read("# s").sha256


@settings(deadline=None)
@given(st.text(max_size=300))
@example("\x00")
@example("rule = [{}]\nfilter = {a = {}}\ncritical = {}")
def test_any_text_is_a_document_or_a_document_error(text):
    try:
        read(text, "os-vuk")
    except DocumentError as error:
        assert error.problems


WORDS = (
    *("rule", "filter", "critical", "id", "when", "grant", "deny", "locked", "replaces", "any", "all", "not", "role", "mac"),
    *(
        "time",
        "dates",
        "calendar",
        "home",
        "access_point",
        "vlan",
        "redirect",
        "attributes",
        "name",
        "value",
        "tag",
        "schedule",
    ),
)


def mangled(chance: Random, depth: int = 0) -> object:
    """A random TOML value built from the words that the reader knows."""
    if depth > 4 or chance.random() < 0.4:
        scalars = ("", "staff", "mon-fri", "02-00-00", "[*", "2026-01-01..", "\x7f", 0, 7, -1, 2**70, True, False, "é" * 200)
        return chance.choice(scalars)
    if chance.random() < 0.5:
        return [mangled(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    return {chance.choice(WORDS): mangled(chance, depth + 1) for _ in range(chance.randint(0, 5))}


@settings(max_examples=300, deadline=None)
@given(CHANCES)
def test_mangled_documents_raise_nothing_but_document_error(chance):
    data = document(chance, "national")
    holders = [data, *data["rule"], *(rule["when"] for rule in data["rule"])]
    for _ in range(chance.randint(1, 3)):
        chance.choice(holders)[chance.choice(WORDS)] = mangled(chance)
    try:
        read("\n".join(f"{key} = {toml(value)}" for key, value in data.items()))
    except DocumentError as error:
        assert error.problems
        assert all(problem.place and problem.message for problem in error.problems)


@given(CHANCES, st.sampled_from(("national", "os-vuk")))
def test_every_generated_document_is_accepted(chance, scope):
    data = document(chance, scope)
    assert [rule.id for rule in read(document_text(data), scope).rules] == [rule["id"] for rule in data["rule"]]
