"""Staff members: what is taken is told by its name; one's own password."""

from __future__ import annotations

import pytest

from siyu.kernel.ctx import Ctx
from siyu.team import actions
from siyu.team.types import LoginTaken, UseridTaken


def test_the_field_that_is_taken_is_named(ctx: Ctx) -> None:
    actions.add_staff(ctx, name="周", roles=["sales"], login="zhou", userid="Z1")
    with pytest.raises(LoginTaken) as taken:
        actions.add_staff(ctx, name="周二", roles=["sales"], login="zhou", userid="Z2")
    assert taken.value.field == "login"
    with pytest.raises(UseridTaken) as same:
        actions.add_staff(ctx, name="周三", roles=["sales"], login="zhou3", userid="Z1")
    assert same.value.field == "userid"
