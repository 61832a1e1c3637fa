"""What is settled before anybody looks for a route: hosts, origins, and HEAD for GET."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from printapic.domain.actors import Role
from tests.integration.http.live_shop import LiveShop, Person, live_shop, picture
from tests.integration.http.problems import problem

FRIEND = "https://shop.example"
ASKING = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,if-match"}
STRANGERS = ["https://shopxexample", "https://shop.example.evil.example", "http://shop.example", "null", ""]


@pytest.fixture(scope="module")
def public_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    """A shop that is reached under a name, and called by the pages of one origin."""
    folder = tmp_path_factory.mktemp("public")
    listed = frozenset({"shop.example", "[::1]:8080"})
    with live_shop(folder, cors_origins=frozenset({FRIEND}), allowed_hosts=listed) as running:
        yield running


def test_pages_of_a_listed_origin_may_read_answers(public_shop: LiveShop) -> None:
    answer = public_shop.client.get("/v1/products", headers={"Origin": FRIEND})
    assert answer.headers["access-control-allow-origin"] == FRIEND
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"etag", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"} <= set(exposed)
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", STRANGERS)
def test_pages_of_other_origins_may_not(public_shop: LiveShop, origin: str) -> None:
    answer = public_shop.client.get("/v1/products", headers={"Origin": origin})
    assert answer.status_code == 200
    assert [name for name in answer.headers if name.startswith("access-control")] == []
    assert answer.headers["vary"] == "Origin"


def test_refusals_can_be_read_by_those_pages_too(public_shop: LiveShop) -> None:
    for path in ("/v1/users/me", "/nowhere"):
        answer = public_shop.client.get(path, headers={"Origin": FRIEND})
        assert answer.status_code in (401, 404)
        assert answer.headers["access-control-allow-origin"] == FRIEND


def test_a_listed_origin_learns_what_its_pages_may_send(public_shop: LiveShop) -> None:
    answer = public_shop.client.options("/v1/orders", headers={"Origin": FRIEND, **ASKING})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == FRIEND
    methods = set(answer.headers["access-control-allow-methods"].split(", "))
    assert methods == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
    allowed = set(answer.headers["access-control-allow-headers"].split(", "))
    assert {"authorization", "idempotency-key", "if-match", "content-type"} <= allowed
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("origin", STRANGERS)
def test_another_origin_is_told_so_as_a_problem(public_shop: LiveShop, origin: str) -> None:
    answer = public_shop.client.options("/v1/orders", headers={"Origin": origin, **ASKING})
    problem(answer, 403, "origin-not-allowed")
    assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_a_shop_that_lists_no_origins_shares_nothing(shop: LiveShop) -> None:
    answer = shop.client.get("/v1/products", headers={"Origin": FRIEND})
    preflight = shop.client.options("/v1/orders", headers={"Origin": FRIEND, **ASKING})
    for each in (answer, preflight):
        assert [name for name in each.headers if name.startswith("access-control")] == []
        assert "vary" not in each.headers


@pytest.mark.parametrize("host", ["shop.example", "SHOP.example", "shop.example:80", "[::1]:8080"])
def test_a_listed_host_is_served(public_shop: LiveShop, host: str) -> None:
    assert public_shop.client.get("/v1/products", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "shop.example.evil.example", "shop.example:8080", "xshop.example", ""]
)
def test_a_host_that_is_not_ours_is_refused(public_shop: LiveShop, host: str) -> None:
    headers = {"Host": host, "X-Forwarded-Host": "shop.example"}
    problem(public_shop.client.get("/v1/products", headers=headers), 421, "host-not-served")


@pytest.mark.parametrize("hosts", [[], ["shop.example", "evil.example"]])
def test_a_request_names_exactly_one_host(public_shop: LiveShop, hosts: list[str]) -> None:
    address = urlsplit(public_shop.url)
    connection = HTTPConnection(str(address.hostname), address.port)
    connection.putrequest("GET", "/v1/products", skip_host=True)
    for host in hosts:
        connection.putheader("Host", host)
    connection.endheaders()
    assert connection.getresponse().status == 421
    connection.close()


def test_load_balancers_may_ask_an_address_for_its_health(public_shop: LiveShop) -> None:
    assert public_shop.client.get("/health/live", headers={"Host": "10.1.2.3:8000"}).status_code == 200


def test_a_shop_that_only_this_machine_reaches_answers_to_every_name(shop: LiveShop) -> None:
    assert shop.client.get("/v1/products", headers={"Host": "whatever.example"}).status_code == 200


def same_but_for_the_body(head: httpx.Response, whole: httpx.Response) -> None:
    """`Transfer-Encoding` is the body's: HEAD need not say how none would be cut up (RFC 9110, 9.3.2)."""
    changing, of_the_body = {"date", "x-request-id"}, {"transfer-encoding"}
    for name in set(whole.headers) - changing - of_the_body:
        assert head.headers.get(name) == whole.headers[name], name
    assert set(head.headers) == set(whole.headers) - of_the_body
    assert head.status_code == whole.status_code
    assert head.content == b""


def test_every_address_that_knows_get_knows_head(shop: LiveShop, anna: Person) -> None:
    """With the same headers, whatever GET would say: also that something is not there, or not theirs."""
    order = shop.paid(anna)
    [payment] = shop.call("GET", f"/v1/orders/{order['id']}/payments", anna).json()["items"]
    values = {
        "order_id": order["id"],
        "payment_id": payment["id"],
        "user_id": anna.id,
        "image_id": shop.upload(anna)["id"],
        "preset": "thumbnail",
        "sku": "print-9x13-glossy",
        "file_name": f"{order['id']}.zip",
    }
    document: dict[str, Any] = shop.client.get("/schema/openapi.json").json()
    readable = [path for path, item in document["paths"].items() if "get" in item]
    assert len(readable) > 20
    for template in readable:
        path = template.format(**values)
        for who in (None, anna):
            whole = shop.call("GET", path, who)
            same_but_for_the_body(shop.call("HEAD", path, who), whole)
            if whole.status_code != 200 or document["paths"][template]["get"]["security"]:
                assert whole.headers["cache-control"].startswith(("no-store", "private")), path


def test_head_says_how_large_a_file_is_and_does_not_read_it(shop: LiveShop, anna: Person) -> None:
    image = shop.upload(anna, content := picture(width_px=1800, height_px=1200))
    path = f"/v1/images/{image['id']}/original"
    for _ in range(3):
        answer = shop.call("HEAD", path, anna)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == str(len(content))
    assert shop.call("GET", path, anna).content == content


def test_head_is_known_only_where_get_is(shop: LiveShop) -> None:
    assert shop.client.head("/v1/sessions").status_code in (401, 405)
    assert shop.client.head("/v1/quotes").status_code == 405
    assert shop.client.head("/nowhere").status_code == 404
    allowed = shop.client.put("/v1/products").headers["allow"].split(", ")
    assert {"GET", "HEAD", "OPTIONS"} == set(allowed)
    assert "HEAD" not in shop.client.get("/v1/quotes").headers["allow"]
    assert "HEAD" in shop.client.options("/v1/products").headers["allow"]


@pytest.mark.parametrize("path", ["/v1/users/me", "/v1/users/{id}", "/v1/images/{image}"])
def test_what_has_not_changed_is_not_sent_again(shop: LiveShop, path: str) -> None:
    who = shop.person(Role.CUSTOMER, Role.ADMIN)
    there = path.format(id=who.id, image=shop.upload(who)["id"])
    whole = shop.call("GET", there, who)
    tag = whole.headers["etag"]
    again = shop.call("GET", there, who, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = shop.call("GET", there, who, headers={"If-None-Match": f'"{secrets.token_hex(4)}"'})
    assert (other.status_code, other.json()) == (200, whole.json())
