"""The settings of 802.1X are strict: what would open a door by mistake, or mean nothing, is an error that says so."""

from pathlib import Path

import pytest

from radius.errors import SettingsError
from radius.settings import EapSettings, parse

FILE = Path("kapija.toml")


def eap(text: str) -> EapSettings:
    return parse(text, FILE).eap


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[eap]\nmethod = 'peap'", "unknown field `method`.*eap.methods"),
        ("[[eap.offer]]\nssid = 'x'\nbanana = 1", "unknown field `banana`.*eap.offer.realm"),
        ("[eap]\nmethods = ['leap']", "'leap'"),
        ("[eap]\nmethods = []", "at least one"),
        ("[eap]\nmethods = ['peap', 'peap']", "named once"),
        ("[eap]\ninner = ['pap', 'pap']", "named once"),
        ("[eap]\nmethods = ['peap', 'eap-md5']", "eap-md5 without a tunnel is not for all"),
        ("[[eap.offer]]\nssid = 'Skola'\nmethods = ['eap-mschapv2']", "only to a client that the offer names"),
        ("[[eap.offer]]\nmethods = ['ttls']", "for a realm, an ssid or a client"),
        ("[[eap.offer]]\nclient = '192.0.2.1/24'", "host bits"),
        ("[[eap.offer]]\nclient = 'hall'", "does not appear to be"),
        ("[eap]\ntls_minimum = '1.0'", "'1.0'"),
        ("[eap]\npacket_size = 64", ">= 100"),
        ("[eap]\npacket_size = 4000", "<= 3500"),
        ("[eap]\nresumption_hours = 0", ">= 1"),
        ("[eap]\nuser_name = true", "eap.user_name"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        eap(text)


def test_bare_methods_are_for_clients_that_an_offer_names() -> None:
    assert eap("[[eap.offer]]\nclient = '192.0.2.0/24'\nmethods = ['eap-md5']").offer[0].methods == ("eap-md5",)


def test_nobody_is_offered_a_bare_method_by_default() -> None:
    assert EapSettings().methods == ("peap", "ttls", "eap-tls")
    assert EapSettings().tls_minimum == "1.2"
