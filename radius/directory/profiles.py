"""What a directory of a well-known kind looks like: the defaults of its description, so that an administrator writes little.

A profile is a piece of a description; what the administrator writes goes before it, key by key. Where the attributes' names
come from: entryUUID RFC 4530; member and uniqueMember RFC 4519; memberUid and shadowExpire RFC 2307; memberOf the servers'
own overlays; pwdAccountLockedTime draft-behera-ldap-password-policy-10 section 5.3.3; nsAccountLock, nsUniqueId,
accountUnlockTime and passwordExpirationTime 389 Directory Server; ipaUniqueID and krb... FreeIPA; loginDisabled eDirectory;
samba... Samba's schema.
"""

from typing import Final

Fragment = dict[str, object]

_RFC_GROUPS: Final = "(|(member={dn})(uniqueMember={dn})(memberUid={name}))"

_OPENLDAP: Final[Fragment] = {
    "people": {"filter": "(uid={name})", "name": "uid", "id": "entryUUID"},
    "groups": {"filter": _RFC_GROUPS, "above": "(|(member={dn})(uniqueMember={dn}))", "name": "cn"},
    "account": {
        "disabled": ["loginDisabled = TRUE", "sambaAcctFlags contains D"],
        # This moment means *until an administrator unlocks it*; another one may be long over, and a bind tells by itself.
        "locked": ["pwdAccountLockedTime = 000001010000Z", "sambaAcctFlags contains L"],
        "expires": ["shadowExpire in days", "sambaKickoffTime in seconds"],
        "password_changed": ["pwdChangedTime", "sambaPwdLastSet", "shadowLastChange"],
    },
}
_389_DS: Final[Fragment] = {
    "people": {"filter": "(uid={name})", "name": "uid", "id": "nsUniqueId"},
    "groups": {"filter": _RFC_GROUPS, "above": "(|(member={dn})(uniqueMember={dn}))", "name": "cn"},
    "account": {
        "disabled": ["nsAccountLock = TRUE"],
        "locked": ["accountUnlockTime after now"],
        "expires": ["shadowExpire in days"],
        "password_expires": ["passwordExpirationTime"],
        "password_changed": ["pwdUpdateTime", "passwordExpirationTime", "shadowLastChange"],
    },
}
_FREEIPA: Final[Fragment] = {
    "people": {"filter": "(&(objectClass=posixAccount)(uid={name}))", "name": "uid", "id": "ipaUniqueID"},
    "groups": {"member_of": "memberOf", "name": "cn", "nested": False},  # FreeIPA's memberOf has the groups above already
    "account": {
        "disabled": ["nsAccountLock = TRUE"],
        "expires": ["krbPrincipalExpiration"],
        "password_expires": ["krbPasswordExpiration"],
        "password_changed": ["krbLastPwdChange"],
    },
}
_GOOGLE: Final[Fragment] = {  # support.google.com/a/answer/9188164, 'LDAP schema'
    "servers": ["ldaps://ldap.google.com"],
    "people": {"filter": "(&(objectClass=person)(|(uid={name})(mail={full})))", "name": "uid", "id": "entryUUID"},
    "groups": {"member_of": "memberOf", "name": "cn", "nested": False},
}
_ACTIVE_DIRECTORY: Final[Fragment] = {
    "people": {
        "filter": "(&(objectClass=user)(|(sAMAccountName={name})(userPrincipalName={full})))",
        "name": "sAMAccountName",
        "id": "objectGUID",
    },
    "groups": {"member_of": "memberOf", "name": "cn"},
}

PROFILES: Final[dict[str, Fragment]] = {
    "openldap": _OPENLDAP,
    "389-ds": _389_DS,
    "freeipa": _FREEIPA,
    "google": _GOOGLE,
    "active-directory": _ACTIVE_DIRECTORY,
    "custom": {},
}


def with_profile(given: Fragment, profile: Fragment) -> Fragment:
    """`given` with what it leaves out taken from `profile`; tables are joined key by key, all else is replaced whole."""
    joined = dict(profile)
    for key, value in given.items():
        below = profile.get(key)
        both_tables = isinstance(value, dict) and isinstance(below, dict)
        joined[key] = with_profile(value, below) if both_tables else value  # type: ignore[arg-type]
    return joined
