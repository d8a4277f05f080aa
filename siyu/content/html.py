"""Article HTML: what stays, what is refused, the addresses it leads to. Pure."""

import html as entities
import re
from collections.abc import Callable

import nh3

from siyu.content.types import BadContent

_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "strong", "b", "em", "i", "u", "s", "sub", "sup", "small", "mark"),
    *("ul", "ol", "li", "blockquote", "pre", "code", "a", "img", "figure", "figcaption", "section", "div", "span"),
    *("table", "thead", "tbody", "tr", "th", "td", "caption"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_OWN_IMAGE = re.compile(r"/m/[1-9][0-9]{0,9}")
_LINK = re.compile(r'<a href="([^"]*)"')
_IMAGE = re.compile(r"<img[^>]*>")


def sanitise(html: str) -> str:
    """Safe HTML: no scripts, styles, frames or forms. Raises BadContent for an image that was not uploaded here."""
    foreign: list[str] = []

    def kept(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src" and not _OWN_IMAGE.fullmatch(value):
            foreign.append(value)
        return value

    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=kept,
        url_schemes={"http", "https"},
        link_rel="noopener",
    )
    if foreign:
        raise BadContent(
            f"images must be uploaded first; this one is elsewhere: {foreign[0][:120]}",
            field="body.html",
            detail={"images": foreign[:20]},
        )
    return clean


def images(html: str) -> list[int]:
    """The file ids of the images in sanitised HTML."""
    return [int(number) for number in re.findall(r'src="/m/([0-9]+)"', html)]


def addresses(html: str) -> list[str]:
    """The outside addresses that sanitised HTML links to, in order."""
    return [entities.unescape(address) for address in _LINK.findall(html)]


def relink(html: str, to: Callable[[int], str]) -> str:
    """The same HTML with its n-th link leading to ``to(n)``."""
    count = iter(range(len(html)))
    return _LINK.sub(lambda _: f'<a href="{entities.escape(to(next(count)))}"', html)


def for_draft(html: str) -> str:
    """HTML for a mass-send article: without our images, which the platform refuses (it takes only its own)."""
    return _IMAGE.sub("", html)
