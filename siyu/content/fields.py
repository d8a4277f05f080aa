"""Content fields in texts: {{name|您}}, {{link}}, {{link:key}}. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from siyu.content.types import BadContent

_FIELD = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)(?::([a-z0-9][a-z0-9-]*))?\s*(?:\|([^{}]*))?\}\}")


@dataclass(frozen=True, slots=True)
class Used:
    """What a text refers to: attributes by name, its own page, other contents by key."""

    attributes: tuple[str, ...]
    own_link: bool
    keys: tuple[str, ...]


def used(text: str, field: str) -> Used:
    """The fields of ``text``; raises BadContent naming ``field`` for braces that are not a field."""
    rest = _FIELD.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise BadContent("a field is written {{name}} or {{name|default}}", field=field)
    attributes: dict[str, None] = {}
    keys: dict[str, None] = {}
    own = False
    for name, key, _default in _FIELD.findall(text):
        if name == "link" and key:
            keys[key] = None
        elif name == "link":
            own = True
        elif key:
            raise BadContent(f"{{{{{name}:{key}}}}}: only link takes a key", field=field)
        else:
            attributes[name] = None
    return Used(tuple(attributes), own, tuple(keys))


def fill(text: str, attribute: Callable[[str, str], str], link: Callable[[str], str]) -> str:
    """``text`` with every field replaced: ``attribute(name, default)``, ``link(key)`` with "" for the own page."""

    def value(match: re.Match[str]) -> str:
        name, key, default = match.group(1), match.group(2), match.group(3) or ""
        return link(key or "") if name == "link" else attribute(name, default)

    return _FIELD.sub(value, text)
