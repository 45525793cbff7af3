"""The description of one external directory: what the administrator wrote in TOML, read strictly into one frozen value.

docs/directories.md explains each key. What a profile (radius.directory.profiles) gives need not be written. Secrets are not
in it: the service account's password is the secret "bind_password", the client certificate's key "client_key".
"""

import tomllib
from collections.abc import Iterator
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from radius.directory.admission import parse_moment
from radius.directory.conditions import parse_condition
from radius.directory.description_checks import (
    check_attributes,
    check_each,
    check_filter,
    check_placeholders,
    check_school,
    check_server,
)
from radius.directory.profiles import PROFILES, Fragment, with_profile
from radius.errors import OperatorError

Kind = Literal["ldap", "active-directory"]
Profile = Literal["openldap", "389-ds", "freeipa", "google", "active-directory", "custom"]
Scope = Literal["base", "one", "subtree"]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
MAX_TEXT: Final = 1 << 20  # characters
MAX_ROWS: Final = 1_000
BIND_PASSWORD: Final = "bind_password"  # noqa: S105 - the name of a secret
CLIENT_KEY: Final = "client_key"


class DescriptionError(OperatorError):
    """The description is not as it must be: one sentence with the place and the mend."""


class People(Struct, frozen=True, forbid_unknown_fields=True):
    """How a person is found, and which attributes tell her name and her stable id.

    In `filter` (RFC 4515) {name} is the name as it is asked for, without the realm where `serve.strip_realm` says so, and
    {full} the whole of it. `base` "" means the directory's. `nt_hash` names the attribute with the NT hash.
    """

    filter: str
    base: str = ""
    scope: Scope = "subtree"
    name: str = "uid"
    id: str = "entryUUID"
    nt_hash: str = "no"

    def __post_init__(self) -> None:
        check_filter("filter", self.filter, ("name", "full"), required=True)
        check_attributes("name", self.name, "id", self.id)
        if self.nt_hash != "no":
            check_attributes("nt_hash", self.nt_hash)


class Groups(Struct, frozen=True, forbid_unknown_fields=True):
    """How a person's groups are found: from the attribute `member_of` of her entry, and by searching with `filter`.

    In `filter` {dn} is her DN and {name} her name; in `above`, which finds the groups that a group is in, {dn} is the group's.
    `nested` follows `above` (or, without it, the groups' own `member_of`) up to the top. `name` is the attribute that names a
    group.
    """

    base: str = ""
    member_of: str = ""
    filter: str = ""
    above: str = ""
    nested: bool = True
    name: str = "cn"

    def __post_init__(self) -> None:
        if self.filter:
            check_filter("filter", self.filter, ("dn", "name"), required=True)
        if self.above:
            check_filter("above", self.above, ("dn",), required=True)
        check_attributes("name", self.name)
        if self.member_of:
            check_attributes("member_of", self.member_of)


class Account(Struct, frozen=True, forbid_unknown_fields=True):
    """Which attributes say that an account may not come in: rows of conditions, and moments (radius.directory.admission).

    `password_changed` names the attributes that are another after a change of the password: a resumed TLS session then has to
    prove itself anew.
    """

    disabled: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    valid_from: tuple[str, ...] = ()
    expires: tuple[str, ...] = ()
    password_expires: tuple[str, ...] = ()
    password_changed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in ("disabled", "locked"):
            check_each(key, getattr(self, key), parse_condition)
        for key in ("valid_from", "expires", "password_expires"):
            check_each(key, getattr(self, key), parse_moment)
        for name in self.password_changed:
            check_attributes("password_changed", name)


class Serve(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose names this directory answers: of these realms ("" is for names without one), asked by these schools' access points
    (none named: by all). `position` orders the directories that serve the same; `strip_realm` asks for ana, not
    ana@skola.example."""

    realms: tuple[str, ...] = ("",)
    schools: tuple[str, ...] = ()
    position: Annotated[int, Meta(ge=0, le=10_000)] = 10
    strip_realm: bool = True

    def __post_init__(self) -> None:
        if not self.realms:
            raise ValueError('realms names none, so the directory would never be asked; realms = [""] is names without a realm')
        check_each("schools", self.schools, check_school)
        for realm in self.realms:
            if "@" in realm or realm != realm.lower():
                raise ValueError(f"realms: {realm!r} is written in small letters and without @")


class CacheTimes(Struct, frozen=True, forbid_unknown_fields=True):
    """How long what the directory said is kept: facts, proofs that held (and while it is away, hours), refusals. 0: not."""

    facts_seconds: Seconds = 300.0
    proof_seconds: Seconds = 300.0
    proof_hours_away: Annotated[float, Meta(ge=0, le=168)] = 8.0
    refusal_seconds: Annotated[float, Meta(ge=0, le=300)] = 5.0


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """How much is asked at once, how many may wait, and how long a question may take; the NAS gives up after some seconds."""

    threads: Annotated[int, Meta(ge=1, le=256)] = 64
    waiting: Annotated[int, Meta(ge=1, le=10_000)] = 256
    deadline_seconds: Annotated[float, Meta(ge=0.1, le=10)] = 3.0


class MapRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One [[map]]: for whom `when` holds (left out: for all), the role, school and groups that she gets.

    With `attribute`, the row is read once for each of its values (`group` stands for the names of her groups), and {value} in
    the texts is that value, through the table `values` if there is one; values that it does not name give nothing.
    """

    when: str = ""
    attribute: str = ""
    values: dict[str, str] = {}
    role: str = ""
    school: str = ""
    groups: str | tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.when:
            check_each("when", (self.when,), parse_condition)
        if self.attribute:
            check_attributes("attribute", self.attribute)
        elif self.values:
            raise ValueError("values translates the values of an attribute; name it with attribute = ...")
        if not (self.role or self.school or self.groups):
            raise ValueError("gives neither role nor school nor groups")
        known = ("value",) if self.attribute else ()
        for key, text in (("role", self.role), ("school", self.school), *(("groups", each) for each in self.every_group)):
            check_placeholders(key, text, known)

    @property
    def every_group(self) -> tuple[str, ...]:
        """`groups`, one text or several, as several."""
        return (self.groups,) if isinstance(self.groups, str) else self.groups


class Ntlm(Struct, frozen=True, forbid_unknown_fields=True):
    """Active Directory only: MS-CHAPv2 through Samba's ntlm_auth (docs/directories.md). `processes` 0 leaves it out."""

    domain: str = ""
    processes: Annotated[int, Meta(ge=0, le=32)] = 4
    command: tuple[str, ...] = ("ntlm_auth",)


class Description(Struct, frozen=True, forbid_unknown_fields=True):
    """All of one directory's document."""

    kind: Kind
    servers: tuple[str, ...]
    base: str
    people: People
    profile: Profile = "openldap"
    tls: Literal["required", "insecure-plain"] = "required"
    ca: str = ""
    client_certificate: str = ""
    server_name: str = ""
    bind_dn: str = ""
    groups: Groups = Groups()
    account: Account = Account()
    serve: Serve = Serve()
    cache: CacheTimes = CacheTimes()
    limits: Limits = Limits()
    map: tuple[MapRow, ...] = ()
    ntlm: Ntlm | None = None

    def __post_init__(self) -> None:
        if not self.servers:
            raise ValueError('servers names none; write servers = ["ldaps://ldap.skola.example"]')
        for url in self.servers:
            check_server(url, plain=self.tls == "insecure-plain")
        if len(self.map) > MAX_ROWS:
            raise ValueError(f"map has more than {MAX_ROWS} rows")
        if self.profile != "custom" and (self.kind == "active-directory") != (self.profile == "active-directory"):
            raise ValueError(f"profile {self.profile!r} does not go with kind {self.kind!r}")
        if self.ntlm is not None and self.kind != "active-directory":
            raise ValueError('ntlm is for kind = "active-directory"')


def parse_description(text: str) -> Description:
    """The description in the TOML `text`. Raises DescriptionError with the place and the mend."""
    if len(text) > MAX_TEXT:
        raise DescriptionError(f"the description has {len(text)} characters, more than the {MAX_TEXT} that are allowed")
    try:
        given: Fragment = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DescriptionError(f"the description is not valid TOML: {error}") from None
    if given.get("kind") == "active-directory":
        given.setdefault("profile", "active-directory")
    profile = PROFILES.get(str(given.get("profile", "openldap")), {})
    try:
        return msgspec.convert(with_profile(given, profile), Description)
    except msgspec.ValidationError as error:
        raise DescriptionError(f"{_place(str(error))}; the keys are: {', '.join(known_keys())}") from None


def known_keys() -> list[str]:
    """Every key that a description may have, as `table.key`."""
    return list(_keys(Description, ""))


def _keys(section: type[Struct], prefix: str) -> Iterator[str]:
    for field in msgspec.structs.fields(section):
        types = [field.type, *get_args(field.type)]
        inner = next((each for each in types if isinstance(each, type) and issubclass(each, Struct)), None)
        if inner is not None:
            yield from _keys(inner, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"


def _place(message: str) -> str:
    """msgspec's "what - at `$.serve.realms`" as "serve.realms: what"."""
    what, _, where = message.rpartition(" - at `$")
    return f"{where.rstrip('`').lstrip('.')}: {what}" if what else message
