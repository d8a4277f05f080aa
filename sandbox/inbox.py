"""What people receive: written to the log, and handed to the behaviour model, whose reactions become due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from people import Message, Reaction, receive
from people.react import Route
from sandbox import archive
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


@dataclass(frozen=True, slots=True)
class Spoken:
    """Where people answer what a corp says: a member's chat (`userid`), a group (`chat_id` too), or an account of
    customer service.
    """

    userid: str = ""
    chat_id: str = ""
    open_kfid: str = ""


def hand_over(
    world: World, *, account: str, route: str, manner: Route, msgid: str, content: Content,
    to: Sequence[tuple[int, str]], at: int, answer: bool = False, spoken: Spoken | None = None,
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
    # Numbers given in the order of arrival differ from one run to the next; what is said to one person, and when, not.
    sent = f"{key}|{at}" if len(persons) == 1 else msgid
    message = Message(f"{account}|{sent}", manner, content.text, content.title, content.url, answer)
    own = {p: world.own[p] for p in persons if p in world.own} if world.own else None
    reactions = receive(world.model, world.seed, persons, message, at, _heat(world, persons, at), own)
    if spoken is not None and spoken.open_kfid:  # who is weary of customer service just does not answer
        reactions = [reaction for reaction in reactions if reaction.kind != "leave"]
    world.schedule_many(_due(world, reaction, account, spoken) for reaction in reactions)


def hand_over_pieces(
    world: World, *, account: str, userid: str, route: str, manner: Route, msgid: str, contents: Sequence[Content],
    to: Sequence[tuple[int, str]], at: int, greeting: bool = False, chat_id: str = "",
) -> None:  # fmt: skip
    """Delivers what a member sends, in a chat or in the group `chat_id`: each piece is logged, people react once.

    Only the first piece counts for their annoyance, and none of a `greeting`.
    """
    if not to or not contents:
        return
    for number, content in enumerate(contents):
        shown = content.title or content.text.replace("\n", " ")[:40]
        told = {"title": content.title, "text": content.text, "url": content.url, "userid": userid}
        data = dumps(told | {"chat_id": chat_id} if chat_id else told)
        result = "greeting" if greeting else "part" if number else ""
        world.db.many(
            "insert into log (at, kind, name, account, person, uid, route, msgid, key, result, data) "
            "values (?, 'received', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (at, shown, account, person, uid, route, msgid, digest(content.title, content.text), result, data)
                for person, uid in to
            ],
        )
        if not chat_id and route != "moments":
            for _, uid in to:
                link = (content.title, content.url)
                archive.keep(world, account, userid, uid, at, content.text, link, by_member=True)
    persons = [person for person, _ in to]
    text, title = "\n".join(c.text for c in contents), next((c.title for c in contents if c.title), "")
    url = next((c.url for c in contents if c.url), "")
    sent = f"{digest(title, text)}|{at}" if len(persons) == 1 else msgid
    message = Message(f"{account}|{userid}|{sent}", manner, text, title, url)
    own = {p: world.own[p] for p in persons if p in world.own} if world.own else None
    heat = None if greeting else _heat(world, persons, at)
    reactions = receive(world.model, world.seed, persons, message, at, heat, own)
    spoken = Spoken(userid, chat_id)
    world.schedule_many(_due(world, reaction, account, spoken) for reaction in reactions)


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


def _due(
    world: World, reaction: Reaction, account: str, spoken: Spoken | None = None
) -> tuple[int, str, int, dict[str, object]]:
    """A reaction as a due thing."""
    due = world.grained(reaction.due_ms)
    if reaction.kind == "open":
        return due, "visit", reaction.person, {"person": reaction.person, "url": reaction.url, "account": account}
    if spoken is not None:
        return due, "act", reaction.person, {"person": reaction.person, **_answer(reaction, account, spoken)}
    act = {"reply": "text", "leave": "unsubscribe", "menu": "click_menu"}[reaction.kind]
    work: dict[str, object] = {"person": reaction.person, "act": act, "account": account}
    if reaction.text:
        work["key" if act == "click_menu" else "text"] = reaction.text
    return due, "act", reaction.person, work


def _answer(reaction: Reaction, corpid: str, spoken: Spoken) -> dict[str, object]:
    """What the person does about a corp's message: writes where it came from, leaves the group, deletes the member."""
    if spoken.open_kfid:
        return {"act": "kf_text", "open_kfid": spoken.open_kfid, "text": reaction.text}
    if spoken.chat_id and reaction.kind == "leave":
        return {"act": "leave_group", "corpid": corpid, "chat_id": spoken.chat_id}
    act = "chat" if reaction.kind == "reply" else "delete_member"
    return {"act": act, "corpid": corpid, "userid": spoken.userid, "text": reaction.text}
