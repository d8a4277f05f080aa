"""What each route sends of a content: payloads with placeholders, and the rules about fields. Pure."""

import html as entities
from collections.abc import Iterator, Mapping
from typing import Any

from siyu.content import fields, wecom
from siyu.content.bodies import ArticleBody, EbookBody, FormBody, ImageBody, TemplateBody, TemplateText, TextBody
from siyu.content.html import for_draft
from siyu.content.types import PAGES, Content, FieldsNotAllowed, NotSendable

PERSONAL = frozenset({"oa_custom", "oa_template", "wecom_welcome", "kf", "kf_welcome"})
"""Routes that send per person; on them links are personal and fields allowed (L1)."""

ROUTES = PERSONAL | {"oa_mass", "moments"} | wecom.ROUTES
OWN = "{{link}}"
DRAFT_TITLE, DRAFT_HTML = 32, 19_000
"""Characters that a mass-sent article may have (docs/platform.md B.3; the platform's 20,000 less our own link)."""


def sendable(content: Content, route: str, template: str | None = None) -> tuple[str, dict[str, Any]]:
    """(kind of Outgoing, payload with placeholders) of a content on a route; raises NotSendable, FieldsNotAllowed.

    For kind ``draft`` the payload is the article for draft_add; kind ``moment`` wants a picture (``queries.cover``).
    """
    if route not in ROUTES:
        raise NotSendable(f"content cannot be sent by the route {route} yet", field="route")
    body = content.body
    if route == "oa_template":
        text = getattr(body, "template", None)
        if not isinstance(text, TemplateText):
            raise NotSendable(f"{content.key} has no words for a template message", field="route")
        return "template", _template(content, text, template)
    if isinstance(body, TextBody):
        return "text", text_payload(body.text, route)
    if content.kind not in PAGES or isinstance(body, TemplateBody):
        raise NotSendable(f"a {content.kind} cannot be sent by {route}", field="route")
    if route == "oa_mass":
        return "draft", _draft(content)
    if route == "moments":
        return "moment", wecom.shared(content.digest or content.title, content.title, OWN)
    if body.message:
        words = body.message if fields.used(body.message, "body.message").own_link else f"{body.message}\n{OWN}"
        return "text", text_payload(words, route, "body.message")
    if route in wecom.CHATS:
        # A card would need a picture uploaded anew every three days.
        return "text", text_payload(f"{content.title}\n{OWN}", route, "title")
    picture = None if body.cover is None else f"{{{{base}}}}/m/{body.cover}"
    if route in wecom.ROUTES:
        return "link", wecom.card(content.title, content.digest, OWN, picture)
    card = {"title": content.title, "description": content.digest, "url": OWN}
    if picture is not None:
        card["picurl"] = picture
    return "news", {"msgtype": "news", "news": {"articles": [card]}}


def text_payload(text: str, route: str, field: str = "body.text") -> dict[str, Any]:
    """The payload of a plain message; raises FieldsNotAllowed, NotSendable."""
    if route not in ROUTES or route == "oa_template":
        raise NotSendable(f"a plain text cannot be sent by {route}", field="route")
    found = fields.used(text, field)
    if route not in PERSONAL and found.attributes:
        names = ", ".join(f"{{{{{name}}}}}" for name in found.attributes)
        raise FieldsNotAllowed(
            f"{names}: {route} sends the same words to everybody, so content fields cannot be filled",
            field=field,
            detail={"fields": list(found.attributes), "route": route},
        )
    if route in wecom.ROUTES:
        return wecom.text(text, field)
    if route in wecom.CHATS:
        return wecom.chat(text, field)
    if route == "moments":
        return wecom.moment(text, field)
    return {"msgtype": "text", "text": {"content": text}}


def _template(content: Content, text: TemplateText, template: str | None) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "template_id": template or text.template_id,
        "data": {name: {"value": value} for name, value in text.data.items()},
    }
    if content.kind in PAGES:
        payload["url"] = OWN
    elif isinstance(content.body, TemplateBody) and content.body.target:
        payload["url"] = f"{{{{link:{content.body.target}}}}}"
    return payload


def _draft(content: Content) -> dict[str, Any]:
    body = content.body
    words = ""
    if isinstance(body, EbookBody | FormBody):
        words = body.intro
    elif isinstance(body, ImageBody):
        words = body.caption
    html = (
        for_draft(body.html) if isinstance(body, ArticleBody) else _paragraphs(words or content.digest or content.title)
    )
    if len(content.title) > DRAFT_TITLE or len(html) > DRAFT_HTML:
        raise NotSendable(
            f"a mass-sent article has a title of at most {DRAFT_TITLE} characters and a text of {DRAFT_HTML}",
            field="title" if len(content.title) > DRAFT_TITLE else "body.html",
        )
    return {
        "article_type": "news",
        "title": content.title,
        "author": body.author if isinstance(body, ArticleBody) else "",
        "digest": content.digest,
        "content": f'{html}<p><a href="{OWN}">阅读全文</a></p>',
        "content_source_url": OWN,
        "need_open_comment": 0,
    }


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{entities.escape(part.strip())}</p>" for part in text.split("\n") if part.strip())


def strings(payload: object) -> Iterator[str]:
    """Every string in a payload."""
    if isinstance(payload, str):
        yield payload
    elif isinstance(payload, Mapping):
        for value in payload.values():
            yield from strings(value)
    elif isinstance(payload, list):
        for value in payload:
            yield from strings(value)


def keys_in(words: str) -> tuple[str, ...]:
    """The contents that a string of a payload links to."""
    return fields.used(words.replace("{{base}}", ""), "body").keys


def replaced(payload: Any, attribute: Mapping[str, object], urls: Mapping[str, str], base: str) -> Any:
    """A copy of the payload with fields, links and the public address filled in."""
    if isinstance(payload, str):
        if "{{" not in payload:
            return payload
        return fields.fill(
            payload.replace("{{base}}", base),
            lambda name, default: _shown(attribute.get(name)) or default,
            lambda key: urls[key],
        )
    if isinstance(payload, Mapping):
        return {name: replaced(value, attribute, urls, base) for name, value in payload.items()}
    if isinstance(payload, list):
        return [replaced(value, attribute, urls, base) for value in payload]
    return payload


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return " ".join(str(value).split())
