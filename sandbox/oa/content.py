"""Media, drafts and articles, and what a message's body says to people."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.errors import Refused
from sandbox.inbox import Content
from sandbox.media import keep, media
from sandbox.store import dumps

OK: Mapping[str, object] = {"errcode": 0, "errmsg": "ok"}
SIZES = {"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10}
_TAG = re.compile(r"<[^>]+>")
_HREF = re.compile(r"""<a\b[^>]*\bhref\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.IGNORECASE | re.DOTALL)


def _file(call: Call, kind: str, most: int) -> tuple[str, bytes]:
    if "media" not in call.files:
        raise Refused(41005, "media")
    name, body = call.files["media"]
    if not body or len(body) > most:
        raise Refused(40006 if body else 44001)
    return name, body


def _kind(call: Call) -> str:
    kind = call.query.get("type", "")
    if kind not in SIZES:
        raise Refused(40004)
    return kind


def upload(call: Call) -> Mapping[str, object]:
    """A temporary file, kept 3 days."""
    kind = _kind(call)
    name, body = _file(call, kind, SIZES[kind])
    return {"type": kind, "media_id": keep(call, kind, name, body, False), "created_at": call.at // 1000}


def add_material(call: Call) -> Mapping[str, object]:
    """A permanent file."""
    kind = _kind(call)
    name, body = _file(call, kind, SIZES[kind])
    media_id = keep(call, kind, name, body, True)
    return (
        {"media_id": media_id, "url": f"{call.world.url}/media/{media_id}"}
        if kind == "image"
        else {"media_id": media_id}
    )


def upload_image(call: Call) -> Mapping[str, object]:
    """An image for article bodies, 1 MB at most; gives its URL."""
    name, body = _file(call, "image", 1 << 20)
    return {"url": f"{call.world.url}/media/{keep(call, 'uploadimg', name, body, True)}"}


def del_material(call: Call) -> Mapping[str, object]:
    """Deletes a permanent file."""
    media_id = call.text("media_id", 40007)
    if not call.world.db.run(
        "delete from media where account = ? and media_id = ? and permanent = 1", call.account, media_id
    ):
        raise Refused(40007)
    return OK


def _article(call: Call, raw: object) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise Refused(47001)
    title, content = raw.get("title"), raw.get("content")
    if not isinstance(title, str) or not title or len(title) > 32:
        raise Refused(45003)
    if not isinstance(content, str) or not content or len(content) >= 20_000 or len(content.encode()) >= 1 << 20:
        raise Refused(45002)
    if len(str(raw.get("digest", ""))) > 128 or len(str(raw.get("author", ""))) > 16:
        raise Refused(45004)
    if len(str(raw.get("content_source_url", "")).encode()) > 1024:
        raise Refused(45005)
    if raw.get("article_type", "news") == "news":
        media(call.world, call.account, raw.get("thumb_media_id"), ("image", "thumb"), call.at)
    return raw | {"content": _SCRIPT.sub("", content), "digest": raw.get("digest") or _plain(content)[:54]}


def draft_add(call: Call) -> Mapping[str, object]:
    """A draft of 1 to 8 articles."""
    articles = call.body.get("articles")
    if not isinstance(articles, list) or not articles:
        raise Refused(47001)
    if len(articles) > 8:
        raise Refused(45008)
    kept = [_article(call, raw) for raw in articles]
    return {"media_id": keep(call, "news", "", dumps(kept).encode(), True)}


def draft_get(call: Call) -> Mapping[str, object]:
    """A draft's articles."""
    items = json.loads(media(call.world, call.account, call.text("media_id", 40007), ("news",), call.at))
    return {
        "news_item": [
            item | {"url": f"{call.world.url}/s/{call.body['media_id']}/{i}"} for i, item in enumerate(items, 1)
        ]
    }


def draft_delete(call: Call) -> Mapping[str, object]:
    """Deletes a draft."""
    if not call.world.db.run(
        "delete from media where account = ? and media_id = ? and kind = 'news'",
        call.account,
        call.text("media_id", 40007),
    ):
        raise Refused(40007)
    return OK


def draft_count(call: Call) -> Mapping[str, object]:
    """How many drafts there are."""
    return {
        "total_count": call.world.db.value(
            "select count(*) from media where account = ? and kind = 'news'", call.account
        )
    }


def _plain(markup: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(_TAG.sub(" ", markup))).strip()


def article_content(articles: list[dict[str, object]]) -> Content:
    """What people see of a mass-sent article: titles, digest, body; its source link or the first link inside."""
    first = articles[0]
    inside = [
        html.unescape(link) for a in articles for link in _HREF.findall(str(a["content"])) if link.startswith("http")
    ]
    url = str(first.get("content_source_url") or "") or (inside[0] if inside else "")
    return Content(
        str(first["title"]), "\n".join(f"{a.get('digest', '')}\n{_plain(str(a['content']))}" for a in articles), url
    )


def _required(part: dict[str, object], name: str, limit: int, code: int) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(44004 if name == "content" else 47001, name)
    if len(value.encode()) > limit:
        raise Refused(code, name)
    return value


def custom_content(call: Call) -> Content:
    """Validates a customer message and says what people see."""
    kind = call.text("msgtype", 40008)
    if kind not in (
        "text",
        "image",
        "voice",
        "video",
        "news",
        "msgmenu",
        "mpnews",
        "mpnewsarticle",
        "miniprogrampage",
        "music",
        "wxcard",
    ):
        raise Refused(40008)
    part = call.part(kind, 47001)
    if kind == "text":
        return Content("", _required(part, "content", 2048, 45002))
    if kind == "news":
        articles = part.get("articles")
        if not isinstance(articles, list) or not articles or not isinstance(articles[0], dict):
            raise Refused(47001)
        if len(articles) > 1:
            raise Refused(45008)
        url = _required(articles[0], "url", 2048, 45005)
        return Content(_required(articles[0], "title", 512, 45003), str(articles[0].get("description", "")), url)
    if kind == "msgmenu":
        items = part.get("list")
        if not isinstance(items, list) or not items:
            raise Refused(47001)
        lines = [
            str(part.get("head_content", "")),
            *(str(i.get("content", "")) for i in items),
            str(part.get("tail_content", "")),
        ]
        return Content("", "\n".join(lines))
    if kind in ("image", "voice", "video"):
        media(call.world, call.account, part.get("media_id"), (kind,), call.at)
        return Content(str(part.get("title", "")), f"[{kind}] {part.get('media_id')}")
    if kind == "mpnews":
        return article_content(json.loads(media(call.world, call.account, part.get("media_id"), ("news",), call.at)))
    return Content(str(part.get("title", "")), f"[{kind}] {dumps(part)}")


def mass_content(call: Call) -> Content:
    """Validates a mass message and says what people see."""
    kind = call.text("msgtype", 40008)
    if kind not in ("mpnews", "text", "voice", "image", "images", "mpvideo", "wxcard"):
        raise Refused(40008)
    part = call.part(kind, 47001)
    if kind == "mpnews":
        articles = json.loads(media(call.world, call.account, part.get("media_id"), ("news",), call.at))
        content = article_content(articles)
        call.world.db.keep(f"article:{part['media_id']}", articles)
        return Content(content.title, content.text, content.url)
    if kind == "text":
        return Content("", _required(part, "content", 2048, 45002))
    ids = part.get("media_ids") if kind == "images" else [part.get("media_id")]
    if kind in ("voice", "image", "images"):
        for media_id in ids if isinstance(ids, list) and ids else [None]:
            media(call.world, call.account, media_id, ("image",) if kind == "images" else (kind,), call.at)
    return Content(str(part.get("recommend", "")), f"[{kind}] {dumps(part)}")


ENDPOINTS = [
    Endpoint("oa", "POST", "/cgi-bin/media/upload", upload, "verified", 100_000),
    Endpoint("oa", "POST", "/cgi-bin/media/uploadimg", upload_image, "verified", 100_000),
    Endpoint("oa", "POST", "/cgi-bin/material/add_material", add_material, "verified", 100_000),
    Endpoint("oa", "POST", "/cgi-bin/material/del_material", del_material, "verified", 100_000),
    Endpoint("oa", "POST", "/cgi-bin/draft/add", draft_add, "verified", 1_000),
    Endpoint("oa", "POST", "/cgi-bin/draft/get", draft_get, "verified", 500),
    Endpoint("oa", "POST", "/cgi-bin/draft/delete", draft_delete, "verified", 1_000),
    Endpoint("oa", "GET", "/cgi-bin/draft/count", draft_count, "verified", 1_000),
]
