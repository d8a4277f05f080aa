"""What depends on chats between staff and customers says so, unless the archive shows them (S6)."""

from collections.abc import Iterator
from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, Record
from siyu.kernel.ctx import Ctx
from siyu.kernel.settings import know
from siyu.platforms import actions as platforms
from siyu.segments import actions, http, queries
from tests.segments.populations import happened
from tests.support.http import room_client
from tests.support.world import World

MESSAGE = {"type": "message_received"}
WROTE: dict[str, Any] = {"kind": "event", "type": "message_received", "within": "7d"}
OA_ONLY: dict[str, Any] = {**WROTE, "where": {"via": {"in": ["oa", "kf"]}}}
SENT: dict[str, Any] = {"kind": "sequence", "first": {"type": "delivery_sent"}, "within": "12h"}


def _corp(ctx: Ctx) -> int:
    return platforms.save_account(ctx, kind="wecom", key="ww0123456789abcdef-1000002", name="WeCom")


def _needs(ctx: Ctx, condition: Any) -> list[tuple[str, bool, bool]]:
    found = queries.needs_archive(ctx, queries.parse(ctx, condition, "c", entered=True), "c")
    return [(one.field, one.misses, one.silent) for one in found]


@pytest.fixture
def archive() -> Iterator[None]:
    know(wecom_archive="sandbox")
    yield
    know(wecom_archive="")


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (WROTE, [("c", True, False)]),
        ({"not": WROTE}, [("c.not", False, True)]),
        ({"all": [{"not": {"any": [WROTE]}}]}, [("c.all.0.not.any.0", False, True)]),
        ({**WROTE, "count": 0}, [("c", False, True)]),
        ({"not": {**WROTE, "count": 0}}, [("c.not", True, False)]),
        ({**WROTE, "count": 2}, [("c", True, True)]),
        ({**WROTE, "count": {"ge": 0}}, []),
        ({**WROTE, "type": ["link_clicked", "message_received"]}, [("c", True, False)]),
        ({"kind": "event", "type": ["link_clicked", "reply_marked"]}, []),
        (OA_ONLY, []),
        ({**WROTE, "where": {"open_kfid": "wk1"}}, []),
        ({**WROTE, "where": {"via": "archive"}}, [("c", True, False)]),
        ({**WROTE, "content": 7}, []),
        ({**SENT, "then_not": MESSAGE}, [("c", False, True)]),
        ({**SENT, "then": MESSAGE}, [("c", True, False)]),
        ({**SENT, "then": {"type": "link_clicked"}}, []),
    ],
)
def test_a_condition_names_its_parts_that_chats_could_change(ctx: Ctx, condition: Any, told: object) -> None:
    assert _needs(ctx, condition) == []  # without WeCom there are no such chats
    _corp(ctx)
    assert _needs(ctx, condition) == told


def test_the_account_tells_whether_a_chat_can_be_meant(ctx: Ctx) -> None:
    oa = platforms.save_account(ctx, kind="oa", key="wx0123456789abcdef", name="OA")
    corp = _corp(ctx)
    assert _needs(ctx, {**WROTE, "where": {"account": oa}}) == []
    assert _needs(ctx, {**WROTE, "where": {"account": corp}}) == [("c", True, False)]


def test_a_segment_passes_its_doubt_on(ctx: Ctx) -> None:
    _corp(ctx)
    silent = actions.save(ctx, name="没回复", condition={"not": WROTE})
    outer = actions.save(ctx, name="外层", condition={"not": {"kind": "segment", "segment": silent}})
    assert _needs(ctx, {"kind": "segment", "segment": silent}) == [("c", False, True)]
    assert _needs(ctx, {"kind": "segment", "segment": outer}) == [("c", True, False)]


def test_with_the_archive_nothing_is_in_doubt(ctx: Ctx, archive: None) -> None:
    _corp(ctx)
    assert _needs(ctx, {"not": WROTE}) == []


def test_why_says_of_one_person_what_chats_could_change(world: World) -> None:
    with world.open() as ctx:
        corp = _corp(ctx)
        records = [Record("t", name, (Identity("unionid", name),), ctx.now, {"name": name}) for name in "abc"]
        silent, wrote, stranger = customers.identify(ctx, records)
        customers.follow(ctx, [Follow(one, "wecom", corp, ctx.now, staff="zhangsan") for one in (silent, wrote)])
        happened(ctx, wrote, "message_received")
    client = room_client(world, http.router)

    def explained(who: int, condition: Any) -> Any:
        body = {"condition": condition, "customer_id": who}
        return client.post("/api/segments/explain", json=body).json()

    unknown = explained(silent, {"not": WROTE})
    assert (unknown["result"], unknown["needs_archive"], unknown["of"][0]["needs_archive"]) == (True, True, True)
    # Who was seen to write has replied, and who never was anybody's contact cannot have chatted.
    for who in (wrote, stranger):
        assert not explained(who, {"not": WROTE})["needs_archive"]
    # What is false anyway stays false whatever was said in a chat.
    clicked = {"kind": "event", "type": "link_clicked"}
    both = explained(silent, {"all": [clicked, {"not": WROTE}]})
    assert (both["needs_archive"], both["of"][1]["needs_archive"]) == (False, True)
    assert explained(silent, {"any": [clicked, {"not": WROTE}]})["needs_archive"]
    estimate = client.post("/api/segments/estimate", json={"condition": {"not": WROTE}}).json()
    assert estimate["needs_archive"] == [{"field": "condition.not", "misses": False, "silent": True}]
