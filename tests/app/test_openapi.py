"""schemathesis: whatever fits or nearly fits the OpenAPI description is answered as described, never with a 5xx."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import booleans
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from siyu.app.description import description
from siyu.app.health import WorkersAway
from siyu.app.http import create_app
from siyu.kernel.clock import VirtualClock
from siyu.kernel.db import engine_for
from siyu.platforms.types import Call, CallFailed, Outcome
from siyu.runtime.house import House
from siyu.team import actions as team
from siyu.team.http import COOKIE
from tests.support.database import Server
from tests.support.installation import settled
from tests.support.world import START, ZONE

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]

PASSWORD = "a long enough passphrase"
FURNITURE: list[tuple[str, dict[str, Any], Any]] = [
    ("POST /api/customers", {}, {"source": "crm", "items": [{"key": f"C-100{n}"} for n in (1, 2)]}),
    ("POST /api/customers/events", {}, None),
    ("POST /api/customers/orders", {}, None),
    ("POST /api/tags/groups", {}, {"name": "意向"}),
    ("POST /api/tags/groups/{group_id}/tags", {"group_id": 1}, {"name": "高"}),
    ("POST /api/tags/{tag_id}/add", {"tag_id": 1}, None),
    ("POST /api/segments", {}, None),
    ("POST /api/collect/sites", {}, None),
    ("POST /api/tasks", {}, None),
    ("POST /api/channels", {}, None),
    ("POST /api/replies", {}, None),
    ("POST /api/replies/welcomes", {}, None),
    ("POST /api/replies/greetings", {}, None),
    ("POST /api/platforms/accounts", {}, None),
    ("PUT /api/customers/attributes/{name}", {"name": "shoe_size"}, None),
]
REFUSING = [negative_data_rejection]
EXAMPLES = 12


def _operations() -> dict[str, Any]:
    found: Any = schemathesis.openapi.from_dict(description()).get_all_operations()
    return {f"{one.method.upper()} {one.path}": one for one in (result.ok() for result in found)}


OPERATIONS = _operations()
NUMBERED = [
    "customer",
    "case",
    "decision",
    "inbox",
    "tag",
    "group",
    "segment",
    "content",
    "journey",
    "account",
    "import",
    "site",
    "staff",
    "key",
    "task",
    "welcome",
    "reply",
    "greeting",
    "question",
    "rule",
    "channel",
    "cost",
]
IDS: dict[str, Any] = {"name": "shoe_size", "day": "2027-02-05", "year": 2027, **{f"{one}_id": 1 for one in NUMBERED}}
"""What the furnished company has one of."""


def _example(operation: Any) -> Any:
    """The documented example of a JSON body."""
    content = operation.definition.raw.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")


class Unreachable:
    """The platforms: the network is down."""

    def send(self, call: Call) -> Outcome:
        return Outcome(False, -100, "the platform cannot be reached", {}, retryable=True)


@pytest.fixture(scope="module")
def house(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A database for all operations together: what one of them wrote, another one reads."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    with settled(folder):
        name = f"{server.prefix}openapi_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
        engine = engine_for(server.create(name, server.template([])))
        senders = dict.fromkeys(("official_account", "wecom", "webhook", "image"), Unreachable())
        yield House(engine, VirtualClock(START), ZONE, senders)
        engine.dispose()
        server.drop(name)


@pytest.fixture(scope="module")
def whole(house: House) -> Any:
    """The application over a company that has two customers, and one of most other things."""
    app: Any = create_app(house)
    with house.open() as ctx:
        team.add_staff(ctx, name="furnisher", roles=["admin"], login="furnisher", password=PASSWORD)
        signed_in = team.sign_in(ctx, "furnisher", PASSWORD)
        _, key = team.add_key(ctx, "furnisher", ["customers.read"])
    assert signed_in is not None
    assert key
    with asgi.get_client(app) as session:
        for name, path, body in FURNITURE:
            answer = (
                OPERATIONS[name]
                .Case(path_parameters=path, body=body or _example(OPERATIONS[name]))
                .call(app=app, session=session, cookies={COOKIE: signed_in[1]})
            )
            assert answer.status_code < 300, (name, answer.text)
    return app


@pytest.fixture
def admin(house: House, request: pytest.FixtureRequest) -> dict[str, str]:
    """The session of an administrator of this test alone: operations end sessions and switch staff off."""
    login, password = request.node.name[-60:], PASSWORD
    with house.open() as ctx:
        team.add_staff(ctx, name="admin", roles=["admin"], login=login, password=password)
        signed_in = team.sign_in(ctx, login, password)
    assert signed_in is not None
    return {COOKIE: signed_in[1]}


EXAMPLE_BODIES = sorted(name for name, one in OPERATIONS.items() if _example(one) is not None)


@pytest.mark.parametrize("name", EXAMPLE_BODIES)
def test_every_example_fits_and_is_answered_as_described(name: str, whole: Any, admin: dict[str, str]) -> None:
    operation = OPERATIONS[name]
    with asgi.get_client(whole) as session:
        case = operation.Case(path_parameters=IDS, body=_example(operation))
        response = case.call(app=whole, session=session, cookies=admin)
        if response.status_code != 502:  # the platform is down here
            case.validate_response(response, checks=CHECKS)
            assert response.status_code < 300 or response.json()["code"] != "invalid", response.text


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_is_as_described(name: str, mode: GenerationMode, whole: Any, admin: dict[str, str]) -> None:
    """``positive``: what fits is answered as described. ``negative``: what does not fit is refused, too."""
    operation = OPERATIONS[name]
    with asgi.get_client(whole) as session:

        @seed(1)
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), there=booleans())
        def calls(case: Any, there: bool) -> None:
            if there and mode == GenerationMode.POSITIVE:  # else hardly an id would be that of anything
                number = 2 if operation.method.upper() == "DELETE" else 1
                known = {one: number if value == 1 else value for one, value in IDS.items()}
                case.path_parameters = {one: known.get(one, value) for one, value in case.path_parameters.items()}
            response = case.call(app=whole, session=session, cookies=admin)
            # Described answers: the platform, which is down here, would not do it; there are no workers here.
            away = (CallFailed.code, WorkersAway.code)
            refused = response.status_code > 500 and response.json()["code"] in away
            checks = CHECKS[1:] if refused else CHECKS
            case.validate_response(response, checks=checks if mode == GenerationMode.POSITIVE else [*checks, *REFUSING])

        try:
            calls()
        except Unsatisfiable:
            assert mode == GenerationMode.NEGATIVE  # nothing to get wrong: neither parameters nor a body
