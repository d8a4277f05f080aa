"""Private: the uploaded file of a request, refused while it still comes in when it is too large."""

from collections.abc import AsyncGenerator, AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from siyu.customers.importing.types import MB, MOST_BYTES, BadImportFile, ImportTooLarge

BODY: dict[str, Any] = {
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


async def uploaded(request: Request) -> AsyncIterator[UploadFile]:
    """The form's field ``file``. Raises ImportTooLarge, BadImportFile."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadImportFile("send the file as multipart/form-data", field="file")
    if int(request.headers.get("content-length") or 0) > MOST_BYTES + _ENVELOPE:
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
        if not isinstance(found, UploadFile):
            raise BadImportFile("the form has no file", field="file")
        if (found.size or 0) > MOST_BYTES:
            raise _too_large()
        if isinstance(found.file, SpooledTemporaryFile):
            found.file.rollover()
        yield found
    finally:
        await form.close()


Uploaded = Annotated[UploadFile, Depends(uploaded)]
