"""What `kapija directory test` does: a directory tried step by step, each kind in its own way."""

from radius.directory.description import Description
from radius.directory.ldap.trial import try_ldap
from radius.directory.steps import Step
from radius.secret import Secret


def try_directory(
    name: str, description: Description, secrets: dict[str, Secret], username: str, password: Secret | None
) -> list[Step]:
    """The steps, in their order. Without a `password` nothing is proved. Raises OperatorError for unusable certificates."""
    return try_ldap(name, description, secrets, username, password)
