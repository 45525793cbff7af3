"""Conditions and moments as administrators write them: what holds, what does not, and what is refused with words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.audit.causes import Cause
from radius.directory.admission import Admission, parse_moment
from radius.directory.conditions import Facts, Group, parse_condition
from radius.directory.moments import days, filetime, generalized_time, seconds

NOW = 1_795_420_800.0  # 2026-11-23 08:00:00 UTC
GROUPS = (Group("cn=nastavnici,ou=grupe,dc=skola", "nastavnici"), Group("cn=Savet,ou=grupe,dc=skola", "Savet"))


def facts(**attributes: list[str]) -> Facts:
    known = {name.lower(): values for name, values in attributes.items()}
    return Facts("uid=ana,ou=8-2,ou=ucenici,dc=skola", known, GROUPS, NOW)


ANA = facts(
    departmentNumber=["8-2"], mail=["Ana@ucenici.skola.example"], sambaAcctFlags=["[DU    ]"], until=["20991231000000Z"]
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("departmentNumber = 8-2", True),
        ("DEPARTMENTNUMBER=8-2", True),
        ("departmentNumber = 8", False),
        ("departmentNumber = 8-*", True),
        ("mail = *@ucenici.skola.example", True),
        ("mail = *@nastavnici.skola.example", False),
        ("sambaAcctFlags contains D", True),
        ("sambaAcctFlags contains L", False),
        ("mail", True),
        ("telephoneNumber", False),
        ("until after now", True),
        ("mail after now", False),
        ("group = cn=nastavnici,ou=grupe,dc=skola", True),
        ("group = CN=Nastavnici, OU=grupe, DC=skola", True),
        ("group = cn=nastavnici,ou=druge,dc=skola", False),
        ("group = nastavnici", True),
        ("group = savet", True),
        ("group = nast*", True),
        ("group = ucenici", False),
        ("group contains avet", True),
        ("dn under ou=ucenici,dc=skola", True),
        ("dn under OU=Ucenici, DC=Skola", True),
        ("dn under ou=nastavnici,dc=skola", False),
        ("dn under uid=ana,ou=8-2,ou=ucenici,dc=skola", True),
    ],
)
def test_a_condition_holds_or_not(text: str, holds: bool) -> None:
    assert parse_condition(text).holds(ANA) is holds


@pytest.mark.parametrize("text", ["", "= 8-2", "a b", "group = cn=,", "dn under ucenici", "8-2", "departmentNumber 8-2"])
def test_what_is_no_condition_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (condition|DN)"):
        parse_condition(text)


@given(st.text())
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        condition = parse_condition(text)
    except ValueError:
        return
    assert condition.holds(ANA) in (True, False)


@pytest.mark.parametrize(
    ("read", "text", "moment"),
    [
        (generalized_time, "20261123080000Z", NOW),
        (generalized_time, "202611230800Z", NOW),
        (generalized_time, "2026112308Z", NOW),
        (generalized_time, "20261123090000+0100", NOW),
        (generalized_time, "20261123080000.5Z", NOW + 0.5),
        (generalized_time, "2026112308.25Z", NOW + 900),
        (generalized_time, "000001010000Z", None),
        (generalized_time, "20261323080000Z", None),
        (generalized_time, "20261123080000", None),
        (generalized_time, "never", None),
        (days, "20780", 20780 * 86_400.0),
        (days, "-1", None),
        (days, "", None),
        (seconds, "1795420800", NOW),
        (seconds, "0", None),
        (seconds, "2147483647", None),
        (filetime, str(int((NOW + 11_644_473_600) * 1e7)), NOW),
        (filetime, "0", None),
        (filetime, "9223372036854775807", None),
    ],
)
def test_moments_as_directories_write_them(read: object, text: str, moment: float | None) -> None:
    assert read(text) == moment  # type: ignore[operator]


@given(st.text())
def test_any_text_is_a_moment_or_none(text: str) -> None:
    for read in (generalized_time, days, seconds, filetime):
        assert read(text) is None or isinstance(read(text), float)


def test_what_is_no_moment_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="is no moment"):
        parse_moment("shadowExpire in weeks")


ADMISSION = Admission(["nsAccountLock = TRUE"], ["unlock after now"], ["begins"], ["shadowExpire in days"], ["pwd"])


@pytest.mark.parametrize(
    ("attributes", "cause"),
    [
        ({}, None),
        ({"nsAccountLock": ["true"]}, Cause.ACCOUNT_DISABLED),
        ({"nsAccountLock": ["FALSE"]}, None),
        ({"unlock": ["20991231000000Z"]}, Cause.ACCOUNT_LOCKED),
        ({"unlock": ["20200101000000Z"]}, None),
        ({"begins": ["20270901000000Z"]}, Cause.ACCOUNT_NOT_YET_VALID),
        ({"shadowExpire": ["18000"]}, Cause.ACCOUNT_EXPIRED),
        ({"shadowExpire": ["-1"]}, None),
        ({"pwd": ["20261123080000Z"]}, Cause.PASSWORD_EXPIRED),
        ({"pwd": ["20261123080001Z"]}, None),
        ({"nsAccountLock": ["TRUE"], "shadowExpire": ["18000"]}, Cause.ACCOUNT_DISABLED),
    ],
)
def test_each_attribute_refuses_with_its_own_cause(attributes: dict[str, list[str]], cause: Cause | None) -> None:
    assert ADMISSION.refusal(facts(**attributes)) is cause
