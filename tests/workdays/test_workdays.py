"""The company's own days over the shipped notices: entering them, and that every room sees them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from siyu.allocation.rotation import Place, serving
from siyu.allocation.types import Member, Rotation, Shift, Standing
from siyu.channels import queries as channels
from siyu.journeys import sequences
from siyu.kernel.calendar import SHIPPED
from siyu.workdays import http, queries
from tests.support.http import room_client
from tests.support.waiting import until
from tests.support.world import World

ZONE = ZoneInfo("Asia/Shanghai")
NEXT = SHIPPED.years[-1] + 1
NOTICE = [
    {"day": f"{NEXT}-01-01", "mark": "off", "name": "元旦"},
    {"day": f"{NEXT}-02-06", "mark": "off", "name": "春节"},
    {"day": f"{NEXT}-02-05", "mark": "off", "name": "春节"},
]


def weekend(year: int) -> date:
    """A Saturday of March."""
    first = date(year, 3, 1)
    return first.replace(day=1 + (5 - first.weekday()) % 7)


def test_the_next_years_notice_is_entered_before_the_library_knows_it(world: World) -> None:
    api = room_client(world, http.router)
    this = api.get("/api/workdays").json()
    assert (this["year"], this["known"], this["declared"], this["years"][-1]) == (2026, True, False, NEXT - 1)
    unknown = api.get("/api/workdays", params={"year": NEXT}).json()
    assert (unknown["known"], unknown["days"]) == (False, [])
    worked = {"day": str(weekend(NEXT)), "mark": "worked", "name": ""}
    saved = api.put(f"/api/workdays/years/{NEXT}", json={"days": [*NOTICE, worked], "known": True}).json()
    assert saved == api.get("/api/workdays", params={"year": NEXT}).json()
    assert (saved["known"], saved["declared"], saved["years"][-1]) == (True, True, NEXT)
    assert [(one["day"], one["kind"], one["name"], one["own"]) for one in saved["days"]] == [
        (f"{NEXT}-01-01", "holiday", "元旦", True),
        (f"{NEXT}-02-05", "holiday", "春节", True),
        (f"{NEXT}-02-06", "holiday", "春节", True),
        (worked["day"], "adjusted_workday", "公司上班", True),
    ]
    again = api.put(f"/api/workdays/years/{NEXT}", json={"days": NOTICE[:1]}).json()
    assert (again["known"], [one["day"] for one in again["days"]]) == (False, [f"{NEXT}-01-01"])


def test_a_day_is_changed_and_taken_back(world: World) -> None:
    api = room_client(world, http.router)
    day = "/api/workdays/days/2026-10-02"
    changed = api.put(day, json={"mark": "worked", "name": "双十一备货"}).json()
    (mine,) = [one for one in changed["days"] if one["own"]]
    assert mine == {
        "day": "2026-10-02",
        "kind": "workday",
        "name": "双十一备货",
        "own": True,
        "shipped": "holiday",
    }
    with world.open() as ctx:
        assert queries.saved(ctx).is_workday(date(2026, 10, 2))
    assert not any(one["own"] for one in api.delete(day).json()["days"])
    with world.open() as ctx:
        assert queries.saved(ctx) == SHIPPED
    assert [row.kind for row in world.rows("select kind from notice order by notice_id")] == ["workdays.changed"] * 2


def test_what_is_no_day_changes_nothing(world: World) -> None:
    api = room_client(world, http.router)
    year = f"/api/workdays/years/{NEXT}"
    assert api.put(year, json={"days": NOTICE, "known": True}).status_code == 200
    monday = "2026-03-02"
    for path, body, field in (
        (f"/api/workdays/days/{monday}", {"mark": "worked"}, "mark"),
        ("/api/workdays/days/1999-10-01", {"mark": "off"}, "day"),
        (year, {"days": [*NOTICE, NOTICE[0]]}, "days.3.day"),
        (year, {"days": [{"day": "2026-01-01", "mark": "off"}]}, "days.0.day"),
        (year, {"days": [{"day": f"{NEXT}-03-01", "mark": "off", "name": "a\x00"}]}, None),
    ):
        answer = api.put(path, json=body)
        assert answer.status_code == 422, path
        if field:
            assert (answer.json()["code"], answer.json()["field"]) == ("bad_day", field)
    missing = api.delete(f"/api/workdays/days/{monday}")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_day")
    assert len(api.get("/api/workdays", params={"year": NEXT}).json()["days"]) == 3
    reader = room_client(world, http.router, may=("workdays.read",))
    assert reader.get("/api/workdays").status_code == 200
    assert reader.put(year, json={"days": []}).status_code == 403


def test_every_room_sees_an_edit_within_seconds(world: World) -> None:
    api = room_client(world, http.router)
    with world.open() as ctx:
        assert not sequences.local(ctx).off(date(2026, 3, 3))  # from now on this process goes on with what it has read
    assert api.put("/api/workdays/days/2026-03-03", json={"mark": "off"}).status_code == 200

    def seen() -> bool:
        with world.open() as ctx:
            return sequences.local(ctx).off(date(2026, 3, 3))

    until(seen, "the day off in the journeys")
    with world.open() as ctx:
        assert channels.place(ctx).calendar.is_holiday(date(2026, 3, 3))
        calendar = queries.current(ctx)
        assert calendar is queries.current(ctx)
    assert api.delete("/api/workdays/days/2026-03-03").status_code == 200
    until(lambda: not seen(), "the day as it was")
    office = Rotation(
        members=(Member(staff_id=1, shifts=(Shift(days=("workday",), start="09:00", until="18:00"),)),), fallback=(9,)
    )
    noon = datetime(2026, 3, 3, 12, tzinfo=ZONE)
    for where, serves in ((Place(ZONE), 1), (Place(ZONE, calendar=calendar), 9)):
        assert serving(office, Standing(date(2026, 3, 3)), noon, where).staff_id == serves
