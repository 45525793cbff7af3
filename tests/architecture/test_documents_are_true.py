"""What the documents promise about the code can be looked up: files that they name exist, commands that they show are there."""

import re
from pathlib import Path

import click
import pytest

from radius.audit.causes import Cause
from radius.audit.findings import Finding, explain_finding
from radius.audit.sentences import explain
from radius.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")])
NAMED_FILE = re.compile(r"`((?:radius|policies|portal|migrations|tests|docs)/[\w/.-]*)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"\bkapija ((?:--home \S+ )?(?!kapija\b)[a-z][a-z-]*(?: [a-z][a-z-]*)?)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    missing = [name for name in NAMED_FILE.findall(text) if not (ROOT / name).exists()]
    missing += [name for name in LINK.findall(text) if not (page.parent / name).exists()]
    assert missing == []


def commands(text: str) -> set[str]:
    """The commands in code of a page: indented lines and what stands between backquotes."""
    code = [line for line in text.splitlines() if line.startswith("    ")] + re.findall(r"`([^`\n]+)`", text)
    found = set()
    for line in code:
        for match in COMMAND.finditer(line.partition("#")[0]):
            found.add(re.sub(r"^--home \S+ ", "", match[1]))
    return found


def exists(words: list[str]) -> bool:
    command: click.Command | None = main
    for word in words:
        if not isinstance(command, click.Group):
            return True  # the rest are arguments
        command = command.get_command(click.Context(command), word)
        if command is None:
            return False
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_is_there(page: Path) -> None:
    assert [command for command in sorted(commands(page.read_text())) if not exists(command.split())] == []


def test_the_search_finds_commands_and_knows_a_wrong_one() -> None:
    assert commands("    kapija school add x\nand `kapija audit tail -f`\nthe kapija of a school") == {
        "school add",
        "audit tail",
    }
    assert exists(["audit", "tail"])
    assert not exists(["audit", "tial"])


def rows_of_table(page: Path, heading: str) -> list[tuple[str, ...]]:
    """The cells of the first table under `heading`, without its head."""
    text = page.read_text().partition(f"\n{heading}\n")[2].partition("\n#")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows[2:]]


def test_the_page_about_802_1x_has_each_cause_as_the_log_tells_it() -> None:
    of_eap = list(Cause)[list(Cause).index(Cause.METHOD_REFUSED) :]
    told = [(cause, explain(cause, "coordinator", "en")) for cause in of_eap]
    assert rows_of_table(ROOT / "docs" / "802.1x.md", "### The causes") == [(code, it.cause, it.cure) for code, it in told]


def test_the_page_about_802_1x_has_each_diagnosis_as_it_is_told() -> None:
    told = [(finding, explain_finding(finding, "en")) for finding in Finding]
    assert rows_of_table(ROOT / "docs" / "802.1x.md", "### The diagnosis") == [(code, it.cause, it.cure) for code, it in told]


def test_the_page_about_directories_has_each_cause_that_a_directory_tells() -> None:
    causes = list(Cause)
    of_directories = causes[causes.index(Cause.ACCOUNT_LOCKED) : causes.index(Cause.METHOD_REFUSED)]
    told = [(cause, explain(cause, "coordinator", "en")) for cause in of_directories]
    rows = rows_of_table(ROOT / "docs" / "directories.md", "### What the log says of an account")
    assert rows == [(code, it.cause, it.cure) for code, it in told]
