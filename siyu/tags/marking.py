"""Private: phased work that tells platforms who carries what: ``mark_tag`` per follow, tagging by fifties at an OA.

A claim compares what a customer carries here with what is known of each follow there, and the calls are the difference:
so a call that was made without being heard is made again without harm, and our own change that comes back is none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from siyu.customers import queries as customer_queries
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.settings import settings
from siyu.platforms.types import SENDERS, Account, Call, Outcome, send_all
from siyu.tags import accounts, store
from siyu.tags.store import marks, places, remote

LIMIT = 500
TOGETHER = 50
"""Followers of one call of an Official Account (docs/platform.md B.2)."""
MOST_TAGS_OA = 20
"""Tags of a follower of an Official Account."""
MOST_MARKS = 1_000
"""Tags of one call about a contact."""
AGAIN = timedelta(minutes=1)
LONGEST = timedelta(hours=6)
UNKNOWN = frozenset({40068, 41110, 45159})
"""The platform does not know a tag (any more): the taxonomy is compared, then it is tried again."""
REASONS: Mapping[int, str] = {
    84061: "no_relation",
    40096: "no_relation",
    40003: "no_relation",
    46004: "no_relation",
    50005: "no_relation",
    60111: "no_relation",
    40144: "too_many_tags",
    45059: "too_many_tags",
    41058: "not_allowed",
    48001: "not_allowed",
    48002: "not_allowed",
    60011: "not_allowed",
}
"""Why a customer cannot be told of, by the platform's code; others are ``refused``."""
Pair = tuple[int, int]
"""(customer_id, account_id)"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one follow is to get and lose. ``name`` is the platform's of the customer; ids are the platform's too."""

    key: places.Key
    row: Row[Any]
    account: Account
    name: str
    add: Mapping[int, str]
    remove: Mapping[int, str]

    @property
    def pair(self) -> Pair:
        return (self.key[0], self.key[2])


@dataclass(frozen=True, slots=True)
class Work:
    """Leased rows by (customer_id, account_id), what their follows are to get, and of whom not all can be told."""

    lease: float
    rows: Mapping[Pair, Row[Any]]
    wanted: tuple[Wanted, ...]
    problems: Mapping[Pair, str]


@dataclass(slots=True)
class Done:
    """What became of one follow: which tags the platform took, and the answer that refused others."""

    added: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    failed: Outcome | None = None


def _claim(ctx: Ctx) -> Work | None:
    at = machine()
    due = marks.due_marks(ctx, LIMIT, at)
    if not due:
        return None
    until = at + settings().lease_seconds
    follows = places.standing(ctx, customer_queries.follows, {row.customer_id for row in due}, locking=True)
    speakers, outward = accounts.speakers(ctx), remote.outward_tags(ctx)
    rows = {(row.customer_id, row.account_id): row for row in due if row.account_id in speakers}
    marks.lease(ctx, sorted(rows), until)
    off = [row for row in due if row.account_id not in speakers]
    if off:
        marks.finish(ctx, [_ended(row, None, "switched_off", row.attempts) for row in off])
    ids = sorted({pair[0] for pair in rows})
    here = store.tags_of(ctx, ids)
    names = places.names(ctx, customer_queries.people, ids)
    by_pair: dict[Pair, list[Row[Any]]] = {}
    for row in follows:
        by_pair.setdefault((row.customer_id, row.account_id), []).append(row)
    told: dict[int, dict[int, str]] = {}
    for (account_id, tag_id), remote_id in outward.items():
        told.setdefault(account_id, {})[tag_id] = remote_id
    wanted: list[Wanted] = []
    problems: dict[Pair, str] = {}
    for pair in rows:
        account = speakers[pair[1]]
        scope = account.appid if account.kind == "wecom" else str(pair[1])
        name = names.get((pair[0], scope), "")
        if name:
            found, problem = _plan(
                account, name, by_pair.get(pair, []), set(here.get(pair[0], ())), told.get(pair[1], {})
            )
            wanted += found
            if problem:
                problems[pair] = problem
    return Work(until, rows, tuple(wanted), problems)


def _plan(
    account: Account, name: str, follows: Sequence[Row[Any]], here: set[int], told: Mapping[int, str]
) -> tuple[list[Wanted], str]:
    """What the follows of one customer at one account are to get and lose.

    A tag that none of them carries goes to all; one that the customer does not carry goes from all; a follow that is
    new gets what the customer carries. Else each keeps what its member gave and took.
    """
    mine = here & told.keys()
    base: list[set[int]] = [set(row.tags) if row.valid else set() for row in follows]
    union = set().union(*base) & told.keys()
    found: list[Wanted] = []
    problem = ""
    for row, carries in zip(follows, base, strict=True):
        add = ((mine - union) | (set() if row.whole and row.valid else mine)) - carries
        remove = carries & told.keys() - mine
        if account.kind == "oa" and len(carries) - len(remove) + len(add) > MOST_TAGS_OA:
            room = max(0, MOST_TAGS_OA - len(carries) + len(remove))
            add, problem = set(sorted(add)[:room]), "too_many_tags"
        if add or remove or not row.whole:
            key = (row.customer_id, row.origin_id, row.account_id, row.staff)
            chosen = ({one: told[one] for one in sorted(add)}, {one: told[one] for one in sorted(remove)})
            found.append(Wanted(key, row, account, name, *chosen))
    return found, problem


def _act(work: Work, senders: Senders) -> list[Done]:
    done = [Done() for _ in work.wanted]
    wecom = [at for at, one in enumerate(work.wanted) if one.account.kind == "wecom" and (one.add or one.remove)]
    calls = [_mark(work.wanted[at]) for at in wecom]
    if calls:
        for at, outcome in zip(wecom, send_all(senders[SENDERS["wecom"]], calls), strict=True):
            _note(done[at], outcome, work.wanted[at].add, work.wanted[at].remove)
    _at_official_accounts(work, senders, done)
    return done


def _mark(one: Wanted) -> Call:
    body: dict[str, object] = {"userid": one.key[3], "external_userid": one.name}
    add, remove = list(one.add.values())[:MOST_MARKS], list(one.remove.values())
    body |= {"add_tag": add} if add else {}
    body |= {"remove_tag": remove[: MOST_MARKS - len(add)]} if remove else {}
    return Call(one.account.account_id, "tag_mark", body)


def _note(done: Done, outcome: Outcome, add: Collection[int], remove: Collection[int]) -> None:
    if outcome.ok:
        done.added |= set(add)
        done.removed |= set(remove)
    else:
        done.failed = outcome


@dataclass(frozen=True, slots=True)
class _Batch:
    """Followers (by their place in the work) of one account who get or lose one tag."""

    account_id: int
    tag_id: int
    remote_id: str
    gives: bool
    of: tuple[int, ...]


def _at_official_accounts(work: Work, senders: Senders, done: list[Done]) -> None:
    """One follower who cannot be tagged refuses all of a call: such calls are made again by halves."""
    together: dict[tuple[int, int, str, bool], list[int]] = {}
    for at, one in enumerate(work.wanted):
        if one.account.kind == "oa":
            for tags, gives in ((one.remove, False), (one.add, True)):
                for tag_id, remote_id in tags.items():
                    together.setdefault((one.account.account_id, tag_id, remote_id, gives), []).append(at)
    # Taking first: who has no room for more may have it then.
    waiting = [
        _Batch(*key, tuple(of[start : start + TOGETHER]))
        for key, of in sorted(together.items(), key=lambda item: item[0][3])
        for start in range(0, len(of), TOGETHER)
    ]
    while waiting:
        halves: list[_Batch] = []
        for batch in waiting:
            endpoint = "members_tag" if batch.gives else "members_untag"
            openids = [work.wanted[at].name for at in batch.of]
            outcome: Outcome = senders[SENDERS["oa"]].send(
                Call(batch.account_id, endpoint, {"openid_list": openids, "tagid": int(batch.remote_id)})
            )
            if outcome.code in REASONS and len(batch.of) > 1:
                middle = len(batch.of) // 2
                halves += [
                    _Batch(batch.account_id, batch.tag_id, batch.remote_id, batch.gives, some)
                    for some in (batch.of[:middle], batch.of[middle:])
                ]
                continue
            chosen = (batch.tag_id,)
            for at in batch.of:
                _note(done[at], outcome, chosen if batch.gives else (), () if batch.gives else chosen)
        waiting = halves


def _record(ctx: Ctx, work: Work, results: list[Done]) -> None:
    places.lock_places(ctx, sorted({pair[0] for pair in work.rows}))
    mine = marks.held(ctx, sorted(work.rows), work.lease)
    position = places.position(ctx)
    written: list[Mapping[str, Any]] = []
    failed: dict[Pair, Outcome] = {}
    for one, done in zip(work.wanted, results, strict=True):
        if one.pair not in mine:
            continue
        if done.failed is not None:
            failed[one.pair] = done.failed
        base = set(one.row.tags) if one.row.valid else set()
        tags = (base | done.added) - done.removed
        written.append(
            {
                **dict(zip(("customer_id", "origin_id", "account_id", "staff"), one.key, strict=True)),
                "tags": places.noted(tags),
                "kept": places.noted(set(one.row.kept) & tags if one.row.valid else ()),
                "read_at": ctx.now,
                "position": position,
                "whole": done.failed is None and one.pair not in work.problems,
            }
        )
    places.write_places(ctx, written)
    marks.finish(ctx, [_after(ctx, work, pair, failed.get(pair)) for pair in sorted(mine)])
    stale = {pair[1] for pair, outcome in failed.items() if outcome.code in UNKNOWN}
    if stale:
        remote.look_now(ctx, stale)


def _after(ctx: Ctx, work: Work, pair: Pair, failed: Outcome | None) -> Mapping[str, Any]:
    row = work.rows[pair]
    if failed is None:
        return _ended(row, None, work.problems.get(pair, ""), 0)
    attempts = row.attempts + 1
    wait = min(LONGEST, AGAIN * 2 ** min(row.attempts, 10))
    problem = REASONS.get(failed.code, f"refused:{failed.code}")
    if failed.retryable or failed.uncertain or failed.code in UNKNOWN:
        return _ended(row, max(failed.retry_at or ctx.now, ctx.now + wait), problem, attempts)
    return _ended(row, None, problem, attempts)


def _ended(row: Row[Any], due_at: datetime | None, problem: str, attempts: int) -> Mapping[str, Any]:
    return {
        "customer_id": row.customer_id,
        "account_id": row.account_id,
        "serial": row.serial,
        "tags": places.noted(row.tags),
        "due_at": due_at,
        "attempts": attempts,
        "problem": problem,
    }


MARKS = Phased("tags.marks", _claim, _act, _record, marks.MARK_READY)
