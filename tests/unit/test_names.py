"""The names the architecture rules out (section 4): whoever needs one has not found the noun yet."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent.parent.parent / "src" / "printapic"
MODULES = sorted(SOURCE.rglob("*.py"))
NEVER_A_MODULE = frozenset(
    "utils helpers common core base misc shared types models services managers exceptions interfaces".split()
)
NEVER_AN_ENDING = tuple("Service Manager Helper Impl Dto Util Base Mixin Interface".split())
TOO_LONG = 400
CLOCKS_AND_DICE = frozenset("now utcnow today uuid1 uuid4 uuid6 uuid7 uuid8 getnode".split())


def test_there_is_something_to_look_at() -> None:
    assert SOURCE / "domain" / "money.py" in MODULES


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    empty = [_name(path) for path in MODULES if {word.strip("_") for word in _words(path)} & NEVER_A_MODULE]
    assert empty == []


def test_no_class_is_named_for_a_pattern_instead_of_a_thing() -> None:
    named = [
        f"{_name(path)}: {node.name}"
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ClassDef) and node.name.endswith(NEVER_AN_ENDING)
    ]
    assert named == []


def test_no_file_is_too_long_to_be_read_in_one_go() -> None:
    lengths = {_name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length >= TOO_LONG} == {}


def test_the_domain_asks_no_clock_and_throws_no_dice() -> None:
    """`datetime` and `uuid` are types to it; the import contracts cannot tell a type from its clock."""
    asked = [
        f"{_name(path)}:{node.lineno}"
        for path in MODULES
        if "domain" in _words(path)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and _called(node) in CLOCKS_AND_DICE
    ]
    assert asked == []


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def _words(path: Path) -> tuple[str, ...]:
    return path.relative_to(SOURCE).with_suffix("").parts


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), path)
