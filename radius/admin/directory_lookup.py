"""Who somebody is in the external directories, asked without any proof: for administrators who want to know what would be."""

import time
from collections.abc import Callable, Mapping

from msgspec import Struct

from radius.admin.context import Admin
from radius.admin.directories import enabled, list_directories, reveal_secrets
from radius.directory.description import Description, Serve
from radius.directory.question import CouldNotAsk, Proved, Question, Refused, VerifiedCertificate
from radius.directory.routing import Routes
from radius.directory.source import Source
from radius.directory.sources import make_source
from radius.secret import Secret

MakeSource = Callable[[str, Description, Mapping[str, Secret]], Source]


class Found(Struct, frozen=True):
    """What the directory `name` says of somebody, and the kinds of credential that it can check."""

    name: str
    answer: Proved | Refused | CouldNotAsk
    checks: frozenset[type]


class _Place(Struct, frozen=True):
    """A directory for routing."""

    name: str
    serve: Serve
    domain: str


def look_up(admin: Admin, person: str, school: str, make: MakeSource = make_source) -> Found | None:
    """What the first directory says that knows `person` at this school, else the first that could not be asked; None when all
    that answer for such a name do not know it, or none does. The answer is that of a login whose proof has held.

    Raises OperatorError for a directory that cannot be used.
    """
    described = enabled(list_directories(admin))
    routes = Routes([_Place(name, one.serve, one.ntlm.domain.lower() if one.ntlm else "") for name, one in described.items()])
    away: Found | None = None
    for place in routes.of_name(person, school):
        found = _ask(place.name, described[place.name], reveal_secrets(admin, place.name), person, school, admin.now(), make)
        if found is None:
            continue
        if not isinstance(found.answer, CouldNotAsk):
            return found
        away = away or found
    return away


def _ask(
    name: str,
    description: Description,
    secrets: Mapping[str, Secret],
    person: str,
    school: str,
    now: float,
    make: MakeSource,
) -> Found | None:
    source = make(name, description, secrets)
    # A certificate is the credential whose proof the directory leaves to others: it only says whose it is.
    question = Question(person, VerifiedCertificate((person,)), now, False, school)
    try:
        answer = source.answer(question, time.monotonic() + description.limits.deadline_seconds)
    finally:
        source.close()
    return Found(name, answer, source.checks) if isinstance(answer, Proved | Refused | CouldNotAsk) else None
