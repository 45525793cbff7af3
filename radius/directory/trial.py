"""What `kapija directory test` does: a directory tried step by step, each kind in its own way."""

from radius.directory.active_directory.trial import try_active_directory
from radius.directory.description import Description
from radius.directory.ldap.trial import try_ldap
from radius.directory.steps import Step
from radius.secret import Secret


def try_directory(
    name: str, description: Description, secrets: dict[str, Secret], username: str, password: Secret | None
) -> list[Step]:
    """The steps, in their order. Without a `password` nothing is proved, without a `username` ("") nobody is looked up.

    Raises OperatorError for unusable certificates.
    """
    attempt = try_active_directory if description.kind == "active-directory" else try_ldap
    return attempt(name, description, secrets, username, password)
