"""Private: what welcomes, replies and greetings check alike: names, what is said, conditions."""

from collections.abc import Iterable, Mapping, Sequence

from siyu.channels import queries as channels
from siyu.content import queries as content
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import SiyuError
from siyu.kernel.text import clean
from siyu.outreach.types import Route
from siyu.platforms import queries as platforms
from siyu.replies.types import SECOND_ROUTES, BadReply, GreetingWay, Json, NewWelcome, Said
from siyu.segments import queries as segments


def named(name: str) -> None:
    """Raise BadReply or BadText unless it is a name."""
    if not 1 <= len(clean(name, "name").strip()) <= 60:
        raise BadReply("a name has 1 to 60 characters", field="name")


def said(ctx: Ctx, said: Said, most: int) -> str | None:
    """The text as it is stored; the content is checked. Raises BadReply, BadText, NoSuchContent, NotPublished."""
    text = clean(said.text, "text").strip() if said.text is not None else ""
    if bool(text) == (said.content_id is not None):
        raise BadReply("either a text or a content is sent", field="text")
    if len(text) > most:
        raise BadReply(f"a text has at most {most} characters", field="text")
    if said.content_id is not None:
        content.content(ctx, said.content_id, published=True)
    return text or None


BY_CHANNEL: Mapping[str, Route] = {
    "oa_qr": Route.OA_CUSTOM,
    "wecom_live_code": Route.WECOM_WELCOME,
    "acquisition_link": Route.WECOM_WELCOME,
    "kf_link": Route.KF_WELCOME,
}
"""By which route those are greeted who come by a kind of channel."""


def sendable(ctx: Ctx, said: Said, routes: Iterable[str]) -> None:
    """Raise a fault of content where one of the routes cannot carry what is said: else it would never be sent, and only
    the ledger would tell."""
    try:
        content.check_sendable(ctx, said.content_id, said.text if said.content_id is None else None, routes)
    except SiyuError as fault:
        fault.field = "text" if said.content_id is None else "content_id"
        raise


def welcome_routes(ctx: Ctx, new: NewWelcome) -> list[Route]:
    """By which routes a welcome may have to go. Raises BadReply for an account that is none."""
    match new.scope:
        case "wecom" | "staff":
            return [Route.WECOM_WELCOME]
        case "oa":
            return [Route.OA_CUSTOM]
        case "kf" | "kf_account":
            return [Route.KF_WELCOME]
        case "account":
            kind = account_kind(ctx, int(new.ref), "ref")
            return [Route.OA_CUSTOM if kind == "oa" else Route.WECOM_WELCOME]
        case "channel":
            kinds = {one.state: one.kind for one in channels.channels(ctx, archived=None)}
            # Without a channel of ours it is a code that somebody made in a console.
            route = BY_CHANNEL.get(kinds.get(new.ref, ""))
            return [route] if route else [Route.WECOM_WELCOME, Route.OA_CUSTOM]


def account_kind(ctx: Ctx, account_id: int, field: str) -> str:
    """The kind of an account whose people are talked to. Raises BadReply."""
    kinds = {one.account_id: one.kind for one in platforms.accounts(ctx)}
    if kinds.get(account_id) not in ("oa", "wecom"):
        raise BadReply("there is no such account", field=field)
    return kinds[account_id]


def without_account(ctx: Ctx, ways: Sequence[GreetingWay]) -> list[int]:
    """The places of those ways whose account is no active one of the kind that the route needs."""
    kinds = {account.account_id: account.kind for account in platforms.accounts(ctx) if account.active}
    needed = ("oa" if way.route.startswith("oa_") else "wecom" for way in ways)
    return [place for place, kind in enumerate(needed) if kinds.get(ways[place].account_id) != kind]


def second(ctx: Ctx, new: NewWelcome) -> None:
    """Raise BadReply or a fault of content where the second greeting cannot go by its routes."""
    if not new.second_ways:
        return
    if not new.second_text.strip():
        raise BadReply("say what is sent by these routes", field="second_text")
    for place, way in enumerate(new.second_ways):
        if way.route not in SECOND_ROUTES:
            raise BadReply(f"one of {', '.join(SECOND_ROUTES)}", field=f"second_ways.{place}.route")
    if wrong := without_account(ctx, new.second_ways):
        raise BadReply("the route has no such account", field=f"second_ways.{wrong[0]}.account_id")
    if "{{" in new.second_text:
        raise BadReply("a staff member may have to say it: it holds no fields", field="second_text")
    try:
        content.check_sendable(ctx, None, new.second_text, [way.route for way in new.second_ways])
    except SiyuError as fault:
        fault.field = "second_text"
        raise


def condition(ctx: Ctx, given: Mapping[str, object] | None, field: str) -> Json | None:
    """A condition as it is stored. Raises the faults of conditions."""
    return None if given is None else segments.dump(segments.parse(ctx, given, field))
