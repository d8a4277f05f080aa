"""Private: tags that an import names. ``customers`` is below tags, so it tells by events who gets which."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Integer, cast, exists, select

from siyu.customers import queries as customers
from siyu.kernel import notices
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import BadText
from siyu.kernel.jobs import Pulse, PulseEvent
from siyu.tags import actions
from siyu.tags.types import BadTagName, TagRetired


def _why(event: PulseEvent) -> str:
    return f"import:{event.props['import_id']}"


def _by(ctx: Ctx, event: PulseEvent) -> str:
    return str(event.props.get("by") or ctx.actor.label)


def give(ctx: Ctx, pulse: Pulse) -> None:
    """``imported`` {import_id, by, tags: one ``group/name`` a line}: make the tags that are missing and give them.

    ``by`` had the file imported: whose tags they are. A tag that cannot be given (a bad name, a retired tag) holds up
    nobody else: a notice ``tags.refused`` says so.
    """
    wanted: dict[tuple[str, str, bool, str], list[int]] = {}
    for event in pulse.of("imported"):
        quiet = bool(event.props.get("quiet"))
        for path in str(event.props.get("tags") or "").split("\n"):
            if path:
                wanted.setdefault((path, _why(event), quiet, _by(ctx, event)), []).append(event.customer_id)
    for (path, why, quiet, by), ids in sorted(wanted.items()):
        # set-loop: per tag that the import names, not per person
        try:
            inner = replace(ctx, quiet=quiet, actor=Actor("rule", by))
            tag_id = actions.ensure(inner, path)
            actions.add(inner, tag_id=tag_id, who=ids_of(sorted(set(ids))), why=why)
        except (BadText, BadTagName, TagRetired) as refused:
            notices.write(ctx, "tags.refused", tag=path, why=why, customers=len(set(ids)), code=refused.code)


def take_back(ctx: Ctx, pulse: Pulse) -> None:
    """``import_withdrawn`` {import_id, by}: take away what, as the timeline tells, the import gave and nobody since."""
    withdrawn: dict[tuple[str, str], list[int]] = {}
    for event in pulse.of("import_withdrawn"):
        withdrawn.setdefault((_why(event), _by(ctx, event)), []).append(event.customer_id)
    for (why, by), ids in sorted(withdrawn.items()):  # set-loop: per import, of which few are taken back at a time
        _take(replace(ctx, quiet=True, actor=Actor("rule", by)), why, ids)


def _take(ctx: Ctx, why: str, ids: Sequence[int]) -> None:
    events, later = customers.events.c, customers.events.alias("later")
    again = exists().where(
        later.c.customer_id == events.customer_id,
        later.c.type == "tag_added",
        later.c.props["tag_id"].astext == events.props["tag_id"].astext,
        later.c.event_id > events.event_id,
    )
    pairs = select(events.customer_id, cast(events.props["tag_id"].astext, Integer).label("tag_id")).where(
        events.customer_id.in_(ids_of(sorted(set(ids)))),
        events.type == "tag_added",
        events.props["why"].astext == why,
        ~again.correlate(customers.events),
    )
    actions.remove_pairs(ctx, pairs.distinct(), why=f"{why} taken back")
