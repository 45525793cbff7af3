"""Which account a name means: ana, ana@skola.example (UPN), SKOLA\\ana, and of computers host/pc1.skola.example and pc1$.

The forms are those of [MS-ADTS] section 5.1.1.1.1 (simple bind) and of Windows' 802.1X client. What a
person sends is a value, whatever is in it.
"""

from collections.abc import Iterable
from typing import Final

from policies.value import Value
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.filters import any_of, fill

MACHINE: Final = "host/"  # a service principal name, as Windows names the computer itself

_COMPUTER: Final = "(&(objectCategory=computer)(|(servicePrincipalName=HOST/{name})(dNSHostName={name})))"
_SHORT_COMPUTER: Final = "(&(objectCategory=computer)(sAMAccountName={account}))"


class Domain(Value):
    """The domain's names: NetBIOS (SKOLA), DNS (skola.example), and the realms that the administrator has taken off.

    Compared without regard to case. In `local@realm` the part before one of them is a sAMAccountName; before any other realm
    it is not, or a certificate for ana@elsewhere would open the account ana.
    """

    __slots__ = ("dns", "netbios", "realms")

    def __init__(self, netbios: str, dns: str, stripped: Iterable[str] = ()) -> None:
        self.netbios: Final = netbios.lower()
        self.dns: Final = dns.lower()
        self.realms: Final = frozenset(each.lower() for each in (netbios, dns, *stripped) if each)

    def has(self, domain: str) -> bool:
        """Whether DOMAIN of DOMAIN\\user is this one."""
        return domain.lower() in (self.netbios, self.dns) and domain != ""


def filter_for(name: str, domain: Domain, template: str) -> bytes | None:
    """The search filter that finds the account; None for a name of another domain and for no name at all.

    In `template` {name} is the sAMAccountName to look for and {full} the whole name, a UPN perhaps.
    """
    before, backslash, user = name.rpartition("\\")
    if not name.isprintable() or (backslash and not domain.has(before)):  # Samba reads a filter's value up to its first NUL
        return None
    if user[: len(MACHINE)].lower() == MACHINE:
        return _computer(user[len(MACHINE) :])
    local, at, realm = user.rpartition("@")
    account = local if at and realm.lower() in domain.realms else user
    if not account or not user:
        return None
    return fill(template, {"name": account, "full": user})


def certificate_filter_for(name: str, domain: Domain, template: str) -> bytes | None:
    """The same for a name in a certificate, where computers are called by their DNS name alone."""
    account = filter_for(name, domain, template)
    if account is None or "." not in name or any(mark in name for mark in "@\\/ "):
        return account
    return any_of((account, fill(_COMPUTER, {"name": name})))


def _computer(name: str) -> bytes | None:
    if not name:
        return None
    if "." in name:
        return fill(_COMPUTER, {"name": name})
    return fill(_SHORT_COMPUTER, {"account": f"{name}$"})


def meant(entries: list[Entry], name: str) -> list[Entry]:
    """Who is meant among those that were found: one whose UPN it is goes before one whose sAMAccountName it is."""
    whole = name.rpartition("\\")[2].casefold()
    return [entry for entry in entries if any(upn.casefold() == whole for upn in entry.texts("userPrincipalName"))] or entries
