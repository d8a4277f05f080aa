"""Uploads: what a file really is, pages of a PDF as pictures, covers. Bytes in, bytes out; the cache is on disk.

The originals live in the database (one store, one backup); rendered pages are a cache under ``data_dir/files`` that
may be deleted at any time. pdfium is not thread-safe: one lock per process around it.
"""

import hashlib
import io
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from siyu.content.types import BadFile
from siyu.kernel.settings import settings

MB = 1024 * 1024
LIMITS = {"pdf": 50 * MB, "image": 10 * MB}
MAX_PAGES = 500
MAX_PIXELS = 40_000_000
PAGE_WIDTH = 1080
CACHE_LIMIT = 512 * MB
COVER = (900, 383)
_IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}

_pdfium = threading.Lock()
_trim = threading.Lock()
_written = {"bytes": CACHE_LIMIT}  # the first write of a process looks at the folder


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What an upload is."""

    kind: str
    media_type: str
    sha256: str
    pages: int | None
    width: int | None
    height: int | None


def sniff(data: bytes, name: str) -> Sniffed:
    """What ``data`` is by its content, whatever its name says. Raises BadFile."""
    if not data:
        raise BadFile("the file is empty", field="file")
    sha = hashlib.sha256(data).hexdigest()
    if data[:1024].lstrip()[:5] == b"%PDF-":
        return _pdf(data, sha)
    if (
        data[:4] in (b"\x89PNG", b"GIF8")
        or data[:3] == b"\xff\xd8\xff"
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
    ):
        return _image(data, sha)
    raise BadFile(f"{name or 'the file'} is neither a PDF nor a PNG, JPEG, GIF or WebP image", field="file")


def _pdf(data: bytes, sha: str) -> Sniffed:
    import pypdfium2

    _fits(data, "pdf")
    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            locked = "password" in str(error).lower()
            raise BadFile(
                "the PDF is locked with a password" if locked else "the PDF is damaged", field="file"
            ) from None
        try:
            pages = len(document)
            if not 1 <= pages <= MAX_PAGES:
                raise BadFile(f"the PDF has {pages} pages; 1 to {MAX_PAGES} are possible", field="file")
            width, height = document.get_page_size(0)
        finally:
            document.close()
    return Sniffed("pdf", "application/pdf", sha, pages, round(width), round(height))


def _image(data: bytes, sha: str) -> Sniffed:
    from PIL import Image

    _fits(data, "image")
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadFile(
                    f"the image has {image.width}x{image.height} pixels; {MAX_PIXELS:,} are possible",
                    field="file",
                )
            image.load()
            return Sniffed("image", _IMAGE_TYPES[str(image.format)], sha, None, image.width, image.height)
    except (OSError, SyntaxError, KeyError, ValueError, Image.DecompressionBombError):
        raise BadFile("the image is damaged", field="file") from None


def _fits(data: bytes, kind: str) -> None:
    if len(data) > LIMITS[kind]:
        raise BadFile(f"the file has {len(data) / MB:.1f} MB; {LIMITS[kind] // MB} MB are possible", field="file")


def _folder() -> Path:
    folder = settings().data_dir / "files" / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cached_page(sha256: str, page: int) -> bytes | None:
    """A rendered page (PNG) if it is in the cache."""
    return _cached(f"{sha256}-{page}.png")


def _cached(name: str) -> bytes | None:
    path = _folder() / name
    try:
        data = path.read_bytes()
        os.utime(path)
    except FileNotFoundError:
        return None
    return data


def cached_book(sha256: str) -> bytes | None:
    """A whole PDF if it is in the cache."""
    return _cached(f"{sha256}.pdf")


def keep_book(sha256: str, data: bytes) -> None:
    """Put a whole PDF into the cache."""
    _keep(_folder() / f"{sha256}.pdf", data)


def render_page(data: bytes, sha256: str, page: int) -> bytes:
    """Page ``page`` (from 1) of a PDF as PNG, PAGE_WIDTH pixels wide; kept in the cache."""
    import pypdfium2

    with _pdfium:
        if (already := cached_page(sha256, page)) is not None:
            return already
        document = pypdfium2.PdfDocument(data)
        try:
            sheet = document[page - 1]
            width, height = sheet.get_size()
            scale = min(PAGE_WIDTH / max(width, 1), (MAX_PIXELS / 10 / max(width * height, 1)) ** 0.5)
            picture = sheet.render(scale=scale).to_pil().convert("RGB")
        finally:
            document.close()
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=6)
    _keep(_folder() / f"{sha256}-{page}.png", out.getvalue())
    return out.getvalue()


def _keep(path: Path, data: bytes) -> None:
    """Write whole or not at all, then drop the longest unused files beyond the limit (looked at every 1/8 of it)."""
    part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    part.write_bytes(data)
    part.replace(path)
    with _trim:
        _written["bytes"] += len(data)
        if _written["bytes"] < CACHE_LIMIT / 8:
            return
        _written["bytes"] = 0
        found = []
        for entry in path.parent.iterdir():
            try:
                stat = entry.stat()
            except FileNotFoundError:
                continue
            found.append((stat.st_mtime, stat.st_size, entry))
        total = sum(size for _, size, _ in found)
        for _, size, entry in sorted(found):
            if total <= CACHE_LIMIT:
                break
            entry.unlink(missing_ok=True)
            total -= size


def cover_jpeg(image: bytes | None, seed: str) -> bytes:
    """A cover for a card, JPEG of 900x383: the image cropped to its middle, or a quiet colour that ``seed`` picks."""
    from PIL import Image, ImageOps

    if image is None:
        hue = hashlib.sha256(seed.encode()).digest()
        top, bottom = (
            (60 + hue[0] // 4, 90 + hue[1] // 4, 120 + hue[2] // 4),
            (150 + hue[3] // 4, 170 + hue[4] // 4, 190),
        )
        shade = Image.linear_gradient("L").resize(COVER)
        picture = Image.composite(Image.new("RGB", COVER, bottom), Image.new("RGB", COVER, top), shade)
    else:
        with Image.open(io.BytesIO(image)) as opened:
            picture = ImageOps.fit(ImageOps.exif_transpose(opened).convert("RGB"), COVER)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
