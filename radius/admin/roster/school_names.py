"""Which school of Kapija an organisation of a roster is: by an earlier import, by the operator's word, by its identifier."""

import re

from radius.admin.roster.columns import plain_form
from radius.admin.roster.reading import Known
from radius.audit.cyrillic import to_latin
from radius.errors import OperatorError

_WORDS = re.compile(r"[^\W_]+")
LONGEST = 64


def short_name(text: str) -> str:
    """A short name from any text: `ОШ „Вук Караџић“` is `os-vuk-karadzic`."""
    return "-".join(filter(None, (plain_form(word) for word in _WORDS.findall(to_latin(text)))))[:LONGEST].rstrip("-")


class SchoolNames:
    """Gives each organisation its short name, and no short name to two of them."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._by_short = {short: id_ for id_, short in known.mapped.items()}
        for id_, short in known.named.items():
            self._by_short[short] = id_

    def short(self, id_: str, identifier: str, title: str) -> str:
        """The school's short name. Raises OperatorError, with the mend, when there is none or another has it."""
        short = self._known.named.get(id_) or self._known.mapped.get(id_) or short_name(identifier) or short_name(title)
        if not short:
            raise OperatorError(f"column identifier: gives no short name: say --name-school {id_}=SHORT")
        holder = self._by_short.setdefault(short, id_)
        if holder != id_:
            raise OperatorError(f"column identifier: {short!r} is also {holder!r}: say --name-school {id_}=ANOTHER")
        return short
