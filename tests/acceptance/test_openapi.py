"""The web process keeps to its own OpenAPI document, whatever is sent to it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis.checks import CHECKS

from tests.acceptance.test_door import KEY, TOKEN, Door, running, signed
from tests.unit.webhooks.payloads import box_office_order, campaign_event, ticket_event

RECEIVE = ("/webhooks/{source}", "/webhooks/{source}/{token}")
OTHERS = ("/live", "/ready", "/openapi.json", "/openapi", "/", "/runs/{run_id}", "/deliveries/{delivery_id}", "/login")
FITTING = {
    "symphony": campaign_event(),
    "tickettailor": ticket_event(),
    "box-office": {"orders": [box_office_order()]},
}
HELD_AGAINST = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with running(Door(tmp_path_factory.mktemp("openapi"))) as door:
        yield door


@pytest.fixture(scope="module")
def schema(door: Door) -> Any:
    return schemathesis.openapi.from_url(f"{door.url}/openapi.json")


def pieces(value: Any) -> st.SearchStrategy[Any]:
    """Values near `value`: with one thing in it left out or put in another's place."""
    strange = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40), st.just([]), st.just({"x": [{}]})
    )
    if isinstance(value, dict):
        kept = st.fixed_dictionaries({}, optional={key: pieces(item) for key, item in value.items()})
        return st.one_of(st.just(value), kept, strange)
    if isinstance(value, list):
        return st.one_of(st.just(value), st.lists(pieces(value[0]), max_size=3) if value else st.just([]), strange)
    return st.one_of(st.just(value), st.just(value), strange)


@st.composite
def webhooks(draw: Any, case: Any) -> Any:
    """A generated request, most of them to a source there is, from its sender, with a body near what that sends."""
    source = draw(st.sampled_from(sorted(FITTING)))
    body = draw(
        st.one_of(pieces(FITTING[source]).map(as_json), st.binary(max_size=300), st.just(case.body).map(as_json))
    )
    if draw(st.integers(0, 9)):
        case.path_parameters = {**case.path_parameters, "source": source}
        if "token" in case.path_parameters:
            case.path_parameters["token"] = draw(st.sampled_from([TOKEN, TOKEN, "guess"]))
    proof = {**signed(body), "X-Api-Key": KEY} if draw(st.integers(0, 9)) else {}
    encoding = draw(st.sampled_from([{}, {}, {}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "br"}]))
    return case, body, {**proof, **encoding}


def as_json(value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except (TypeError, ValueError):
        return repr(value).encode()


def held_against(case: Any, answer: requests.Response) -> None:
    checks = [check for check in CHECKS.get_all() if check.__name__ in HELD_AGAINST]
    assert len(checks) == len(HELD_AGAINST)
    case.validate_response(answer, checks=checks)
    assert answer.status_code < 500, answer.text


def requests_to(path: str, count: int) -> Any:
    """Run a test with so many generated requests."""
    return settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=count < 1000,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


MANY = pytest.param(2_500, marks=[pytest.mark.acceptance_long, pytest.mark.timeout(900)])


@pytest.mark.parametrize("count", [120, MANY])
@pytest.mark.parametrize("path", RECEIVE)
def test_webhooks_are_answered_as_documented(door: Door, schema: Any, path: str, count: int) -> None:
    operation = schema[path]["POST"]
    statuses = set()

    @requests_to(path, count)
    @given(operation.as_strategy().flatmap(webhooks))
    def one(request: tuple[Any, bytes, dict[str, str]]) -> None:
        case, body, headers = request
        answer = case.call(headers=headers, data=body)
        held_against(case, answer)
        statuses.add(answer.status_code)

    one()
    assert {400, 401, 404, 422} <= statuses, "every way it may go was gone"
    assert statuses & {200, 202}
    door.assert_well()


@pytest.mark.parametrize("path", OTHERS)
def test_other_endpoints_answer_as_documented(schema: Any, path: str) -> None:
    operation = schema[path]["GET"]

    @requests_to(path, 15)
    @given(operation.as_strategy())
    def one(case: Any) -> None:
        held_against(case, case.call(allow_redirects=False))

    one()


@pytest.mark.parametrize("path", ["/live", "/ready", "/openapi.json", "/openapi", "/", "/login"])
def test_a_body_nobody_asked_for_is_answered_as_documented(schema: Any, path: str) -> None:
    case = schema[path]["GET"].Case()
    answer = case.call(data=b"x" * ((1 << 20) + 1), allow_redirects=False)
    assert answer.status_code == 413
    held_against(case, answer)


def test_the_document_is_valid_and_names_no_source(door: Door) -> None:
    answer = requests.get(f"{door.url}/openapi.json", timeout=10)
    validate(answer.json())
    assert answer.json()["openapi"].startswith("3.1")
    assert not any(name in answer.text for name in FITTING)


def test_the_page_needs_nothing_from_elsewhere(door: Door) -> None:
    answer = requests.get(f"{door.url}/openapi", timeout=10)
    assert answer.status_code == 200
    assert "://" not in answer.text.replace("xmlns", "")
    assert "<script" not in answer.text
