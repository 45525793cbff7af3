"""Fills a stopped Samba domain controller with people in every state: run by the system's Python, which has Samba's modules.

    /usr/bin/python3 samba_people.py SMB.CONF

The states that Samba does not let anybody write over LDAP (an old password, a lock) are written into its partition file.
"""

import sys
import time
from pathlib import Path
from typing import Any

BASE = "DC=SKOLA,DC=TEST"
PASSWORD = "Lozinka.2026"
SERBIAN_PASSWORD = "Лозинка.2026.шђ"
LOCKOUT_THRESHOLD = 20  # so that the wrong passwords of many tests lock nobody whom they do not mean to
MINUTE = 60 * 10**7  # AD's times and spans count 100 ns

PEOPLE = {
    "kapija": PASSWORD,  # the service account
    "ana": PASSWORD,
    "marko": PASSWORD,
    "ана.јовић": SERBIAN_PASSWORD,
    "o'mara (2)": PASSWORD,
    "disabled": PASSWORD,
    "locked": PASSWORD,
    "expired": PASSWORD,
    "expires-tomorrow": PASSWORD,
    "old-password": PASSWORD,
    "must-change": PASSWORD,
    "no-hours": PASSWORD,
    "all-hours": PASSWORD,
    "workstation": PASSWORD,
    "protected": PASSWORD,
    "looping": PASSWORD,
    "changing": PASSWORD,
    "leaving": PASSWORD,
}
GROUPS = {  # group -> members; a group of groups is nested
    "odeljenje-8-2": ["ana", "ана.јовић"],
    "ucenici": ["odeljenje-8-2"],
    "svi": ["ucenici", "nastavnici"],
    "nastavnici": ["marko"],
    "grupa (a) b": ["ana"],
    "Protected Users": ["protected"],
}


def filetime(unix: float) -> str:
    """Seconds since 1970 as AD counts: 100 ns since 1601."""
    return str((int(unix) + 11_644_473_600) * 10**7)


def main(configuration: str) -> None:
    """Fill the domain that this smb.conf describes."""
    from samba.auth import system_session
    from samba.param import LoadParm
    from samba.samdb import SamDB

    parameters = LoadParm()
    parameters.load(configuration)
    database = SamDB(lp=parameters, session_info=system_session())
    for name, password in PEOPLE.items():
        database.newuser(name, password)
    for name in GROUPS:
        if name != "Protected Users":
            database.newgroup(name)
    for name, members in GROUPS.items():
        database.add_remove_group_members(name, members)
    for name, enabled in (("pc1", True), ("pc2", False)):
        database.newcomputer(name, service_principal_name_list=[f"HOST/{name}.skola.test", f"HOST/{name.upper()}"])
        database.setpassword(f"(sAMAccountName={name}$)", PASSWORD)
        replace(database, f"{name}$", "dNSHostName", f"{name}.skola.test")
        if enabled:
            database.enable_account(f"(sAMAccountName={name}$)")
        else:
            database.disable_account(f"(sAMAccountName={name}$)")
    replace(database, "marko", "userPrincipalName", "marko.m@ucenici.example")
    database.disable_account("(sAMAccountName=disabled)")
    replace(database, "expired", "accountExpires", filetime(time.time() - 86_400))
    replace(database, "expires-tomorrow", "accountExpires", filetime(time.time() + 86_400))
    replace(database, "must-change", "pwdLastSet", "0")
    replace(database, "no-hours", "logonHours", b"\0" * 21)
    replace(database, "all-hours", "logonHours", b"\xff" * 21)
    replace(database, "workstation", "userWorkstations", "OTHERPC")
    import ldb

    policy = ldb.Message(ldb.Dn(database, BASE))
    for name, value in (
        ("lockoutThreshold", LOCKOUT_THRESHOLD),
        ("lockoutDuration", -30 * MINUTE),
        ("lockOutObservationWindow", -30 * MINUTE),
    ):
        policy[name] = ldb.MessageElement(str(value), ldb.FLAG_MOD_REPLACE, name)
    database.modify(policy)
    partition = ldb.Ldb(str(Path(parameters.private_path(f"sam.ldb.d/{BASE}.ldb"))))
    replace(partition, "old-password", "pwdLastSet", filetime(time.time() - 100 * 86_400))
    replace(partition, "locked", "lockoutTime", filetime(time.time()))
    replace(partition, "locked", "badPwdCount", str(LOCKOUT_THRESHOLD))


def replace(database: Any, name: str, attribute: str, value: str | bytes) -> None:
    """Set one attribute of the account called `name`."""
    import ldb

    escaped = ldb.binary_encode(name)
    (found,) = database.search(BASE, ldb.SCOPE_SUBTREE, f"(sAMAccountName={escaped})", ["sAMAccountName"])
    message = ldb.Message(found.dn)
    message[attribute] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, attribute)
    database.modify(message)


if __name__ == "__main__":
    main(sys.argv[1])
