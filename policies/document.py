"""A policy document: its TOML text read strictly into rules, filter profiles and the grant for *directory away*.

    [[rule]]
    id = "pupils"                    # unique in the document
    description = "…"                # optional
    locked = true                    # national only: schools cannot replace it
    replaces = "pupils"              # schools only: takes an unlocked national rule out for this school (or a list)
    when = { role = "student", ssid = ["Ucenici"], not = { group = "blocked" } }
    grant = { vlan = "pupils", filter = "young" }
    # or: deny = "the reason, told to the pupil"

    [filter.young]                   # a filter profile, the fields of policies.grant.FilterProfile
    [critical]                       # used alone while the directory is away: grant, and optionally when, locked, replaces

Keys of one `when` are and-ed, a list of values is or-ed; `any` and `all` take lists of such tables, `not` takes one.
"""

import re
from hashlib import sha256

from msgspec import Struct

from policies.grant import Denial, FilterProfile, Grant
from policies.layer import Layer
from policies.logic import AllOf
from policies.parse_grant import NAME, CheckAttribute, parse_filters, parse_grant
from policies.parse_when import parse_when
from policies.problems import Problem, Problems, Table, load
from policies.rule import CRITICAL, NATIONAL, Rule
from policies.time_conditions import TimeCondition

MAX_RULES = 1000
_SCOPE = re.compile(r"[a-z0-9][a-z0-9-]*")
_RULE_KEYS = ("id", "description", "locked", "replaces", "when", "grant", "deny")
_CRITICAL_KEYS = ("description", "locked", "replaces", "when", "grant")


class DocumentError(ValueError):
    """The document is not as it must be; `problems` has each fault with its place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Document(Struct, frozen=True):
    """One scope's policy ("national" or a school's short name). `sha256` is the hex hash of its text in UTF-8.

    The rules are compiled here, once: evaluators share them, so all schools share one national Document.
    """

    scope: str
    sha256: str
    rules: tuple[Rule, ...]
    filters: dict[str, FilterProfile]
    critical: Rule | None
    layer: Layer
    critical_layer: Layer

    @property
    def times(self) -> tuple[TimeCondition, ...]:
        """The time conditions of all rules, each once."""
        return self.layer.times + self.critical_layer.times


def parse(text: str, scope: str, check_attribute: CheckAttribute) -> Document:
    """The document in the TOML `text` for `scope`. Raises DocumentError, and nothing else, with every problem found.

    `check_attribute(name, value, tag)` is asked for each raw attribute: None when it can be encoded, else a sentence.
    """
    problems = Problems()
    if not _SCOPE.fullmatch(scope):
        problems.add("scope", f"{scope!r} is neither 'national' nor a school's short name (a-z, 0-9 and -)")
    try:
        octets = text.encode()
    except UnicodeEncodeError:
        problems.add("document", "is no Unicode text; save it as UTF-8")
        raise DocumentError(problems.found) from None
    table = load(text, problems)
    table.only(("rule", "filter", CRITICAL))
    rules = _rules(table, scope, check_attribute)
    filters = parse_filters(table)
    holder = table.table(CRITICAL)
    critical = _critical(holder, scope, check_attribute) if holder else None
    if problems.found:
        raise DocumentError(problems.found)
    return Document(
        scope, sha256(octets).hexdigest(), rules, filters, critical, Layer.of(rules), Layer.of((critical,) if critical else ())
    )


def _rules(table: Table, scope: str, check_attribute: CheckAttribute) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    places: dict[str, str] = {}
    for entry in table.tables("rule", MAX_RULES):
        identifier = entry.text("id", required=True)
        table.problems.rule = identifier
        entry.only(_RULE_KEYS)
        if identifier and not NAME.fullmatch(identifier):
            entry.wrong("id", f"{identifier!r} is no id; use a-z, 0-9, - and _, at most 63 of them")
        elif identifier == CRITICAL:
            entry.wrong("id", "'critical' is the name of the [critical] table")
        elif identifier in places:
            entry.wrong("id", f"{identifier!r} is the id of {places[identifier]} already")
        places.setdefault(identifier, entry.place)
        when = _when(entry)
        grant, denial = _outcome(entry, check_attribute)
        locked, replaces = _standing(entry, scope)
        if CRITICAL in replaces:
            entry.wrong("replaces", "'critical' is replaced by this document's own [critical] alone")
        description = entry.text("description")
        rules.append(
            Rule(scope, identifier, f"{scope}:{identifier}", entry.place, when, grant, denial, description, locked, replaces)
        )
    table.problems.rule = ""
    return tuple(rules)


def _when(entry: Table) -> AllOf:
    if "when" not in entry.values:
        entry.wrong("when", "is missing; write when = {} if the rule is for everybody")
    inner = entry.table("when")
    return parse_when(inner) if inner else AllOf(())


def _outcome(entry: Table, check_attribute: CheckAttribute) -> tuple[Grant | None, Denial | None]:
    if ("grant" in entry.values) == ("deny" in entry.values):
        entry.problems.add(entry.place, 'must have either grant = {…} or deny = "the reason"')
    grant = entry.table("grant")
    if grant is not None:
        return parse_grant(grant, check_attribute), None
    return None, Denial(entry.text("deny")) if "deny" in entry.values else None


def _standing(entry: Table, scope: str) -> tuple[bool, tuple[str, ...]]:
    locked, replaces = entry.flag("locked"), entry.texts("replaces")
    if "locked" in entry.values and scope != NATIONAL:
        entry.wrong("locked", "is for national rules; a school's rules are its own")
    if "replaces" in entry.values and scope == NATIONAL:
        entry.wrong("replaces", "is for schools' rules; a national rule is changed in its own place")
    return locked, replaces


def _critical(entry: Table, scope: str, check_attribute: CheckAttribute) -> Rule:
    entry.only(_CRITICAL_KEYS)
    when = _when(entry) if "when" in entry.values else AllOf(())
    if "grant" not in entry.values:
        entry.wrong("grant", "is missing; leave [critical] out if nobody is let in while the directory is away")
    inner = entry.table("grant")
    grant = parse_grant(inner, check_attribute) if inner else Grant()
    locked, replaces = _standing(entry, scope)
    if any(name != CRITICAL for name in replaces):
        entry.wrong("replaces", "can only be 'critical' here, the national [critical]")
    name, description = f"{scope}:{CRITICAL}", entry.text("description")
    return Rule(scope, CRITICAL, name, CRITICAL, when, grant, None, description, locked, replaces)
