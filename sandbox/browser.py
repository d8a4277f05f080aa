"""People's browser: real HTTP with a WeChat User-Agent, a cookie jar per person, redirects, beacons and forms."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from people import Field, Page, browse, fill
from sandbox import acquisition, groups, kf, relations
from sandbox.engine import Engine, Work
from sandbox.home import ask
from sandbox.html import Form, Seen, read
from sandbox.http1 import Answer, Unreachable, origin, parts, place
from sandbox.store import dumps
from sandbox.world import World

AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.61(0x18003d2c) NetType/WIFI Language/zh_CN"
)
REDIRECTS, DEPTH, TIMEOUT_S = 10, 6, 15.0


def _host(url: str) -> str:
    try:
        return place(origin(url))[0]
    except Unreachable:
        return ""


def _cookies(world: World, person: int, url: str) -> str:
    rows = world.db.all("select path, name, value from cookie where person = ? and host = ?", person, _host(url))
    if not rows:
        return ""
    path = parts(url)[1].partition("?")[0]
    return "; ".join(f"{r[1]}={r[2]}" for r in rows if path.startswith(r[0]))


def _keep_cookies(world: World, person: int, url: str, answer: Answer) -> None:
    for header, value in answer.headers:
        if header != "set-cookie":
            continue
        host = _host(url)
        pair, *options = [piece.strip() for piece in value.split(";")]
        name, _, content = pair.partition("=")
        marks = {k.lower(): v for k, _, v in (option.partition("=") for option in options)}
        path = marks.get("path") or "/"
        if marks.get("max-age", "1").lstrip("-").isdigit() and int(marks.get("max-age", "1")) <= 0:
            world.db.run("delete from cookie where person = ? and host = ? and name = ?", person, host, name)
        elif name:
            world.db.run(
                "insert or replace into cookie (person, host, path, name, value) values (?, ?, ?, ?, ?)",
                person,
                host,
                path,
                name,
                content,
            )


ALWAYS = (
    ("user-agent", AGENT),
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("accept-language", "zh-CN,zh;q=0.9"),
)


async def _send(
    engine: Engine, person: int, method: str, url: str, body: bytes = b"", kind: str = "", referer: str = ""
) -> Answer:
    """One request as this person; the sandbox's own host also hears who it is."""
    world = engine.world
    headers = list(ALWAYS)
    jar = _cookies(world, person, url)
    if jar:
        headers.append(("cookie", jar))
    if kind:
        headers.append(("content-type", kind))
    if referer:
        headers += [("referer", referer), ("origin", origin(referer))]
    if engine.home is not None and (url == world.url or url.startswith(world.url + "/")):
        headers.append(("x-sandbox-person", str(person)))
        answer = await ask(engine.home, method, url, headers, body)
    else:
        fresh = kind == "application/x-www-form-urlencoded"
        answer = await engine.client.request(method, url, headers, body, TIMEOUT_S, fresh)
    _keep_cookies(world, person, url, answer)
    return answer


async def _load(
    engine: Engine, person: int, method: str, url: str, body: bytes = b"", kind: str = "", referer: str = ""
) -> tuple[Answer, str]:
    """A request with its redirects; returns the last answer and its address. Raises Unreachable."""
    for _ in range(REDIRECTS):
        answer = await _send(engine, person, method, url, body, kind, referer)
        if answer.status not in (301, 302, 303, 307, 308) or not answer.header("location"):
            return answer, url
        url = _moved(url, answer.header("location"))
        if answer.status not in (307, 308):
            method, body, kind = "GET", b"", ""
    raise Unreachable("too many redirects")


def _moved(url: str, location: str) -> str:
    if location.startswith("/") and not location.startswith("//"):
        return origin(url) + location
    return location if location.startswith("http://") else urljoin(url, location)


def _article_link(world: World, url: str) -> str:
    """The link inside a mass-sent article that is being opened, "" for other addresses."""
    if not url.startswith(world.url + "/s/"):
        return ""
    path = urlsplit(url).path
    articles = world.db.setting(f"article:{path.split('/')[2]}")
    first = articles[0] if isinstance(articles, list) and articles else {}
    return str(first.get("content_source_url") or "")


async def visit(engine: Engine, work: Work, at: int) -> None:
    """Opens a page; what the person does on it becomes due when the reading ends."""
    world, person, url = engine.world, int(str(work["person"])), str(work["url"])
    account = str(work.get("account") or "")
    engine.totals.acted += 1
    try:
        answer, final = await _load(engine, person, "GET", url)
    except Unreachable as error:
        world.log(
            "act",
            "open_failed",
            at,
            account=account,
            person=person,
            uid=_uid(world, account, person),
            key=url,
            result=str(error)[:200],
        )
        return
    await _arrive(engine, work, at, url, answer, final, int(str(work.get("depth") or 0)))


def _uid(world: World, account: str, person: int) -> str:
    if account in world.oa:
        return world.openid(account, person)
    return world.external_userid(account, person) if account in world.corps else ""


async def _arrive(engine: Engine, work: Work, at: int, url: str, answer: Answer, final: str, depth: int) -> None:
    world, person, account = engine.world, int(str(work["person"])), str(work.get("account") or "")
    joined = _join(world, person, final, at)
    seen = read(final, answer.body.decode("utf-8", "replace")) if "html" in answer.header("content-type") else Seen()
    name = seen.name or urlsplit(final).path
    world.log(
        "act", "open", at, account=account, person=person, uid=_uid(world, account, person), key=name,
        result=str(answer.status), data={"url": url, "final": final, "depth": depth},
    )  # fmt: skip
    inner = _article_link(world, final)
    if inner and inner != url and depth < DEPTH:
        world.schedule(
            world.grained(at + 5_000),
            "visit",
            person,
            {"person": person, "url": inner, "account": account, "depth": depth + 1},
        )
    if answer.status != 200 or joined or depth >= DEPTH:
        return
    posts = [f for f in seen.forms if f.method == "post"]
    page = Page(f"{name}|{at}|{depth}", seen.pages, bool(posts), tuple(seen.ctas))
    plan = browse(world.model, world.seed, person, page, at, world.own.get(person))
    then = "fill" if work.get("fill") and posts else plan.then
    reads = plan.reads if seen.beacon else ()
    if not reads and then == "leave":
        return
    next_work: dict[str, object] = {
        "person": person, "account": account, "depth": depth, "then": then, "url": plan.url, "page": name,
        "from": final,
        "view": seen.view, "beacon": seen.beacon, "reads": reads,
    }  # fmt: skip
    if then == "fill":
        next_work |= {"form": _form(posts[0]), "fields": work.get("fields") or {}}
    world.schedule(world.grained(plan.due_ms), "read", person, next_work)


def _form(form: Form) -> dict[str, object]:
    return {
        "action": form.action,
        "fields": [[f.name, f.type, f.value, f.label, list(f.options), f.required] for f in form.fields],
    }


def _join(world: World, person: int, final: str, at: int) -> bool:
    """Whether the page is one of a join way, a contact way, a link or a service account: who opens it joins or adds."""
    path = urlsplit(final).path if final.startswith(world.url + "/") else ""
    place, _, config_id = path[1:].partition("/")
    if place == "join" and world.db.one("select 1 from join_way where config_id = ?", config_id):
        groups.join(world, {"person": person, "config_id": config_id}, at)
    if place == "way" and relations.way_of(world, config_id):
        relations.scan_way(world, {"person": person, "config_id": config_id}, at)
    query = dict(parse_qsl(urlsplit(final).query)) if path else {}
    if place == "ca" and acquisition.link_of(world, config_id):
        acquisition.use_link(world, {**query, "person": person, "link_id": config_id}, at)
    if place == "kf" and kf.account(world, config_id):
        kf.enter(world, {**query, "person": person, "open_kfid": config_id}, at)
    return place in ("join", "way", "ca", "kf")


async def go_on(engine: Engine, work: Work, at: int) -> None:
    """The end of reading: one beacon with all pages read, then the form, the next link, or nothing."""
    world, person = engine.world, int(str(work["person"]))
    account, page, came_from = str(work["account"]), str(work["page"]), str(work["from"])
    uid = _uid(world, account, person)
    reads = work["reads"]
    if reads:
        body = dumps({"view": work["view"], "read": reads}).encode()
        try:
            answer = await _send(engine, person, "POST", str(work["beacon"]), body, "application/json", came_from)
            result = str(answer.status)
        except Unreachable as error:
            result = str(error)[:200]
        world.log(
            "act", "read", at, account=account, person=person, uid=uid, key=page, result=result, data={"read": reads}
        )
    if work["then"] == "follow":
        deeper = {"person": person, "url": work["url"], "account": account, "depth": int(str(work["depth"])) + 1}
        await visit(engine, deeper, at)
    elif work["then"] == "fill":
        await _submit(engine, work, at, uid)


async def _submit(engine: Engine, work: Work, at: int, uid: str) -> None:
    world, person, account = engine.world, int(str(work["person"])), str(work["account"])
    form, given = work["form"], work["fields"]
    assert isinstance(form, Mapping)
    assert isinstance(given, Mapping)
    fields = [Field(n, t, v, label, tuple(options), required) for n, t, v, label, options, required in form["fields"]]
    values = fill(world.seed, person, world.profile(person), fields, {str(k): str(v) for k, v in given.items()})
    engine.totals.acted += 1
    came_from, action = str(work["from"]), str(form["action"])
    try:
        answer, final = await _load(
            engine, person, "POST", action, urlencode(values).encode(), "application/x-www-form-urlencoded", came_from
        )
        result = str(answer.status)
    except Unreachable as error:
        world.log(
            "act",
            "form_failed",
            at,
            account=account,
            person=person,
            uid=uid,
            key=str(work["page"]),
            result=str(error)[:200],
        )
        return
    world.log(
        "act", "form", at, account=account, person=person, uid=uid, key=str(work["page"]), result=result,
        data={"action": action, "final": final, "values": values},
    )  # fmt: skip
    if answer.status == 200:
        again = {"person": person, "account": account}
        await _arrive(engine, again, at, action, answer, final, int(str(work["depth"])) + 1)
