"""Private: the one way in which who carries what changes, and what follows when customers merge or are erased."""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from siyu.customers import queries as customer_queries
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import clean
from siyu.tags import store, telling
from siyu.tags.store import changes, marks, places
from siyu.tags.types import Changed


def change(
    ctx: Ctx,
    pairs: Select[Any, Any],
    *,
    added: bool,
    why: str,
    expires_at: datetime | None = None,
    held: Set[int] = frozenset(),
    theirs: bool = False,
) -> Changed:
    """Give or take the tags of pairs (customer_id, tag_id), and tell it. ``held``: tags that the caller holds.

    Tags that were deleted meanwhile, and those that only their platform gives unless this is what it said (``theirs``),
    change nobody.
    """
    why = clean(why, "why")
    # Also for those who carry it already: their expiry changes though their tags do not. Before looking who carries it:
    # this waits for an expiry under way, after which they do not, and get the tag again.
    if expires_at is None:
        changes.drop_expiry(ctx, pairs)
    else:
        changes.prolong(ctx, pairs, expires_at)
    change_id, sizes = changes.open_change(ctx, pairs, added=added, why=why)
    loose = sizes.keys() - held if added else set()
    if loose and (gone := loose - _givable(ctx, loose, theirs)):
        changes.leave_out(ctx, change_id, gone)
        sizes = {tag_id: size for tag_id, size in sizes.items() if tag_id not in gone}
    strays = 0
    if sizes and added:
        if expires_at is not None:
            changes.set_expiry(ctx, change_id, expires_at)
        changes.write_added(ctx, change_id)
        strays = _gather_strays(ctx, change_id)
    elif sizes:
        changes.write_removed(ctx, change_id)
    return telling.close(ctx, change_id, sizes, added=added, why=why, strays=strays)


def _givable(ctx: Ctx, tag_ids: Set[int], theirs: bool) -> set[int]:
    return {tag_id for tag_id, row in store.hold(ctx, tag_ids).items() if theirs or not row.read_only}


def _gather_strays(ctx: Ctx, change_id: int) -> int:
    """Who was merged away or erased meanwhile: tags of the ones go to whom they are now, of the others nothing stays.

    Returns how many pairs were of nobody. Looked for once the arrays are written: a merge or an erasure that comes to
    tags later waits for them, one that was there before is seen here.
    """
    strays = changes.strays(ctx, change_id, customer_queries.everybody())
    if not strays:
        return 0
    ids = sorted({customer_id for customer_id, _ in strays})
    homes = customer_queries.origins(ctx, ids)
    living = customer_queries.active(ctx, sorted(set(homes.values())))
    moved = {one: (one, homes[one]) for one in ids if homes.get(one) in living}
    gone = set(ids) - moved.keys()
    if moved:
        move(ctx, moved)
    if gone:
        erase(ctx, sorted(gone))
    return sum(customer_id in gone for customer_id, _ in strays)


def move(ctx: Ctx, moves: dict[int, tuple[int, int]]) -> None:
    """Follow merges and their undoing: ``moves`` is origin_id -> (from_id, to_id), the last word per origin."""
    involved = sorted(
        {customer_id for origin, (source, target) in moves.items() for customer_id in (origin, source, target)}
    )
    places.lock_places(ctx, involved)
    changes.hold_customers(ctx, involved)
    changes.open_shares(ctx, involved)
    changes.move_shares(ctx, list(moves), [target for _, target in moves.values()])
    changes.unite_shares(ctx, involved)
    at = places.at_accounts(ctx, involved)
    marks.tell(ctx, {(customer_id, account_id): () for customer_id, ones in at.items() for account_id in ones})


def erase(ctx: Ctx, ids: Sequence[int]) -> None:
    """Forget the tags of erased customers, without events: there is nobody left to tell about.

    They are held first: of a tag that is given at the moment there is no row to be seen yet.
    """
    changes.hold_customers(ctx, ids)
    changes.forget_customers(ctx, ids)
