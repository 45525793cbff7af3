"""The dialects of access points: how each NAS family says who is at the door, and how it is told what they get."""

from radius.vendors import aruba, cisco, extreme, fortinet, generic, hostapd, huawei, meraki, mikrotik, ruckus, unifi
from radius.vendors.base import Family

_MODULES = (generic, hostapd, cisco, aruba, ruckus, mikrotik, unifi, meraki, huawei, extreme, fortinet)

FAMILIES: dict[str, Family] = {module.FAMILY.name: module.FAMILY for module in _MODULES}
