"""Story 7, after the deal: an order ends the sales sequence, the seven days after it are the honeymoon's, then come
repurchase and, with the next order, referral. The journeys are the examples that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from siyu.app.demo.firm import EXAMPLES
from siyu.app.demo.fortnight import START
from siyu.team import actions as team
from tests.scenarios.alone import Alone, alone
from tests.support.database import Server

pytestmark = pytest.mark.timeout(600)

PEOPLE = (("王芳", "13900000001"), ("钱多", "13900000003"), ("赵敏", "13900000002"))


def _example(key: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / f"stages-{key}.yaml").read_text(encoding="utf-8"))
    return found


def _words(example: dict[str, Any]) -> dict[str, str]:
    """Id of each piece by its first words."""
    return {piece["text"][:8]: piece["id"] for stage in example["stages"] for piece in stage["pieces"]}


def _lived(place: Alone, person: int, names: dict[str, str]) -> list[tuple[int, str]]:
    """What the person got of salespeople, by the platform: (day from the start on, piece)."""
    return [((at.date() - START.date()).days + 1, names[words[:8]]) for at, words in place.got(person)]


def _tells(place: Alone, person: int, key: str, order_no: str, amount: int = 199_900, **more: object) -> None:
    """The shop tells of a paid order, twice."""
    order = {"person": person, "order_no": order_no, "amount": amount, "status": "paid", "placed_at": place.now, **more}
    for _ in range(2):
        told = place.control.shop(url=place.at.public_url, key=key, buyers=[{"person": person}], orders=[order])
        assert not told["refused"], told


def _journeys(place: Alone, person: int) -> list[tuple[int, str, str | None]]:
    """(journey, state, reason) of the person's enrolments."""
    sql = "select journey_id, state, reason from enrolment where customer_id = :one order by journey_id"
    return [(row.journey_id, row.state, row.reason) for row in place.rows(sql, one=place.customer(person))]


def _moved(place: Alone, person: int) -> list[tuple[str, str]]:
    """(stage, why) of every change of stage."""
    sql = "select props from event where customer_id = :one and type = 'stage_moved' order by occurred_at"
    return [(row.props["to"], row.props["why"]) for row in place.rows(sql, one=place.customer(person))]


def _told(place: Alone, person: int) -> int:
    """Of how many pieces Siyu says that the person received them."""
    sql = "select count(*) as n from outreach_request where customer_id = :one and key like 'j%' and state = 'received'"
    return int(place.rows(sql, one=place.customer(person))[0].n)


def test_an_order_ends_the_sales_sequence_and_starts_what_comes_after(server: Server, tmp_path: Path) -> None:
    with alone(server, tmp_path, START) as place:
        sales, deal = _example("new-contact"), _example("after-the-deal")
        names = _words(sales) | _words(deal)
        first, second = place.start(sales), place.start(deal)
        with place.at.house.open() as ctx:
            _, key = team.add_key(ctx, "网店", ["customers.write"])
        buyer, late, other = (place.person(name, phone) for name, phone in PEOPLE)
        place.go_on(place.hour(10))
        for person in (buyer, late, other):
            place.control.act(person, "scan_way", config_id=place.config_id)

        # The order of the second day finds a piece that is planned for noon and not yet handed over.
        place.go_on(place.hour(10.5, days=1), minutes=60)
        planned = "select state, reason from outreach_request where customer_id = :one and key like '%met-2%'"
        assert [tuple(row) for row in place.rows(planned, one=place.customer(buyer))] == [("planned", "planned")]
        _tells(place, buyer, key, "D-1")
        place.go_on(place.hour(14))
        assert _journeys(place, buyer) == [(first, "ended", "goal:ordered"), (second, "active", None)]
        assert [tuple(row) for row in place.rows(planned, one=place.customer(buyer))] == [("not_sent", "cancelled")]

        # Somebody else buys on the eighth day; a day later the shop corrects the amount, which is no second purchase.
        place.go_on(place.hour(17, days=6), minutes=60)
        _tells(place, late, key, "D-2")
        placed = place.now
        place.go_on(place.hour(17, days=1), minutes=60)
        _tells(place, late, key, "D-2", 149_900, placed_at=placed, changed_at=place.now)
        place.go_on(place.hour(10, days=1), minutes=60)
        _tells(place, buyer, key, "D-3")
        place.go_on(place.hour(17))

        honeymoon = [(day, f"honey-{day - 1}") for day in range(2, 9)]
        assert _lived(place, buyer, names) == [(1, "met-1"), *honeymoon, (9, "again-1"), (10, "refer-1")]
        assert _moved(place, buyer) == [("repurchase", "week_over"), ("referral", "bought_again")]
        since = [one for one in _lived(place, late, names) if one[0] > 7]
        assert since == [(8, "honey-1"), (9, "honey-2"), (10, "honey-3")]
        assert _moved(place, late) == []
        assert _journeys(place, late) == [(first, "ended", "goal:ordered"), (second, "active", None)]
        assert _lived(place, other, names)[:4] == [(1, "met-1"), (2, "met-2"), (3, "met-3"), (4, "met-4")]
        assert _journeys(place, other) == [(first, "active", None)]
        for person in (buyer, late, other):
            assert _told(place, person) == len(_lived(place, person, names))
        paid = place.rows("select order_no, amount from customer_order order by order_no")
        assert [tuple(row) for row in paid] == [("D-1", 199_900), ("D-2", 149_900), ("D-3", 199_900)]
        assert place.control.counts()["duplicate_count"] == 0
