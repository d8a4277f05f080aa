"""Fixtures of the journeys' tests."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import SYSTEM, Ctx
from siyu.kernel.db import transaction
from tests.support.world import START, ZONE


@pytest.fixture(scope="module")
def ctx_of_module(session_engine: Engine) -> Iterator[Ctx]:
    """A context for statements that read no table: Hypothesis refuses fixtures per test."""
    with transaction(session_engine, VirtualClock(START), SYSTEM, ZONE) as ctx:
        yield ctx
