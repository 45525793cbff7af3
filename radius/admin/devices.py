"""Devices known by their MAC address: added, listed, removed; each with a pre-shared key of its own where that is wanted."""

from collections.abc import Iterable
from secrets import choice
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, insert, select, update

from policies.access import Ownership
from policies.mac import canonical_mac
from radius.admin import checks
from radius.admin.context import Admin
from radius.admin.schools import school_named
from radius.audit.tags import Tag
from radius.errors import NotFound, OperatorError
from radius.secret import Secret
from radius.store.tables import devices, people

PSK_LENGTH = range(8, 64)  # IEEE 802.11 annex J.4.1: 8 to 63 ASCII characters
# 16 of 31 signs that cannot be taken for one another on a printed label: 79 bits
PSK_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"

# What a removed device's row keeps: nothing of it. The housekeeper carries the removal by the row's id.
GONE_DEVICE: Final[dict[str, object]] = {
    "label": "",
    "owner": "",
    "groups": [],
    "disabled": True,
    "psk": b"",
    "removed": True,
}

_COLUMNS = (
    devices.c.id,
    devices.c.mac,
    devices.c.label,
    devices.c.school,
    devices.c.owner,
    devices.c.role,
    devices.c.groups,
    devices.c.ownership,
    devices.c.disabled,
    devices.c.valid_until,
    devices.c.psk,
)


class Device(Struct, frozen=True):
    """A device as administrators see it; `psk` says whether it has a pre-shared key, never which."""

    id: int
    mac: str
    label: str
    school: str
    owner: str
    role: str
    groups: tuple[str, ...]
    ownership: str
    disabled: bool
    valid_until: float
    psk: bool

    @property
    def subject(self) -> str:
        """Its name in the audit log."""
        return f"device:{self.id}"


def gone_mac(number: int) -> str:
    """What a removed device's row has for its address, so that the address is free again and forgotten."""
    return f"gone {number}"


def check_psk(psk: Secret) -> Secret:
    """The pre-shared key, if WPA takes it. Errors tell nothing of it."""
    octets = psk.reveal()
    if len(octets) not in PSK_LENGTH or not all(0x20 <= octet <= 0x7E for octet in octets):
        raise OperatorError("the pre-shared key must be 8 to 63 ASCII characters: leave it out, and one is generated")
    return psk


def generate_psk() -> Secret:
    """A pre-shared key in four groups of four, to be typed from a label: `k7mq-x2fh-9ptr-w4nz`."""
    groups = ("".join(choice(PSK_SIGNS) for _ in range(4)) for _ in range(4))
    return Secret("-".join(groups))


def add_device(
    admin: Admin,
    mac: str,
    school: str,
    role: str = "device",
    label: str = "",
    ownership: str = Ownership.MANAGED,
    owner: str = "",
    groups: Iterable[str] = (),
    valid_until: str = "",
    psk: Secret | None = None,
) -> Device:
    """Add a device. `mac` in any usual spelling; `owner` is a person's username; `valid_until` the last day.

    Raises OperatorError when it is there already or anything is not as it must be.
    """
    address = _address(mac)
    if ownership not in tuple(Ownership):
        raise OperatorError(f"there is no ownership {ownership!r}; it can be: {', '.join(Ownership)}")
    sealed = admin.keyring.seal(check_psk(psk).reveal(), psk_context(address)) if psk is not None else b""
    row: dict[str, object] = {
        "mac": address,
        "label": checks.line(label.strip(), "the label"),
        "school": school,
        "owner": checks.username(owner) if owner else "",
        "role": checks.role(role),
        "groups": list(checks.groups(tuple(groups))),
        "ownership": str(ownership),
        "disabled": False,
        "psk": sealed,
        "removed": False,
    }
    with admin.change() as change:
        record = school_named(change.connection, school)
        taken = change.connection.execute(select(devices.c.school).where(devices.c.mac == address)).scalar_one_or_none()
        if taken is not None:
            raise OperatorError(f"the device {address} is registered already, in {taken}: remove it there first")
        if owner:
            _check_owner(change.connection, str(row["owner"]))
        row["valid_until"] = checks.last_moment(valid_until, record.timezone)
        change.connection.execute(insert(devices).values(revision=change.revision, **row))
        device = _device_named(change.connection, address)
        change.audit(
            Tag.DEVICE_ADDED,
            device.subject,
            school=school,
            subject=device.subject,
            mac=address,
            details={"role": role, "ownership": str(ownership), "psk": "yes" if sealed else "no"},
            personal={"label": device.label, "owner": device.owner},
        )
    return device


def list_devices(admin: Admin, school: str | None = None, owner: str | None = None) -> list[Device]:
    """Every device (of one school, of one person), by school and address. Raises NotFound for an unknown school."""
    query = select(*_COLUMNS).where(devices.c.removed.is_(False)).order_by(devices.c.school, devices.c.mac)
    with admin.reading() as connection:
        if school is not None:
            school_named(connection, school)
            query = query.where(devices.c.school == school)
        if owner is not None:
            query = query.where(devices.c.owner == checks.username(owner))
        return [_device(row) for row in connection.execute(query).mappings()]


def remove_device(admin: Admin, mac: str) -> Device:
    """Remove a device: it is a stranger from now on, and its pre-shared key is destroyed. Raises NotFound."""
    with admin.change() as change:
        device = _device_named(change.connection, _address(mac))
        change.connection.execute(
            update(devices)
            .where(devices.c.id == device.id)
            .values(mac=gone_mac(device.id), revision=change.revision, **GONE_DEVICE)
        )
        change.audit(Tag.DEVICE_REMOVED, device.subject, school=device.school, subject=device.subject, mac=device.mac)
    return device


def psk_context(mac: str) -> str:
    """The context to which a device's key is sealed (radius.directory.local opens it)."""
    return f"device-psk:{mac}"


def _address(mac: str) -> str:
    address = canonical_mac(mac.strip())
    if address is None:
        raise OperatorError(f"{mac!r} is no MAC address: write 02-00-00-00-05-01 or 02:00:00:00:05:01")
    if int(address[:2], 16) & 1:  # IEEE 802-2014 section 8.2.2: the group bit
        raise OperatorError(f"{address} is a group address, which no device has: read it from the device again")
    if address == "00-00-00-00-00-00":
        raise OperatorError(f"{address} is no device's address: read it from the device again")
    return address


def _check_owner(connection: Connection, owner: str) -> None:
    found = connection.execute(select(people.c.id).where(people.c.username == owner, people.c.removed.is_(False))).first()
    if found is None:
        raise NotFound(f"there is nobody with the username {owner!r} to own the device: add the person first")


def _device_named(connection: Connection, address: str) -> Device:
    row = connection.execute(select(*_COLUMNS).where(devices.c.mac == address, devices.c.removed.is_(False))).mappings().first()
    if row is None:
        raise NotFound(f"there is no device {address}: 'kapija device list' shows those there are")
    return _device(row)


def _device(values: RowMapping) -> Device:
    return Device(
        id=values["id"],
        mac=values["mac"],
        label=values["label"],
        school=values["school"],
        owner=values["owner"],
        role=values["role"],
        groups=tuple(values["groups"]),
        ownership=values["ownership"],
        disabled=values["disabled"],
        valid_until=values["valid_until"],
        psk=bool(values["psk"]),
    )
