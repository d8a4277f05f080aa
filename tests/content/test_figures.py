"""The figures of the library's list: one statement for the page, the same numbers as each piece has by itself."""

from datetime import timedelta

from siyu.content.reading.figures import figures
from siyu.customers import actions as customers
from siyu.customers.types import NewEvent
from tests.content.conftest import GOOD, browser
from tests.content.test_forms import open_form
from tests.content.test_pages import hrefs, link, person
from tests.support.statements import Statements
from tests.support.world import World


def sent(world: World, content_id: int, who: int, kind: str, days_ago: int = 0) -> None:
    with world.open() as ctx:
        at = ctx.now - timedelta(days=days_ago)
        event = NewEvent("outreach", f"{who}:{kind}:{days_ago}", kind, at, who, content_id)
        customers.record(ctx, [event], imported=True)


def test_the_list_tells_what_became_of_its_pieces(world: World, shelf: dict[str, int], statements: Statements) -> None:
    reader, address, view = open_form(world, shelf)
    reader.post(address, data={**GOOD, "view": view})
    for visitor in (browser(world), browser(world)):
        page = visitor.get(link(world, shelf["article"])).text
        visitor.get(hrefs(page)[0])
    one, two = person(world, "1"), person(world, "2")
    sent(world, shelf["article"], one, "delivery_accepted")
    sent(world, shelf["article"], one, "delivery_sent", days_ago=3)
    sent(world, shelf["article"], two, "delivery_failed")
    sent(world, shelf["article"], two, "delivery_sent", days_ago=91)

    api = browser(world)
    ids = [shelf["article"], shelf["form"], shelf["book"], 999_999]
    found = {one["content_id"]: one for one in api.get("/api/content/figures", params={"ids": ids}).json()["items"]}
    assert found.keys() == {shelf["article"], shelf["form"], shelf["book"]}
    for content_id, row in found.items():
        alone = api.get(f"/api/content/{content_id}/statistics").json()
        same = {"views": row["views"], "readers": row["readers"], "clicks": row["clicks"]}
        assert same == {name: alone[name] for name in same}
        assert row["answers"] == alone["submissions"]
    assert (found[shelf["article"]]["readers"], found[shelf["article"]]["sent"]) == (2, 1)
    assert (found[shelf["form"]]["answers"], found[shelf["book"]]["sent"]) == (1, 0)
    with world.open() as ctx:
        statements.reset()
        figures(ctx, ids)
        assert statements.count == 1


def test_only_numbers_of_contents_are_asked_for(world: World, shelf: dict[str, int]) -> None:
    api = browser(world)
    assert api.get("/api/content/figures").status_code == 422
    assert api.get("/api/content/figures", params={"ids": ["x"]}).status_code == 422
    assert api.get("/api/content/figures", params={"ids": [0]}).status_code == 422
    assert api.get("/api/content/figures", params={"ids": list(range(1, 202))}).status_code == 422
