"""The dictionary: an attribute's name and value as people write them, and the octets that they are on the wire.

Our own files, written from the RFCs' and vendors' numbers, are read by pyrad's Dictionary, which also encodes the values of
each data type (RFC 8044). This module adds what it leaves out: tags, limits, and errors that a person can act on. Off the
packet's way: replies are encoded once for each grant and family.
"""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from pyrad import dictionary as pyrad_dictionary
from pyrad import tools

from radius.errors import OperatorError
from radius.secret import Secret
from radius.wire.attributes import encode_attribute, encode_vendor
from radius.wire.describe import describe
from radius.wire.shared_secret import MAX_PASSWORD, MAX_SALTED, SharedSecret

FOLDER = Path(__file__).parent / "dictionaries"

Value = str | int | bytes | Secret
"""Text, a number or one of its names, an address, octets ("0x..." in text), or a secret."""


class Definition(Protocol):
    """What pyrad knows of one attribute."""

    name: str
    code: int
    type: str
    vendor: str
    encrypt: int  # 0, 1: like User-Password (RFC 2865 section 5.2), 2: with a salt (RFC 2868 section 3.5)
    has_tag: bool
    is_sub_attribute: bool
    parent: "Definition"


class Dictionary:
    """Every attribute that has a name. Names are found whatever their capitals: RFC 2868 writes ...-ID, most people ...-Id."""

    def __init__(self, files: list[Path]) -> None:
        self._pyrad = pyrad_dictionary.Dictionary(*(str(file) for file in files))
        self._names = {name.lower(): name for name in self._pyrad.attributes}

    # --- what is known ------------------------------------------------------------------------------------------------

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self._pyrad.attributes)

    def encrypted(self, name: str) -> bool:
        """Whether the value is salt-encrypted for each reply, so that it goes through encode_encrypted."""
        return bool(self._definition(name).encrypt == 2)

    def check(self, name: str, value: Value, tag: int = 0) -> str | None:
        """None when the attribute can be sent, else one sentence that says what is wrong and what would be right."""
        try:
            definition = self._definition(name)
            plain = self._octets(definition, value)
            encoded = _tagged(definition, plain, tag)
            if not definition.encrypt:
                self._wrap(definition, encoded)
            elif len(plain) > (limit := MAX_PASSWORD if definition.encrypt == 1 else MAX_SALTED):
                raise OperatorError(f"{definition.name} is too long: encrypted, it takes at most {limit} octets")
        except OperatorError as error:
            return str(error)
        return None

    # --- names to octets ----------------------------------------------------------------------------------------------

    def encode(self, name: str, value: Value, tag: int = 0) -> bytes:
        """The complete attribute with its header, and its vendor's. Raises OperatorError naming attribute and mend.

        A tag of 0 on text means none, and the octet is left out (RFC 2868 section 3.6 leaves the choice to the sender);
        numbers always carry it.
        """
        definition = self._definition(name)
        if definition.encrypt:
            raise OperatorError(
                f"{definition.name} is encrypted anew for each reply: give it as the key or password of a grant"
            )
        return self._wrap(definition, _tagged(definition, self._octets(definition, value), tag))

    def encode_encrypted(
        self, name: str, value: bytes, tag: int, shared_secret: SharedSecret, authenticator: bytes, salt: bytes
    ) -> bytes:
        """The complete attribute with its value hidden for one request.

        `authenticator` is that request's; `salt` is two octets with the top bit set, no other in the same packet. The tag
        of Tunnel-Password is always sent (RFC 2868 section 3.5) and stays readable. Raises OperatorError.
        """
        definition = self._definition(name)
        if not definition.encrypt:
            raise OperatorError(f"{definition.name} is not an encrypted attribute")
        if not 0 <= tag <= 31 or (tag and not definition.has_tag):
            raise OperatorError(f"{definition.name} cannot have the tag {tag}")
        try:
            if definition.encrypt == 1:
                hidden = shared_secret.hide_password(value, authenticator)
            else:
                hidden = shared_secret.encrypt_salted(value, authenticator, salt)
        except ValueError as error:
            raise OperatorError(f"{definition.name}: {error}") from None
        return self._wrap(definition, bytes((tag,)) + hidden if definition.has_tag else hidden)

    def _definition(self, name: str) -> Definition:
        known = self._names.get(name.lower())
        if known is None:
            near = get_close_matches(name.lower(), self._names, 3)
            hint = (
                f"did you mean {' or '.join(self._names[one] for one in near)}?" if near else "look it up in its vendor's list"
            )
            raise OperatorError(f"no attribute is called '{name}': {hint}")
        definition: Definition = self._pyrad.attributes[known]
        return definition

    def _octets(self, definition: Definition, value: Value) -> bytes:
        """The value alone, by its data type or by the name that the dictionary has for it."""
        plain: str | int | bytes = value.reveal() if isinstance(value, Secret) else value
        named = self._pyrad.attributes[definition.name].values
        if isinstance(plain, str) and named.HasForward(plain):
            encoded: bytes = named.GetForward(plain)
            return encoded
        try:
            return _ENCODERS.get(definition.type, _encode_other)(definition.type, plain)
        except (ValueError, TypeError, OverflowError):  # pyrad's words quote the value, which may be a secret
            wanted = _WANTED.get(definition.type, f"a value of type {definition.type}")
            known = f"; it knows {', '.join(sorted(named.forward))}" if len(named) else ""
            raise OperatorError(f"{definition.name} takes {wanted}, not what was given{known}") from None

    def _wrap(self, definition: Definition, value: bytes) -> bytes:
        """The headers around an encoded value: TLV, vendor, attribute."""
        try:
            if definition.is_sub_attribute:
                if len(value) > 253:
                    raise ValueError(f"{len(value)} octets do not fit")
                value = bytes((definition.code, len(value) + 2)) + value
                definition = definition.parent
            if definition.vendor:
                return encode_vendor(self._pyrad.vendors.GetForward(definition.vendor), definition.code, value)
            return encode_attribute(definition.code, value)
        except ValueError as error:
            raise OperatorError(f"{definition.name} is too long: {error}") from None

    # --- octets to names ----------------------------------------------------------------------------------------------

    def describe(self, attributes: bytes) -> list[tuple[str, str]]:
        """Names and readable values of encoded attributes, for people; see radius.wire.describe."""
        return describe(self._pyrad, attributes)


def load() -> Dictionary:
    """Our dictionary: the RFCs' files first, so that vendors' can add values to their attributes. About 10 ms."""
    files = sorted(FOLDER.glob("*.dict"), key=lambda file: (not file.name.startswith("rfc"), file.name))
    return Dictionary(files)


def _tagged(definition: Definition, value: bytes, tag: int) -> bytes:
    if not 0 <= tag <= 31:
        raise OperatorError(f"{definition.name} has the tag {tag}: tags are 0 to 31 (RFC 2868 section 3)")
    if not definition.has_tag:
        if tag:
            raise OperatorError(f"{definition.name} has no tag: leave it out")
        return value
    if definition.type == "integer":
        if value[0]:
            raise OperatorError(f"{definition.name} is at most 16777215, as its first octet is the tag")
        return bytes((tag,)) + value[1:]
    return bytes((tag,)) + value if tag else value


def _encode_text(_: str, value: str | int | bytes) -> bytes:
    if isinstance(value, int):
        raise TypeError
    return value.encode() if isinstance(value, str) else value


def _encode_octets(_: str, value: str | int | bytes) -> bytes:
    """Octets as they are, text as UTF-8, "0x..." as hexadecimal.

    Not pyrad's way, which takes "65" for the octet 65 and octets that begin with 0x for text.
    """
    if isinstance(value, int):
        raise TypeError
    if isinstance(value, bytes):
        return value
    return bytes.fromhex(value[2:]) if value[:2].lower() == "0x" else value.encode()


def _encode_number(kind: str, value: str | int | bytes) -> bytes:
    if isinstance(value, bool | bytes):
        raise TypeError
    encoded: bytes = tools.EncodeAttr(kind, int(value, 0) if isinstance(value, str) else value)
    return encoded


def _encode_other(kind: str, value: str | int | bytes) -> bytes:
    if isinstance(value, int):  # ipaddress would take a number for an address
        raise TypeError
    encoded: bytes = tools.EncodeAttr(kind, value)
    return encoded


_ENCODERS: dict[str, Callable[[str, str | int | bytes], bytes]] = {
    "string": _encode_text,
    "octets": _encode_octets,
} | dict.fromkeys(("integer", "signed", "short", "byte", "integer64", "date"), _encode_number)

_WANTED = {
    "string": "text",
    "octets": "octets, written as 0x and hexadecimal digits",
    "integer": "a number from 0 to 4294967295",
    "date": "a number of seconds since 1970",
    "short": "a number from 0 to 65535",
    "byte": "a number from 0 to 255",
    "ipaddr": "an IPv4 address",
    "ipv6addr": "an IPv6 address",
    "ipv6prefix": "an IPv6 prefix such as 2001:db8::/64",
    "ifid": "an interface id such as 211:22ff:fe33:4455",
    "ether": "a MAC address",
}
