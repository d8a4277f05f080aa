"""Private: callback XML to flat dictionaries; small bodies only, no DTD, no entities."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from siyu.kernel.text import text_fault

LIMIT = 64 * 1024
"""Bytes; the largest callback of either platform is a few kB."""
DEEPEST = 20
"""Elements inside each other; the platforms' own have five at most."""


class BadXml(ValueError):
    """The body is too large, nested too deep, not XML, or uses a DTD or entities."""


def parse(body: bytes) -> dict[str, object]:
    """Tags to texts; nested elements become dictionaries, repeated ones lists. Raises ``BadXml``."""
    if len(body) > LIMIT:
        raise BadXml("the body is larger than 64 kB")
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise BadXml("the body is not plain XML") from None
    value = _value(root, 1)
    if not isinstance(value, dict):
        raise BadXml("the body has no fields")
    return value


def _value(element: Element, depth: int) -> object:
    if depth > DEEPEST:
        raise BadXml("the body is nested too deep")
    if len(element) == 0:
        text = element.text or ""
        # Emoji arrive whole; a NUL cannot be in XML, but a lone surrogate can be written as a character reference.
        return text if text_fault(text) is None else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    found: dict[str, object] = {}
    for child in element:
        value = _value(child, depth + 1)
        if child.tag not in found:
            found[child.tag] = value
        else:
            earlier = found[child.tag]
            found[child.tag] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
    return found


def text(body: Mapping[str, object], name: str) -> str:
    """The text of a field, empty when missing or nested."""
    value = body.get(name)
    return value.strip() if isinstance(value, str) else ""


def texts(body: object, *path: str) -> list[str]:
    """The texts at a path, whether the last element occurs never, once or often."""
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    if isinstance(body, str):
        return [body] if body else []
    return [item for item in body if isinstance(item, str) and item] if isinstance(body, list) else []
