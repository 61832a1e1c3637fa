"""Clients rely on error codes: every error has one of its own, in one style, and says a sentence."""

from __future__ import annotations

import importlib
import pkgutil
import re

import printapic.application
import printapic.domain
from printapic.domain import errors
from printapic.domain.errors import PrintAPicError


def all_errors() -> list[type[PrintAPicError]]:
    for package in (printapic.domain, printapic.application):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found: list[type[PrintAPicError]] = []
    waiting: list[type[PrintAPicError]] = [PrintAPicError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return [
        each for each in found if each.__module__.startswith(("printapic.domain", "printapic.application"))
    ]


def test_every_code_is_kebab_case() -> None:
    assert len(all_errors()) > 20
    for each in all_errors():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", each.code), each


def test_a_code_means_one_thing() -> None:
    """Two concepts may know the same error; then it is of one kind."""
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    concrete = [each for each in all_errors() if each not in kinds]
    without = [each for each in concrete if "code" not in vars(each)]
    assert without == []
    meanings = {(each.code, each.__bases__) for each in concrete}
    codes = [code for code, _ in meanings]
    assert sorted(code for code in set(codes) if codes.count(code) > 1) == []


def test_every_concrete_error_is_of_one_of_the_seven_kinds() -> None:
    kinds = tuple(each for each in PrintAPicError.__subclasses__() if each.__module__ == errors.__name__)
    assert len(kinds) == 7
    strays = [each for each in all_errors() if each is not PrintAPicError and not issubclass(each, kinds)]
    assert strays == []
