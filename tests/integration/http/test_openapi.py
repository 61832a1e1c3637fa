"""The published document: complete, the same everywhere, and honest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from printapic.entrypoints.container import Container
from printapic.entrypoints.http import bodies
from printapic.entrypoints.http.app import create_app, openapi_document
from printapic.entrypoints.settings import Settings
from tests.conftest import ROOT
from tests.integration.http.live_shop import LiveShop, picture

KINDS = [*bodies.RequestBody.__subclasses__(), *bodies.ResponseBody.__subclasses__()]
WITH_EXAMPLE = [kind for kind in KINDS if "example" in vars(kind)]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    settings = Settings.memory(tmp_path_factory.mktemp("document"))
    return openapi_document(create_app(Container(settings=settings)))


@pytest.fixture(scope="module")
def plain(document: bytes) -> dict[str, Any]:
    return dict(json.loads(document))


def operations(plain: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for item in plain["paths"].values() for operation in item.values()]


def test_the_committed_document_is_the_one_that_the_routes_make(document: bytes) -> None:
    assert (ROOT / "openapi.json").read_bytes() == document, "run: printapic openapi --out openapi.json"


def test_it_is_the_same_wherever_it_is_made(shop: LiveShop, document: bytes, tmp_path: Path) -> None:
    assert shop.client.get("/schema/openapi.json").content == document
    again = openapi_document(create_app(Container(settings=Settings.memory(tmp_path))))
    assert again == document


def test_every_operation_says_what_it_is_for_and_how_it_refuses(plain: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in plain["tags"]}
    names = [operation["operationId"] for operation in operations(plain)]
    assert len(names) == len(set(names))
    for operation in operations(plain):
        assert operation["summary"]
        assert set(operation["tags"]) <= tags
        refusals = {
            status: answer
            for status, answer in operation["responses"].items()
            if not status.startswith(("2", "3"))
        }
        assert "default" in refusals
        for answer in refusals.values():
            found = plain["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            schema = found["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


def test_every_reference_leads_somewhere(document: bytes, plain: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "#/components/(\w+)/([^"]+)"', document.decode()))
    parts = {(part, name) for part in plain["components"] for name in plain["components"][part]}
    assert references <= parts
    assert plain["openapi"].startswith("3.1")
    assert plain["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


@pytest.mark.parametrize("kind", WITH_EXAMPLE, ids=lambda kind: kind.__name__)
def test_every_example_is_one(kind: type[msgspec.Struct], plain: dict[str, Any]) -> None:
    example = kind.example  # type: ignore[attr-defined]
    msgspec.convert(json.loads(json.dumps(example)), type=kind)
    assert plain["components"]["schemas"][kind.__name__]["examples"] == [json.loads(json.dumps(example))]


def test_every_request_body_shows_an_example(plain: dict[str, Any]) -> None:
    schemas = plain["components"]["schemas"]
    bare = []
    for operation in operations(plain):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        names = re.findall(r"#/components/schemas/(\w+)", json.dumps(content))
        bare += [name for name in names if not schemas[name].get("examples")]
    assert bare == []


def test_bodies_are_as_strict_on_paper_as_they_are_read(plain: dict[str, Any]) -> None:
    schemas = plain["components"]["schemas"]
    ours = [kind for kind in bodies.RequestBody.__subclasses__() if kind.__module__.startswith("printapic.")]
    assert len(ours) > 20
    for kind in ours:
        assert schemas[kind.__name__]["additionalProperties"] is False
    assert schemas["CropBody"]["properties"]["x"]["anyOf"][1]["pattern"]
    assert schemas["AbortRequest"]["properties"]["reason"]["pattern"] == r"^[^\x00-\x1f\x7f]*$"
    assert schemas["StartPaymentRequest"]["properties"]["return_url"]["pattern"] == "^[!-~]*$"
    assert "(?!" not in json.dumps(schemas), "not every generator of clients can look ahead"
    for operation in operations(plain):
        for parameter in operation.get("parameters", []):
            assert '"null"' not in json.dumps(parameter), "what is not sent cannot be null"


def test_a_body_without_which_a_command_is_complete_may_be_left_out(plain: dict[str, Any]) -> None:
    commands = {each["operationId"]: each for each in operations(plain)}
    assert not commands["cancel_order"]["requestBody"].get("required")
    assert commands["hold_order"]["requestBody"]["required"] is True


def test_every_address_tells_the_methods_that_it_has(shop: LiveShop, plain: dict[str, Any]) -> None:
    for path, item in plain["paths"].items():
        address = re.sub(r"\{\w+\}", "00000000-0000-0000-0000-000000000000", path)
        known = {method.upper() for method in item} | {"OPTIONS"}
        known |= {"HEAD"} if "get" in item else set()
        answer = shop.client.options(address)
        assert set(answer.headers["allow"].split(", ")) == known, path


def test_answers_carry_the_headers_that_the_document_promises(shop: LiveShop, plain: dict[str, Any]) -> None:
    anna = shop.person()
    asked = {
        "read_me": shop.call("GET", "/v1/users/me", anna),
        "place_order": shop.place(anna),
        "upload_image": shop.call("POST", "/v1/images", anna, files={"file": ("a.jpg", picture())}),
        "list_images": shop.client.get("/v1/images"),
    }
    promised = {each["operationId"]: each["responses"] for each in operations(plain)}
    for name, answer in asked.items():
        said = promised[name][str(answer.status_code)]
        if "$ref" in said:
            said = plain["components"]["responses"][said["$ref"].rpartition("/")[2]]
        headers = said["headers"]
        always = {each for each in headers if plain["components"]["headers"][each].get("required")}
        assert {each.lower() for each in always} <= set(answer.headers), name
    assert "Location" in promised["place_order"]["201"]["headers"]
    assert "ETag" in promised["read_me"]["304"]["headers"]


def test_answers_are_as_the_document_says(shop: LiveShop, plain: dict[str, Any]) -> None:
    schema = plain["components"]["schemas"]["QuoteBody"]
    quote = shop.quote()
    assert set(quote) == set(schema["properties"])
    assert set(schema["required"]) == set(schema["properties"])


def test_the_page_for_people_lists_everything_and_loads_nothing(
    shop: LiveShop, plain: dict[str, Any]
) -> None:
    page = shop.client.get("/schema")
    assert page.headers["content-type"].startswith("text/html")
    for operation in operations(plain):
        assert f'id="{operation["operationId"]}"' in page.text
    assert "There is no such thing, or it is somebody else" in page.text
    assert not re.search(r"<(script|link|img|iframe)|url\(|@import", page.text)
    assert set(re.findall(r'href="([^"]+)"', page.text)) == {"/schema/openapi.json"}
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
