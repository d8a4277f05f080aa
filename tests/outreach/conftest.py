"""Fixtures of outreach."""

from __future__ import annotations

import pytest

from tests.outreach.town import Town, settle
from tests.support.world import World


@pytest.fixture
def town(world: World) -> Town:
    """Five followers of one account, Monday 09:00 in Shanghai."""
    return settle(world, 5)
