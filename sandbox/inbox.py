"""What people receive: written to the log, and handed to the behaviour model, whose reactions become due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from people import Message, Reaction, receive
from people.react import Route
from sandbox.store import dumps
from sandbox.world import World, digest

WEEK_MS = 7 * 86_400_000
ANSWER_MS = 3 * 3_600_000  # a customer message within 3 hours of the person's own message answers it


@dataclass(frozen=True, slots=True)
class Content:
    """A message as people see it: title (may be ""), text, the link it carries (may be "", then links in the text
    count).
    """

    title: str
    text: str
    url: str = ""


def hand_over(
    world: World, *, account: str, route: str, manner: Route, msgid: str, content: Content,
    to: Sequence[tuple[int, str]], at: int, answer: bool = False,
) -> None:  # fmt: skip
    """Delivers one content to persons, given as (person, uid); logs each receipt and schedules the reactions."""
    if not to:
        return
    db = world.db
    key = digest(content.title, content.text)
    shown = content.title or content.text.replace("\n", " ")[:40]
    data = dumps({"title": content.title, "text": content.text, "url": content.url})
    result = "answer" if answer else ""
    db.many(
        "insert into log (at, kind, name, account, person, uid, route, msgid, key, result, data) "
        "values (?, 'received', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(at, shown, account, person, uid, route, msgid, key, result, data) for person, uid in to],
    )
    persons = [person for person, _ in to]
    message = Message(f"{account}|{msgid}", manner, content.text, content.title, content.url, answer)
    own = {p: world.own[p] for p in persons if p in world.own} if world.own else None
    reactions = receive(world.model, world.seed, persons, message, at, _heat(world, persons, at), own)
    world.schedule_many(_due(world, reaction, account) for reaction in reactions)


def _heat(world: World, persons: Sequence[int], at: int) -> list[float]:
    """Pushed messages of the past 7 days per person, the one just logged included; one pass when there are many."""
    where = "kind = 'received' and at > ? and at <= ? and result = ''"
    span = (at - WEEK_MS, at)
    if len(persons) < 50:
        return [
            float(world.db.value(f"select count(*) from log where person = ? and {where}", person, *span))  # noqa: S608  # only names of our own in the text
            for person in persons
        ]
    rows = world.db.all(f"select person, count(*) n from log where {where} group by person", *span)  # noqa: S608  # only names of our own in the text
    counts = {row["person"]: float(row["n"]) for row in rows}
    return [counts.get(person, 0.0) for person in persons]


def _due(world: World, reaction: Reaction, account: str) -> tuple[int, str, int, dict[str, object]]:
    """A reaction as a due thing."""
    due = world.grained(reaction.due_ms)
    if reaction.kind == "open":
        return due, "visit", reaction.person, {"person": reaction.person, "url": reaction.url, "account": account}
    act = {"reply": "text", "leave": "unsubscribe", "menu": "click_menu"}[reaction.kind]
    work: dict[str, object] = {"person": reaction.person, "act": act, "account": account}
    if reaction.text:
        work["key" if act == "click_menu" else "text"] = reaction.text
    return due, "act", reaction.person, work
