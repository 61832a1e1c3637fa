"""The text `null` in a query is a text."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import pytest
from litestar import get
from litestar.params import QueryParameter
from litestar.testing import create_test_client

from printapic.entrypoints.http.errors import EXCEPTION_HANDLERS
from printapic.entrypoints.http.policies import public
from printapic.entrypoints.http.queries import refuse_null


class Finish(StrEnum):
    MATT = "matt"


@get("/prints", opt=public())
async def prints(
    finish: Annotated[Finish | None, QueryParameter()] = None,
    owner: Annotated[UUID | None, QueryParameter()] = None,
    named: Annotated[str | None, QueryParameter()] = None,
) -> dict[str, str | None]:
    return {"finish": finish, "owner": str(owner), "named": named}


def ask(query: str) -> tuple[int, dict[str, str]]:
    with create_test_client(
        prints, before_request=refuse_null, exception_handlers=EXCEPTION_HANDLERS
    ) as client:
        answer = client.get(f"/prints?{query}")
        return answer.status_code, answer.json()


@pytest.mark.parametrize("query", ["finish=null", "finish=NULL", "owner=null", "finish=matt&finish=null"])
def test_it_is_none_of_a_list_of_words_and_no_id(query: str) -> None:
    status, refusal = ask(query)
    assert (status, refusal["code"]) == (422, "request-invalid")


def test_it_may_be_looked_for_where_any_text_may() -> None:
    assert ask("named=null") == (200, {"finish": None, "owner": "None", "named": "null"})


@pytest.mark.parametrize("query", ["", "finish=matt", "unheard-of=null"])
def test_other_queries_are_none_of_its_business(query: str) -> None:
    assert ask(query)[0] == 200
