"""The OpenAPI document: made from the routes, completed with policies, problems and examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from litestar import Litestar, MediaType, Request, Router
from litestar.datastructures import ResponseHeader
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPI,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
    SecurityScheme,
    Tag,
)

from printapic import __version__
from printapic.domain.users.api_key import SCOPES
from printapic.domain.users.session import RECENT, ReauthenticationRequired
from printapic.entrypoints.http import bodies, openapi_answers, openapi_requests, openapi_schemas
from printapic.entrypoints.http.credentials import API_KEY_HEADER, Scheme
from printapic.entrypoints.http.html import STYLE, TEMPLATES, page_policy
from printapic.entrypoints.http.idempotency import takes_key
from printapic.entrypoints.http.limits import PUBLIC
from printapic.entrypoints.http.policies import Policy, operations, policy_of, public
from printapic.entrypoints.http.problems import Problem

_PAGE_NAME = re.compile(r"Page_[\w.]+?\.(\w+)_(?=\W)")
_NONE_OF = re.compile(r'"\^\(\?!\[\\\\s\\\\S\]\*\[(?P<negated>\^?)(?P<set>[^\]]*)\]\)"')
_END = r'(?![\\s\\S])"'
_TAGS = (
    Tag(name="accounts", description="Becoming a user, logging in, and what one was told"),
    Tag(name="images", description="Photos and how they print"),
    Tag(name="catalogue", description="Products, shipping and quotes"),
    Tag(name="orders", description="Placing, following and changing orders"),
    Tag(name="payments", description="Paying at a provider's page"),
    Tag(name="production", description="The printer's queue and batches"),
    Tag(name="health", description="For load balancers"),
)


class ReferencePage(OpenAPIRenderPlugin):
    """The document as one page for people. It loads nothing, from here or anywhere else."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        document = json.loads(openapi_document(request.app))
        groups = [
            (tag["name"], [each for each in _listed(document) if tag["name"] in each["tags"]])
            for tag in document["tags"]
        ]
        template = TEMPLATES.get_template("reference.html")
        return template.render(style=STYLE, document=document, groups=groups).encode()


class DocumentFile(JsonRenderPlugin):
    """The document itself, byte by byte as the command line writes it."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return openapi_document(request.app)


def openapi_config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="PrintAPic",
        version=__version__,
        description="The backend of a photo-print shop.",
        tags=list(_TAGS),
        components=Components(
            security_schemes={
                Scheme.BEARER: SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="JWT",
                    description="The access token of `POST /v1/sessions`.",
                ),
                Scheme.API_KEY: SecurityScheme(
                    type="apiKey",
                    name=API_KEY_HEADER,
                    security_scheme_in="header",
                    description="A machine's key, of `POST /v1/api-keys`. Never beside an access token.",
                ),
            }
        ),
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            include_in_schema=False,
            opt=public(limits=(PUBLIC,)),
            before_request=_only_what_is_there,
            response_headers=[ResponseHeader(name="Content-Security-Policy", value=page_policy(STYLE))],
        ),
        render_plugins=[ReferencePage(), DocumentFile(media_type=MediaType.JSON)],
    )


def _only_what_is_there(request: Request[Any, Any, Any]) -> None:
    """The framework answers unknown addresses below /schema with a page of its own: ours is a problem."""
    if request.scope["path_template"] == "/schema/{path}":
        raise NotFoundException


def complete(app: Litestar) -> None:
    """Add to the document what only we know: who may use a route, how it refuses, and examples."""
    document = app.openapi_schema
    schemas = document.components.schemas = dict(document.components.schemas or {})
    schemas |= openapi_schemas.problems() | openapi_schemas.requests(schemas)
    document.components.headers = openapi_answers.headers()
    document.components.responses = openapi_answers.refusals()
    for name, example in _examples():
        for key, schema in schemas.items():
            if key == name or key.endswith(f"_{name}"):
                schema.examples = [example]
    for path, handler in operations(app):
        if isinstance(handler, HTTPRouteHandler) and handler.resolve_include_in_schema():
            for method in handler.http_methods:
                operation = _operation(document, path, method)
                required = takes_key(handler)
                if required is not None:
                    openapi_requests.add_key(operation, required=required)
                _complete(operation, policy_of(handler) or Policy(), keyed=required is not None)


def openapi_document(app: Litestar) -> bytes:
    """The document as it is served: the same bytes for the same routes."""
    plain = json.dumps(app.openapi_schema.to_schema(), indent=2, ensure_ascii=False)
    named = _PAGE_NAME.sub(r"\1Page", plain)
    return (_NONE_OF.sub(_of_others, named).replace(_END, '$"') + "\n").encode()


def _of_others(pattern: re.Match[str]) -> str:
    """Say the same without looking ahead, which not every generator of clients or of tests can.

    The `$` of ECMA 262, unlike Python's, does not overlook a line break at the end.
    """
    return f'"^[{"" if pattern["negated"] else "^"}{pattern["set"]}]*$"'


def _operation(document: OpenAPI, path: str, method: str) -> Operation:
    item = (document.paths or {})[path]
    operation = getattr(item, method.lower())
    if not isinstance(operation, Operation):
        raise LookupError(f"{method} {path} is not documented")
    return operation


def _complete(operation: Operation, policy: Policy, *, keyed: bool) -> None:
    operation.security = [{scheme: []} for scheme in _schemes(policy)]
    openapi_requests.describe(operation)
    if operation.operation_id == "upload_image":
        operation.request_body = _upload_form()
    if operation.operation_id == "export_transactions":
        _also_as_csv(operation)
    statuses = {*policy.problems, *openapi_requests.statuses_of_body(operation)}
    statuses |= {400, 409, 422} if keyed else set()
    statuses |= {429} if policy.limits else set()
    if not policy.anyone:
        statuses |= {401, 403}
        operation.description = _needs(policy)
    conditional = "304" in (operation.responses or {})
    if conditional:
        openapi_requests.add_condition(operation)
    openapi_answers.refuse(operation, statuses)
    openapi_answers.carry_headers(
        operation,
        versioned=conditional or openapi_requests.takes_version(operation),
        keyed=keyed,
    )


def _needs(policy: Policy) -> str:
    needs = "Needs one of: " + ", ".join(sorted(policy.permissions)) + "."
    if not policy.proven:
        return needs
    minutes = RECENT // timedelta(minutes=1)
    return (
        f"{needs} Whoever last proved who they are more than {minutes} minutes ago is answered 403 "
        f"`{ReauthenticationRequired.code}`, and does so again with `POST /v1/sessions/current/proof`."
    )


def _schemes(policy: Policy) -> tuple[Scheme, ...]:
    """By what somebody may say who they are. No machine gets at what its key cannot be for."""
    if policy.anyone:
        return ()
    return (Scheme.BEARER, Scheme.API_KEY) if policy.permissions & SCOPES else (Scheme.BEARER,)


def _upload_form() -> RequestBody:
    part = Schema(type=OpenAPIType.STRING, content_encoding="binary", description="A JPEG, PNG or WebP")
    form = Schema(type=OpenAPIType.OBJECT, required=["file"], properties={"file": part})
    return RequestBody(required=True, content={"multipart/form-data": OpenAPIMediaType(schema=form)})


def _also_as_csv(operation: Operation) -> None:
    answer = (operation.responses or {}).get("200")
    if isinstance(answer, OpenAPIResponse) and answer.content is not None:
        answer.content["text/csv"] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))


def _examples() -> Iterator[tuple[str, Any]]:
    """Every example that a class of bodies carries."""
    yield Problem.__name__, Problem.example
    for kind in (bodies.RequestBody, bodies.ResponseBody):
        for body in kind.__subclasses__():
            if "example" in vars(body):
                yield body.__name__, body.example


def _listed(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield {
                "parameters": [],
                "security": [],
                **operation,
                "path": path,
                "method": method,
                "responses": {
                    status: _resolved(document, answer) for status, answer in operation["responses"].items()
                },
                "example": _body_example(document, operation),
            }


def _resolved(document: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """A refusal is written down once, among the components."""
    found: Mapping[str, Any] = document["components"]["responses"].get(
        str(answer.get("$ref", "")).rpartition("/")[2], answer
    )
    return found


def _body_example(document: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
    examples = document["components"]["schemas"].get(name, {}).get("examples", [])
    return json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else ""
