"""The directory of WeCom and what was decided here: neither undoes the other."""

from __future__ import annotations

from siyu.kernel.ctx import Ctx
from siyu.team import actions, queries
from siyu.team.types import DirectoryMember


def _sync(ctx: Ctx, *, active: bool) -> None:
    actions.save_directory(ctx, [DirectoryMember("zhou", "周", ["1"], active)])


def _active(ctx: Ctx) -> bool:
    found = queries.by_userid(ctx, "zhou")
    assert found is not None
    return found.active


def test_who_was_switched_off_here_stays_off_whatever_the_directory_says(ctx: Ctx) -> None:
    _sync(ctx, active=True)
    member = queries.by_userid(ctx, "zhou")
    assert member is not None
    actions.change_staff(ctx, member.staff_id, active=False)
    _sync(ctx, active=True)
    assert not _active(ctx)
    actions.change_staff(ctx, member.staff_id, active=True)
    _sync(ctx, active=True)
    assert _active(ctx)


def test_who_the_directory_switched_off_comes_back_with_it_but_not_the_sessions(ctx: Ctx) -> None:
    password = "a long enough passphrase"
    staff_id = actions.add_staff(ctx, name="周", roles=["sales"], login="zhou", password=password, userid="zhou")
    signed = actions.sign_in(ctx, "zhou", password)
    assert signed is not None
    session = actions.fingerprint(signed[1])
    _sync(ctx, active=False)
    assert queries.by_session(ctx, session) is None
    _sync(ctx, active=True)
    member = queries.member(ctx, staff_id)
    assert member is not None
    assert member.active
    assert queries.by_session(ctx, session) is None, "a session ends with the switching off"
