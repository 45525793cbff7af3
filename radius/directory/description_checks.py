"""Checks of single values of a description: each raises ValueError with words that say what is wrong and how it should be."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_ATTRIBUTE: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*").fullmatch  # RFC 4512 section 2.5
_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")
_SCHOOL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}|").fullmatch


def check_server(url: str, *, plain: bool) -> None:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("ldap", "ldaps") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known or parts.path.strip("/") or parts.query or parts.username is not None:
        raise ValueError(f"servers: {url!r} is not like ldaps://ldap.skola.example or ldap://10.0.0.1:389")
    if plain and not _is_loopback(parts.hostname or ""):
        raise ValueError('tls = "insecure-plain" is for servers of this machine alone, since passwords would travel readably')


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_filter(key: str, text: str, known: tuple[str, ...], *, required: bool) -> None:
    check_placeholders(key, text, known)
    if required and not _PLACEHOLDER.search(text):
        raise ValueError(f"{key} does not ask for {' or '.join(f'{{{name}}}' for name in known)}, so it would find anybody")
    depth, closed = 0, 0
    for mark in text:
        depth += (mark == "(") - (mark == ")")
        closed += depth <= 0
    if not text.startswith("(") or depth != 0 or closed != 1 or "=" not in text:
        raise ValueError(f"{key} is no filter of RFC 4515, which is like (uid={{name}}): are the parentheses right?")


def check_placeholders(key: str, text: str, known: tuple[str, ...]) -> None:
    for name in _PLACEHOLDER.findall(text):
        if name not in known:
            allowed = " and ".join(f"{{{each}}}" for each in known) or "none (only a row with an attribute has {value})"
            raise ValueError(f"{key} has {{{name}}}; what can stand there: {allowed}")


def check_attributes(*named: str) -> None:
    for key, value in zip(named[::2], named[1::2], strict=True):
        if not _ATTRIBUTE(value):
            raise ValueError(f"{key}: {value!r} is not the name of an attribute (RFC 4512 section 2.5)")


def check_each(key: str, texts: tuple[str, ...], check: Callable[[str], object]) -> None:
    for text in texts:
        try:
            check(text)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None


def check_school(name: str) -> None:
    if not name or not _SCHOOL(name):
        raise ValueError(f"{name!r} is no school's short name (a-z, 0-9 and -)")
