"""Why somebody did not get in: a closed vocabulary of codes. The sentences for people are in radius.audit.sentences."""

from enum import StrEnum


class Cause(StrEnum):
    """One code for each reason of a reject or a silence. Codes are stored for years: renaming one is a migration."""

    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - a code, not a password
    UNKNOWN_ACCOUNT = "unknown-account"
    ACCOUNT_DISABLED = "account-disabled"
    ACCOUNT_NOT_YET_VALID = "account-not-yet-valid"
    ACCOUNT_EXPIRED = "account-expired"
    UNKNOWN_DEVICE = "unknown-device"
    DEVICE_DISABLED = "device-disabled"
    DEVICE_EXPIRED = "device-expired"
    METHOD_NOT_CHECKABLE = "method-not-checkable"
    METHOD_NOT_SUPPORTED = "method-not-supported"
    NO_CREDENTIAL = "no-credential"
    UNREADABLE_NAME = "unreadable-name"
    DENIED_BY_RULE = "denied-by-rule"
    NO_RULE = "no-rule"
    VLAN_NOT_MAPPED = "vlan-not-mapped"
    DIRECTORY_AWAY = "directory-away"
    BACKING_OFF = "backing-off"
    ACCOUNT_THROTTLED = "account-throttled"
    SCHOOL_GONE = "school-gone"
    SECRET_MISMATCH = "secret-mismatch"  # noqa: S105 - a code
