"""From a description to the source that asks it."""

from collections.abc import Mapping

from radius.directory.active_directory.source import make_active_directory
from radius.directory.description import Description
from radius.directory.ldap.source import make_ldap
from radius.directory.source import Source
from radius.secret import Secret


def make_source(name: str, description: Description, secrets: Mapping[str, Secret]) -> Source:
    """The source of the directory `name`. Raises OperatorError when what is described cannot be used; nothing is connected
    yet."""
    make = make_active_directory if description.kind == "active-directory" else make_ldap
    return make(name, description, dict(secrets))
