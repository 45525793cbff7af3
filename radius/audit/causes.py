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

    # What an external directory says of an account
    ACCOUNT_LOCKED = "account-locked"  # after too many wrong passwords; told without a proof, so not to who asks
    LOCKOUT_GUARD = "lockout-guard"  # one more wrong password would lock it, so it was not asked; told without a proof
    PASSWORD_EXPIRED = "password-expired"  # noqa: S105 - a code
    PASSWORD_MUST_CHANGE = "password-must-change"  # noqa: S105 - a code: before it may be used
    LOGON_HOURS = "logon-hours"  # not at this hour
    LOGON_WORKSTATIONS = "logon-workstations"  # from certain computers alone
    ACCOUNT_RESTRICTED = "account-restricted"  # another restriction, mostly of Protected Users; told without a proof
    AMBIGUOUS_ACCOUNT = "ambiguous-account"  # the directory has several entries of this name; told without a proof too

    # 802.1X
    METHOD_REFUSED = "method-refused"  # the device accepts none of the methods that we offer
    SERVER_NOT_TRUSTED = "server-not-trusted"  # the device refused our certificate
    SILENT_AFTER_CERTIFICATE = "silent-after-certificate"  # it stopped answering once our certificate was on its way
    SILENT_IN_TUNNEL = "silent-in-tunnel"  # it stopped answering inside the tunnel (Windows' Credential Guard does)
    DEVICE_WENT_SILENT = "device-went-silent"  # it stopped answering at another moment
    TLS_VERSION = "tls-version"  # TLS 1.0 or 1.1 alone
    TLS_FAILED = "tls-failed"
    CERTIFICATE_MISSING = "certificate-missing"
    CERTIFICATE_NOT_TRUSTED = "certificate-not-trusted"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_REVOKED = "certificate-revoked"
    CERTIFICATE_NAMELESS = "certificate-nameless"  # no name in it that an account could have
    REVOCATION_UNKNOWN = "revocation-unknown"  # the revocation list is missing or too old
    IDENTITY_MISMATCH = "identity-mismatch"  # the name inside the tunnel is of another realm than the one outside
    CRYPTO_BINDING = "crypto-binding"  # wrong, or absent where it is required
    PASSWORD_CHANGE = "password-change"  # noqa: S105 - a code: the device wants to change the password, which is not done here
    EAP_BROKEN = "eap-broken"  # the device broke the rules of EAP or of its method
    TOO_MANY_ROUNDS = "too-many-rounds"
    SERVER_RESTARTED = "server-restarted"  # the conversation's worker is gone; the device starts over
