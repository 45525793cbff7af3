"""The settings: read once, strictly, into one frozen value. `kapija check` and `kapija serve` run this same code.

A home directory holds everything of one node:

    kapija.toml     the settings below; every key has a default
    kapija.db       the embedded SQLite store, unless [store] url names another
    master.key      the master key (0600), unless KAPIJA_MASTER_KEY carries it
    pki/            certificates: ours, the authorities that clients' are trusted by, revocation lists
    node/           what workers map and write: the node file (LMDB) and the journal
"""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from radius.errors import SettingsError

Port = Annotated[int, Meta(ge=0, le=65535)]


class RadiusSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where RADIUS listens and how it bears with mistakes. Durations are seconds."""

    listen: tuple[str, ...] = ("0.0.0.0", "::")  # noqa: S104 - access points come from everywhere; unknown ones get silence
    auth_port: Port = 1812  # RFC 2865 section 3
    acct_port: Port = 1813  # RFC 2866 section 3
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    reject_delay: Annotated[float, Meta(ge=0, le=10)] = 1.0
    receive_buffer: Annotated[int, Meta(ge=65536)] = 4 * 1024 * 1024
    reauthentication_jitter: Annotated[int, Meta(ge=0, le=300)] = 300


class StoreSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The SQL store; an empty url means kapija.db in the home directory."""

    url: str = ""


class JournalSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The local journal: how long a group may gather, how large the journal may grow, how long carried segments stay."""

    group_milliseconds: Annotated[int, Meta(ge=1, le=1000)] = 20
    limit_megabytes: Annotated[int, Meta(ge=16)] = 4096
    keep_seconds: Annotated[int, Meta(ge=0)] = 900


class PkiSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Client certificates: whether one is refused while its authority's revocation list is missing or out of date."""

    require_crl: bool = False


class LogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The application log on standard error; it may be lost, audit events may not."""

    level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$")] = "info"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of kapija.toml."""

    node: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$")] = "node1"
    radius: RadiusSettings = RadiusSettings()
    store: StoreSettings = StoreSettings()
    journal: JournalSettings = JournalSettings()
    pki: PkiSettings = PkiSettings()
    log: LogSettings = LogSettings()


class Home(Struct, frozen=True):
    """A home directory with its settings: the one value that the command line hands to everything else."""

    path: Path
    settings: Settings

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of the store."""
        return self.settings.store.url or f"sqlite:///{self.path / 'kapija.db'}"

    @property
    def node_file(self) -> Path:
        """The LMDB file that workers map."""
        return self.path / "node" / "directory.lmdb"

    @property
    def journal(self) -> Path:
        """The directory of the journal's segments."""
        return self.path / "node" / "journal"

    @property
    def pki(self) -> Path:
        """The directory of certificates (radius.pki says what lies where)."""
        return self.path / "pki"

    @property
    def master_key(self) -> Path:
        """The file of the master key, used unless the environment carries it."""
        return self.path / "master.key"


def load(home: Path) -> Home:
    """Read `home`/kapija.toml. Raises SettingsError with the file, the key and what is allowed there."""
    file = home / "kapija.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{file} does not exist: run 'kapija init {home}' first, or name another --home") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from None
    return Home(home, parse(text, file))


def parse(text: str, file: Path) -> Settings:
    """The settings in `text`; `file` is named in errors."""
    try:
        return msgspec.convert(tomllib.loads(text), Settings)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not valid TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"{file}: {error}; the keys are: {', '.join(known_keys())}") from None


def known_keys() -> list[str]:
    """Every key that kapija.toml may have, as `section.key`."""
    keys = []
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            keys += [f"{field.name}.{inner.name}" for inner in msgspec.structs.fields(field.type)]
        else:
            keys.append(field.name)
    return keys
