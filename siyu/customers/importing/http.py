"""Private: imports over HTTP. Upload, confirm the reading, map, check, apply; cancel takes everything back.

Each long step is done by ticks; ``GET /api/imports/{import_id}`` shows how far it is.
"""

import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.responses import Response
from starlette.datastructures import UploadFile as Received
from starlette.formparsers import MultiPartException, MultiPartParser

from siyu.customers.importing import actions, bodies, decoding, parsing, people, report, store
from siyu.customers.importing.limits import MB, MOST_BYTES
from siyu.customers.importing.types import (
    BadImportFile,
    BadMapping,
    CompressedBomb,
    ImportState,
    ImportTooLarge,
    Outcome,
    UnknownImport,
    Wanted,
)
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, Forbidden
from siyu.kernel.http import ApiRoute, Edge, raises, requires
from siyu.kernel.paging import BadCursor, cursor, keys

router = APIRouter(prefix="/api/imports", tags=["imports"], route_class=ApiRoute)

Read = Annotated[Ctx, requires("customers.read")]
IMPORT = "customers.import"
"""A file changes thousands of customers at once: operators and admins may, sales may not."""
Write = Annotated[Ctx, requires(IMPORT)]
Id = Annotated[int, InPath(ge=1, le=2**31 - 1)]
Cursor = Annotated[str | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=200)]
PHONES = "customers.phones"
_TITLES = {
    "phone": "手机号",
    "email": "邮箱",
    "crm_id": "客户编号（CRM）",
    "unionid": "微信 UnionID",
    "external_userid": "企业微信 external_userid",
    "oa_openid": "公众号 OpenID",
}
_DELIMITERS = {",": "逗号 ,", "\t": "制表符 Tab", ";": "分号 ;", "|": "竖线 |", "，": "中文逗号 ，"}

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary", "description": "CSV or XLSX"}},
                }
            }
        },
    }
}
"""The request body for the OpenAPI: FastAPI would read the whole of it before anything could refuse it."""
_ENVELOPE = MB


def _too_large() -> ImportTooLarge:
    return ImportTooLarge(f"at most {MOST_BYTES // MB} MB", field="file")


async def uploaded(request: Request) -> AsyncIterator[Received]:
    """The form's field ``file``. Raises ImportTooLarge, BadImportFile; Forbidden and the like before a byte is read."""
    edge: Edge = request.app.state.edge
    async with contextmanager_in_threadpool(edge.request(request, IMPORT)):
        pass  # In a transaction of its own: the upload may take minutes.
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadImportFile("send the file as multipart/form-data", field="file")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BYTES + _ENVELOPE:
        raise _too_large()

    async def counted() -> AsyncGenerator[bytes, None]:
        size = 0
        async for block in request.stream():
            size += len(block)
            if size > MOST_BYTES + _ENVELOPE:
                raise _too_large()
            yield block

    try:
        form = await MultiPartParser(request.headers, counted(), max_files=1, max_fields=10).parse()
    except MultiPartException as error:
        raise BadImportFile(error.message, field="file") from None
    try:
        found = form.get("file")
        if not isinstance(found, Received):
            raise BadImportFile("the form has no file", field="file")
        if (found.size or 0) > MOST_BYTES:
            raise _too_large()
        if isinstance(found.file, SpooledTemporaryFile):
            found.file.rollover()
        yield found
    finally:
        await form.close()


Uploaded = Annotated[Received, Depends(uploaded)]


def _shown(ctx: Ctx, import_id: int) -> bodies.ImportOut:
    row = store.one(ctx, import_id)
    if row is None:
        raise UnknownImport(f"there is no import {import_id}", field="import_id")
    same = store.same_file(ctx, row.sha256, import_id)
    return bodies.ImportOut.of(row, same, ctx.actor.may(PHONES))


@router.post(
    "",
    status_code=201,
    openapi_extra=_BODY,
    responses=raises(BadImportFile, CompressedBomb, ImportTooLarge, Forbidden),
)
def start_import(file: Uploaded, ctx: Write) -> bodies.ImportOut:
    """Upload a CSV or XLSX file (at most 200 MB and 1,000,000 rows); shows how it reads and what its columns mean."""
    with TemporaryDirectory(prefix="siyu-import-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as out:
            file.file.seek(0)
            shutil.copyfileobj(file.file, out, 1024 * 1024)
        return _shown(ctx, actions.start(ctx, path, (file.filename or "").replace("\0", "")))


@router.get("", responses=raises(BadCursor, Forbidden))
def list_imports(
    ctx: Read, cursor_: Annotated[Cursor, Query(alias="cursor")] = None, limit: Limit = 20
) -> bodies.ImportsOut:
    """Imports, the latest first."""
    before = None
    if cursor_ is not None:
        (given,) = keys(cursor_, 1)
        before = _number(given)
    found = store.page(ctx, before, limit + 1)
    clear = ctx.actor.may(PHONES)
    items = [bodies.ImportOut.of(row, None, clear) for row in found[:limit]]
    return bodies.ImportsOut(items=items, next=cursor(items[-1].import_id) if len(found) > limit else None)


def _number(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < 2**31:
        raise BadCursor("the cursor belongs to another list", field="cursor")
    return given


@router.get("/targets", responses=raises(Forbidden))
def list_import_targets(ctx: Read) -> bodies.TargetsOut:
    """What columns can be mapped to, and the encodings and delimiters to choose from."""
    targets = [
        bodies.TargetOut(
            use="identity", name=kind, title=_TITLES[kind], type="text", needs_scope=kind in parsing.NEEDS_SCOPE
        )
        for kind in parsing.IDENTITIES
    ]
    targets += [
        bodies.TargetOut(use="attribute", name=one.name, title=one.title, type=one.type, needs_scope=False)
        for one in actions.definitions_of(ctx).values()
        if one.mode != "hand" and one.name not in ("phone", "email")
    ]
    targets.append(bodies.TargetOut(use="tag", name="", title="标签", type="text", needs_scope=False))
    return bodies.TargetsOut(
        targets=targets,
        encodings=[bodies.ChoiceOut(value=name, title=title) for name, title in decoding.ENCODINGS],
        delimiters=[bodies.ChoiceOut(value=one, title=_DELIMITERS[one]) for one in decoding.DELIMITERS],
    )


@router.get("/{import_id}", responses=raises(UnknownImport, Forbidden))
def get_import(import_id: Id, ctx: Read) -> bodies.ImportOut:
    """An import: reading, mapping, counts and progress."""
    return _shown(ctx, import_id)


@router.put(
    "/{import_id}/reading",
    responses=raises(UnknownImport, ImportState, BadImportFile, ImportTooLarge, CompressedBomb, BadText, Forbidden),
)
def set_import_reading(import_id: Id, body: bodies.ReadingIn, ctx: Write) -> bodies.ImportOut:
    """Read the file in another way (encoding, delimiter, sheet, header row); the suggested mapping comes anew."""
    actions.read_again(ctx, import_id, Wanted(body.encoding, body.delimiter, body.sheet, body.header_row))
    return _shown(ctx, import_id)


@router.put("/{import_id}/mapping", responses=raises(UnknownImport, ImportState, BadMapping, BadText, Forbidden))
def set_import_mapping(import_id: Id, body: bodies.MappingIn, ctx: Write) -> bodies.ImportOut:
    """Say what the columns mean, which tags to add, and whether journeys may start for these people (default: no)."""
    actions.set_mapping(ctx, import_id, body.known())
    return _shown(ctx, import_id)


@router.post(
    "/{import_id}/check",
    responses=raises(UnknownImport, ImportState, BadMapping, BadImportFile, ImportTooLarge, Forbidden),
)
def check_import(import_id: Id, ctx: Write) -> bodies.ImportOut:
    """Stage and check every row; ends in the state ``checked``. Nothing is written to customers."""
    actions.check(ctx, import_id)
    return _shown(ctx, import_id)


@router.post("/{import_id}/apply", responses=raises(UnknownImport, ImportState, Forbidden))
def apply_import(import_id: Id, ctx: Write) -> bodies.ImportOut:
    """Import the checked rows without faults; ends in the state ``complete``."""
    actions.apply(ctx, import_id)
    return _shown(ctx, import_id)


@router.post("/{import_id}/cancel", responses=raises(UnknownImport, ImportState, Forbidden))
def cancel_import(import_id: Id, ctx: Write) -> bodies.ImportOut:
    """End an import: ``cancelled`` before it wrote; also a complete one is taken back whole, ends ``taken_back``."""
    actions.cancel(ctx, import_id)
    return _shown(ctx, import_id)


@router.get("/{import_id}/rows", responses=raises(UnknownImport, BadCursor, Forbidden))
def list_import_rows(
    import_id: Id,
    ctx: Read,
    outcome: Annotated[list[Outcome], Query(description="which outcomes; none: all that are not plainly new")] = [],  # noqa: B006 - FastAPI copies it
    only_told: Annotated[bool, Query(description="only rows with a fault or a warning")] = False,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
    limit: Limit = 50,
) -> bodies.RowsOut:
    """What the check found, row by row. Rows are gone 24 hours after the import ended."""
    _shown(ctx, import_id)
    after = 0
    if cursor_ is not None:
        (given,) = keys(cursor_, 1)
        after = _number(given)
    found = store.findings(ctx, import_id, outcome, after, limit + 1, told=only_told)
    clear = ctx.actor.may(PHONES)
    items = [bodies.RowOut.of(row, clear) for row in found[:limit]]
    return bodies.RowsOut(items=items, next=cursor(items[-1].row) if len(found) > limit else None)


@router.get("/{import_id}/people", responses=raises(UnknownImport, BadCursor, Forbidden))
def list_import_people(
    import_id: Id, ctx: Read, cursor_: Annotated[Cursor, Query(alias="cursor")] = None, limit: Limit = 50
) -> bodies.PeopleOut:
    """The customers whom an import wrote to, each once; nobody after it was taken back."""
    row = store.one(ctx, import_id)
    if row is None:
        raise UnknownImport(f"there is no import {import_id}", field="import_id")
    after = 0
    if cursor_ is not None:
        (given,) = keys(cursor_, 1)
        after = _number(given)
    if row.applied_from is None:  # nothing was written yet
        return bodies.PeopleOut(items=[], next=None)
    found = people.page(ctx, actions.source_of(import_id), row.applied_from, after, limit + 1)
    items = [bodies.ImportedOut.shown(one) for one in found[:limit]]
    return bodies.PeopleOut(items=items, next=cursor(found[limit - 1].origin_id) if len(found) > limit else None)


@router.get(
    "/{import_id}/errors.csv",
    response_class=Response,
    responses={**raises(UnknownImport, Forbidden), 200: {"content": {"text/csv": {}}}},
)
def download_import_errors(import_id: Id, ctx: Write) -> Response:
    """The faulty rows with their reasons, to be corrected and imported again (UTF-8 with BOM; formulas escaped)."""
    shown = _shown(ctx, import_id)
    audit.record(ctx, "customers.download_import_errors", "import", import_id)
    body = b"".join(report.errors(ctx, import_id, [column.title for column in shown.columns]))
    headers = {"content-disposition": f'attachment; filename="import-{import_id}-errors.csv"'}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)
