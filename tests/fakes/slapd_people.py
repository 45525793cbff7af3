"""Whom the private slapd knows: invented people of an invented school, each for one way in which a login can end.

Every password is the name with "-lozinka" behind it, except where a line says another. The groups:

    8-2 (ana, đura) in osmaci in ucenici;  nastavnici (boban, by uniqueMember) in zaposleni (by uniqueMember);
    biblioteka (ana, by memberUid);  krug-1 and krug-2 (vera) in each other
"""

import base64
from collections.abc import Iterator

from radius.crypto.mschap import nt_password_hash

SUFFIX = "dc=skola,dc=example"
PEOPLE_BASE = f"ou=people,{SUFFIX}"
GROUP_BASE = f"ou=grupe,{SUFFIX}"
SPECIAL = "o*(neil),=+\\#"  # a name that filters and DNs must escape, character by character
SPECIAL_DN = "uid=o*(neil)\\,\\=\\+\\\\\\#"

SCHEMA = """
attributetype ( 1.3.6.1.4.1.7165.2.1.25 NAME 'sambaNTPassword' EQUALITY caseIgnoreIA5Match
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{32} SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.7165.2.1.26 NAME 'sambaAcctFlags' EQUALITY caseIgnoreIA5Match
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{16} SINGLE-VALUE )
attributetype ( 2.16.840.1.113730.3.8.18.2.4 NAME 'ipaNTHash' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 2.16.840.1.113719.1.1.4.1.42 NAME 'loginDisabled' EQUALITY booleanMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 2.16.840.1.113719.1.301.4.52.1 NAME 'krbPrincipalExpiration' EQUALITY generalizedTimeMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.1 NAME 'skolaOd' EQUALITY generalizedTimeMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.32473.1.2 NAME 'skolaOsoba' SUP top AUXILIARY
  MAY ( sambaNTPassword $ sambaAcctFlags $ ipaNTHash $ nsAccountLock $ loginDisabled $ krbPrincipalExpiration $ skolaOd
    $ shadowExpire ) )
"""

_FRAME = f"""
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Skola
dc: skola

dn: {PEOPLE_BASE}
objectClass: organizationalUnit
ou: people

dn: ou=nastavnici,{PEOPLE_BASE}
objectClass: organizationalUnit
ou: nastavnici

dn: {GROUP_BASE}
objectClass: organizationalUnit
ou: grupe

dn: ou=policies,{SUFFIX}
objectClass: organizationalUnit
ou: policies

dn: cn=default,ou=policies,{SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword

dn: cn=must-change,ou=policies,{SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: must-change
pwdAttribute: userPassword
pwdMustChange: TRUE

dn: cn=strict,ou=policies,{SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: strict
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 2

dn: cn=short,ou=policies,{SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: short
pwdAttribute: userPassword
pwdMaxAge: 60

dn: cn=kapija,{SUFFIX}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: kapija
"""


def _line(name: str, value: str | bytes) -> str:
    octets = value.encode() if isinstance(value, str) else value
    return f"{name}:: {base64.b64encode(octets).decode()}"


def _person(uid: str, *more: tuple[str, str | bytes], dn: str = "", password: str | None = None) -> str:
    known = f"{uid}-lozinka" if password is None else password
    lines = [
        _line("dn", dn or f"uid={uid},{PEOPLE_BASE}"),
        *(_line("objectClass", name) for name in ("inetOrgPerson", "skolaOsoba")),
        *(_line(name, uid) for name in ("uid", "cn", "sn")),
        *(_line(name, value) for name, value in more),
    ]
    if known:
        lines.append(_line("userPassword", known))
    return "\n".join(lines) + "\n"


def _people() -> Iterator[str]:
    yield _person(
        "ana",
        ("mail", "ana@skola.example"),
        ("departmentNumber", "8-2"),
        ("employeeType", "student"),
        ("sambaNTPassword", nt_password_hash("ana-lozinka").hex().upper()),
        ("ipaNTHash", nt_password_hash("ana-lozinka")),
    )
    yield _person("boban", ("employeeType", "teacher"), dn=f"uid=boban,ou=nastavnici,{PEOPLE_BASE}")
    yield _person("đura", ("departmentNumber", "8-2"), password="лозинка Ђура")
    yield _person(SPECIAL, dn=f"{SPECIAL_DN},{PEOPLE_BASE}", password="*(pass)\\,")
    yield _person("vera")
    yield _person("iskljucen", ("loginDisabled", "TRUE"), ("nsAccountLock", "TRUE"))
    yield _person("zakljucan", ("pwdAccountLockedTime", "000001010000Z"))
    yield _person("istekao", ("shadowExpire", "18000"), ("krbPrincipalExpiration", "20200101000000Z"))
    yield _person("buduci", ("skolaOd", "20990901060000Z"))
    yield _person(
        "stara-lozinka", ("pwdPolicySubentry", f"cn=short,ou=policies,{SUFFIX}"), ("pwdChangedTime", "20200101000000Z")
    )
    yield _person("mora-promena", ("pwdReset", "TRUE"), ("pwdPolicySubentry", f"cn=must-change,ou=policies,{SUFFIX}"))
    yield _person("nestrpljiv", ("pwdPolicySubentry", f"cn=strict,ou=policies,{SUFFIX}"))
    yield _person("bez-lozinke", password="")
    yield _person("bez-hesa", ("sambaNTPassword", "not a hash"))
    for place in ("", "ou=nastavnici,"):
        yield _person("dvojnik", dn=f"uid=dvojnik,{place}{PEOPLE_BASE}")


def _group(name: str, kind: str, *members: str) -> tuple[str, dict[str, object]]:
    attributes: dict[str, object] = {"objectClass": [kind], "cn": name}
    if kind == "posixGroup":
        attributes |= {"gidNumber": "1000", "memberUid": list(members)}
    else:
        attributes["member" if kind == "groupOfNames" else "uniqueMember"] = list(members)
    return f"cn={name},{GROUP_BASE}", attributes


GROUPS = [
    _group("8-2", "groupOfNames", f"uid=ana,{PEOPLE_BASE}", f"uid=đura,{PEOPLE_BASE}", f"{SPECIAL_DN},{PEOPLE_BASE}"),
    _group("osmaci", "groupOfNames", f"cn=8-2,{GROUP_BASE}"),
    _group("ucenici", "groupOfNames", f"cn=osmaci,{GROUP_BASE}"),
    _group("nastavnici", "groupOfUniqueNames", f"uid=boban,ou=nastavnici,{PEOPLE_BASE}"),
    _group("zaposleni", "groupOfUniqueNames", f"cn=nastavnici,{GROUP_BASE}"),
    _group("biblioteka", "posixGroup", "ana"),
    _group("krug-1", "groupOfNames", f"uid=vera,{PEOPLE_BASE}", f"cn=krug-2,{GROUP_BASE}"),
    _group("krug-2", "groupOfNames", f"cn=krug-1,{GROUP_BASE}"),
]

_SERVICE_PASSWORD = _line("userPassword", "tajna služba (1)")
PEOPLE = "\n".join([_FRAME.rstrip() + f"\n{_SERVICE_PASSWORD}\n", *_people()])


def many_people(count: int) -> str:
    """So many more, pupil-0 and on, without passwords, all of department 1-1."""
    return "".join("\n" + _person(f"pupil-{number}", ("departmentNumber", "1-1"), password="") for number in range(count))
