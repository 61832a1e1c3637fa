"""What the published document says of every operation, for tests that go through all of a kind."""

from __future__ import annotations

import json
from typing import Any

import attrs

from tests.conftest import ROOT

_DOCUMENT: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())


@attrs.frozen
class Operation:
    method: str
    path: str
    documented: dict[str, Any]

    def takes(self, parameter: str) -> bool:
        return any(each["name"] == parameter for each in self.documented.get("parameters", []))

    @property
    def description(self) -> str:
        return str(self.documented.get("description", ""))

    @property
    def example(self) -> Any:
        """The body that the document shows; None where the operation takes no JSON."""
        content = self.documented.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None
        schema = content["schema"]
        [name] = {
            each["$ref"].rpartition("/")[2] for each in (schema, *schema.get("oneOf", ())) if "$ref" in each
        }
        return _DOCUMENT["components"]["schemas"][name]["examples"][0]


OPERATIONS = {
    operation["operationId"]: Operation(method.upper(), path, operation)
    for path, item in _DOCUMENT["paths"].items()
    for method, operation in item.items()
}
