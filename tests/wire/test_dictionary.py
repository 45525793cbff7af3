"""Names to octets and back: our dictionary files, limits, tags, and errors that say what would be right."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.errors import OperatorError
from radius.secret import Secret
from radius.wire import attributes
from radius.wire.attributes import encode_attribute, encode_vendor
from radius.wire.dictionary import FOLDER, load
from radius.wire.packet import decode
from radius.wire.shared_secret import SharedSecret

DICTIONARY = load()
AUTHENTICATOR = bytes(range(16))
SALT = b"\x80\x01"


def test_every_file_is_read_and_pyrad_skips_nothing(caplog):
    with caplog.at_level(logging.WARNING, logger="pyrad"):
        load()
    assert caplog.text == ""
    assert len(list(FOLDER.glob("rfc*.dict"))) >= 9


def test_every_number_and_name_is_given_once():
    seen: dict[tuple[str, str], str] = {}
    for file in FOLDER.glob("*.dict"):
        vendor = ""
        for line in file.read_text().splitlines():
            words = line.split("#")[0].split()
            if words[:1] == ["BEGIN-VENDOR"]:
                vendor = words[1]
            elif words[:1] == ["END-VENDOR"]:
                vendor = ""
            elif words[:1] == ["ATTRIBUTE"]:
                for key in ((vendor, words[2]), ("name", words[1].lower())):
                    assert key not in seen, f"{file.name}: {words[1]} is also {seen[key]}"
                    seen[key] = words[1]


NOT_ATTRIBUTES = {
    "VENDOR_SPECIFIC",
    "FRAMED_USER",
    "CALL_CHECK",
    "RADIUS_REQUEST",
    "MICROSOFT",
    "MAX_VALUE",
    "MAX_VENDOR_VALUE",
}
NUMBERS = [name for name, value in vars(attributes).items() if name.isupper() and isinstance(value, int)]


@pytest.mark.parametrize("constant", sorted(set(NUMBERS) - NOT_ATTRIBUTES))
def test_the_constants_in_code_and_the_dictionary_agree(constant):
    number = getattr(attributes, constant)
    name = constant.replace("_", "-")
    name = next(one for one in DICTIONARY.names() if one.upper() == name)
    octets = encode_vendor(311, number, b"") if constant.startswith("MS_") else encode_attribute(number, b"")
    assert DICTIONARY.describe(octets)[0][0] == name


@pytest.mark.parametrize(
    ("name", "value", "tag", "octets"),
    [
        ("Session-Timeout", 3600, 0, "1b0600000e10"),  # RFC 2865 section 5.27
        ("Session-Timeout", "3600", 0, "1b0600000e10"),
        ("Service-Type", "Call-Check", 0, "06060000000a"),
        ("Filter-Id", "učenici", 0, "0b0a75c48d656e696369"),
        ("Class", "0x0102", 0, "19040102"),
        ("Class", b"0x0102", 0, "1908307830313032"),  # octets are as they are
        ("Class", "65", 0, "19043635"),  # and text is text, not the octet 65
        ("Tunnel-Type", "VLAN", 0, "40060000000d"),  # RFC 3580 section 3.31
        ("Tunnel-Type", 13, 1, "40060100000d"),
        ("Tunnel-Medium-Type", "IEEE-802", 1, "410601000006"),
        ("Tunnel-Private-Group-ID", "120", 0, "5105313230"),
        ("Tunnel-Private-Group-Id", "120", 1, "510601313230"),  # any capitals
        ("Framed-IP-Address", "192.0.2.1", 0, "0806c0000201"),
        ("NAS-IPv6-Address", "2001:db8::1", 0, "5f1220010db8000000000000000000000001"),
        ("Framed-IPv6-Prefix", "2001:db8::/32", 0, "6114002020010db8000000000000000000000000"),
        ("Framed-Interface-Id", "1:2:3:4", 0, "600a0001000200030004"),
        ("Event-Timestamp", 1700000000, 0, "37066553f100"),
        ("Egress-VLANID", 0x31000005, 0, "380631000005"),  # RFC 4675 section 2.1
        ("MS-MPPE-Encryption-Policy", "Encryption-Allowed", 0, "1a0c00000137070600000001"),
        ("Reply-Message", Secret("hidden"), 0, "120868696464656e"),
    ],
)
def test_values_become_the_octets_of_the_rfcs(name, value, tag, octets):
    assert DICTIONARY.check(name, value, tag) is None
    assert DICTIONARY.encode(name, value, tag).hex() == octets


@pytest.mark.parametrize(
    ("name", "value", "tag", "words"),
    [
        ("Sesion-Timeout", 1, 0, "did you mean Session-Timeout"),
        ("Qqqq", 1, 0, "no attribute is called 'Qqqq'"),
        ("Session-Timeout", "soon", 0, "Session-Timeout takes a number"),
        ("Session-Timeout", 1 << 32, 0, "Session-Timeout takes a number"),
        ("Session-Timeout", -1, 0, "Session-Timeout takes a number"),
        ("Session-Timeout", True, 0, "Session-Timeout takes a number"),
        ("Session-Timeout", b"\0\0\0\1", 0, "Session-Timeout takes a number"),
        ("Service-Type", "Nonsense", 0, "it knows Administrative"),
        ("Filter-Id", 5, 0, "Filter-Id takes text"),
        ("Filter-Id", "x" * 254, 0, "Filter-Id is too long"),
        ("Filter-Id", "č" * 127, 0, "Filter-Id is too long"),
        ("Filter-Id", "x", 1, "Filter-Id has no tag"),
        ("Class", "0x0", 0, "Class takes octets"),
        ("Class", 65, 0, "Class takes octets"),
        ("Tunnel-Private-Group-ID", "x" * 253, 1, "too long"),
        ("Tunnel-Type", 1 << 24, 0, "16777215"),
        ("Tunnel-Type", "VLAN", 32, "tags are 0 to 31"),
        ("Tunnel-Type", "VLAN", -1, "tags are 0 to 31"),
        ("Framed-IP-Address", "192.0.2.256", 0, "an IPv4 address"),
        ("Framed-IP-Address", 7, 0, "an IPv4 address"),
        ("Framed-IPv6-Prefix", "192.0.2.0/24", 0, "an IPv6 prefix"),
        ("Framed-Interface-Id", "1:2", 0, "an interface id"),
        ("MS-CHAP-Challenge", bytes(248), 0, "too long"),
        ("Tunnel-Password", "x" * 300, 0, "too long"),
        ("Tunnel-Password", 5, 0, "Tunnel-Password takes text"),
    ],
)
def test_what_cannot_be_sent_is_told_in_a_sentence(name, value, tag, words):
    assert words in (DICTIONARY.check(name, value, tag) or "")
    with pytest.raises(OperatorError):
        DICTIONARY.encode(name, value, tag)


def test_a_problem_with_a_secret_does_not_quote_it():
    problem = DICTIONARY.check("Framed-IP-Address", Secret("kanarinac-7"))
    assert problem
    assert "kanarinac" not in problem


# --- encrypted attributes ----------------------------------------------------------------------------------------------


def test_encrypted_attributes_are_known_and_are_not_sent_open():
    assert DICTIONARY.encrypted("Tunnel-Password")
    assert DICTIONARY.encrypted("MS-MPPE-Send-Key")
    assert not DICTIONARY.encrypted("Filter-Id")
    for name in ("Tunnel-Password", "MS-MPPE-Send-Key", "MS-CHAP-MPPE-Keys", "User-Password"):
        with pytest.raises(OperatorError, match="encrypted"):
            DICTIONARY.encode(name, b"key")
        assert DICTIONARY.check(name, b"key") is None


@pytest.mark.parametrize(("name", "limit"), [("Tunnel-Password", 239), ("MS-MPPE-Send-Key", 239), ("MS-CHAP-MPPE-Keys", 128)])
def test_the_check_of_an_encrypted_attribute_agrees_with_its_encoding(name, limit):
    secret = SharedSecret(Secret("shared"))
    assert DICTIONARY.check(name, b"x" * limit) is None
    assert len(DICTIONARY.encode_encrypted(name, b"x" * limit, 0, secret, AUTHENTICATOR, SALT)) <= 255
    assert "at most" in (DICTIONARY.check(name, b"x" * (limit + 1)) or "")


def test_an_encrypted_attribute_is_read_by_who_has_the_secret():
    secret = SharedSecret(Secret("shared"))
    octets = DICTIONARY.encode_encrypted("Tunnel-Password", b"wpa passphrase", 1, secret, AUTHENTICATOR, SALT)
    value = decode(b"\2\0" + (20 + len(octets)).to_bytes(2, "big") + bytes(16) + octets).first[69]
    assert value[0] == 1
    assert secret.decrypt_salted(value[1:], AUTHENTICATOR) == b"wpa passphrase"
    keys = DICTIONARY.encode_encrypted("MS-CHAP-MPPE-Keys", bytes(32), 0, secret, AUTHENTICATOR, SALT)
    assert keys[:8] == b"\x1a\x28\0\0\1\x37\x0c\x22"
    sent = DICTIONARY.encode_encrypted("MS-MPPE-Send-Key", bytes(16), 0, secret, AUTHENTICATOR, SALT)
    assert secret.decrypt_salted(sent[8:], AUTHENTICATOR) == bytes(16)


@pytest.mark.parametrize(
    ("name", "value", "tag", "salt"),
    [
        ("Filter-Id", b"x", 0, SALT),
        ("Tunnel-Password", bytes(240), 0, SALT),
        ("Tunnel-Password", b"x", 32, SALT),
        ("Tunnel-Password", b"x", 0, b"\0\0"),
        ("MS-MPPE-Send-Key", b"x", 1, SALT),
        ("MS-MPPE-Send-Key", bytes(240), 0, SALT),
        ("MS-CHAP-MPPE-Keys", bytes(129), 0, SALT),
    ],
)
def test_what_cannot_be_encrypted_is_refused(name, value, tag, salt):
    with pytest.raises(OperatorError, match=name):
        DICTIONARY.encode_encrypted(name, value, tag, SharedSecret(Secret("shared")), AUTHENTICATOR, salt)


# --- for people --------------------------------------------------------------------------------------------------------


def test_attributes_are_described_with_names_and_values():
    octets = (
        DICTIONARY.encode("Tunnel-Type", "VLAN", 1)
        + DICTIONARY.encode("Tunnel-Private-Group-ID", "učenici", 1)
        + DICTIONARY.encode("Session-Timeout", 3600)
        + DICTIONARY.encode("Class", b"\1\2")
        + DICTIONARY.encode("Framed-IP-Address", "192.0.2.1")
    )
    assert DICTIONARY.describe(octets) == [
        ("Tunnel-Type:1", "VLAN"),
        ("Tunnel-Private-Group-ID:1", "učenici"),
        ("Session-Timeout", "3600"),
        ("Class", "0x0102"),
        ("Framed-IP-Address", "192.0.2.1"),
    ]


def test_what_has_no_name_is_described_by_number():
    octets = (
        encode_attribute(250, b"\1")
        + encode_vendor(99999, 3, b"\2")
        + encode_attribute(26, b"\0\1\x86\x9f\1\0\0")
        + encode_attribute(241, b"\1x")
        + encode_attribute(245, b"\1\x80a")
        + encode_attribute(245, b"\1\0b")
    )
    assert DICTIONARY.describe(octets) == [
        ("Attr-250", "0x01"),
        ("Attr-26.99999.3", "0x02"),
        ("Attr-26.99999", "0x010000"),
        ("Attr-241.1", "0x78"),
        ("Attr-245.1", "0x6162"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "User-Password",
        "CHAP-Password",
        "Tunnel-Password",
        "MS-MPPE-Send-Key",
        "MS-MPPE-Recv-Key",
        "MS-CHAP-MPPE-Keys",
        "MS-CHAP2-Response",
    ],
)
def test_secrets_are_not_described(name):
    definition = DICTIONARY._pyrad.attributes[name]
    secret = b"kanarinac-in-the-mine"
    octets = encode_vendor(311, definition.code, secret) if definition.vendor else encode_attribute(definition.code, secret)
    assert DICTIONARY.describe(octets) == [(name, "***")]


def test_a_key_within_a_ciscos_pair_is_not_described():
    octets = DICTIONARY.encode("Cisco-AVPair", "psk=kanarinac") + DICTIONARY.encode("Cisco-AVPair", "psk-mode=ascii")
    assert "kanarinac" not in str(DICTIONARY.describe(octets))
    assert ("Cisco-AVPair", "url-redirect=https://x.example/") in DICTIONARY.describe(
        DICTIONARY.encode("Cisco-AVPair", "url-redirect=https://x.example/")
    )


def test_control_characters_cannot_reach_a_terminal():
    text = DICTIONARY.describe(encode_attribute(1, b"ana\x1b[2J\n\0"))[0][1]
    assert text == r"ana\x1b[2J\n\x00"


@pytest.mark.parametrize("tail", [b"\1", b"\1\0", b"\1\1", b"\1\5x"])
def test_a_broken_tail_is_one_last_row(tail):
    assert DICTIONARY.describe(encode_attribute(1, b"ana") + tail) == [("User-Name", "ana"), ("Malformed", "0x" + tail.hex())]


@pytest.mark.parametrize(
    "name", ["Tunnel-Type", "Tunnel-Private-Group-ID", "Tunnel-Preference", "Session-Timeout", "Filter-Id"]
)
@pytest.mark.parametrize("value", [b"", b"\1", b"\0", b"\x20", b"\1\0", bytes(5)])
def test_short_and_long_values_are_described_all_the_same(name, value):
    code = DICTIONARY._pyrad.attributes[name].code
    ((label, text),) = DICTIONARY.describe(encode_attribute(code, value))
    assert label.startswith(name)
    assert isinstance(text, str)


@given(st.binary(max_size=300))
def test_any_octets_can_be_described(octets):
    for name, value in DICTIONARY.describe(octets):
        assert name
        assert value.isprintable()


@given(st.data())
def test_every_attribute_can_be_described_from_any_octets(data):
    definition = DICTIONARY._pyrad.attributes[data.draw(st.sampled_from(DICTIONARY.names()))]
    value = data.draw(st.binary(max_size=40))
    vendor = DICTIONARY._pyrad.vendors.GetForward(definition.vendor)
    octets = encode_vendor(vendor, definition.code, value) if vendor else encode_attribute(definition.code, value)
    assert len(DICTIONARY.describe(octets)) == 1
