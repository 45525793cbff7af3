"""Under which texts an address may stand in the history of addresses."""

from radius.admin.sessions import spellings


def test_an_address_is_looked_for_under_its_prefixes() -> None:
    assert spellings(" 10.0.0.1") == ["10.0.0.1"]
    assert spellings("2001:db8::1")[:2] == ["2001:db8::1", "2001:db8::/127"]
    assert "2001:db8::/64" in spellings("2001:db8::1")
    assert len(spellings("2001:db8::1")) == 97
