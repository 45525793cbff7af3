"""Why Active Directory lets an account not in: its three ways to say so, each reason with a Cause of its own.

A bind says it in the text of invalidCredentials, ntlm_auth in an English sentence, and the account's entry in its attributes.
Whatever is in none of these lists is no answer about a person: the directory could not be asked.
"""

import re
from typing import Final

from policies.value import Value
from radius.audit.causes import Cause
from radius.directory.active_directory.logon_hours import permitted
from radius.directory.ldap.entry import Entry
from radius.directory.moments import filetime

INVALID_CREDENTIALS: Final = 49  # RFC 4511 appendix A

# "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1": a Win32 error in hexadecimal
# ([MS-ERREF] section 2.2). Windows says 525 for an unknown account, Samba 52e.
_DATA: Final = re.compile(r"AcceptSecurityContext error, data ([0-9a-fA-F]{1,8}),").search
_BIND: Final = {
    0x525: Cause.WRONG_PASSWORD,  # ERROR_NO_SUCH_USER: it was here a moment ago
    0x52E: Cause.WRONG_PASSWORD,  # ERROR_LOGON_FAILURE
    0x52F: Cause.ACCOUNT_RESTRICTED,  # ERROR_ACCOUNT_RESTRICTION
    0x530: Cause.LOGON_HOURS,  # ERROR_INVALID_LOGON_HOURS
    0x531: Cause.LOGON_WORKSTATIONS,  # ERROR_INVALID_WORKSTATION
    0x532: Cause.PASSWORD_EXPIRED,  # ERROR_PASSWORD_EXPIRED
    0x533: Cause.ACCOUNT_DISABLED,  # ERROR_ACCOUNT_DISABLED
    0x569: Cause.ACCOUNT_RESTRICTED,  # ERROR_LOGON_TYPE_NOT_GRANTED
    0x701: Cause.ACCOUNT_EXPIRED,  # ERROR_ACCOUNT_EXPIRED
    0x773: Cause.PASSWORD_MUST_CHANGE,  # ERROR_PASSWORD_MUST_CHANGE
    0x775: Cause.ACCOUNT_LOCKED,  # ERROR_ACCOUNT_LOCKED_OUT
}

# Samba's sentences for NTSTATUS codes ([MS-ERREF] section 2.3.1), word for word; the helper tells no code. 'The specified
# account does not exist.' is not among them: LDAP has just found it, so winbind asks another domain, or is behind.
_HELPER: Final = {
    "When trying to update a password, this return status indicates that the value provided as the current password is not "
    "correct.": Cause.WRONG_PASSWORD,  # STATUS_WRONG_PASSWORD
    "The attempted logon is invalid. This is either due to a bad username or authentication information.": (
        Cause.WRONG_PASSWORD  # STATUS_LOGON_FAILURE
    ),
    "Indicates a referenced user name and authentication information are valid, but some user account restriction has "
    "prevented successful authentication (such as time-of-day restrictions).": Cause.ACCOUNT_RESTRICTED,
    "The user account has time restrictions and cannot be logged onto at this time.": Cause.LOGON_HOURS,
    "The user account is restricted so that it cannot be used to log on from the source workstation.": (
        Cause.LOGON_WORKSTATIONS
    ),
    "The user account password has expired.": Cause.PASSWORD_EXPIRED,
    "The referenced account is currently disabled and cannot be logged on to.": Cause.ACCOUNT_DISABLED,
    "The user account has expired.": Cause.ACCOUNT_EXPIRED,
    "The user password must be changed before logging on the first time.": Cause.PASSWORD_MUST_CHANGE,
    "The user account has been automatically locked because too many invalid logon attempts or password change attempts have "
    "been requested.": Cause.ACCOUNT_LOCKED,
}

# [MS-ADTS] section 2.2.16, userAccountControl; the last two are told by msDS-User-Account-Control-Computed alone.
_DISABLED: Final = 0x2
_PASSWORD_NEVER_EXPIRES: Final = 0x10000
_LOCKED: Final = 0x10
_PASSWORD_EXPIRED: Final = 0x800000

CONTROL: Final = "userAccountControl"
COMPUTED: Final = "msDS-User-Account-Control-Computed"
ATTRIBUTES: Final = (CONTROL, COMPUTED, "accountExpires", "pwdLastSet", "logonHours")


def of_bind(code: int, message: str) -> Cause | None:
    """What a refused bind says: WRONG_PASSWORD, or why a right password is not enough. None: it says nothing of the person.

    Only ACCOUNT_LOCKED and ACCOUNT_RESTRICTED are told without the right password.
    """
    found = _DATA(message) if code == INVALID_CREDENTIALS else None
    return _BIND.get(int(found[1], 16)) if found else None


def of_helper(sentence: str) -> Cause | None:
    """The same for ntlm_auth's Authentication-Error."""
    return _HELPER.get(sentence)


class AccountState(Value):
    """What an account's entry says of its use; a missing value restricts nothing, except that there must be some control."""

    __slots__ = ("_control", "_expires", "_hours", "_known", "password_set")

    def __init__(self, entry: Entry) -> None:
        control, computed = _number(entry, CONTROL), _number(entry, COMPUTED)
        self._known: Final = control is not None
        self._control: Final = (control or 0) & ~_LOCKED | (computed or 0) & (_LOCKED | _PASSWORD_EXPIRED)
        expires = entry.texts("accountExpires")
        self._expires: Final = filetime(expires[0]) if expires else None
        self._hours: Final = next(iter(entry.octets("logonHours")), b"")
        self.password_set: Final = next(iter(entry.octets("pwdLastSet")), b"")

    @property
    def readable(self) -> bool:
        """Whether the service account may read what this rests on; if not, nobody can be said to be in order, and a session
        would outlive a change of the password."""
        return self._known and self.password_set != b""

    def refusal(self, now: float) -> Cause | None:
        """Why the account may not be used at `now` (seconds since the epoch), whatever proves it; None when it may."""
        if self._control & _DISABLED:
            return Cause.ACCOUNT_DISABLED
        if self._expires is not None and now >= self._expires:
            return Cause.ACCOUNT_EXPIRED
        return None if permitted(self._hours, now) else Cause.LOGON_HOURS

    @property
    def locked(self) -> bool:
        """After too many wrong passwords."""
        return bool(self._control & _LOCKED)

    def password_refusal(self) -> Cause | None:
        """Why what rests on the password may not be used."""
        if self.password_set == b"0" and not self._control & _PASSWORD_NEVER_EXPIRES:
            return Cause.PASSWORD_MUST_CHANGE
        return Cause.PASSWORD_EXPIRED if self._control & _PASSWORD_EXPIRED else None


def _number(entry: Entry, name: str) -> int | None:
    """userAccountControl is a signed 32-bit number."""
    try:
        return int(entry.octets(name)[0]) & 0xFFFFFFFF
    except (IndexError, ValueError):
        return None
