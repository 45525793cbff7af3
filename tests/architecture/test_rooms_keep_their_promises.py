"""What import-linter cannot see: purity, asyncio in one room, no swallowed exceptions, files of a readable size."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(file for room in ("radius", "portal", "policies", "migrations") for file in (ROOT / room).rglob("*.py"))
LARGEST = 400  # lines

PURE = ("policies", "radius/wire", "radius/crypto", "radius/vendors", "radius/eap")
WORLDLY = {  # a pure room gets the time, octets and random numbers as arguments
    "asyncio",
    "lmdb",
    "logging",
    "multiprocessing",
    "os",
    "random",
    "secrets",
    "select",
    "selectors",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
    "uuid",
}


def tree(source: str) -> ast.Module:
    return ast.parse(source)


def imported(source: str) -> Iterator[str]:
    """The top-level names of the modules that `source` imports, anywhere in it."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def coroutines(source: str) -> Iterator[int]:
    """The lines with `async def`, `async for` or `async with`."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith):
            yield node.lineno


def broad_handlers(source: str) -> Iterator[int]:
    """The lines that catch everything: `except:`, `except Exception`, `except BaseException`, alone or in a tuple."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(
                name is None or (isinstance(name, ast.Name) and name.id in {"Exception", "BaseException"}) for name in caught
            ):
                yield node.lineno


def room(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def in_rooms(file: Path, rooms: tuple[str, ...]) -> bool:
    return room(file).startswith(tuple(f"{name}/" for name in rooms))


def test_there_is_something_to_look_at() -> None:
    assert len(SHIPPED) > 20


def test_asyncio_and_coroutines_are_in_the_server_alone() -> None:
    for file in SHIPPED:
        if not in_rooms(file, ("radius/server",)):
            source = file.read_text()
            assert "asyncio" not in set(imported(source)), room(file)
            assert list(coroutines(source)) == [], room(file)


THE_END_OF_A_THREAD = "radius/directory/lane.py"  # who waits is told what was raised there; nobody else could catch it


def test_no_room_below_the_edges_catches_everything() -> None:
    for file in SHIPPED:
        if not in_rooms(file, ("radius/server", "radius/cli", "portal")) and room(file) != THE_END_OF_A_THREAD:
            assert list(broad_handlers(file.read_text())) == [], room(file)


def test_pure_rooms_import_nothing_that_touches_the_world() -> None:
    for file in SHIPPED:
        if in_rooms(file, PURE):
            assert set(imported(file.read_text())) & WORLDLY == set(), room(file)


def test_policies_need_the_standard_library_and_msgspec_alone() -> None:
    allowed = set(sys.stdlib_module_names) | {"msgspec", "policies"}
    for file in SHIPPED:
        if in_rooms(file, ("policies",)):
            assert set(imported(file.read_text())) - allowed == set(), room(file)


def test_nothing_is_printed_past_the_command_line() -> None:
    for file in SHIPPED:
        if not in_rooms(file, ("radius/cli",)):
            printing = [
                node.lineno
                for node in ast.walk(tree(file.read_text()))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            ]
            assert printing == [], room(file)


def test_every_file_tells_its_purpose_first() -> None:
    for file in SHIPPED:
        source = file.read_text()
        if source.strip():  # an empty __init__.py marks a package
            assert ast.get_docstring(tree(source)), room(file)


@pytest.mark.parametrize("folder", ["radius", "portal", "policies", "migrations", "tests"])
def test_no_file_is_longer_than_a_person_reads_at_once(folder: str) -> None:
    sizes = {room(file): len(file.read_text().splitlines()) for file in (ROOT / folder).rglob("*.py")}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("try:\n    x()\nexcept:\n    pass", [3]),
        ("try:\n    x()\nexcept Exception as e:\n    pass", [3]),
        ("try:\n    x()\nexcept (ValueError, BaseException):\n    pass", [3]),
        ("try:\n    x()\nexcept (ValueError, KeyError):\n    pass", []),
    ],
)
def test_the_search_for_broad_handlers_finds_them(source: str, lines: list[int]) -> None:
    assert list(broad_handlers(source)) == lines


def test_the_search_for_imports_looks_inside_functions_too() -> None:
    assert set(imported("def f():\n    import socket.x\n    from time import time")) == {"socket", "time"}


def test_the_search_for_coroutines_finds_methods() -> None:
    assert list(coroutines("class A:\n    async def f(self): ...")) == [2]
