"""schemathesis: whatever fits or nearly fits the OpenAPI description is answered as described, never with a 5xx."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from siyu.app.description import description
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


def _operations() -> dict[str, Any]:
    found: Any = schemathesis.openapi.from_dict(description()).get_all_operations()
    return {f"{one.method.upper()} {one.path}": one for one in (result.ok() for result in found)}


OPERATIONS = _operations()


class Unreachable:
    """The platforms: the network is down."""

    def send(self, call: Call) -> Outcome:
        return Outcome(False, -100, "the platform cannot be reached", {}, retryable=True)


@pytest.fixture(scope="module")
def house(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A database for all operations together: what one of them wrote, another one reads."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    with settled(folder):
        name = f"{server.prefix}openapi"
        engine = engine_for(server.create(name, server.template([])))
        senders = dict.fromkeys(("official_account", "wecom", "webhook"), Unreachable())
        yield House(engine, VirtualClock(START), ZONE, senders)
        engine.dispose()
        server.drop(name)


@pytest.fixture(scope="module")
def whole(house: House) -> Any:
    return create_app(house)


@pytest.fixture
def admin(house: House, request: pytest.FixtureRequest) -> dict[str, str]:
    """The session of an administrator of this test alone: operations end sessions and switch staff off."""
    login, password = request.node.name[-60:], "a long enough passphrase"
    with house.open() as ctx:
        team.add_staff(ctx, name="admin", roles=["admin"], login=login, password=password)
        signed_in = team.sign_in(ctx, login, password)
    assert signed_in is not None
    return {COOKIE: signed_in[1]}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_is_as_described(name: str, whole: Any, admin: dict[str, str]) -> None:
    operation = OPERATIONS[name]
    with asgi.get_client(whole) as session:

        @seed(1)
        @settings(
            max_examples=8,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def calls(case: Any) -> None:
            response = case.call(app=whole, session=session, cookies=admin)
            # 502 is the described answer of a route whose platform, which is down here, would not do what was asked.
            refused = response.status_code == 502 and response.json()["code"] == CallFailed.code
            case.validate_response(response, checks=CHECKS[1:] if refused else CHECKS)

        calls()
