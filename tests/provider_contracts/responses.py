"""What is wrong with a provider's answer: a simulator may say nothing that the real one would not."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from tests.provider_contracts.answer_rules import AnswerRule
from tests.provider_contracts.document import Operation
from tests.provider_contracts.requests import Unreadable, media_type, parsed_json


def response_breaches(operation: Operation, response: httpx.Response, rule: AnswerRule) -> Iterator[str]:
    """`response` has been read. `default` describes errors only: a success has to be declared itself."""
    status = response.status_code
    answers = operation.answers
    declared = answers.get(str(status), answers.get("default") if status >= 400 else None)
    if declared is None:
        yield f"status {status} is not declared; declared are {', '.join(answers)}"
        return
    kind = media_type(response.headers)
    if not declared:
        if response.content and status < 400:
            yield f"status {status}: a body where none is declared"
        return
    if kind not in declared:
        yield f"status {status} with a body of type {kind or 'unknown'}; declared is {', '.join(declared)}"
        return
    try:
        body = parsed_json(response.content)
    except Unreadable as broken:
        yield f"status {status}, body: {broken}"
        return
    breaches = list(operation.schemas.breaches(body, declared[kind], closed=False))
    # Our rules rely on what the schema has allowed.
    for breach in breaches or rule(operation, status, body):
        yield f"status {status}, body {breach}"
