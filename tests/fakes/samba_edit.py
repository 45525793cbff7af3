"""Reads and writes one attribute of an account of a Samba domain controller, run by the system's Python.

/usr/bin/python3 samba_edit.py SMB.CONF NAME ATTRIBUTE [HEX]
"""

import sys

import ldb
from samba.param import LoadParm
from samba_people import BASE, replace


def main(configuration: str, name: str, attribute: str, *value: str) -> None:
    """Write the octets HEX, or print the value in hexadecimal."""
    parameters = LoadParm()
    parameters.load(configuration)
    partition = ldb.Ldb(parameters.private_path(f"sam.ldb.d/{BASE}.ldb"))
    if value:
        replace(partition, name, attribute, bytes.fromhex(value[0]))
        return
    (found,) = partition.search(BASE, ldb.SCOPE_SUBTREE, f"(sAMAccountName={ldb.binary_encode(name)})", [attribute])
    print(bytes(found[attribute][0]).hex() if attribute in found else "")


if __name__ == "__main__":
    main(*sys.argv[1:])
