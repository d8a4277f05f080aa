"""Private: tags that an import names. ``customers`` is below tags, so it tells by events who gets which."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Integer, cast, select

from siyu.customers import queries as customers
from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import BadText
from siyu.kernel.jobs import Pulse, PulseEvent
from siyu.tags import actions
from siyu.tags.types import BadTagName, TagRetired


def _why(event: PulseEvent) -> str:
    return f"import:{event.props['import_id']}"


def give(ctx: Ctx, pulse: Pulse) -> None:
    """``imported`` {import_id, tags: one ``group/name`` a line}: make the tags that are missing and give them.

    A tag that cannot be given (a bad name, a retired tag) holds up nobody else: a notice ``tags.refused`` says so.
    """
    wanted: dict[tuple[str, str, bool], list[int]] = {}
    for event in pulse.of("imported"):
        quiet = bool(event.props.get("quiet"))
        for path in str(event.props.get("tags") or "").split("\n"):
            if path:
                wanted.setdefault((path, _why(event), quiet), []).append(event.customer_id)
    for (path, why, quiet), ids in sorted(wanted.items()):
        # set-loop: per tag that the import names, not per person
        try:
            tag_id = actions.ensure(ctx, path)
            actions.add(replace(ctx, quiet=quiet), tag_id=tag_id, who=ids_of(sorted(set(ids))), why=why)
        except (BadText, BadTagName, TagRetired) as refused:
            notices.write(ctx, "tags.refused", tag=path, why=why, customers=len(set(ids)), code=refused.code)


def take_back(ctx: Ctx, pulse: Pulse) -> None:
    """``import_withdrawn`` {import_id}: take away what the import gave, as the timeline tells it."""
    withdrawn: dict[str, list[int]] = {}
    for event in pulse.of("import_withdrawn"):
        withdrawn.setdefault(_why(event), []).append(event.customer_id)
    for why, ids in sorted(withdrawn.items()):  # set-loop: per import, of which one or two are taken back at a time
        _take(ctx, why, ids)


def _take(ctx: Ctx, why: str, ids: Sequence[int]) -> None:
    events = customers.events.c
    pairs = select(events.customer_id, cast(events.props["tag_id"].astext, Integer).label("tag_id")).where(
        events.customer_id.in_(ids_of(sorted(set(ids)))), events.type == "tag_added", events.props["why"].astext == why
    )
    actions.remove_pairs(replace(ctx, quiet=True), pairs.distinct(), why=f"{why} taken back")
