"""What the node file holds: the values that workers read, one msgpack array each.

The housekeeper writes them from SQL, workers map and decode them. A field is only ever added at the end, with a default.
Texts that name things (`school`, `scope`) are the short names that people see.
"""

from msgspec import Struct


class PersonRecord(Struct, frozen=True, gc=False, array_like=True):
    """A person and what can be checked about her. Times are seconds since the epoch, 0 for unbounded.

    `verifier` is salt and keyed hash of the password, `nt` the sealed NT hash with its MD4, `plain` the sealed password
    (CHAP needs it), `argon2` an encoded argon2id hash; each empty when the account does not have it.
    """

    id: int
    username: str
    school: str
    role: str
    groups: tuple[str, ...]
    disabled: bool
    valid_from: float
    valid_until: float
    verifier: bytes
    nt: bytes
    plain: bytes
    argon2: str


class DeviceRecord(Struct, frozen=True, gc=False, array_like=True):
    """A registered device; `mac` in RFC 3580's spelling. `psk` is its sealed pre-shared key, empty for none."""

    id: int
    mac: str
    label: str
    school: str
    role: str
    groups: tuple[str, ...]
    ownership: str
    disabled: bool
    valid_until: float
    psk: bytes


class ClientRecord(Struct, frozen=True, array_like=True):
    """A RADIUS client: an address or a network. `secret` and `previous_secret` (valid until `previous_until`) are sealed;
    `mode` is require, learn or optional (Message-Authenticator)."""

    id: int
    network: str
    name: str
    school: str
    family: str
    location: str
    secret: bytes
    previous_secret: bytes
    previous_until: float
    mode: str


class SchoolRecord(Struct, frozen=True, array_like=True):
    """A school: its time zone (IANA name), language (en, sr-Cyrl, sr-Latn), tags, VLAN names and calendar (TOML text)."""

    name: str
    title: str
    timezone: str
    language: str
    tags: tuple[str, ...]
    vlans: dict[str, int]
    calendar: str


class DirectoryRecord(Struct, frozen=True, array_like=True):
    """An external directory that is asked: its short name, its description (TOML text, radius.directory.description) and its
    sealed secrets (radius.store.directory_secrets)."""

    name: str
    document: str
    secrets: bytes


class PolicyRecord(Struct, frozen=True, array_like=True):
    """The published policy of a scope ("national" or a school's name): its version, SHA-256 (hex) and TOML text."""

    scope: str
    version: int
    sha256: str
    document: str
