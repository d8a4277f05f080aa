"""Private: the collect endpoint and its snippet, open to visitors; and the sites that may use it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi import Path as InPath
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from siyu.customers.collecting import actions, reading
from siyu.customers.collecting.types import MOST_BYTES, BadOrigin, Site, UnknownSite
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, Forbidden
from siyu.kernel.http import ApiRoute, body_of, raises, requires
from siyu.kernel.text import CleanText

router = APIRouter(prefix="/api/collect", tags=["collect"], route_class=ApiRoute)
public = APIRouter()

Read = Annotated[Ctx, requires("customers.read")]
Write = Annotated[Ctx, requires("customers.write")]
Id = Annotated[int, InPath(ge=1, le=2**31 - 1)]
_SNIPPET = (Path(__file__).parent / "collect.js").read_bytes()


class SiteIn(BaseModel):
    """A site and the origins whose pages may send events."""

    model_config = ConfigDict(extra="forbid")

    name: CleanText = Field(min_length=1, max_length=64, examples=["官网"])
    origins: list[CleanText] = Field(
        max_length=50,
        examples=[["https://www.example.com"]],
        description="https://host of a web site, https://servicewechat.com/appid of a mini-program",
    )
    active: bool = True


class SiteOut(BaseModel):
    """A site; ``dropped`` counts events of the last 7 days that were not taken, by reason."""

    site_id: int
    key: str
    name: str
    origins: list[str]
    active: bool
    created_at: datetime
    dropped: dict[str, int]

    @classmethod
    def of(cls, site: Site, dropped: dict[int, dict[str, int]]) -> "SiteOut":
        """Without the secret."""
        return cls(
            site_id=site.site_id,
            key=site.key,
            name=site.name,
            origins=list(site.origins),
            active=site.active,
            created_at=site.created_at,
            dropped=dropped.get(site.site_id, {}),
        )


class SitesOut(BaseModel):
    """All sites."""

    items: list[SiteOut]


class SecretOut(BaseModel):
    """The secret with which the site's server signs tokens; shown once."""

    site_id: int
    secret: str


@router.get("/sites", responses=raises(Forbidden))
def list_sites(ctx: Read) -> SitesOut:
    """The sites that may send events, and what of theirs was not taken."""
    dropped = actions.dropped(ctx)
    return SitesOut(items=[SiteOut.of(one, dropped) for one in actions.sites(ctx)])


@router.post("/sites", status_code=201, responses=raises(BadOrigin, BadText, Forbidden))
def create_site(body: SiteIn, ctx: Write) -> SiteOut:
    """Add a site; its key goes into the snippet."""
    return SiteOut.of(actions.create_site(ctx, body.name, body.origins), {})


@router.put("/sites/{site_id}", responses=raises(UnknownSite, BadOrigin, BadText, Forbidden))
def change_site(site_id: Id, body: SiteIn, ctx: Write) -> SiteOut:
    """Change a site's name, origins, or whether it is heard."""
    return SiteOut.of(
        actions.change_site(ctx, site_id, body.name, body.origins, active=body.active), actions.dropped(ctx)
    )


@router.post("/sites/{site_id}/secret", responses=raises(UnknownSite, Forbidden))
def renew_site_secret(site_id: Id, ctx: Write) -> SecretOut:
    """Make a new secret for tokens and show it once; the old one ends."""
    return SecretOut(site_id=site_id, secret=actions.new_secret(ctx, site_id).secret)


async def _body(request: Request) -> bytes:
    """The raw body. Raises BodyTooLarge."""
    return await body_of(request, MOST_BYTES)


def _allowed(request: Request) -> dict[str, str]:
    origin = request.headers.get("origin")
    return {"access-control-allow-origin": origin, "vary": "origin"} if origin else {}


@public.post("/collect", status_code=204)
def collect(request: Request, body: Annotated[bytes, Depends(_body)], ctx: Annotated[Ctx, requires(None)]) -> Response:
    """Take in events of a visitor; 204 whether they are taken or dropped. docs/collect.md."""
    headers = request.headers
    origin = reading.origin_of(headers.get("origin"), headers.get("referer"))
    known = actions.collect(ctx, body, origin=origin, agent=headers.get("user-agent", ""))
    return Response(status_code=204, headers=_allowed(request) if known else {})


@public.options("/collect")
def ask_collect(request: Request) -> Response:
    """The preflight of a JSON body. Which site is meant stands in the body, so the post itself decides."""
    more = {
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "86400",
    }
    return Response(status_code=204, headers=_allowed(request) | more)


@public.get("/collect.js")
def snippet() -> Response:
    """The script for web pages."""
    return Response(
        _SNIPPET, media_type="text/javascript; charset=utf-8", headers={"cache-control": "public, max-age=3600"}
    )
