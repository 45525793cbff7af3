"""Serbian Cyrillic written in Serbian Latin letters (gajica), letter by letter; љ, њ and џ become lj, nj and dž."""

# What is called so on the device's or the server's screen, and therefore in the sentences of both alphabets.
NAMES = (
    "Android",
    "Credential Guard",
    "EAP-TLS",
    "Framed-MTU",
    "MSCHAPv2",
    "MTU",
    "PAP",
    "PEAP",
    "Protected Users",
    "TLS",
    "TTLS",
    "Windows",
    "kapija audit search",
    "kapija client unknown",
    "kapija pki issue",
    "kapija pki lint",
    "kapija user passwd",
)

_SINGLE = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
_DOUBLE = {"љ": "lj", "њ": "nj", "џ": "dž"}


def to_latin(text: str) -> str:
    """`text` with every Serbian Cyrillic letter in Latin. A capital digraph is Lj before a small letter, LJ among capitals."""
    return "".join(_letter(text, at) for at in range(len(text)))


def _letter(text: str, at: int) -> str:
    letter = text[at]
    small = letter.lower()
    if small in _SINGLE:
        return _SINGLE[small] if letter == small else _SINGLE[small].upper()
    if small not in _DOUBLE:
        return letter
    if letter == small:
        return _DOUBLE[small]
    neighbour = next((near for near in (text[at + 1 : at + 2], text[at - 1 : at] if at else "") if near.isalpha()), "")
    return _DOUBLE[small].upper() if neighbour.isupper() else _DOUBLE[small].capitalize()
