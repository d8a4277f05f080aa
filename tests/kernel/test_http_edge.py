"""Routes commit before they answer and roll back when they raise."""

from typing import Annotated

import pytest
from fastapi import APIRouter

from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import TransactionOpen, forbid_transaction
from siyu.kernel.errors import Conflict
from siyu.kernel.http import requires
from tests.support.http import room_client
from tests.support.world import World

router = APIRouter(prefix="/api/things")


@router.post("/{thing}")
def make(thing: str, ctx: Annotated[Ctx, requires("things.write")]) -> dict[str, str]:
    audit.record(ctx, "things.made", "thing", thing)
    if thing == "calling":
        forbid_transaction()
    if thing == "twice":
        raise Conflict("there is one already", field="thing")
    return {"thing": thing}


def test_a_route_commits_before_the_answer(world: World) -> None:
    assert room_client(world, router).post("/api/things/a").json() == {"thing": "a"}
    assert world.value("select actor from audit_log") == "staff:1"


def test_an_error_changes_nothing_and_names_the_field(world: World) -> None:
    answer = room_client(world, router).post("/api/things/twice")
    assert answer.status_code == 409
    assert answer.json() == {"code": "conflict", "message": "there is one already", "field": "thing", "detail": {}}
    assert world.value("select count(*) from audit_log") == 0


def test_a_missing_permission_is_refused(world: World) -> None:
    answer = room_client(world, router, may=("things.read",)).post("/api/things/a")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert world.value("select count(*) from audit_log") == 0


def test_a_route_cannot_call_out_inside_its_transaction(world: World) -> None:
    with pytest.raises(TransactionOpen):
        room_client(world, router).post("/api/things/calling")
    assert world.value("select count(*) from audit_log") == 0
