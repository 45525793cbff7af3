"""The private slapd as a coordinator describes it to `kapija directory`: one file, and the service account's password."""

import json
from pathlib import Path

from tests.fakes.slapd import SERVICE, SERVICE_PASSWORD, Slapd
from tests.fakes.slapd_people import GROUP_BASE, PEOPLE_BASE

MAP = """
[[map]]
when = "group = nastavnici"
role = "staff"

[[map]]
role = "student"
school = "os-vuk"
"""


class DescribedSchool:
    """The parts of a description, for a test to change before it is written. Teachers are staff, all others students."""

    def __init__(self, slapd: Slapd, folder: Path) -> None:
        self.servers = [f"ldaps://127.0.0.1:{slapd.ldaps_port}"]
        self.ca = slapd.ca
        self.base = PEOPLE_BASE
        self.bind_dn = SERVICE
        self.more = ""
        self.people = ""
        self.map = MAP
        self.password = SERVICE_PASSWORD
        self._folder = folder

    def write(self) -> tuple[str, str]:
        """The options that name the description and the service account's password."""
        file, secret = self._folder / "skola.toml", self._folder / "bind_password"
        file.write_text(
            f'kind = "ldap"\nservers = {json.dumps(self.servers)}\nbase = "{self.base}"\nbind_dn = "{self.bind_dn}"\n'
            f'ca = """{self.ca}"""\n{self.more}\n[people]\nfilter = "(uid={{name}})"\n{self.people}\n'
            f'[groups]\nbase = "{GROUP_BASE}"\n\n{self.map}'
        )
        secret.write_text(self.password + "\n")
        return f"--file={file}", f"--secret-file=bind_password={secret}"
