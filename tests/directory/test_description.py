"""A description is read strictly: what is wrong is said with its place and its mend, and profiles fill what is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.directory.description import DescriptionError, known_keys, parse_description
from radius.directory.profiles import PROFILES

LEAST = 'kind = "ldap"\nservers = ["ldaps://ldap.skola.example"]\nbase = "dc=skola"\n'


def test_the_least_that_must_be_written() -> None:
    description = parse_description(LEAST)
    assert description.profile == "openldap"
    assert description.people.filter == "(uid={name})"
    assert description.tls == "required"
    assert description.serve.realms == ("",)
    assert description.account.expires


@pytest.mark.parametrize("profile", sorted(set(PROFILES) - {"custom", "active-directory"}))
def test_every_profile_is_complete(profile: str) -> None:
    description = parse_description(f'{LEAST}profile = "{profile}"')
    assert description.people.id != description.people.name


def test_active_directory_has_a_profile_of_its_own() -> None:
    description = parse_description(LEAST.replace('"ldap"', '"active-directory"', 1))
    assert description.profile == "active-directory"
    assert description.people.id == "objectGUID"


def test_google_needs_no_server() -> None:
    text = 'kind = "ldap"\nprofile = "google"\nbase = "dc=skola,dc=example"'
    assert parse_description(text).servers == ("ldaps://ldap.google.com",)


def test_what_is_written_goes_before_the_profile_key_by_key() -> None:
    description = parse_description(LEAST + '[people]\nfilter = "(cn={name})"\n[account]\ndisabled = ["off"]')
    assert description.people.filter == "(cn={name})"
    assert description.people.id == "entryUUID"
    assert description.account.disabled == ("off",)
    assert description.account.expires


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = ", "not valid TOML"),
        ('kind = "nis"', "kind"),
        (LEAST.replace("ldaps://", "http://"), "is not like ldaps://"),
        (LEAST.replace("ldaps://ldap.skola.example", ""), "is not like ldaps://"),
        (LEAST.replace("skola.example", "skola.example/dc=x"), "is not like ldaps://"),
        (LEAST.replace("skola.example", "skola.example:99999"), "is not like ldaps://"),
        (LEAST.replace('["ldaps://ldap.skola.example"]', "[]"), "servers names none"),
        (LEAST + 'tls = "insecure-plain"', "for servers of this machine alone"),
        (LEAST + 'tls = "none"', "tls: "),
        (LEAST + "colour = 1", "unknown field `colour`"),
        (LEAST + "[serve]\nrealm = 1", "serve: Object contains unknown field `realm`"),
        (LEAST + "[serve]\nrealms = []", "would never be asked"),
        (LEAST + '[serve]\nrealms = ["@x"]', "without @"),
        (LEAST + '[serve]\nschools = ["Os Vuk"]', "short name"),
        (LEAST + "[limits]\nthreads = 0", "limits.threads"),
        (LEAST + "[limits]\ndeadline_seconds = 60", "limits.deadline_seconds"),
        (LEAST + '[people]\nfilter = "(objectClass=person)"', "would find anybody"),
        (LEAST + '[people]\nfilter = "(uid={user})"', "has {user}"),
        (LEAST + '[people]\nfilter = "uid={name}"', "parentheses"),
        (LEAST + '[people]\nfilter = "(uid={name}))"', "parentheses"),
        (LEAST + '[people]\nfilter = "(uid={name})(a=b)"', "parentheses"),
        (LEAST + '[people]\nnt_hash = "samba NT"', "is not the name of an attribute"),
        (LEAST + '[groups]\nabove = "(member={name})"', "has {name}"),
        (LEAST + '[account]\nexpires = ["shadowExpire in weeks"]', "account: expires"),
        (LEAST + '[account]\ndisabled = ["a b c"]', "account: disabled"),
        (LEAST + '[[map]]\nwhen = "group"', "neither role nor school nor groups"),
        (LEAST + '[[map]]\nrole = "{value}"', "none (only a row with an attribute"),
        (LEAST + '[[map]]\nrole = "x"\nvalues = {a = "b"}', "name it with attribute"),
        (LEAST + '[[map]]\nrole = "x"\n[[map]]\nrole = "y"\nwhen = "?"', "map[1]: when"),
        (LEAST + "[ntlm]\nprocesses = 1", "ntlm is for"),
        (LEAST + 'profile = "active-directory"', "does not go with kind"),
        (LEAST + 'profile = "novell"', "profile"),
        ("x" * (1 << 20) + "x", "characters"),
        ("a = " + "[" * 100_000, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(DescriptionError) as raised:
        parse_description(text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)[:200]


@pytest.mark.parametrize("url", ["ldap://127.0.0.1:3890", "ldap://[::1]", "ldap://localhost"])
def test_without_tls_only_on_this_machine(url: str) -> None:
    text = LEAST.replace("ldaps://ldap.skola.example", url) + 'tls = "insecure-plain"'
    assert parse_description(text).tls == "insecure-plain"


def test_the_known_keys_are_those_of_every_table() -> None:
    assert {"servers", "people.filter", "groups.nested", "account.disabled", "cache.proof_hours_away", "ntlm.domain"} <= set(
        known_keys()
    )


@given(st.text())
def test_any_text_is_a_description_or_refused(text: str) -> None:
    with pytest.raises(DescriptionError):
        parse_description(text)
