"""HTTP from more processes than one: they accept on the same socket, in the same world."""

from __future__ import annotations

import json
import urllib.request
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from siyu.app.server import beside, listening
from siyu.content import actions, codes
from siyu.content.types import LinkContext
from siyu.kernel.clock import VirtualClock
from siyu.runtime.house import House, set_clock
from tests.support.installation import settled
from tests.support.world import World

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"


def _get(url: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"user-agent": PHONE}), timeout=30) as answer:
        found: bytes = answer.read()
        return found


def test_another_process_answers_in_the_same_world_and_ends_with_the_block(
    engine: Engine, clock: VirtualClock, house: House, world: World, tmp_path: Path
) -> None:
    with world.open() as ctx:
        body = {"html": "<p>你好</p>"}
        article = actions.save_content(ctx, key="a", kind="article", title="甲", body=body, publish=True)
        code = codes.code(actions.ensure_link(ctx, article.content_id, LinkContext("test")))
    now = clock.now() + timedelta(days=40)
    set_clock(engine, "virtual", now)
    with closing(listening("127.0.0.1", 0)) as bound:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        database = engine.url.render_as_string(hide_password=False).replace("postgresql+psycopg", "postgresql")
        with settled(tmp_path, public_url=address) as conf:
            bound.listen()
            with beside(1, database, conf, bound) as processes:
                assert datetime.fromisoformat(json.loads(_get(f"{address}/healthz"))["now"]) == now
                assert "你好" in _get(f"{address}/p/{code}").decode()
                assert processes.drain(house) > 0
                assert processes.drain(house) == 0
    (row,) = world.rows("select opened_at from content_view")
    assert row.opened_at == now
    with pytest.raises(OSError, match="refused"):
        _get(address)
