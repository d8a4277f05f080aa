"""Private: tables and statements of views, page times and submissions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
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
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata, unnest


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


def add_view(ctx: Ctx, **values: Any) -> int:
    """A new view, nothing read yet; returns its id."""
    row = insert(view).values(opened_at=ctx.now, ms=0, pages=0, clicks=0, started=False, submissions=0, **values)
    return ctx.tx.execute(row.returning(view.c.view_id)).scalar_one()


def seen_before(ctx: Ctx, link_id: int, reader: bytes) -> bool:
    """Whether this reader opened this link before."""
    return bool(ctx.tx.execute(select(exists().where(view.c.link_id == link_id, view.c.reader == reader))).scalar_one())


def view_row(ctx: Ctx, view_id: int) -> Row[Any] | None:
    return ctx.tx.execute(select(view).where(view.c.view_id == view_id)).one_or_none()


def count_click(ctx: Ctx, view_id: int) -> int:
    """Add a click to a view; returns how many it has now (0 for an unknown view)."""
    counted = update(view).where(view.c.view_id == view_id).values(clicks=view.c.clicks + 1)
    return ctx.tx.execute(counted.returning(view.c.clicks)).scalar_one_or_none() or 0


def read_page(ctx: Ctx, view_id: int, content_id: int, page: int, ms: int) -> int:
    """Keep the longest time told for a page of a view; returns what it gained over what was known (ms).

    Telling the total makes repeated and reordered beacons harmless.
    """
    row = upsert(view_page).values(view_id=view_id, page=page, content_id=content_id, ms=ms, gained=ms)
    longer = row.on_conflict_do_update(
        index_elements=[view_page.c.view_id, view_page.c.page],
        set_={
            "gained": func.greatest(row.excluded.ms - view_page.c.ms, 0),
            "ms": func.greatest(row.excluded.ms, view_page.c.ms),
        },
    )
    ms_now, gained = ctx.tx.execute(longer.returning(view_page.c.ms, view_page.c.gained)).one()
    if gained:
        ctx.tx.execute(
            update(view)
            .where(view.c.view_id == view_id)
            .values(ms=view.c.ms + gained, pages=view.c.pages + (1 if gained == ms_now else 0))
        )
    return gained


def touch_field(ctx: Ctx, view_id: int, field: str) -> bool:
    """Note the last field touched; True when the form was not started before."""
    ctx.tx.execute(update(view).where(view.c.view_id == view_id).values(last_field=field))
    return (
        ctx.tx.execute(
            update(view).where(view.c.view_id == view_id, view.c.started.is_(False)).values(started=True)
        ).rowcount
        == 1
    )


def new_submission(ctx: Ctx, view_id: int, digest: str) -> bool:
    """Take the key of a submission; False when these answers were sent from this view before."""
    taken = upsert(submission_key).values(view_id=view_id, digest=digest).on_conflict_do_nothing()
    return ctx.tx.execute(taken.returning(submission_key.c.view_id)).one_or_none() is not None


def forget_submission(ctx: Ctx, view_id: int, digest: str) -> None:
    """Give back the key of a submission that was refused."""
    ctx.tx.execute(delete(submission_key).where(submission_key.c.view_id == view_id, submission_key.c.digest == digest))


def add_submission(ctx: Ctx, **values: Any) -> int:
    row = insert(submission).values(submitted_at=ctx.now, **values)
    submission_id = ctx.tx.execute(row.returning(submission.c.submission_id)).scalar_one()
    ctx.tx.execute(
        update(view).where(view.c.view_id == values["view_id"]).values(submissions=view.c.submissions + 1, started=True)
    )
    return submission_id


def answers_of(ctx: Ctx, customer_id: int, origin_id: int, limit: int = 20) -> Sequence[Any]:
    """(content_id, answers, mapped) that this very origin gave, newest first."""
    return ctx.tx.execute(
        select(submission.c.content_id, submission.c.answers, submission.c.mapped)
        .where(submission.c.customer_id == customer_id, submission.c.origin_id == origin_id)
        .order_by(submission.c.submission_id.desc())
        .limit(limit)
    ).all()


def count_faults(ctx: Ctx, content_id: int, faults: Mapping[str, str]) -> None:
    """Add one to each (field, fault)."""
    rows = unnest("f", field=(Text(), list(faults)), fault=(Text(), list(faults.values())))
    added = upsert(fault).from_select(
        ["content_id", "field", "fault", "times"],
        select(literal(content_id, Integer), rows.c.field, rows.c.fault, literal(1, BigInteger)).order_by(rows.c.field),
    )
    ctx.tx.execute(
        added.on_conflict_do_update(
            index_elements=[fault.c.content_id, fault.c.field, fault.c.fault], set_={"times": fault.c.times + 1}
        )
    )


def move_submissions(ctx: Ctx, moves: Sequence[tuple[int, int, int]]) -> None:
    """Give submissions of (origin_id, from_id) to to_id; by insert and delete: customer_id distributes the rows."""
    rows = unnest(
        "m",
        origin_id=(Integer(), [move[0] for move in moves]),
        from_id=(Integer(), [move[1] for move in moves]),
        to_id=(Integer(), [move[2] for move in moves]),
    )
    names = [column.name for column in submission.columns]
    moved = select(*(rows.c.to_id if name == "customer_id" else submission.c[name] for name in names)).join(
        rows, (rows.c.from_id == submission.c.customer_id) & (rows.c.origin_id == submission.c.origin_id)
    )
    copied = upsert(submission).from_select(names, moved).on_conflict_do_nothing()
    ctx.tx.execute(copied)
    ctx.tx.execute(
        delete(submission).where(
            submission.c.customer_id == rows.c.from_id,
            submission.c.origin_id == rows.c.origin_id,
            rows.c.from_id != rows.c.to_id,
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
