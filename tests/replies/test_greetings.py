"""Greetings on birthdays and festivals: whose day it is, once a year, on the day or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from siyu.customers import actions as customers
from siyu.kernel.probes import answer
from siyu.replies import jobs
from siyu.replies.greetings import actions, http, occasions
from siyu.replies.greetings.types import Birthday, GreetingWay, Named, NewGreeting, Occasion, Yearly
from siyu.replies.types import Said
from tests.replies.town import Town, in_region
from tests.support.http import room_client
from tests.support.world import World

ZONE = ZoneInfo("Asia/Shanghai")
NINE = time(9, 0)


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def greeting(town: Town, occasion: Occasion, **more: Any) -> int:
    given: dict[str, Any] = {"said": Said("祝您快乐"), "at": NINE, "ways": (GreetingWay("oa_custom", town.oa),)}
    with town.world.open() as ctx:
        return actions.save(ctx, NewGreeting("祝福", occasion, **{**given, **more}))


def local(day: str, at: str = "09:00") -> datetime:
    return datetime.fromisoformat(f"{day} {at}").replace(tzinfo=ZONE).astimezone(UTC)


def due(town: Town) -> datetime | None:
    with town.world.open() as ctx:
        return answer(ctx, jobs.DUE)


def keys(town: Town) -> list[tuple[int, str]]:
    found = town.world.rows("select customer_id, key from outreach_request order by request_id")
    return [(row.customer_id, row.key.partition(":")[2].partition(":")[2]) for row in found]


@pytest.mark.parametrize(
    ("occasion", "first", "day", "year"),
    [
        (Named("new_year"), "2026-03-02", "2027-01-01", 2027),
        (Named("spring"), "2026-03-02", "2027-02-06", 2027),
        (Named("spring"), "2026-02-17", "2026-02-17", 2026),
        (Named("spring_eve"), "2026-01-01", "2026-02-16", 2025),
        (Named("qingming"), "2026-03-02", "2026-04-05", 2026),
        (Named("mid_autumn"), "2026-03-02", "2026-09-25", 2026),
        (Named("double_ninth"), "2025-10-30", "2026-10-18", 2026),
        (Yearly(2, 29), "2026-02-28", "2026-02-28", 2026),
        (Yearly(2, 29), "2028-02-28", "2028-02-29", 2028),
        (Yearly(6, 15, lunar=True), "2026-03-02", "2026-07-28", 2026),
        (Birthday(), "2026-03-02", "2026-03-02", 2026),
        (Birthday(calendar="lunar"), "2026-02-16", "2026-02-16", 2025),
    ],
)
def test_when_an_occasion_falls(occasion: Occasion, first: str, day: str, year: int) -> None:
    found = occasions.next_day(occasion, date.fromisoformat(first))
    assert found == date.fromisoformat(day)
    assert occasions.year_of(occasion, found) == year


@pytest.mark.parametrize(
    ("calendar", "birth", "days"),
    [
        ("solar", "1992-02-29", ["2026-02-28", "2028-02-29"]),
        ("solar", "1990-03-02", ["2026-03-02"]),
        ("lunar", "1990-03-10", ["2026-04-01"]),  # born on 二月十四
        ("written_lunar", "1990-08-15", ["2026-09-25", "2027-09-15"]),
        ("written_lunar", "1990-12-29", ["2026-02-16"]),
    ],
)
def test_whose_birthday_it_is(calendar: Any, birth: str, days: list[str]) -> None:
    years = {int(day[:4]) for day in days}
    every = [date(year, 1, 1) + timedelta(days=n) for year in sorted(years) for n in range(366)]
    found = [str(day) for day in every if date.fromisoformat(birth) in occasions.births(calendar, day)]
    assert found == days


def test_birthdays_are_greeted_once_a_year(town: Town) -> None:
    ann, leap = town.people("ann", birthday="1990-03-03")[0], town.people("leap", birthday="1992-02-29")[0]
    town.people("other", birthday="1990-03-04")
    (child,) = town.people("child", birthday="2026-03-03")
    greeting(town, Birthday(), said=Said("{{name|您}}，生日快乐"))
    assert due(town) == local("2026-03-02"), "at the very hour it is not too late"
    for day in ("2026-03-02", "2026-03-03", "2027-02-28", "2027-03-03"):
        town.world.clock.move_to(local(day))
        while town.tick():
            pass
    assert sorted(keys(town)) == sorted([(ann, "2026"), (leap, "2027"), (ann, "2027"), (child, "2027")])
    assert due(town) == local("2027-03-04")
    asked = "select due_at, expires_at, exempt from outreach_request join outreach_message using (message_id)"
    (first, *_) = town.world.rows(f"{asked} order by request_id")
    assert (first.due_at, first.expires_at) == (local("2026-03-03"), local("2026-03-04", "00:00"))
    assert not first.exempt, "caps and quiet hours are those of pushes"


def test_lunar_people_by_their_own_attribute(town: Town) -> None:
    with town.world.open() as ctx:
        customers.define_attribute(ctx, name="lunar_birthday", title="过农历生日", type="bool")
    (moon,) = town.people("moon", birthday="1990-01-15", lunar_birthday=True)
    (sun,) = town.people("sun", birthday="1990-03-03", lunar_birthday=False)
    town.people("unknown", birthday="1990-01-15")
    greeting(town, Birthday(calendar="written_lunar", lunar_if="lunar_birthday"))
    for _ in range(30):
        while town.tick():
            pass
        town.world.wait(days=1)
    assert keys(town) == [(moon, "2026"), (sun, "2026")]
    asked = town.world.rows("select asked_at from outreach_request order by request_id")
    assert [row.asked_at for row in asked] == [local("2026-03-03"), local("2026-03-03")], "3 March is 正月十五"


def test_nobody_wants_yesterdays_wishes(town: Town) -> None:
    town.people("monday", birthday="1990-03-02")
    (today,) = town.people("today", birthday="1990-03-05")
    greeting(town, Birthday())
    town.world.clock.move_to(local("2026-03-05", "20:15"))
    while town.tick():
        pass
    assert keys(town) == [(today, "2026")], "Siyu was down: the day itself is caught up, those before are not"


def test_a_festival_greets_the_audience_in_chunks(town: Town) -> None:
    here = town.people("a", "b", "c", "d", "e", region="上海")
    town.people("f", region="北京")
    number = greeting(town, Named("lantern"), condition=in_region("上海"))
    town.world.clock.move_to(local("2026-03-03"))
    for _ in range(3):
        with town.world.open() as ctx:
            actions.greet(ctx, 2)
    town.tick()
    assert sorted(keys(town)) == [(one, "2026") for one in here]
    (row,) = town.world.rows("select * from greeting")
    assert (row.greeting_id, row.next_day) == (number, date(2027, 2, 20))


def test_salespeople_are_asked_ahead_or_given_a_task(town: Town) -> None:
    (ann,) = town.people("ann", birthday="1990-03-03")
    greeting(town, Birthday(), ways=(GreetingWay("wecom_group_send", town.wecom),))
    greeting(town, Birthday(), ways=(), said=Said("生日快乐"))
    town.world.clock.move_to(local("2026-03-03", "07:00"))
    while town.tick():
        pass
    assert town.asked() == [(ann, "wecom_group_send", "祝您快乐")]
    assert [row.part for row in town.world.rows("select part from outreach_choice")] == ["morning"]
    town.world.clock.move_to(local("2026-03-03"))
    while town.tick():
        pass
    ((task),) = town.tasks()
    assert (task.customer_id, task.kind, task.why, task.say) == (ann, "greeting", "birthday", "生日快乐")


def test_greetings_over_http(town: Town) -> None:
    api = room_client(town.world, http.router)
    (ann,) = town.people("ann", birthday="1990-03-05")
    way = {"route": "oa_custom", "account_id": town.oa}
    body = {"name": "生日", "occasion": {"kind": "birthday"}, "text": "生日快乐", "ways": [way]}
    number = api.post("/api/replies/greetings", json=body).json()["greeting_id"]
    (coming,) = api.get("/api/replies/greetings/coming").json()
    assert (coming["day"], coming["people"], coming["first"]) == (
        "2026-03-05",
        1,
        [{"customer_id": ann, "name": None}],
    )
    changed = body | {"occasion": {"kind": "date", "month": 3, "day": 9}, "at": "20:00", "active": False}
    assert api.put(f"/api/replies/greetings/{number}", json=changed).status_code == 204
    (stored,) = api.get("/api/replies/greetings").json()
    assert (stored["occasion"], stored["next_at"], stored["at"]) == (
        {"kind": "date", "month": 3, "day": 9, "lunar": False},
        None,
        "20:00",
    )
    assert api.get("/api/replies/greetings/coming", params={"days": 31}).json() == []
    for wrong, code, field in (
        ({"occasion": {"kind": "date", "month": 2, "day": 30}}, "bad_greeting", "occasion.day"),
        ({"occasion": {"kind": "birthday", "attribute": "name"}}, "bad_greeting", "occasion.attribute"),
        ({"occasion": {"kind": "birthday", "lunar_if": "nothing"}}, "bad_greeting", "occasion.lunar_if"),
        ({"ways": [way | {"account_id": town.wecom}]}, "bad_greeting", "ways.0.account_id"),
        ({"ways": [way | {"template": "T"}]}, "bad_greeting", "ways.0.template"),
        ({"ways": [way | {"route": "oa_mass"}], "text": "{{name|您}}好"}, "fields_not_allowed", "text"),
        ({"ways": [], "text": "{{name|您}}好"}, "bad_greeting", "text"),
        ({"text": None}, "bad_reply", "text"),
    ):
        answered = api.post("/api/replies/greetings", json=body | wrong)
        assert (answered.status_code, answered.json()["code"], answered.json()["field"]) == (422, code, field), wrong
    assert api.delete(f"/api/replies/greetings/{number}").status_code == 204
    missing = api.delete(f"/api/replies/greetings/{number}")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_greeting")
