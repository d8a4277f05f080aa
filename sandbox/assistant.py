"""The group-send assistant (群发助手) of one member, with customer Moments (客户朋友圈), as a page for a phone:
open tasks, confirmed by hand."""

from __future__ import annotations

import html
import json
import sqlite3
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox import broadcasts, moments
from sandbox.engine import Engine
from sandbox.world import World

DONE = 20
STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;background:#ededed;color:#191919;font:16px/1.5 -apple-system,"PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:480px;margin:0 auto;padding:12px}
header{position:sticky;top:0;background:#ededed;text-align:center;padding:12px}
h1{font-size:17px;margin:0}h2{font-size:14px;color:#595959;font-weight:400;margin:20px 4px 8px}
section{background:#fff;border-radius:8px;padding:14px;margin-bottom:10px;overflow-wrap:anywhere}
p{margin:0 0 8px;white-space:pre-wrap}small{color:#595959;font-size:13px}
.card{background:#f7f7f7;border-radius:6px;padding:10px;margin:0 0 8px}
button{width:100%;min-height:44px;border:0;border-radius:6px;background:#1677ff;color:#fff;font-size:16px;margin-top:8px}
main>h2:first-child{margin-top:0}
button:focus-visible{outline:3px solid #69b1ff;outline-offset:2px}
"""


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(broadcasts.SHANGHAI).strftime("%m月%d日 %H:%M")


def _pieces(data: str) -> str:
    made = []
    for content in broadcasts.contents_of(json.loads(data)):
        if content.url:
            shown = f"<div class=card><b>{html.escape(content.title)}</b><br><small>{html.escape(content.text)}</small>"
            made.append(f"{shown}</div>")
        else:
            words = content.text.split(" ")[0] if content.text.startswith("[") else content.text
            made.append(f"<p>{html.escape(f'{words} {content.title}'.strip())}</p>")
    return "".join(made)


def _count(world: World, msgid: str, userid: str, status: int | None = None) -> int:
    where = "" if status is None else f" and status = {status:d}"
    return world.db.value(f"select count(*) from broadcast_target where msgid = ? and userid = ?{where}", msgid, userid)  # noqa: S608  # only names of our own in the text


def _unit(row: sqlite3.Row) -> str:
    return "个客户群" if row["chat_type"] == "group" else "位客户"


def _rows(world: World, userid: str, status: int) -> list[sqlite3.Row]:
    order = "b.created, b.rowid" if status == 0 else f"t.sent_at desc, b.rowid desc limit {DONE}"
    return world.db.all(
        "select b.*, t.sent_at from broadcast_task t join broadcast b on b.msgid = t.msgid where "  # noqa: S608  # only names of our own in the text
        f"t.userid = ? and t.status = ? and b.cancelled = 0 order by {order}",
        userid, status,
    )  # fmt: skip


def _moments(world: World, userid: str) -> list[sqlite3.Row]:
    return world.db.all(
        "select m.* from moment_task t join moment m on m.moment_id = t.moment_id where t.userid = ? and t.status = 0 "
        "and m.cancelled = 0 order by m.created, m.rowid", userid,
    )  # fmt: skip


def _page(title: str, body: str, status: int = 200) -> Response:
    head = "<!doctype html><html lang=zh-CN><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    frame = f"{head}<title>{title}</title><style>{STYLE}</style><header><h1>{title}</h1></header><main>{body}</main>"
    return HTMLResponse(frame, status)


def routes(engine: Engine) -> list[BaseRoute]:
    """The page and the button of each task."""
    world = engine.world

    def name_of(userid: str) -> str:
        row = world.db.one("select data from member where userid = ?", userid)
        return str(json.loads(row["data"]).get("name") or userid) if row else ""

    async def page(request: Request) -> Response:
        userid = request.path_params["userid"]
        name = name_of(userid)
        if not name:
            return _page("群发助手", "<section>没有这位成员</section>", 404)
        shared = _moments(world, userid)
        waiting, done = _rows(world, userid, 0), _rows(world, userid, broadcasts.TASK_SENT)
        body = f"<h2>待发送 {len(waiting)}</h2>"
        for row in waiting:
            count = f"{_count(world, row['msgid'], userid):,}"
            action = f"/assistant/{html.escape(userid)}/{row['msgid']}"
            body += (
                f"<section><small>企业通知 · {_moment(row['created'])}</small>{_pieces(row['data'])}"
                f"<small>发送给 {count} {_unit(row)}</small>"
                f"<form method=post action='{action}'><button>发送</button></form></section>"
            )
        if shared:
            body += f"<h2>朋友圈待发表 {len(shared)}</h2>"
        for row in shared:
            action = f"/assistant/{html.escape(userid)}/moments/{row['moment_id']}"
            body += (
                f"<section><small>企业朋友圈 · {_moment(row['created'])}</small>{_pieces(row['data'])}"
                f"<form method=post action='{action}'><button>发表</button></form></section>"
            )
        if not waiting and not shared:
            body += "<section>暂无待发送的群发</section>"
        if done:
            body += "<h2>已发送</h2>"
        for row in done:
            sent, all_of = (_count(world, row["msgid"], userid, s) for s in (broadcasts.SENT, None))
            missed = f"，未送达 {all_of - sent:,}" if sent < all_of else ""
            body += (
                f"<section><small>{_moment(row['sent_at'])} · 已发送给 {sent:,} {_unit(row)}{missed}</small>"
                f"{_pieces(row['data'])}</section>"
            )
        return _page(f"群发助手 · {html.escape(name)}", body)

    async def send(request: Request) -> Response:
        userid, msgid = request.path_params["userid"], request.path_params["msgid"]
        row = world.db.one("select corpid from broadcast where msgid = ?", msgid)
        if row is None or not name_of(userid):
            return _page("群发助手", "<section>没有这项群发</section>", 404)
        now = world.clock.now()
        broadcasts.send(world, str(row["corpid"]), userid, msgid, now)
        world.db.commit()
        await engine.advance(now)
        return RedirectResponse(f"/assistant/{userid}", 303)

    async def publish(request: Request) -> Response:
        userid, moment_id = request.path_params["userid"], request.path_params["moment_id"]
        row = world.db.one("select corpid from moment where moment_id = ?", moment_id)
        if row is None or not name_of(userid):
            return _page("群发助手", "<section>没有这条朋友圈</section>", 404)
        now = world.clock.now()
        moments.publish(world, str(row["corpid"]), userid, moment_id, now)
        world.db.commit()
        await engine.advance(now)
        return RedirectResponse(f"/assistant/{userid}", 303)

    return [
        Route("/assistant/{userid}", page, methods=["GET"]),
        Route("/assistant/{userid}/moments/{moment_id}", publish, methods=["POST"]),
        Route("/assistant/{userid}/{msgid}", send, methods=["POST"]),
    ]
