"""The settings: read once, strictly, into one frozen value. `kapija check` and `kapija serve` run this same code.

A home directory holds everything of one node:

    kapija.toml     the settings below; every key has a default
    kapija.db       the embedded SQLite store, unless [store] url names another
    master.key      the master key (0600), unless KAPIJA_MASTER_KEY carries it
    pki/            certificates: ours, the authorities that clients' are trusted by, revocation lists
    node/           what workers map and write: the node file (LMDB) and the journal
"""

import os
import tomllib
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from radius.errors import SettingsError

MOST_WORKERS = 64
Port = Annotated[int, Meta(ge=0, le=65535)]


class RadiusSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where RADIUS listens and how it bears with mistakes. Durations are seconds. `workers` 0 is one for each core.

    `steer` has the kernel deliver each datagram to its device's own worker (radius.server.steering); without it workers hand
    over, which costs more and comes to the same.
    """

    listen: tuple[str, ...] = ("0.0.0.0", "::")  # noqa: S104 - access points come from everywhere; unknown ones get silence
    auth_port: Port = 1812  # RFC 2865 section 3
    acct_port: Port = 1813  # RFC 2866 section 3
    workers: Annotated[int, Meta(ge=0, le=MOST_WORKERS)] = 0
    steer: bool = True
    reject_delay: Annotated[float, Meta(ge=0, le=10)] = 1.0
    receive_buffer: Annotated[int, Meta(ge=65536)] = 4 * 1024 * 1024
    reauthentication_jitter: Annotated[int, Meta(ge=0, le=300)] = 300
    another_server: bool = False  # whether access points have one to ask when this one is silent

    @property
    def processes(self) -> int:
        """How many workers that comes to on this machine."""
        return self.workers or min(MOST_WORKERS, len(os.sched_getaffinity(0)))


EapMethod = Literal["peap", "ttls", "eap-tls", "eap-mschapv2", "eap-gtc", "eap-md5"]
InnerMethod = Literal["eap-mschapv2", "eap-gtc", "eap-tls", "eap-md5", "pap", "chap", "mschap", "mschapv2"]
BARE = ("eap-mschapv2", "eap-gtc", "eap-md5")  # without a tunnel: whoever listens at the access point can guess at leisure


class OfferSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """One [[eap.offer]]: for whom it is (all that are given must hold; the first that does is taken), and what it changes.

    `realm` is what follows the last @ of the outer identity ("" for names without one); `client` an address or network.
    What is not given is as in [eap].
    """

    realm: str | None = None
    ssid: str | None = None
    client: str | None = None
    methods: tuple[EapMethod, ...] | None = None
    inner: tuple[InnerMethod, ...] | None = None
    require_crypto_binding: bool | None = None
    require_client_certificate: bool | None = None
    allow_realm_mismatch: bool | None = None

    def __post_init__(self) -> None:
        if self.realm is None and self.ssid is None and self.client is None:
            raise ValueError("an offer is for a realm, an ssid or a client; what is for all stands in [eap] itself")
        if self.client is not None:
            ip_network(self.client)
        for methods in (self.methods, self.inner):
            _each_once(methods)
        bare = [method for method in self.methods or () if method in BARE]
        if bare and self.client is None:
            raise ValueError(f"{', '.join(bare)} without a tunnel is offered only to a client that the offer names")


class EapSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """802.1X: what is offered, in this order, and what must hold; [[eap.offer]] makes exceptions.

    `user_name` says when an Access-Accept tells the NAS the name that was proved: "at-home" (not to the access points of
    another school or provider, which see no more than the outer identity), "always" or "never". `packet_size` bounds an EAP
    packet in octets; a smaller Framed-MTU in the request goes before it.
    """

    methods: tuple[EapMethod, ...] = ("peap", "ttls", "eap-tls")
    inner: tuple[InnerMethod, ...] = get_args(InnerMethod)
    require_crypto_binding: bool = False
    require_client_certificate: bool = False
    allow_realm_mismatch: bool = False
    resumption: bool = True
    resumption_hours: Annotated[int, Meta(ge=1, le=168)] = 24
    tls_minimum: Literal["1.2", "1.3"] = "1.2"
    packet_size: Annotated[int, Meta(ge=100, le=3500)] = 1000
    user_name: Literal["at-home", "always", "never"] = "at-home"
    offer: tuple[OfferSettings, ...] = ()

    def __post_init__(self) -> None:
        if not self.methods:
            raise ValueError("methods must name at least one")
        for methods in (self.methods, self.inner):
            _each_once(methods)
        bare = [method for method in self.methods if method in BARE]
        if bare:
            raise ValueError(f"{', '.join(bare)} without a tunnel is not for all: name it in an [[eap.offer]] with a client")


def _each_once(methods: tuple[str, ...] | None) -> None:
    if methods is not None and len(set(methods)) < len(methods):
        raise ValueError("a method is named once; the order is that of the offer")


class StoreSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The SQL store; an empty url means kapija.db in the home directory."""

    url: str = ""


class JournalSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The local journal: how long a group may gather, how large the journal may grow, how long carried segments stay."""

    group_milliseconds: Annotated[int, Meta(ge=1, le=1000)] = 20
    limit_megabytes: Annotated[int, Meta(ge=16)] = 4096
    keep_seconds: Annotated[int, Meta(ge=0)] = 900


class SessionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Living sessions: how many a second are decided otherwise and told so after a change, at one school and in all."""

    reauthorize_per_school: Annotated[float, Meta(gt=0, le=1000)] = 5.0
    reauthorize_in_all: Annotated[int, Meta(ge=2, le=10000)] = 200


class AccountingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Accounting: how many seconds access points are asked to leave between two records of a session (Acct-Interim-Interval);
    0 leaves it to them. RFC 2869 section 5.16 wants at least 60, and better 600."""

    interim_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 600

    def __post_init__(self) -> None:
        if 0 < self.interim_seconds < 60:
            raise ValueError("interim_seconds is 60 or more, or 0 to leave it to the access points")


class NodesSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The other nodes of this installation, so that a conversation's packet which a balancer brings here reaches its own
    (radius.server.hop). `listen` is this node's address among them, "" for a node that stands alone; `others` has the address
    of each other node by its name.
    """

    listen: str = ""
    port: Port = 18177
    others: dict[str, str] = {}

    def __post_init__(self) -> None:
        for address in (self.listen, *self.others.values()):
            if address:
                ip_address(address)
        if self.others and not self.listen:
            raise ValueError("listen must say at which of its addresses the other nodes reach this one")


class MetricsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where Prometheus may read this node's figures; port 0 for nowhere. Whoever reaches it reads it, so it is loopback unless
    a network of the operator's own is named."""

    listen: str = "127.0.0.1"
    port: Port = 9812

    def __post_init__(self) -> None:
        ip_address(self.listen)


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
    eap: EapSettings = EapSettings()
    store: StoreSettings = StoreSettings()
    journal: JournalSettings = JournalSettings()
    sessions: SessionSettings = SessionSettings()
    accounting: AccountingSettings = AccountingSettings()
    nodes: NodesSettings = NodesSettings()
    metrics: MetricsSettings = MetricsSettings()
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
    def known_file(self) -> Path:
        """The LMDB file of what directories have said."""
        return self.path / "node" / "known.lmdb"

    @property
    def status(self) -> Path:
        """Where each worker writes how it and its directories are."""
        return self.path / "node" / "status"

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
    return list(_keys(Settings, ""))


def _keys(section: type[Struct], prefix: str) -> Iterator[str]:
    for field in msgspec.structs.fields(section):
        types = [field.type, *get_args(field.type)]
        inner = next((each for each in types if isinstance(each, type) and issubclass(each, Struct)), None)
        if inner is not None:
            yield from _keys(inner, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"
