"""Private: tables and statements of views, page times and submissions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Named,
    Row,
    Table,
    Text,
    TypedColumns,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows, unnest


class ViewColumns(TypedColumns):
    view_id = Column(BigInteger, Identity(), primary_key=True)
    content_id: Named[int] = Column(Integer)
    version: Named[int] = Column(Integer)
    form_id: Named[int | None] = Column(Integer)
    form_version: Named[int | None] = Column(Integer)
    link_id: Named[int] = Column(Integer)
    reader: Named[bytes] = Column(LargeBinary)
    opened_at: Named[datetime] = Column(DateTime(timezone=True))
    known: Named[bool] = Column(Boolean)
    forward: Named[bool] = Column(Boolean)
    wechat: Named[bool] = Column(Boolean)
    touch: Named[dict[str, object] | None] = Column(JSONB)
    ms: Named[int] = Column(BigInteger)
    pages: Named[int] = Column(Integer)
    clicks: Named[int] = Column(Integer)
    started: Named[bool] = Column(Boolean)
    last_field: Named[str | None] = Column(Text)
    submissions: Named[int] = Column(Integer)


class PageColumns(TypedColumns):
    view_id: Named[int] = Column(BigInteger, primary_key=True)
    page: Named[int] = Column(Integer, primary_key=True)
    content_id: Named[int] = Column(Integer)
    ms: Named[int] = Column(Integer)
    gained: Named[int] = Column(Integer)


class SubmissionColumns(TypedColumns):
    customer_id: Named[int] = Column(Integer, primary_key=True)  # 0: nobody is known yet
    submission_id = Column(BigInteger, Identity(), primary_key=True)
    origin_id: Named[int] = Column(Integer)
    content_id: Named[int] = Column(Integer)
    version: Named[int] = Column(Integer)
    view_id: Named[int] = Column(BigInteger)
    link_id: Named[int] = Column(Integer)
    submitted_at: Named[datetime] = Column(DateTime(timezone=True))
    answers: Named[dict[str, object]] = Column(JSONB)
    mapped: Named[dict[str, object]] = Column(JSONB)
    consents: Named[list[object]] = Column(JSONB)


class SubmissionKeyColumns(TypedColumns):
    view_id: Named[int] = Column(BigInteger, primary_key=True)
    digest: Named[str] = Column(Text, primary_key=True)


class FaultColumns(TypedColumns):
    content_id: Named[int] = Column(Integer, primary_key=True)
    field: Named[str] = Column(Text, primary_key=True)
    fault: Named[str] = Column(Text, primary_key=True)
    times: Named[int] = Column(BigInteger)


view = Table(
    "content_view",
    metadata,
    ViewColumns,
    Index(None, "content_id", "opened_at"),
    Index(None, "form_id", "opened_at"),
    Index(None, "link_id", "reader"),
)
view_page = Table("content_view_page", metadata, PageColumns, Index(None, "content_id", "page"))
submission = Table(
    "form_submission", metadata, SubmissionColumns, Index(None, "content_id", "submitted_at"), Index(None, "origin_id")
)
submission_key = Table("form_submission_key", metadata, SubmissionKeyColumns)
fault = Table("form_fault", metadata, FaultColumns)


_OPENED = rows(
    "v",
    n=Integer(),
    content_id=Integer(),
    version=Integer(),
    form_id=Integer(),
    form_version=Integer(),
    link_id=Integer(),
    reader=LargeBinary(),
    known=Boolean(),
    forward=Boolean(),
    wechat=Boolean(),
    touch=JSONB(),
)
_FRESH = {
    "opened_at": bindparam("now", type_=DateTime(timezone=True)),
    **dict.fromkeys(("ms", "pages", "clicks", "submissions"), literal(0, Integer)),
    "started": false(),
}
_ADD_VIEWS = (
    insert(view)
    .from_select(
        [*(column.name for column in _OPENED.c if column.name != "n"), *_FRESH],
        select(*(column for column in _OPENED.c if column.name != "n"), *_FRESH.values()).order_by(_OPENED.c.n),
    )
    .returning(view.c.view_id)
)


def add_views(ctx: Ctx, opened: Sequence[Mapping[str, Any]]) -> list[int]:
    """New views, nothing read yet; their ids, in order: numbers are drawn while the rows come, sorted."""
    columns = {column.name: [row[column.name] for row in opened] for column in _OPENED.c if column.name != "n"}
    told = given(_OPENED, n=range(len(opened)), **columns) | {"now": ctx.now}
    return sorted(ctx.tx.execute(_ADD_VIEWS, told).scalars())


_OPENERS = rows("a", link_id=Integer(), reader=LargeBinary())
_SEEN_BEFORE = select(_OPENERS.c.link_id, _OPENERS.c.reader).where(
    exists().where(view.c.link_id == _OPENERS.c.link_id, view.c.reader == _OPENERS.c.reader)
)


def seen_before(ctx: Ctx, wanted: Sequence[tuple[int, bytes]]) -> set[tuple[int, bytes]]:
    """Which of the (link_id, reader) opened the link before."""
    asked = given(_OPENERS, link_id=[one for one, _ in wanted], reader=[one for _, one in wanted])
    return {(row.link_id, row.reader) for row in ctx.tx.execute(_SEEN_BEFORE, asked)}


_VIEWS = select(view).where(view.c.view_id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))
_LOCKED_VIEWS = _VIEWS.order_by(view.c.view_id).with_for_update()


def views(ctx: Ctx, view_ids: Iterable[int], *, lock: bool = False) -> dict[int, Row[Any]]:
    """Views by id; with ``lock`` nobody else changes them until the transaction ends. Locked in order of the id: two
    groups that hold views in common wait for each other, never in a circle."""
    found = ctx.tx.execute(_LOCKED_VIEWS if lock else _VIEWS, {"ids": sorted(set(view_ids))})
    return {row.view_id: row for row in found}


_MORE = rows("m", view_id=BigInteger(), n=Integer())
_ADD_CLICKS = (
    update(view)
    .where(view.c.view_id == _MORE.c.view_id)
    .values(clicks=view.c.clicks + _MORE.c.n)
    .returning(view.c.view_id, view.c.clicks)
)


def add_clicks(ctx: Ctx, clicks: Mapping[int, int]) -> dict[int, int]:
    """Add clicks to views (view_id -> how many more); returns how many each has now."""
    more = given(_MORE, view_id=list(clicks), n=list(clicks.values()))
    return {row.view_id: row.clicks for row in ctx.tx.execute(_ADD_CLICKS, more)}


_TOLD = rows("r", view_id=BigInteger(), page=Integer(), content_id=Integer(), ms=Integer())
_TELLING = upsert(view_page).from_select(
    ["view_id", "page", "content_id", "ms", "gained"], select(*_TOLD.c, _TOLD.c.ms)
)
_KEEP_LONGEST = _TELLING.on_conflict_do_update(
    index_elements=[view_page.c.view_id, view_page.c.page],
    set_={
        "gained": func.greatest(_TELLING.excluded.ms - view_page.c.ms, 0),
        "ms": func.greatest(_TELLING.excluded.ms, view_page.c.ms),
    },
).returning(view_page.c.view_id, view_page.c.page, view_page.c.ms, view_page.c.gained)
_GAINED = rows("m", view_id=BigInteger(), ms=BigInteger(), pages=Integer())
_ADD_GAINED = (
    update(view)
    .where(view.c.view_id == _GAINED.c.view_id, _GAINED.c.ms > 0)
    .values(ms=view.c.ms + _GAINED.c.ms, pages=view.c.pages + _GAINED.c.pages)
)


def read_pages(ctx: Ctx, told: Mapping[tuple[int, int], tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Keep the longest time told for pages: (view_id, page) -> (content_id, ms in all). Returns what each gained (ms).

    Telling the total makes repeated and reordered beacons harmless. The views must be locked.
    """
    now = ctx.tx.execute(
        _KEEP_LONGEST,
        given(
            _TOLD,
            view_id=[view_id for view_id, _ in told],
            page=[page for _, page in told],
            content_id=[content_id for content_id, _ in told.values()],
            ms=[ms for _, ms in told.values()],
        ),
    )
    gained: dict[tuple[int, int], int] = {}
    sums: dict[int, tuple[int, int]] = {}
    for one in now:
        gained[one.view_id, one.page] = one.gained
        ms, pages = sums.get(one.view_id, (0, 0))
        sums[one.view_id] = ms + one.gained, pages + (1 if one.gained and one.gained == one.ms else 0)
    ctx.tx.execute(
        _ADD_GAINED,
        given(
            _GAINED,
            view_id=list(sums),
            ms=[ms for ms, _ in sums.values()],
            pages=[pages for _, pages in sums.values()],
        ),
    )
    return gained


_FIELDS = rows("f", view_id=BigInteger(), field=Text())
_TOUCH = update(view).where(view.c.view_id == _FIELDS.c.view_id).values(last_field=_FIELDS.c.field, started=True)


def touch_fields(ctx: Ctx, fields: Mapping[int, str]) -> None:
    """Note the last field touched in views (view_id -> field); their forms are started."""
    ctx.tx.execute(_TOUCH, given(_FIELDS, view_id=list(fields), field=list(fields.values())))


_KEYS = rows("s", view_id=BigInteger(), digest=Text())
_TAKE_KEYS = (
    upsert(submission_key)
    .from_select(["view_id", "digest"], select(*_KEYS.c))
    .on_conflict_do_nothing()
    .returning(submission_key.c.view_id, submission_key.c.digest)
)


def new_submissions(ctx: Ctx, wanted: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Take the keys (view_id, digest) of submissions; those whose answers were not sent from this view before."""
    keys = given(_KEYS, view_id=[one for one, _ in wanted], digest=[one for _, one in wanted])
    done = ctx.tx.execute(_TAKE_KEYS, keys)
    return {(row.view_id, row.digest) for row in done}


def forget_submissions(ctx: Ctx, keys: Sequence[tuple[int, str]]) -> None:
    """Give back the keys of submissions that were refused."""
    ctx.tx.execute(delete(submission_key).where(tuple_(submission_key.c.view_id, submission_key.c.digest).in_(keys)))


_ADD_SUBMISSIONS = insert(submission).returning(submission.c.submission_id, sort_by_parameter_order=True)
_COUNT_SUBMISSIONS = (
    update(view)
    .where(view.c.view_id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))
    .values(submissions=view.c.submissions + 1, started=True)
)


def add_submissions(ctx: Ctx, sent: Sequence[Mapping[str, Any]]) -> list[int]:
    """New submissions; their ids, in order. At most one of each view."""
    ids = list(ctx.tx.execute(_ADD_SUBMISSIONS, [{**row, "submitted_at": ctx.now} for row in sent]).scalars())
    ctx.tx.execute(_COUNT_SUBMISSIONS, {"ids": [row["view_id"] for row in sent]})
    return ids


_MOST_ANSWERS = 20
_ASKED = rows("a", customer_id=Integer(), origin_id=Integer())
_THEIRS = (
    select(submission)
    .where(submission.c.customer_id == _ASKED.c.customer_id, submission.c.origin_id == _ASKED.c.origin_id)
    .order_by(submission.c.submission_id.desc())
    .limit(_MOST_ANSWERS)
    .lateral("theirs")
)
_ANSWERS = (
    select(_THEIRS.c.customer_id, _THEIRS.c.origin_id, _THEIRS.c.content_id, _THEIRS.c.answers, _THEIRS.c.mapped)
    .select_from(_ASKED.join(_THEIRS, true()))
    .order_by(_THEIRS.c.submission_id.desc())
)


def answers_of(ctx: Ctx, people: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[Any]]:
    """(content_id, answers, mapped) that each very (customer_id, origin_id) gave, newest first."""
    wanted = sorted(set(people))
    asked = given(_ASKED, customer_id=[one for one, _ in wanted], origin_id=[one for _, one in wanted])
    found: dict[tuple[int, int], list[Any]] = {}
    for row in ctx.tx.execute(_ANSWERS, asked):
        found.setdefault((row.customer_id, row.origin_id), []).append(row)
    return found


def count_faults(ctx: Ctx, faults: Mapping[tuple[int, str, str], int]) -> None:
    """Add to each (content_id, field, fault) how many times it came."""
    told = sorted(faults.items())
    counted = unnest(
        "f",
        content_id=(Integer(), [key[0] for key, _ in told]),
        field=(Text(), [key[1] for key, _ in told]),
        fault=(Text(), [key[2] for key, _ in told]),
        times=(BigInteger(), [times for _, times in told]),
    )
    added = upsert(fault).from_select(["content_id", "field", "fault", "times"], select(*counted.c))
    ctx.tx.execute(
        added.on_conflict_do_update(
            index_elements=[fault.c.content_id, fault.c.field, fault.c.fault],
            set_={"times": fault.c.times + added.excluded.times},
        )
    )


def move_submissions(ctx: Ctx, moves: Sequence[tuple[int, int, int]]) -> None:
    """Give submissions of (origin_id, from_id) to to_id; by insert and delete: customer_id distributes the rows."""
    moving = unnest(
        "m",
        origin_id=(Integer(), [move[0] for move in moves]),
        from_id=(Integer(), [move[1] for move in moves]),
        to_id=(Integer(), [move[2] for move in moves]),
    )
    names = [column.name for column in submission.columns]
    moved = select(*(moving.c.to_id if name == "customer_id" else submission.c[name] for name in names)).join(
        moving,
        (moving.c.from_id == submission.c.customer_id) & (moving.c.origin_id == submission.c.origin_id),
    )
    copied = upsert(submission).from_select(names, moved).on_conflict_do_nothing()
    ctx.tx.execute(copied)
    ctx.tx.execute(
        delete(submission).where(
            submission.c.customer_id == moving.c.from_id,
            submission.c.origin_id == moving.c.origin_id,
            moving.c.from_id != moving.c.to_id,
        )
    )


def erase_submissions(ctx: Ctx, customer_ids: Sequence[int]) -> int:
    """Forget what these customers answered; the counts of their views stay. Returns how many answers."""
    return ctx.tx.execute(delete(submission).where(submission.c.customer_id.in_(customer_ids))).rowcount


def submissions(ctx: Ctx, content_id: int, after: tuple[datetime, int] | None, limit: int) -> Sequence[Any]:
    """Submissions of a form, newest first, below ``after`` = (submitted_at, submission_id)."""
    statement = (
        select(submission)
        .where(submission.c.content_id == content_id)
        .order_by(submission.c.submitted_at.desc(), submission.c.submission_id.desc())
        .limit(limit)
    )
    if after:
        statement = statement.where(tuple_(submission.c.submitted_at, submission.c.submission_id) < tuple_(*after))
    return ctx.tx.execute(statement).all()
