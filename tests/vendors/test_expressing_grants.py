"""`express`: each family's golden octets, and the promise that no field of a grant is ever silently lost.

golden/<family>.txt has what a full grant becomes: name, tag, value and the exact octets; what is lost; the device's key. To
see what a changed family says, run this file as a program (PYTHONPATH=.): it writes them anew, for a person to compare.
"""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.grant import RawAttribute, Terms
from radius.errors import OperatorError
from radius.secret import Secret
from radius.vendors import FAMILIES
from radius.vendors.base import Attribute, Inexpressible, timing
from radius.vendors.writing import acl_rules
from radius.wire import dictionary
from radius.wire.shared_secret import SharedSecret

GOLDEN = Path(__file__).parent / "golden"
DICTIONARY = dictionary.load()

FULL = Terms(
    vlan=120,
    vlan_name="pupils",
    voice=True,
    filter_id="pupils-8",
    acl="GUARD",
    bandwidth_down=8000,
    bandwidth_up=2000,
    idle_timeout=900,
    reauthenticate=3600,
    redirect="https://portal.example/p",
    reply_message="Dobrodošli",
    attributes=(RawAttribute("Class", "0x0102"), RawAttribute("Tunnel-Private-Group-Id", "200", 2)),
)
CISCO_RULES = "permit udp any any eq 53\n deny ip any 10.0.0.0 0.255.255.255; permit ip any any"
FROM_TO_RULES = "permit in udp from any to any 53; deny in ip from any to 10.0.0.0/8"


def rendered(family: str) -> str:
    """A golden file's text."""
    lines = ["# a full grant"]
    expression = FAMILIES[family].express(FULL)
    lines += [line(attribute) for attribute in expression.attributes]
    lines += [f"lost: {' '.join(expression.lost)}".rstrip()]
    for language, rules in (("Cisco's language", CISCO_RULES), ("the language of RFC 4849", FROM_TO_RULES)):
        lines += ["", f"# an ACL written out in {language}"]
        expression = FAMILIES[family].express(Terms(filter_id="pupils-8", acl=rules))
        lines += [line(attribute) for attribute in expression.attributes]
        lines += [f"lost: {' '.join(expression.lost)}".rstrip()]
    lines += ["", "# the device's own key, on the network 'skola'"]
    key = FAMILIES[family].express_psk(Secret("jedna duga lozinka"), "skola")
    lines += ["none"] if key is None else [line(attribute) for attribute in key]
    return "\n".join(lines) + "\n"


def line(attribute: Attribute) -> str:
    name, value, tag = attribute.name, attribute.value, attribute.tag
    if isinstance(value, Secret) and DICTIONARY.encrypted(name):
        secret = SharedSecret(Secret("a shared secret of golden tests"))
        octets = DICTIONARY.encode_encrypted(name, value.reveal(), tag, secret, bytes(range(16)), b"\x80\x01")
    else:
        octets = DICTIONARY.encode(name, value, tag)
    return f"{name}{f':{tag}' if tag else ''} = {value}\n    {octets.hex()}"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_full_grant_becomes_exactly_the_golden_octets(family: str) -> None:
    assert rendered(family) == (GOLDEN / f"{family}.txt").read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_family() -> None:
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(FAMILIES)


def test_a_grant_that_says_nothing_becomes_nothing() -> None:
    for family in FAMILIES.values():
        expression = family.express(Terms())
        assert expression.attributes == ()
        assert expression.lost == ()


# --- never silently lost ----------------------------------------------------------------------------------------------

# Each field draws from values of its own, so that its value in an attribute cannot be another field's by chance.
NAMES = st.text("abcdefghij", min_size=6, max_size=12)
RANDOM_TERMS = st.builds(
    Terms,
    vlan=st.none() | st.integers(2, 4094),
    vlan_name=st.just("") | NAMES.map("vlan-{}".format),
    voice=st.booleans(),
    filter_id=st.none() | NAMES.map("filter-{}".format),
    acl=st.none()
    | NAMES.map("acl-{}".format)
    | NAMES.map("permit ip any host acl-{}".format)
    | NAMES.map("permit in ip from acl-{} to any".format),
    bandwidth_down=st.none() | st.integers(5_000, 9_999),
    bandwidth_up=st.none() | st.integers(10_000, 19_999),
    idle_timeout=st.none() | st.integers(20_000, 29_999),
    reauthenticate=st.none() | st.integers(30_000, 39_999),
    redirect=st.none() | NAMES.map("https://portal.example/{}".format),
    reply_message=st.none() | NAMES.map("message {}".format),
    attributes=st.lists(st.builds(RawAttribute, st.just("Class"), NAMES), max_size=2).map(tuple),
)
VOICE = re.compile(r"device-traffic-class=voice|T\d+")
VOICE_MARKS = {"Aruba-Device-Traffic-Class", "Huawei-Voice-Vlan"}


def visible(field: str, wanted: object, attributes: tuple[Attribute, ...]) -> bool:
    """Whether somebody who reads the attributes can see the field's value in them. Written without the families' code."""
    if field == "voice":
        return any(VOICE.fullmatch(str(each.value)) or each.name in VOICE_MARKS for each in attributes)
    if isinstance(wanted, int):
        spellings = {str(wanted), str(wanted * 1000)}
        return any(spellings & set(re.findall(r"\d+", str(each.value))) for each in attributes)
    return any(str(wanted) in str(each.value) for each in attributes)


@given(RANDOM_TERMS, st.sampled_from(sorted(FAMILIES)))
def test_no_field_of_a_grant_is_ever_silently_lost(terms: Terms, name: str) -> None:
    family = FAMILIES[name]
    expression = family.express(terms)
    for field in Terms.__struct_fields__:
        wanted = getattr(terms, field)
        if field == "attributes" or wanted in {None, False, ""}:
            assert field not in expression.lost
        elif field == "vlan_name":  # a name for people: the id carries it, and without an id nothing does
            assert (field in expression.lost) == (terms.vlan is None or "vlan" in expression.lost)
        elif field == "reauthenticate":  # said by timing(), which the server adds
            assert (field in expression.lost) != family.reauthenticates
        else:
            assert (field in expression.lost) != visible(field, wanted, expression.attributes), field
    raw = tuple(Attribute(attribute.name, attribute.value, attribute.tag) for attribute in terms.attributes)
    assert expression.attributes[len(expression.attributes) - len(raw) :] == raw


@given(RANDOM_TERMS, st.sampled_from(sorted(FAMILIES)))
def test_every_attribute_of_every_family_can_be_encoded(terms: Terms, name: str) -> None:
    for attribute in FAMILIES[name].express(terms).attributes:
        assert not isinstance(attribute.value, Secret)
        assert DICTIONARY.check(attribute.name, attribute.value, attribute.tag) is None


def test_a_vlan_name_without_an_id_is_lost_everywhere() -> None:
    for family in FAMILIES.values():
        assert family.express(Terms(vlan_name="pupils")).lost == ("vlan_name",)


# --- directions and units -----------------------------------------------------------------------------------------------


def values(family: str, terms: Terms) -> dict[str, object]:
    return {attribute.name: attribute.value for attribute in FAMILIES[family].express(terms).attributes}


def test_what_a_pupil_downloads_is_each_vendors_word_for_it() -> None:
    terms = Terms(bandwidth_down=8000, bandwidth_up=2000)
    assert values("ruckus", terms) == {"WISPr-Bandwidth-Max-Down": 8_000_000, "WISPr-Bandwidth-Max-Up": 2_000_000}
    assert values("huawei", terms) == {"Huawei-Output-Average-Rate": 8_000_000, "Huawei-Input-Average-Rate": 2_000_000}
    assert values("mikrotik", terms) == {"Mikrotik-Rate-Limit": "2000k/8000k"}
    assert values("cisco", terms)["Airespace-Data-Bandwidth-Average-Contract"] == 8000
    assert values("cisco", terms)["Airespace-Data-Bandwidth-Average-Contract-Upstream"] == 2000


def test_cisco_limits_udp_as_well_as_tcp() -> None:
    assert values("cisco", Terms(bandwidth_down=8000))["Airespace-Real-Time-Bandwidth-Average-Contract"] == 8000


def test_one_direction_alone_leaves_the_other_unlimited_on_mikrotik() -> None:
    assert values("mikrotik", Terms(bandwidth_down=8000)) == {"Mikrotik-Rate-Limit": "0/8000k"}
    assert values("mikrotik", Terms(bandwidth_up=2000)) == {"Mikrotik-Rate-Limit": "2000k/0"}


@pytest.mark.parametrize("family", ["ruckus", "huawei"])
def test_a_rate_that_no_32_bits_hold_is_the_operators_to_lower(family: str) -> None:
    assert FAMILIES[family].express(Terms(bandwidth_down=4_294_967)).lost == ()
    with pytest.raises(Inexpressible, match="bandwidth_down"):
        FAMILIES[family].express(Terms(bandwidth_down=4_294_968))


# --- limits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "room"), [("cisco", 247 - len("url-redirect=")), ("aruba", 247), ("huawei", 247)])
def test_a_redirect_that_does_not_fit_names_the_field(family: str, room: int) -> None:
    url = "https://portal.example/"
    fits = url + "p" * (room - len(url))
    assert "redirect" not in FAMILIES[family].express(Terms(redirect=fits)).lost
    for attribute in FAMILIES[family].express(Terms(redirect=fits)).attributes:
        assert DICTIONARY.check(attribute.name, attribute.value) is None
    with pytest.raises(Inexpressible, match=r"^redirect makes .* it holds 247: make redirect shorter$"):
        FAMILIES[family].express(Terms(redirect=fits + "p"))


def test_a_limit_counts_octets_and_not_letters() -> None:
    assert FAMILIES["generic"].express(Terms(reply_message="ш" * 126)).lost == ()
    with pytest.raises(Inexpressible, match="reply_message"):
        FAMILIES["generic"].express(Terms(reply_message="ш" * 127))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_filter_name_that_does_not_fit_is_refused_where_it_would_be_sent(family: str) -> None:
    terms = Terms(filter_id="f" * 254)
    if "filter_id" in FAMILIES[family].express(Terms(filter_id="f")).lost:
        assert FAMILIES[family].express(terms).lost == ("filter_id",)
    else:
        with pytest.raises(OperatorError, match="filter_id"):
            FAMILIES[family].express(terms)


# --- one place for two names, ACLs, voice -------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["generic", "aruba", "meraki", "extreme", "huawei"])
def test_where_there_is_one_place_the_filter_goes_before_the_acl(family: str) -> None:
    express = FAMILIES[family].express
    assert express(Terms(filter_id="f", acl="a")).lost == ("acl",)
    assert express(Terms(acl="a")).lost == ()
    assert [attribute.value for attribute in express(Terms(acl="a")).attributes] == ["a"]


def test_rules_are_told_from_a_name() -> None:
    assert acl_rules("permit ip any any; deny ip any any\n\n;") == ("permit ip any any", "deny ip any any")
    assert acl_rules("DENY ip any any") == ("DENY ip any any",)
    assert acl_rules("permitted") == ()
    assert acl_rules("") == ()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("rules", [CISCO_RULES, FROM_TO_RULES, f"{CISCO_RULES};{FROM_TO_RULES}"])
def test_rules_travel_in_their_own_language_or_not_at_all(family: str, rules: str) -> None:
    expression = FAMILIES[family].express(Terms(acl=rules))
    if (family, rules) in {("cisco", CISCO_RULES), ("aruba", FROM_TO_RULES)}:
        assert expression.lost == ()
        assert len(expression.attributes) == len(acl_rules(rules))
    else:
        assert expression.attributes == ()
        assert expression.lost == ("acl",)


def test_a_redirects_acl_is_a_name() -> None:
    portal = "https://portal.example/"
    redirect = Attribute("Cisco-AVPair", f"url-redirect={portal}")
    named = FAMILIES["cisco"].express(Terms(redirect=portal, acl="GUARD")).attributes
    assert named == (redirect, Attribute("Cisco-AVPair", "url-redirect-acl=GUARD"))
    ruled = FAMILIES["cisco"].express(Terms(redirect=portal, acl="permit ip any any")).attributes
    assert ruled == (redirect, Attribute("Cisco-AVPair", "ip:inacl#1=permit ip any any"))


@pytest.mark.parametrize("family", ["huawei", "extreme"])
def test_a_voice_mark_without_its_vlan_is_lost(family: str) -> None:
    assert FAMILIES[family].express(Terms(voice=True)).lost == ("voice",)


# --- the device's own key -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["generic", "huawei", "extreme"])
def test_families_without_per_device_keys_say_so(family: str) -> None:
    assert FAMILIES[family].express_psk(Secret("jedna duga lozinka"), "skola") is None


@pytest.mark.parametrize("family", ["hostapd", "cisco", "aruba", "ruckus", "mikrotik", "unifi", "meraki", "fortinet"])
@pytest.mark.parametrize("key", ["seven77", "", "x" * 64, "ключ за мрежу", "tab\tinside-it", "a" * 65])
def test_what_is_no_wpa_key_is_refused_without_being_told(family: str, key: str) -> None:
    with pytest.raises(OperatorError) as caught:
        FAMILIES[family].express_psk(Secret(key), "skola")
    assert not key or key not in str(caught.value)


def test_ruckus_wants_the_master_key_of_ieee_802_11() -> None:
    # IEEE 802.11 annex J.4.2, test vector 1: passphrase 'password', SSID 'IEEE'
    attributes = FAMILIES["ruckus"].express_psk(Secret("password"), "IEEE")
    assert attributes is not None
    assert isinstance(attributes[0].value, Secret)
    expected = "00f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    assert attributes[0].value.reveal().hex() == expected
    assert FAMILIES["ruckus"].express_psk(Secret("password"), "") is None
    assert FAMILIES["ruckus"].express_psk(Secret(expected[2:])) == attributes


def test_cisco_is_told_whether_the_key_is_in_hexadecimal() -> None:
    attributes = FAMILIES["cisco"].express_psk(Secret("0f" * 32))
    assert attributes is not None
    assert attributes[0].value == "psk-mode=hex"
    assert attributes[1].value == Secret("psk=" + "0f" * 32)


def test_no_key_can_be_read_from_what_is_printed() -> None:
    for family in FAMILIES.values():
        assert "lozinka" not in repr(family.express_psk(Secret("jedna duga lozinka"), "skola"))


# --- times --------------------------------------------------------------------------------------------------------------


def test_timing_is_session_timeout_and_termination_action() -> None:
    expected = DICTIONARY.encode("Session-Timeout", 3600) + DICTIONARY.encode("Termination-Action", "RADIUS-Request")
    assert timing(3600, True) == expected
    assert timing(3600, False) == DICTIONARY.encode("Session-Timeout", 3600) + DICTIONARY.encode("Termination-Action", 0)


@pytest.mark.parametrize(("seconds", "sent"), [(0, 1), (-5, 1), (1, 1), (2**32 - 1, 2**32 - 1), (2**32, 2**32 - 1)])
def test_a_time_is_never_none_and_never_overflows(seconds: int, sent: int) -> None:
    assert timing(seconds, True)[2:6] == sent.to_bytes(4, "big")


if __name__ == "__main__":
    for name in FAMILIES:
        (GOLDEN / f"{name}.txt").write_text(rendered(name), encoding="utf-8")
