"""Story 1 through the real outreach, with a platform in memory that keeps its own truth."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from siyu.content import actions as content
from siyu.content import queries as library
from siyu.customers import actions as customers
from siyu.customers.types import NewEvent
from siyu.journeys import actions, files, jobs, queries
from siyu.kernel import notices
from siyu.kernel.probes import answer
from siyu.outreach import jobs as outreach
from siyu.outreach.actions import open_window
from siyu.outreach.types import WindowOpening
from siyu.segments import actions as segments
from siyu.segments import jobs as membership
from siyu.tags import actions as tags
from tests.journeys.reader import reader
from tests.outreach.town import Town, arrive, settle
from tests.support.world import World

WAVE = (Path(__file__).parents[2] / "examples" / "journeys" / "ebook-wave.yaml").read_text(encoding="utf-8")
TEMPLATE = {"template_id": "T1", "data": {"thing1": "电子书"}}


@pytest.fixture
def town(world: World) -> Town:
    """Thirty followers, the contents, the segment of all followers."""
    town = settle(world, 30)
    with world.open() as ctx:
        for key, kind, body in (
            ("ebook-form", "form", {"fields": [{"name": "name", "label": "称呼", "type": "text"}]}),
            ("ebook-article", "article", {"html": "<p>x</p>", "message": "回复电子书", "template": TEMPLATE}),
            ("ebook-form-link", "text", {"text": "链接"}),
            ("group-invitation", "text", {"text": "进群"}),
            ("ebook-reminder", "template", {"template": TEMPLATE}),
        ):
            content.save_content(ctx, key=key, kind=kind, title=key, body=body, publish=True)
        for path in ("意向/要过电子书", "意向/已留资"):
            tags.ensure(ctx, path)
        following = {"kind": "account", "account_id": town.account, "following": True}
        segments.save(ctx, name="电子书人群", condition=following)
        actions.start(ctx, files.apply(ctx, WAVE).journey_id)
    return town


def rest(town: Town) -> None:
    """Work until nothing is left at the present time."""
    for _ in range(100):
        with town.world.open() as ctx:
            told = notices.take(ctx)
            if told:
                jobs.notice(ctx, told)
        with town.world.open() as ctx:
            pulse = customers.take_pulse(ctx, 0, 256, 5_000)
            if pulse.events:
                for room in (membership, outreach, jobs):
                    room.pulse(ctx, pulse)
        with town.world.open() as ctx:
            moved = membership.tick(ctx, 10_000) + jobs.tick(ctx, 10_000)
        if not (told or pulse.events or moved or town.work()):
            return
    raise AssertionError("no rest")


def play(town: Town, length: timedelta) -> None:
    """Let time pass, stopping wherever something is due."""
    until = town.world.now + length
    while True:
        rest(town)
        with town.world.open() as ctx:
            found = [answer(ctx, room.DUE) for room in (membership, outreach, jobs)]
        due = min((time for time in found if time is not None), default=until)
        town.world.clock.move_to(min(due, until))
        if due >= until:
            rest(town)
            return


def does(town: Town, who: list[int], type_: str, **props: object) -> None:
    with town.world.open() as ctx:
        made = [NewEvent("test", f"{type_} {one} {ctx.now}", type_, ctx.now, one, None, props) for one in who]
        customers.record(ctx, made)
        if type_ == "message_received":
            open_window(ctx, [WindowOpening(one, town.account, "message", ctx.now) for one in who])


def test_the_wave_reaches_everybody_once_by_the_route_of_their_clock(town: Town) -> None:
    play(town, timedelta(hours=1))
    assert len(town.platform.of("mass_send")) == 30
    play(town, timedelta(hours=2))
    replied, silent = town.people[:12], town.people[12:]
    does(town, replied, "message_received", text="我想要电子书，谢谢")
    does(town, silent[:5], "message_received", text="你好")
    rest(town)
    assert sorted(town.platform.of("custom_send")) == sorted(f"o{n}" for n in range(12))
    play(town, timedelta(minutes=20))
    with town.world.open() as ctx:
        form = library.content(ctx, "ebook-form").content_id
        made = [NewEvent("test", f"form {one}", "form_submitted", ctx.now, one, form, {}) for one in replied[:5]]
        customers.record(ctx, made)

    # Late arrivals: one inside the minute after following, two gathered to the full hour, one alone in the next hour.
    with town.world.open() as ctx:
        (quick,) = arrive(ctx, town.account, 100, 1)
        open_window(ctx, [WindowOpening(quick, town.account, "follow", ctx.now)])
        customers.record(ctx, [NewEvent("test", "follow 100", "followed", ctx.now, quick)])
    rest(town)
    assert town.platform.of("custom_send")[-1] == "o100"
    with town.world.open() as ctx:
        customers.record(
            ctx,
            [NewEvent("test", f"follow {one}", "followed", ctx.now, one) for one in arrive(ctx, town.account, 101, 2)],
        )
    play(town, timedelta(minutes=45))
    assert town.platform.of("mass_send")[30:] == ["o101", "o102"]
    with town.world.open() as ctx:
        (lone,) = arrive(ctx, town.account, 103, 1)
        customers.record(ctx, [NewEvent("test", "follow 103", "followed", ctx.now, lone)])
    play(town, timedelta(hours=1))
    assert town.platform.of("template_send") == ["o103"]

    with town.world.open() as ctx:
        counts = reader(town.world, queries.journeys(ctx)[0].journey_id)
    assert counts.agree() > 10
    play(town, timedelta(days=3))
    counts.agree()
    words = Counter((endpoint, text) for endpoint, _, text in town.platform.received)
    sends = Counter(openid for _, openid, _ in town.platform.received)
    assert max(sends.values()) <= 3
    with town.world.open() as ctx:
        (journey,) = queries.journeys(ctx)
        wave = queries.wave(ctx, journey.journey_id)
    assert (wave.entered, wave.active) == (34, 0)
    assert wave.ended == {"form_submitted": 5, "invited": 7, "reminded": 22}
    assert sum(n for (endpoint, text), n in words.items() if "进群" in text) == 7
    assert len(town.platform.of("template_send")) == 1 + 22
    edges = {(edge.source, edge.edge): edge.count for edge in wave.edges}
    assert (edges["reply", "happened"], edges["reply", "timeout"]) == (12, 22)
    assert (edges["filled", "yes"], edges["filled", "no"]) == (5, 7)
