"""Private: two tags become one, in one transaction: who carried either carries the one, as long and for the reason
that they carried it before."""

from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.tags import queries, store, uses
from siyu.tags.outward import gone, may_edit
from siyu.tags.store import changes, merging
from siyu.tags.telling import close
from siyu.tags.types import BadTagMerge, Changed, Tag, TagMerged, TagReadOnly, TagRetired, UnknownTag


def merge(ctx: Ctx, tag_id: int, into: int) -> Changed:
    """Make ``tag_id`` a part of ``into``; the tag itself stays as a name of the past."""
    store.hold_alone(ctx, tag_id)  # whoever is about to give it or to refer to it comes first
    store.hold(ctx, [into])
    known = queries.by_ids(ctx, [tag_id, into])
    _check(ctx, known, tag_id, into)
    carriers = store.carriers(tag_id)
    merging.lock_expiries(ctx, [tag_id, into])
    changes.lock_arrays(ctx, carriers)
    merging.unite_expiries(ctx, tag_id, into)
    gives, takes = f"tag:{tag_id}", f"tag:{into}"
    others = merging.pairs_of(carriers, into)
    given, new = changes.open_change(ctx, others, added=True, why=gives, merged_from=tag_id)
    taken, old = changes.open_change(ctx, carriers, added=False, why=takes)
    gone(ctx, known[tag_id])
    merging.replace(ctx, tag_id, into)
    store.absorb(ctx, tag_id, into)
    close(ctx, taken, old, added=False, why=takes)
    changed = close(ctx, given, new, added=True, why=gives, merged_from=tag_id)
    audit.record(ctx, "tags.merge", "tag", tag_id, into=into, name=known[tag_id].path, customers=sum(old.values()))
    return changed


def _check(ctx: Ctx, known: dict[int, Tag], tag_id: int, into: int) -> None:
    for one, field in ((tag_id, "tag_id"), (into, "into")):
        if one not in known:
            raise UnknownTag("no such tag", field=field)
    if tag_id == into:
        raise BadTagMerge("a tag is merged into another one", field="into")
    if known[tag_id].merged_into is not None:
        raise TagMerged(f"{known[tag_id].path} was merged already", field="tag_id")
    if known[into].retired:
        raise TagRetired("the tag is retired", field="into")
    if known[into].read_only:
        raise TagReadOnly("only its platform gives this tag", field="into")
    may_edit(ctx, known[tag_id], "tag_id")
    uses.refuse(ctx, known[tag_id])
