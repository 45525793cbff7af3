"""Terms become attributes, and no field of them can be forgotten: what a family does not write is lost, and listed.

A family's `express` makes a Reply, says each field in its own words and finishes it. The Reply crosses off what was said;
what is left over at the end is `Expression.lost`, without the family having to think of it.
"""

from collections.abc import Iterable

from policies.grant import Terms
from radius.errors import OperatorError
from radius.secret import Secret
from radius.vendors.base import Attribute, Expression, Inexpressible, SessionFacts
from radius.wire.attributes import MAX_VALUE, MAX_VENDOR_VALUE

# The attributes of the RFCs that families write; every other name is a vendor's and has less room
_STANDARD = frozenset({"Filter-Id", "Reply-Message", "Tunnel-Private-Group-Id", "Tunnel-Password", "Idle-Timeout"})
_FIELDS = tuple(field for field in Terms.__struct_fields__ if field != "attributes")
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")
_MAX_NUMBER = 0xFFFFFFFF  # RFC 8044 section 3.1

VLAN = 13  # Tunnel-Type, RFC 3580 section 3.31
IEEE_802 = 6  # Tunnel-Medium-Type, RFC 2868 section 3.2


class Reply:
    """The attributes of one reply while they are written, and the fields that nobody has said yet."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._attributes: list[Attribute] = []
        self._pending = [field for field in _FIELDS if not _unset(getattr(terms, field))]

    def wants(self, field: str) -> bool:
        """Whether the grant says something of `field` that is not written yet."""
        return field in self._pending

    def add(self, field: str, name: str, value: str | int) -> None:
        """Write `name` and cross `field` off. Raises Inexpressible when the value does not fit into the attribute."""
        if isinstance(value, str):
            size, limit = len(value.encode()), MAX_VALUE if name in _STANDARD else MAX_VENDOR_VALUE
            if size > limit:
                raise Inexpressible(f"{field} makes {name} {size} octets long, but it holds {limit}: make {field} shorter")
        elif not 0 <= value <= _MAX_NUMBER:
            raise Inexpressible(f"{field} makes {name} {value}, but it holds at most {_MAX_NUMBER}: make {field} smaller")
        self._attributes.append(Attribute(name, value))
        self.said(field)

    def text(self, field: str, name: str) -> None:
        """Write the text of `field` as it is, when the grant has it."""
        if self.wants(field):
            self.add(field, name, getattr(self.terms, field))

    def standard(self, *, idle: bool = True, reauthenticates: bool = True) -> None:
        """VLAN, Idle-Timeout and Reply-Message as RFC 3580 has them; the NAS must honour Idle-Timeout to say it.

        The re-authentication interval is said by the Session-Timeout and Termination-Action that the server adds to
        each session's reply, when the family's access points honour the latter.
        """
        if self.terms.vlan is not None:
            self.tunnel_vlan()
        if idle and self.terms.idle_timeout is not None:
            self.add("idle_timeout", "Idle-Timeout", self.terms.idle_timeout)
        self.text("reply_message", "Reply-Message")
        if reauthenticates:
            self.said("reauthenticate")

    def tunnel_vlan(self) -> None:
        """The VLAN id by RFC 3580 section 3.31, with tag 0. The school's name for it is for people; the id carries it."""
        self.add("vlan", "Tunnel-Type", VLAN)
        self.add("vlan", "Tunnel-Medium-Type", IEEE_802)
        self.add("vlan", "Tunnel-Private-Group-Id", str(self.terms.vlan))
        self.said("vlan_name")

    def vendor_vlan(self, name: str, value: str | int) -> None:
        """The VLAN in a vendor's own attribute."""
        self.add("vlan", name, value)
        self.said("vlan_name")

    def one_name(self, name: str) -> None:
        """The filter profile's name, or the ACL or role when there is no profile: for NASes that have one place for both."""
        if self.wants("filter_id"):
            self.text("filter_id", name)
        else:
            self.acl_name(name)

    def acl_name(self, name: str, form: str = "{acl}") -> None:
        """The ACL when it is a name and not written out as rules; `form` may place `{acl}` in a longer value."""
        if self.wants("acl") and not acl_rules(self.terms.acl or ""):
            self.add("acl", name, form.format(acl=self.terms.acl))

    def rules(self, name: str, form: str = "{rule}", *, from_to: bool) -> None:
        """The ACL's rules, one attribute each, when the ACL is written as rules in the language of this family.

        `from_to` says which: 'permit in tcp from any to any 443' (IPFilterRule, RFC 6733 section 4.3.1, which RFC 4849
        uses) or Cisco's 'permit tcp any any eq 443'. A rule in the other language would end the session, so it is lost.
        `form` may place `{rule}` and its `{number}`, counted from 1.
        """
        rules = acl_rules(self.terms.acl or "")
        if self.wants("acl") and all((" from " in rule) == from_to for rule in rules):
            for number, rule in enumerate(rules, 1):
                self.add("acl", name, form.format(rule=rule, number=number))

    def rate(self, field: str, *names: str, unit: int = 1) -> None:
        """A bandwidth in each of `names`; `unit` is how many bit/s the attribute counts in (Terms have kbit/s)."""
        kilobits = getattr(self.terms, field)
        if kilobits is not None:
            for name in names:
                self.add(field, name, kilobits * 1000 // unit)

    def done(self) -> Expression:
        """Everything said, the raw attributes of the policy's author last, and what was not said."""
        raw = [Attribute(attribute.name, attribute.value, attribute.tag) for attribute in self.terms.attributes]
        return Expression((*self._attributes, *raw), tuple(self._pending))

    def said(self, *fields: str) -> None:
        """Cross off what another field's attribute says as well."""
        for field in fields:
            if field in self._pending:
                self._pending.remove(field)


def _unset(value: object) -> bool:
    return value is None or value is False or value == ""


def acl_rules(acl: str) -> tuple[str, ...]:
    """The rules in an ACL that is written out: it begins with 'permit' or 'deny', the rules stand on lines or between
    semicolons. An ACL that is a name has none."""
    if not acl.lower().startswith(("permit ", "deny ")):
        return ()
    return tuple(rule for part in acl.replace(";", "\n").splitlines() if (rule := part.strip()))


def wpa_key(psk: Secret) -> tuple[bytes, bool]:
    """A WPA pre-shared key and whether it is the key itself in 64 hexadecimal digits (else a passphrase of 8 to 63
    printable ASCII characters, IEEE 802.11 annex J.4). Raises OperatorError, without the key in it."""
    key = psk.reveal()
    if len(key) == 64 and _HEXADECIMAL.issuperset(key):
        return key, True
    if 8 <= len(key) <= 63 and all(0x20 <= octet < 0x7F for octet in key):
        return key, False
    raise OperatorError(
        "the device's pre-shared key is no WPA key: give it 8 to 63 ASCII letters, digits and signs, or 64 hexadecimal digits"
    )


def tunnel_password(psk: Secret, ssid: str) -> tuple[Attribute, ...]:
    """The device's pre-shared key in Tunnel-Password (RFC 2868 section 3.5), as hostapd and those built on it take it."""
    wpa_key(psk)
    return (Attribute("Tunnel-Password", psk),)


def identify(session: SessionFacts, names: Iterable[str]) -> tuple[Attribute, ...]:
    """Those of `names` that are known of `session`. Raises OperatorError when none is: RFC 5176 section 3 wants one."""
    known: dict[str, str | int | None] = {
        "Acct-Session-Id": session.acct_session_id,
        "Calling-Station-Id": session.mac,
        "User-Name": session.user_name,
        "Framed-IP-Address": "" if ":" in session.framed_address else session.framed_address,
        "NAS-Port": session.nas_port,
        "NAS-Port-Id": session.nas_port_id,
        "Cisco-AVPair": f"audit-session-id={session.audit_session_id}" if session.audit_session_id else "",
    }
    found = [Attribute(name, value) for name in names if (value := known[name]) is not None and value != ""]
    if not found:
        raise OperatorError("nothing is known that would name the session to its access point: wait for its accounting")
    return tuple(found)


def of_nas(session: SessionFacts) -> tuple[Attribute, ...]:
    """The NAS as it calls itself, for controllers that relay to several and for those that insist (RFC 5176 section 3):
    its address, else its identifier; none when neither is known."""
    if session.nas_address:
        return (Attribute("NAS-IPv6-Address" if ":" in session.nas_address else "NAS-IP-Address", session.nas_address),)
    return (Attribute("NAS-Identifier", session.nas_identifier),) if session.nas_identifier else ()
