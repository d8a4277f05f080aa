"""Forms: which fields are shown, what was answered, what is wrong with it. Pure."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import phonenumbers

from siyu.content.bodies import FormBody, FormField
from siyu.kernel.text import text_fault

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a form answer says. ``values`` by field name; ``faults``: field name -> fault code."""

    values: Mapping[str, object]
    faults: Mapping[str, str]
    consents: Sequence[Mapping[str, object]]

    def digest(self) -> str:
        """The same for the same answers."""
        said = json.dumps([self.values, list(self.consents)], ensure_ascii=False, sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def shown(form: FormBody, known: Mapping[str, str]) -> list[FormField]:
    """The fields to ask a person of whom ``known`` values (by field name) are certain; never none at all."""
    asked = [field for field in form.fields if not (field.ask == "unknown" and field.name in known)]
    return asked or list(form.fields)


def answers(form: FormBody, version: int, raw: Mapping[str, Sequence[str]], known: Mapping[str, str]) -> Answers:
    """Check what was posted. An empty phone or email whose value is known keeps the known one (it was shown masked)."""
    values: dict[str, object] = {}
    faults: dict[str, str] = {}
    consents: list[Mapping[str, object]] = []
    for field in shown(form, known):
        given = [unicodedata.normalize("NFC", text).strip() for text in raw.get(field.name, ())]
        given = [text for text in given if text]
        if field.type == "consent":
            if given:
                consents.append(
                    {"field": field.name, "purpose": field.purpose, "text": field.label, "version": version}
                )
            elif field.required:
                faults[field.name] = "consent"
            continue
        if not given:
            if field.type in ("phone", "email") and field.name in known:
                values[field.name] = known[field.name]
            elif field.required:
                faults[field.name] = "required"
            continue
        value, fault = _value(field, given)
        if fault:
            faults[field.name] = fault
        else:
            values[field.name] = value
    return Answers(values, faults, consents)


def _value(field: FormField, given: Sequence[str]) -> tuple[object, str]:
    """(value, fault code or ""); ``given`` is not empty."""
    text = given[0]
    if any(text_fault(one) for one in given):
        return None, "text"
    if any(len(one) > field.max_length for one in given):
        return None, "long"
    match field.type:
        case "phone":
            return _phone(text)
        case "email":
            text = unicodedata.normalize("NFKC", text).lower()
            return (text, "") if _EMAIL.fullmatch(text) else (None, "email")
        case "select":
            return (text, "") if text in field.options else (None, "option")
        case "multi":
            chosen = [option for option in field.options if option in given]
            return (chosen, "") if len(chosen) == len(set(given)) else (None, "option")
        case "number":
            return _number(field, unicodedata.normalize("NFKC", text))
        case "date":
            return _date(text)
        case "text":
            return " ".join(text.split()), ""
        case _:
            return text, ""


def _phone(text: str) -> tuple[object, str]:
    try:
        parsed = phonenumbers.parse(unicodedata.normalize("NFKC", text), "CN")
    except phonenumbers.NumberParseException:
        return None, "phone"
    if not phonenumbers.is_valid_number(parsed):
        return None, "phone"
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)), ""


def _number(field: FormField, text: str) -> tuple[object, str]:
    if not _NUMBER.fullmatch(text):
        return None, "number"
    number = float(text)
    if (field.min is not None and number < field.min) or (field.max is not None and number > field.max):
        return None, "range"
    return (int(number) if number.is_integer() else number), ""


def _date(text: str) -> tuple[object, str]:
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        return None, "date"
    return (parsed.isoformat(), "") if 1900 <= parsed.year <= 2200 else (None, "date")


def attributes(form: FormBody, values: Mapping[str, object]) -> dict[str, object]:
    """What the answers say about the customer, by attribute name; phone and email are identities, not here."""
    found: dict[str, object] = {}
    for field in form.fields:
        if field.maps_to and field.maps_to not in ("phone", "email") and field.name in values:
            value = values[field.name]
            found[field.maps_to] = "、".join(map(str, value)) if isinstance(value, list) else value
    return found


def weak(form: FormBody, values: Mapping[str, object]) -> list[tuple[str, str]]:
    """(kind, value) of the phone and email among the answers."""
    return [
        (field.maps_to, str(values[field.name]))
        for field in form.fields
        if field.maps_to in ("phone", "email") and field.name in values
    ]


def told(form: FormBody, values: Mapping[str, object]) -> dict[str, object]:
    """The answers as the timeline may hold them: without phones, emails and long texts."""
    return {
        field.name: values[field.name]
        for field in form.fields
        if field.name in values and field.type in ("select", "multi", "number", "date")
    }


def masked(kind: str, value: str) -> str:
    """A phone as 138****1234, an email as l****@example.com."""
    if kind == "email":
        name, _, host = value.partition("@")
        return f"{name[:1]}****@{host}"
    if value.startswith("+86") and len(value) == 14:
        return f"{value[3:6]}****{value[-4:]}"
    return f"{value[:3]}****{value[-2:]}"
