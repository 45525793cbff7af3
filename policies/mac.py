"""MAC addresses in one spelling, RFC 3580 section 3.20's `02-00-00-00-05-01`, whatever spelling they came in."""

import re

CANONICAL = re.compile(r"[0-9A-F]{2}(?:-[0-9A-F]{2}){5}")
_USUAL = re.compile(
    r"[0-9A-Fa-f]{12}"  # 020000000501
    r"|[0-9A-Fa-f]{2}([-:. ])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}"  # 02-00-00-00-05-01, with colons, dots or spaces
    r"|[0-9A-Fa-f]{4}([-:.])[0-9A-Fa-f]{4}\2[0-9A-Fa-f]{4}"  # 0200.0000.0501 (Cisco), 0200-0000-0501 (Huawei)
    r"|[0-9A-Fa-f]{6}[-:][0-9A-Fa-f]{6}"  # 020000-000501 (HP, Ruckus)
)
_PREFIX = re.compile(r"[0-9A-Fa-f]{1,4}(?:[-:.]?[0-9A-Fa-f]{1,4})*[-:.]?")
_NO_SEPARATORS = str.maketrans("", "", "-:. ")
_SHORTEST_PREFIX, _ADDRESS = 6, 12  # hexadecimal digits: a vendor's block is 24, 28 or 36 bits (IEEE MA-L, MA-M, MA-S)


def canonical_mac(text: str) -> str | None:
    """`text` as `02-00-00-00-05-01`, or None when it is no MAC address in any usual spelling."""
    if CANONICAL.fullmatch(text):
        return text
    if not _USUAL.fullmatch(text):
        return None
    return _grouped(text.translate(_NO_SEPARATORS).upper())


def mac_prefix(text: str) -> str | None:
    """The beginning of a MAC address in the canonical spelling, so that `str.startswith` compares it: `02-00-00`.

    From six hexadecimal digits (a vendor's block) up to a whole address. None when `text` is no such beginning.
    """
    if not _PREFIX.fullmatch(text):
        return None
    digits = text.translate(_NO_SEPARATORS).upper()
    return _grouped(digits) if _SHORTEST_PREFIX <= len(digits) <= _ADDRESS else None


def _grouped(digits: str) -> str:
    return "-".join(digits[at : at + 2] for at in range(0, len(digits), 2))
