"""What Active Directory says, word for word, and what its entries hold: each reason is its own, and the rest is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.audit.causes import Cause
from radius.directory.active_directory.reasons import AccountState, of_bind, of_helper
from radius.directory.ldap.entry import Entry

NOW = 1_795_420_800.0
NEVER = b"9223372036854775807"


def said(data: str) -> str:
    return f"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1"


def state(**values: bytes) -> AccountState:
    named = {name.replace("_", "-"): [value] for name, value in values.items()}
    return AccountState(Entry("CN=ana", {"userAccountControl": [b"512"], "accountExpires": [NEVER], **named}))


def filetime(seconds: float) -> bytes:
    return str(int((seconds + 11_644_473_600) * 10**7)).encode()


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        ("525", Cause.WRONG_PASSWORD),
        ("52e", Cause.WRONG_PASSWORD),
        ("52E", Cause.WRONG_PASSWORD),
        ("52f", Cause.ACCOUNT_RESTRICTED),
        ("530", Cause.LOGON_HOURS),
        ("531", Cause.LOGON_WORKSTATIONS),
        ("532", Cause.PASSWORD_EXPIRED),
        ("533", Cause.ACCOUNT_DISABLED),
        ("569", Cause.ACCOUNT_RESTRICTED),
        ("701", Cause.ACCOUNT_EXPIRED),
        ("773", Cause.PASSWORD_MUST_CHANGE),
        ("775", Cause.ACCOUNT_LOCKED),
        ("0", None),
        ("51f", None),  # no logon servers
        ("ffffffff", None),
    ],
)
def test_each_code_of_a_bind_has_its_cause(data: str, cause: Cause | None) -> None:
    assert of_bind(49, said(data)) is cause


@pytest.mark.parametrize(("code", "message"), [(49, ""), (49, "52e"), (53, said("52e")), (0, said("52e")), (49, "data 52e")])
def test_another_refusal_says_nothing_of_the_person(code: int, message: str) -> None:
    assert of_bind(code, message) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Reading winbind reply failed!",
        "No logon servers are currently available to service the logon request.",
        "The specified account does not exist.",  # LDAP has just found it
        "The user account has expired",
        "the user account has expired.",
        " The user account has expired.",
        "The attempted logon is invalid.",
        "{Access Denied} A process has requested access to an object but has not been granted those access rights.",
        "NT_STATUS_WRONG_PASSWORD",
    ],
)
def test_a_sentence_that_is_not_on_the_list_says_nothing(sentence: str) -> None:
    assert of_helper(sentence) is None


@given(st.text())
def test_no_other_text_is_a_reason(text: str) -> None:
    assert of_helper(text) is None
    assert of_bind(49, text) is None


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({}, None),
        ({"userAccountControl": b"514"}, Cause.ACCOUNT_DISABLED),
        ({"userAccountControl": b"-2147483136"}, None),  # a signed number of 32 bits
        ({"userAccountControl": b"-2147483134"}, Cause.ACCOUNT_DISABLED),
        ({"accountExpires": filetime(NOW)}, Cause.ACCOUNT_EXPIRED),
        ({"accountExpires": filetime(NOW + 1)}, None),
        ({"accountExpires": b"0"}, None),
        ({"accountExpires": NEVER}, None),
        ({"logonHours": bytes(21)}, Cause.LOGON_HOURS),
        ({"logonHours": b"\xff" * 21}, None),
        ({"userAccountControl": b"514", "accountExpires": filetime(1), "logonHours": bytes(21)}, Cause.ACCOUNT_DISABLED),
    ],
)
def test_an_entry_says_whether_the_account_may_be_used(values: dict[str, bytes], cause: Cause | None) -> None:
    assert state(**values).refusal(NOW) is cause


def test_locked_is_what_the_controller_works_out() -> None:
    assert state(msDS_User_Account_Control_Computed=b"16").locked
    assert not state(userAccountControl=b"528").locked  # the stored bit is not kept up to date: [MS-ADTS] section 2.2.16
    assert not state().locked


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({}, None),
        ({"pwdLastSet": filetime(NOW)}, None),
        ({"pwdLastSet": b"0"}, Cause.PASSWORD_MUST_CHANGE),
        ({"pwdLastSet": b"0", "msDS_User_Account_Control_Computed": b"8388608"}, Cause.PASSWORD_MUST_CHANGE),
        ({"pwdLastSet": b"0", "userAccountControl": b"66048"}, None),  # the password never expires
        ({"msDS_User_Account_Control_Computed": b"8388608"}, Cause.PASSWORD_EXPIRED),
    ],
)
def test_an_entry_says_whether_its_password_may_be_used(values: dict[str, bytes], cause: Cause | None) -> None:
    assert state(**values).password_refusal() is cause


def test_who_may_not_read_the_account_knows_nothing_of_it() -> None:
    assert not AccountState(Entry("CN=ana", {})).readable
    assert not AccountState(Entry("CN=ana", {"userAccountControl": [b"many"]})).readable
    assert not state().readable  # without pwdLastSet nobody knows when a session must prove itself anew
    assert state(pwdLastSet=b"0").readable
