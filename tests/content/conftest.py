"""Content in the library, a browser for its pages, a home for its files."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient

from siyu.content import actions
from siyu.content.http import floods, public, router
from siyu.customers import actions as customers
from siyu.kernel import secrets
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Senders
from siyu.kernel.settings import settings
from tests.support.http import room_client
from tests.support.waiting import until
from tests.support.world import World

WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.61 Language/zh_CN"
)
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36"

FORM: dict[str, object] = {
    "intro": "填写后马上得到电子书。",
    "fields": [
        {"name": "name", "label": "姓名", "type": "text", "required": True, "maps_to": "name", "max_length": 20},
        {"name": "mobile", "label": "手机号", "type": "phone", "required": True, "maps_to": "phone"},
        {"name": "company", "label": "公司", "type": "text", "maps_to": "company", "ask": "unknown"},
        {
            "name": "trade",
            "label": "行业",
            "type": "select",
            "options": ["教育", "零售"],
            "maps_to": "industry",
            "step": 2,
        },
        {"name": "staff", "label": "团队人数", "type": "number", "min": 1, "max": 1000, "step": 2},
        {
            "name": "agree",
            "label": "我同意根据阅读与填写的内容为我推荐资料",
            "type": "consent",
            "purpose": "profiling",
            "required": True,
            "step": 2,
        },
    ],
    "after": {
        "title": "已发送",
        "text": "点下面进群领取。",
        "ctas": [{"label": "进群", "kind": "group", "content": "group"}],
    },
}
GOOD = {"name": "王芳", "mobile": "138 1234 1234", "trade": "零售", "staff": "12", "agree": "yes"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Files and keys of this test alone."""
    monkeypatch.setenv("SIYU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SIYU_PUBLIC_URL", "http://testserver")
    _forget()
    yield tmp_path
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    settings.cache_clear()
    secrets._master.cache_clear()


def pdf(pages: int) -> bytes:
    """A PDF of coloured pages."""
    from PIL import Image

    sheets = [Image.new("RGB", (300, 420), (30 * n % 255, 120, 200)) for n in range(1, pages + 1)]
    out = io.BytesIO()
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:])
    return out.getvalue()


def png(width: int = 20, height: int = 10) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (width, height), (7, 163, 90)).save(out, "PNG")
    return out.getvalue()


def library(ctx: Ctx) -> dict[str, int]:
    """The pieces of the e-book wave, published: key -> content_id."""
    book = actions.upload(ctx, pdf(3), "book.pdf").file_id
    pieces: list[tuple[str, str, str, Mapping[str, object]]] = [
        (
            "group",
            "link",
            "读者群",
            {"url": "https://example.com/join/1", "message": "{{name|您}}，进群：{{link}}"},
        ),
        ("form", "form", "领取电子书", FORM),
        ("book", "ebook", "私域三十问", {"file": book, "downloadable": True}),
        (
            "article",
            "article",
            "电子书来了",
            {
                "html": '<p>看 <a href="https://example.com/a?x=1&y=2">这里</a></p>',
                "ctas": [{"label": "领取", "content": "form"}],
            },
        ),
        ("hello", "text", "问候", {"text": "{{name|您}}好，点这里：{{link:form}}"}),
        (
            "reminder",
            "template",
            "提醒",
            {
                "template": {"template_id": "T1", "data": {"first": "{{name|您}}还没领取", "k1": "电子书"}},
                "target": "form",
            },
        ),
    ]
    return {
        key: actions.save_content(ctx, key=key, kind=kind, title=title, body=body, publish=True).content_id
        for key, kind, title, body in pieces
    }


@pytest.fixture
def shelf(world: World) -> dict[str, int]:
    """The library, committed."""
    with world.open() as ctx:
        return library(ctx)


@contextmanager
def served(world: World, monkeypatch: pytest.MonkeyPatch, senders: Senders | None = None) -> Iterator[str]:
    """The public pages on a port of their own, which becomes the public address."""
    app = room_client(world, public, senders=senders, floods=floods).app
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started, "the pages come up")
        base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        monkeypatch.setenv("SIYU_PUBLIC_URL", base)
        settings.cache_clear()
        yield base
    finally:
        server.should_exit = True
        thread.join()


def browser(world: World, agent: str = PHONE) -> TestClient:
    """A browser with its own cookies; redirects are not followed."""
    client = room_client(world, public, router, floods=floods)
    client.headers["user-agent"] = agent
    client.follow_redirects = False
    return client


def landed(world: World) -> World:
    """The world after the next pulse took what waits into the timeline."""
    with world.open() as ctx:
        customers.take_pulse(ctx, 0, 256, 5_000)
    return world
