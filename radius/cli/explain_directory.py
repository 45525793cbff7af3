"""Who somebody is in the external directories, for `kapija explain`: asked there as a login whose proof has held."""

from policies.access import Method
from radius.admin.context import Admin
from radius.admin.directory_lookup import look_up
from radius.audit.sentences import explain as sentences
from radius.directory.question import CouldNotAsk, MsChap2Response, Principal, Refused
from radius.errors import NotFound, OperatorError

BY_MSCHAP = (Method.MSCHAP, Method.MSCHAPV2, Method.EAP_MSCHAPV2, Method.PEAP)


def in_directories(
    admin: Admin, user: str, school: str, method: Method, away: bool
) -> tuple[Principal | None, list[str], list[str]]:
    """The person, what stands in the way before any rule is asked, and what is good to know besides.

    With `away` no directory is asked, and nobody is known. Raises NotFound, and OperatorError when one could not be asked.
    """
    if away:
        return None, [], []
    found = look_up(admin, user, school)
    if found is None:
        raise NotFound(f"there is no account '{user}': 'kapija user list' shows the local ones, and no directory has that name")
    if isinstance(found.answer, CouldNotAsk):
        raise OperatorError(
            f"the directory {found.name} could not be asked: 'kapija directory test {found.name}' says why; "
            "with --directory-away it is said what is decided meanwhile"
        )
    notes, remarks = [], [f"The directory {found.name} knows {user}"]
    if isinstance(found.answer, Refused):
        notes.append(sentences(found.answer.cause, "coordinator", "en").cause.rstrip("."))
    if MsChap2Response not in found.checks:
        _, at, realm = user.rpartition("@")
        whose = f"the realm {realm}" if at else "names without a realm"
        cannot = f"MS-CHAPv2 is not offered for {whose}, because the directory {found.name} cannot check it"
        if method in BY_MSCHAP:
            notes.append(cannot)
        else:
            remarks.append(f"{cannot}: devices need a method that brings the password itself, such as TTLS with PAP")
    return found.answer.principal, notes, remarks
