"""What a rule gives: a Grant, or a Denial with a reason that can be told; and a grant in a school's own numbers, Terms."""

from msgspec import Struct


class RawAttribute(Struct, frozen=True):
    """An attribute that the administrator wrote by its dictionary name; `tag` is RFC 2868's, 0 where it has none."""

    name: str
    value: str | int
    tag: int = 0


class Quota(Struct, frozen=True):
    """How much a person or device may use on a day and in a week (Monday to Sunday) of its school's local time, over all of
    its sessions: megabytes (1,000,000 octets, both directions) and minutes on the network. None: not counted.

    Once one is used up the session is changed to `then` until the day or week is over; without `then` it is ended, and no new
    one begins.
    """

    day_megabytes: int | None = None
    week_megabytes: int | None = None
    day_minutes: int | None = None
    week_minutes: int | None = None
    then: "Grant | None" = None


class Grant(Struct, frozen=True):
    """What a rule that permits gives. None means: the rule does not say, and the access point's default holds.

    `vlan` is a name that each school maps to its own id, or the id itself (1-4094). Rates are kbit/s, times seconds.
    `psk` says that the device's own pre-shared key is sent (it is kept with the device, never in a policy).
    `max_devices` is how many devices of one person (by MAC address) may be on at once, `max_sessions` how many sessions.
    `redirect` is the portal's URL. `voice` puts a telephone into the voice domain of a multi-domain port.
    """

    vlan: str | int | None = None
    voice: bool = False
    filter: str | None = None
    acl: str | None = None
    bandwidth_down: int | None = None
    bandwidth_up: int | None = None
    session_timeout: int | None = None
    idle_timeout: int | None = None
    reauthenticate: int | None = None
    max_devices: int | None = None
    redirect: str | None = None
    reply_message: str | None = None
    psk: bool = False
    attributes: tuple[RawAttribute, ...] = ()
    max_sessions: int | None = None
    quota: Quota | None = None

    @property
    def counts(self) -> bool:
        """Whether it limits how many or how much, so that it has to be known who is on."""
        return self.max_devices is not None or self.max_sessions is not None or self.quota is not None


class Denial(Struct, frozen=True):
    """What a rule that refuses gives: a reason that a pupil can be told, in the words of the policy's author."""

    reason: str


class FilterProfile(Struct, frozen=True):
    """A named content-filter policy. `vendor_names` maps a NAS family (or "*") to the name that its Filter-Id, role or
    group has there; the rest is what the profile means, shown now and enforced by DNS later."""

    name: str
    description: str = ""
    vendor_names: dict[str, str] = {}
    blocked_categories: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()
    denied_domains: tuple[str, ...] = ()
    safe_search: bool = False
    schedule: str = ""


class Terms(Struct, frozen=True):
    """A grant with its names resolved for one school and one NAS family: what `vendors.express` writes as attributes.

    `session_timeout` has the Decision's `valid_until` and the jitter in it already when it is set per session; templates
    are encoded without it. `psk` is the device's key, present only when the grant asks for it.
    """

    vlan: int | None = None
    vlan_name: str = ""
    voice: bool = False
    filter_id: str | None = None
    acl: str | None = None
    bandwidth_down: int | None = None
    bandwidth_up: int | None = None
    idle_timeout: int | None = None
    reauthenticate: int | None = None
    redirect: str | None = None
    reply_message: str | None = None
    attributes: tuple[RawAttribute, ...] = ()
