"""Private: built-in attributes, checking values against definitions, and which fact wins. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from siyu.customers import normal
from siyu.customers.types import BadAttribute, Definition, UnknownAttribute
from siyu.kernel.errors import BadTime
from siyu.kernel.text import clean, moment

_TITLES = {
    "name": ("姓名", "text"),
    "gender": ("性别", "enum"),
    "phone": ("手机", "text"),
    "email": ("邮箱", "text"),
    "region": ("地区", "text"),
    "city": ("城市", "text"),
    "company": ("公司", "text"),
    "position": ("职位", "text"),
    "industry": ("行业", "text"),
    "birthday": ("生日", "date"),
    "avatar": ("头像", "text"),
    "owner_id": ("归属员工", "int"),
}
BUILTIN: Mapping[str, Definition] = {
    name: Definition(name, title, kind, ("male", "female") if name == "gender" else (), builtin=True)  # type: ignore[arg-type]  # the literals above
    for name, (title, kind) in _TITLES.items()
}
COLUMNS = tuple(BUILTIN)
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
LONGEST_TEXT = 2000
_BIG = 2**53


def _text(definition: Definition, value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadAttribute(f"{definition.name} must be text", field=field)
    text = clean(value, field).strip()
    if len(text) > LONGEST_TEXT:
        raise BadAttribute(f"{definition.name} has more than {LONGEST_TEXT} characters", field=field)
    if definition.name == "phone":
        return normal.phone(text, field)
    return normal.email(text, field) if definition.name == "email" else text


def _money(definition: Definition, value: object, field: str) -> dict[str, object]:
    if isinstance(value, Mapping) and set(value) == {"amount", "currency"}:
        amount, currency = value["amount"], value["currency"]
        if type(amount) is int and abs(amount) < _BIG and re.fullmatch(r"[A-Z]{3}", str(currency)):
            return {"amount": amount, "currency": currency}
    raise BadAttribute(f'{definition.name} must be {{"amount": integer 分, "currency": "CNY"}}', field=field)


def checked(definition: Definition, value: object, field: str) -> Any:
    """``value`` in its stored form (JSON); None and "" empty the attribute. Raises BadAttribute, BadText, BadTime."""
    if value is None or value == "":
        return None
    match definition.type:
        case "text":
            return _text(definition, value, field)
        case "enum":
            text = _text(definition, value, field)
            if text not in definition.options:
                raise BadAttribute(
                    f"{definition.name} must be one of {', '.join(definition.options)}",
                    field=field,
                    detail={"options": list(definition.options)},
                )
            return text
        case "int" if type(value) is int and abs(value) < _BIG:
            if definition.name == "owner_id" and not 0 < value < 2**31:
                raise BadAttribute("owner_id is the number of a staff member", field=field)
            return value
        case "number" if type(value) in (int, float) and abs(float(value)) < _BIG:  # type: ignore[arg-type]  # guarded
            return value
        case "bool" if isinstance(value, bool):
            return value
        case "date" if isinstance(value, date | str):
            try:
                return date.fromisoformat(str(value)[:10]).isoformat()
            except ValueError:
                raise BadAttribute(f"{definition.name} must be a date such as 2026-03-02", field=field) from None
        case "time":
            try:
                return moment(value, field).isoformat(timespec="microseconds")
            except BadTime as error:
                raise BadAttribute(error.message, field=field) from None
        case "money":
            return _money(definition, value, field)
    raise BadAttribute(f"{definition.name} must be of the type {definition.type}", field=field)


def lookup(definitions: Mapping[str, Definition], name: str, field: str) -> Definition:
    """The definition of ``name``; raises UnknownAttribute."""
    found = definitions.get(name)
    if found is None:
        raise UnknownAttribute(f"there is no attribute {name}", field=field)
    return found
