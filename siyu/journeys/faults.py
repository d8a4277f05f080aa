"""Faults of form in the words of who writes a journey: where, and what is expected there."""

from typing import TypeGuard

from pydantic_core import ErrorDetails

_KINDS = "send, webhook, wait, wait_for, branch, split, set_tag, remove_tag, set_attribute, goto, exit"
_MESSAGES = {
    "missing": "this field is missing",
    "extra_forbidden": "there is no such field here",
    "union_tag_not_found": f"this field is missing; a step is one of {_KINDS}",
    "string_type": "text is expected here; a number or true is written in quotes to be text",
    "list_type": "a list is expected here",
    "dict_type": "fields are expected here, each written as name: value",
    "model_type": "fields are expected here, each written as name: value",
    "model_attributes_type": "fields are expected here, each written as name: value",
}
_PATTERNS = {"http": "an address begins with http:// or https://", "/": "a tag is written group/name"}
_UNION = ("int", "float", "bool", "str")


def message(fault: ErrorDetails) -> str:
    """What is wrong, without the words of pydantic where they say little."""
    match fault["type"]:
        case "union_tag_invalid":
            return f"there is no step of kind {fault['ctx']['tag']}; a step is one of {_KINDS}"
        case "string_pattern_mismatch":
            pattern = fault["ctx"]["pattern"]
            return next(
                (message for part, message in _PATTERNS.items() if part in pattern),
                "a short name is expected here: a letter a to z, then letters a to z, digits, - and _",
            )
        case "value_error":
            return str(fault["ctx"]["error"])
        case "model_type" if not fault["loc"]:
            return "a journey has the fields key, name, entry and steps or stages"
        case kind:
            return _MESSAGES.get(kind, fault["msg"])


def path(data: object, location: tuple[int | str, ...], kind: str) -> str:
    """``steps.<id>.<param>``, ``stages.<id>.pieces.<id>.<param>``: an index becomes the id of what stands there, and
    the tag that pydantic puts after it goes away."""
    parts = [str(part) for part in location] or ["text"]
    parts = parts[:2] + [
        part for part in parts[2:] if part not in _UNION and "[" not in part and "constrained-" not in part
    ]
    if kind.startswith("union_tag_"):
        parts.append("kind")
    if parts[0] not in _NAMED or not isinstance(data, dict):
        return ".".join(parts)
    found: list[str] = []
    at: object = data
    while parts:
        found.append(part := parts.pop(0))
        at = at.get(part) if isinstance(at, dict) else at[int(part)] if _within(at, part) else None
        if not isinstance(at, dict) or len(found) < 2 or found[-2] not in _NAMED:
            continue
        if isinstance(at.get("id"), str | int):
            found[-1] = str(at["id"])
        if found[-2] == "steps" and parts and parts[0] == at.get("kind"):
            del parts[0]
    return ".".join(found)


_NAMED = ("steps", "stages", "pieces")


def _within(at: object, part: str) -> TypeGuard[list[object]]:
    return isinstance(at, list) and part.isdigit() and int(part) < len(at)
