"""What follows from merges, erasure and several requests at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from siyu.content import jobs
from siyu.customers import actions as customers
from siyu.customers import deciding, erasing
from siyu.customers.types import Identity, Record
from tests.content.conftest import GOOD, browser, landed
from tests.content.test_forms import open_form
from tests.content.test_pages import events, link, person, seen, view_of
from tests.support.statements import Statements
from tests.support.world import World


def beat(world: World) -> None:
    """One pulse, as the worker gives it."""
    with world.open() as ctx:
        jobs.pulse(ctx, customers.take_pulse(ctx, 0, 256, 5000))


def test_answers_follow_their_person_and_come_back_when_people_say_different(
    world: World, shelf: dict[str, int]
) -> None:
    reader, address, view = open_form(world, shelf)
    reader.post(address, data={**GOOD, "view": view})
    beat(world)
    with world.open() as ctx:
        known = (Identity("crm_id", "7", "crm"), Identity("phone", "13812341234"))
        (home,) = customers.identify(ctx, [Record("crm", "7", known, ctx.now, {"name": "王芳"})])
    before = world.value("select origin_id from form_submission")
    beat(world)
    assert seen(world, "select customer_id, origin_id from form_submission") == [(home, before)]
    with world.open() as ctx:
        deciding.separate(ctx, home, [before])
    beat(world)
    (row,) = world.rows("select customer_id, origin_id from form_submission")
    assert row.origin_id == before
    other = world.value("select origin_id from identity where kind = 'crm_id'")
    assert row.customer_id != world.value("select customer_id from origin where origin_id = :o", o=other)


def test_an_erased_person_leaves_counts_and_no_answers(world: World, shelf: dict[str, int]) -> None:
    reader, address, view = open_form(world, shelf)
    reader.post(address, data={**GOOD, "view": view})
    customer = world.value("select customer_id from customer where status = 'active'")
    path = link(world, shelf["article"], customer)
    with world.open() as ctx:
        erasing.erase(ctx, customer)
    beat(world)
    assert seen(world, "select count(*) from form_submission") == [(0,)]
    assert reader.get(f"/api/content/{shelf['form']}/statistics").json()["submissions"] == 1
    recorded = len(events(world, customer))
    assert reader.get(path).status_code == 200
    assert len(events(world, customer)) == recorded, "nobody is known by the old link or the old cookie"


# Six applications build their schemas at once here, which makes pydantic warn wrongly; one application never does.
@pytest.mark.filterwarnings("ignore::pydantic.warnings.UnsupportedFieldAttributeWarning")
def test_a_form_posted_several_times_at_once_counts_once(world: World, shelf: dict[str, int]) -> None:
    reader, address, view = open_form(world, shelf)

    others = [browser(world) for _ in range(6)]
    for other in others:
        other.cookies = reader.cookies

    def post(other: TestClient) -> int:
        return other.post(address, data={**GOOD, "view": view}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(post, others)) == {303}
    assert seen(world, "select count(*) from form_submission") == [(1,)]
    assert seen(landed(world), "select count(*) from event where type = 'form_submitted'") == [(1,)]
    assert seen(world, "select submissions from content_view") == [(1,)]


# Six applications build their schemas at once here, which makes pydantic warn wrongly; one application never does.
@pytest.mark.filterwarnings("ignore::pydantic.warnings.UnsupportedFieldAttributeWarning")
def test_beacons_that_come_together_add_up_to_the_longest(world: World, shelf: dict[str, int]) -> None:
    owner = person(world, "王芳", profiling=True)
    reader = browser(world)
    view = view_of(reader.get(link(world, shelf["book"], owner)).text)

    told = [5000, 1000, 9000, 9000, 3000, 7000]
    others = [browser(world) for _ in told]

    def tell(other: TestClient, ms: int) -> int:
        return other.post("/t/view", json={"view": view, "read": [[1, ms]]}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(tell, others, told)) == {204}
    assert seen(world, "select ms, pages from content_view") == [(9000, 1)]
    assert landed(world).value("select sum((props->>'ms')::int) from event where type = 'page_read'") == 9000


def test_a_page_costs_few_statements(world: World, shelf: dict[str, int], statements: Statements) -> None:
    owner = person(world, "王芳", profiling=True)
    reader, path = browser(world), link(world, shelf["book"], owner)
    reader.get(path)
    statements.reset()
    page = reader.get(path)
    opened = statements.count
    assert opened <= 14, statements.texts
    view = view_of(page.text)
    statements.reset()
    reader.post("/t/view", json={"view": view, "read": [[1, 5000]]})
    assert statements.count <= 11, statements.texts
