"""Every platform route in one table, for the server and for comparing with a client's own table."""

from __future__ import annotations

from sandbox import oauth
from sandbox.api import Endpoint, Platform
from sandbox.oa import content, custom, mass, template, tokens, users
from sandbox.wecom import (
    acquisition,
    chats,
    contacts,
    directory,
    groupmsg,
    kf,
    media,
    messages,
    moments,
    tags,
    ways,
    welcome,
)

ENDPOINTS: list[Endpoint] = [
    *tokens.ENDPOINTS, *users.ENDPOINTS, *content.ENDPOINTS, *custom.ENDPOINTS, *mass.ENDPOINTS, *template.ENDPOINTS,
    *oauth.OA_ENDPOINTS, *directory.ENDPOINTS, *contacts.ENDPOINTS, *chats.ENDPOINTS, *oauth.WECOM_ENDPOINTS,
    *ways.ENDPOINTS, *welcome.ENDPOINTS, *media.ENDPOINTS, *groupmsg.ENDPOINTS, *tags.ENDPOINTS, *messages.ENDPOINTS,
    *acquisition.ENDPOINTS, *kf.ENDPOINTS, *moments.ENDPOINTS,
]  # fmt: skip


def listing(platform: Platform | None = None) -> list[tuple[str, str]]:
    """(method, path) of every platform route, sorted; of one platform without prefix, of both with /oa and /wecom."""
    if platform:
        return sorted((e.method, e.path) for e in ENDPOINTS if e.platform == platform)
    return sorted((e.method, f"/{e.platform}{e.path}") for e in ENDPOINTS)
