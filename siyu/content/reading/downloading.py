"""E-books are downloaded, over groups of requests."""

from collections.abc import Sequence
from dataclasses import dataclass

from siyu.content import files, store
from siyu.content.bodies import EbookBody
from siyu.content.reading.actions import Click, clicked
from siyu.content.reading.shelf import DeadLink, Shelf
from siyu.content.reading.visitor import ViewToken
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Download:
    """A browser asks for the PDF of a version; ``token`` None: from no page of ours, and not counted."""

    content_id: int
    version: int
    token: ViewToken | None


@dataclass(frozen=True, slots=True)
class Book:
    """A PDF with its name, without the ending."""

    name: str
    data: bytes


def download(ctx: Ctx, items: Sequence[Download]) -> list[Book | NotFound]:
    """The books; NotFound for what is no e-book or may not be downloaded."""
    shelf = Shelf(ctx)
    books: dict[tuple[int, int], Book | NotFound] = {}
    results: list[Book | NotFound] = []
    clicks: list[Click] = []
    for item in items:
        wanted = (item.content_id, item.version)
        if wanted not in books:
            # set-loop: one look per book, not per reader
            books[wanted] = _book(shelf, *wanted)
        book = books[wanted]
        results.append(book)
        if item.token is not None and isinstance(book, Book):
            body = shelf.content(*wanted).body
            assert isinstance(body, EbookBody)
            clicks.append(Click(item.token, item.content_id, {"file": body.file}, "download", "downloaded"))
    if clicks:
        clicked(ctx, clicks)
    return results


def _book(shelf: Shelf, content_id: int, version: int) -> Book | NotFound:
    try:
        content = shelf.content(content_id, version)
    except DeadLink:
        return NotFound("there is no such book", field="content_id")
    if not isinstance(content.body, EbookBody) or not content.body.downloadable:
        return NotFound("this book cannot be downloaded", field="content_id")
    row = store.files(shelf.ctx, [content.body.file])[content.body.file]
    data = files.cached_book(row.sha256)
    if data is None:
        data = store.file_data(shelf.ctx, row.file_id) or b""
        files.keep_book(row.sha256, data)
    return Book(content.key, data)
