"""Texts of access points, which may be any octets: as people read them, or at least always the same."""


def printable(value: bytes) -> str:
    """A text of the NAS, "" when it is not printable UTF-8."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def name_of(value: bytes | None) -> str:
    """A name that only has to be told from others: its text, or its octets in hexadecimal; "" for none."""
    if not value:
        return ""
    return printable(value) or value.hex()
