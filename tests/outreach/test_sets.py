"""The work is done in sets: as many statements for three hundred people as for a hundred, fewer for six."""

from __future__ import annotations

from siyu.outreach import jobs
from siyu.outreach.types import Message
from tests.outreach.town import Town, settle
from tests.support.statements import Statements
from tests.support.world import World


def rounds(town: Town, statements: Statements) -> list[int]:
    """Statements of asking, of deciding and of one round of each phase."""
    town.opens(town.people[::2])
    message = Message(content_id=town.article(str(town.account)))
    found = []
    statements.reset()
    town.ask(message=message, routes=(town.custom, town.mass(), town.template))
    found.append(statements.count)
    for _ in range(2):
        statements.reset()
        with town.world.open() as ctx:
            jobs.tick(ctx, 10_000)
        found.append(statements.count)
    for phased in jobs.phases():
        statements.reset()
        town.world.run(phased, town.platform.senders)
        found.append(statements.count)
    assert town.tally() == {("sent", "now"): -(-len(town.people) // 2), ("accepted", "now"): len(town.people) // 2}
    return found


def test_statements_do_not_grow_with_the_people(world: World, statements: Statements) -> None:
    few, some, many = (rounds(settle(world, n, f"t{n}"), statements) for n in (6, 100, 300))
    assert some == many
    assert all(one <= other for one, other in zip(few, some, strict=True))
