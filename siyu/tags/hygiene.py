"""Private: which tags nobody carries, nobody explains, nobody gives any more, and which two say the same."""

from datetime import timedelta

from siyu.kernel.ctx import Ctx
from siyu.tags import queries
from siyu.tags.store import hygiene as store
from siyu.tags.types import Hygiene, Overlap, Tag

MOST_PEOPLE = 20_000
"""Whom overlaps are looked for among: everybody who carries tags, or a fixed sample of about so many."""
FEWEST = 5
"""Carriers that a tag needs before it is compared with others."""
SAME = 0.8
"""Share of the carriers of either tag who carry both, from which on two tags say the same."""
MOST_OVERLAPS = 100


def look(ctx: Ctx, days: int) -> Hygiene:
    """The taxonomy's hygiene; ``days``: so long ago a tag was given last that is called stale."""
    known = [tag for group in queries.taxonomy(ctx) for tag in group.tags if not tag.retired]
    carried, given, gives = queries.counts(ctx), store.last_given(ctx), queries.givers(ctx)
    since = ctx.now - timedelta(days=days)
    people, sampled, overlapping = _overlaps(ctx, [tag for tag in known if carried.get(tag.tag_id, 0) >= FEWEST])
    return Hygiene(
        days=days,
        unused=tuple(tag.tag_id for tag in known if not carried.get(tag.tag_id)),
        unexplained=tuple(tag.tag_id for tag in known if not tag.note.strip() and tag.tag_id not in gives),
        stale=tuple(
            tag.tag_id for tag in known if carried.get(tag.tag_id) and given.get(tag.tag_id, tag.created_at) <= since
        ),
        overlapping=overlapping,
        people=people,
        sampled=sampled,
    )


def _overlaps(ctx: Ctx, known: list[Tag]) -> tuple[int, bool, tuple[Overlap, ...]]:
    sampled = store.more_than(ctx, MOST_PEOPLE)
    about = MOST_PEOPLE if sampled else None
    people, sizes, pairs = store.together(ctx, [tag.tag_id for tag in known], about)
    found = [
        Overlap(one, other, both, sizes[one], sizes[other])
        for (one, other), both in pairs.items()
        if min(sizes[one], sizes[other]) >= FEWEST
    ]
    same = sorted((one for one in found if one.share >= SAME), key=lambda one: (-one.share, -one.both, one.tag_id))
    return people, sampled, tuple(same[:MOST_OVERLAPS])
