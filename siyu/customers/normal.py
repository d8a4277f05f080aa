"""Private: pure normal forms of phones, emails, names; what search and sorting need (PRODUCT.md section 2 head)."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from pypinyin import Style, lazy_pinyin, pinyin

from siyu.customers.types import ANONYMOUS, KINDS, BadIdentity, Identity
from siyu.kernel.text import text_fault

NO_NAME = "~"
"""Sort key of a customer without a name: after every pinyin and every Chinese character that has none."""
ERASED = "\x01"
"""Begins the keyed hash that stands in place of an erased identity value; no value from outside begins so."""
LONGEST = 256
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_PLAIN_MOBILE = re.compile(r"(?:\+86)?(1[3-9]\d{9})")
_DAMAGED = re.compile(r"\d[.\d]*[eE]\+?\d+")


def phone(value: str, field: str = "phone") -> str:
    """The E.164 form, default region CN; raises BadIdentity for what is no possible phone (``1.38E+10`` included)."""
    text = unicodedata.normalize("NFKC", value).strip()
    if match := _PLAIN_MOBILE.fullmatch(text):
        return f"+86{match[1]}"  # the common case; phonenumbers takes 30 microseconds
    if _DAMAGED.fullmatch(text):
        raise BadIdentity(f"{field} was damaged by a spreadsheet: {value}", field=field)
    try:
        parsed = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        raise BadIdentity(f"{field} is no phone number", field=field) from None
    if not phonenumbers.is_valid_number(parsed):
        raise BadIdentity(f"{field} is no valid phone number", field=field)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def email(value: str, field: str = "email") -> str:
    """Trimmed and lower-cased; raises BadIdentity."""
    text = unicodedata.normalize("NFKC", value).strip().lower()
    if len(text) > LONGEST or not _EMAIL.fullmatch(text):
        raise BadIdentity(f"{field} is no email address", field=field)
    return text


def identity(given: Identity, field: str) -> Identity:
    """The normal form; raises BadIdentity naming ``field``."""
    if given.kind not in KINDS:
        raise BadIdentity(
            f"there is no identity kind {given.kind!r}", field=f"{field}.kind", detail={"kinds": list(KINDS)}
        )
    for name, text in (("value", given.value), ("scope", given.scope)):
        if fault := text_fault(text):
            raise BadIdentity(f"the identity holds a {fault}", field=f"{field}.{name}")
    if given.kind == "phone":
        return Identity("phone", phone(given.value, f"{field}.value"))
    if given.kind == "email":
        return Identity("email", email(given.value, f"{field}.value"))
    value = given.value.strip()
    if not value or value.startswith(ERASED) or len(value) > LONGEST or len(given.scope) > LONGEST:
        raise BadIdentity(f"an identity needs 1 to {LONGEST} characters", field=f"{field}.value")
    if given.kind in ("oa_openid", "crm_id") and not given.scope:
        raise BadIdentity(f"{given.kind} needs its scope", field=f"{field}.scope")
    scope = "" if given.kind in ("unionid", ANONYMOUS) else given.scope
    return Identity(given.kind, value, scope)


def masked_phone(value: str | None) -> str | None:
    """``+8613812341234`` as 138****1234; other countries keep their code and the last two digits."""
    if not value:
        return None
    if value.startswith("+86") and len(value) == 14:
        return f"{value[3:6]}****{value[-4:]}"
    return f"{value[:3]}****{value[-2:]}"


def masked_email(value: str | None) -> str | None:
    """``li@example.com`` as l****@example.com."""
    if not value or "@" not in value:
        return None
    name, _, host = value.partition("@")
    return f"{name[:1]}****@{host}"


@lru_cache(maxsize=20000)
def _syllables(text: str) -> list[str]:
    return lazy_pinyin(text)


@lru_cache(maxsize=20000)
def name_key(name: str | None) -> str:
    """The sort key: pinyin syllables, so that Chinese names sort as people look for them."""
    if not name or not name.strip():
        return NO_NAME
    folded = unicodedata.normalize("NFKC", name).strip().lower()
    return " ".join(part.strip() for part in _syllables(folded))[:200] or NO_NAME


def _chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003134f"


@lru_cache(maxsize=20000)
def _readings(character: str) -> list[str]:
    return pinyin(character, style=Style.NORMAL, heteronym=True)[0]


@lru_cache(maxsize=20000)
def _name_grams(text: str) -> frozenset[str]:
    folded = unicodedata.normalize("NFKC", text).strip().lower()[:64]
    grams = set(folded.replace(" ", ""))
    grams.update(folded[i : i + 2] for i in range(len(folded) - 1) if " " not in folded[i : i + 2])
    runs = re.findall(r"[\u3400-\u9fff\U00020000-\U0003134f]+", folded)
    for run in runs:  # all readings of each character: 单 is dan, shan and chan
        readings = [_readings(character) for character in run]
        grams.update(f"p:{reading}" for options in readings for reading in options)
        initials = [sorted({reading[:1] for reading in options}) for options in readings]
        for start in range(len(initials)):
            spelled = [""]
            for options in initials[start : start + 4]:
                spelled = [head + letter for head in spelled for letter in options][:16]
                grams.update(f"i:{letters}" for letters in spelled)
        syllables = _syllables(run)
        for start in range(len(syllables)):
            for end in range(start + 2, min(start + 4, len(syllables)) + 1):
                grams.add("p:" + "".join(syllables[start:end]))
    for word in re.findall(r"[a-z0-9]{2,32}", folded):
        grams.update(word[:end] for end in range(2, min(len(word), 12) + 1))
    return frozenset(grams)


def grams(name: str | None, company: str | None, phone_number: str | None) -> list[str]:
    """What a customer is found by: characters, pairs, pinyin syllables, initials, last four digits of the phone."""
    found: set[str] = set()
    for text in (name, company):
        if text:
            found |= _name_grams(text)
    if phone_number and len(phone_number) >= 4:
        found.add(f"t:{phone_number[-4:]}")
    return sorted(found)


def wanted_grams(query: str) -> list[list[str]]:
    """What a search asks for: every inner list is a choice, all lists must be met. Empty for an empty query.

    A run of Chinese asks for its pairs (one character: itself); latin asks for a word, a syllable or initials;
    four digits ask for the end of a phone.
    """
    folded = unicodedata.normalize("NFKC", query).strip().lower()[:64]
    wanted: list[list[str]] = []
    for part in re.findall(r"[\u3400-\u9fff\U00020000-\U0003134f]+|[a-z]+|\d+|[^\sa-z\d]", folded):
        if _chinese(part[0]):
            wanted.extend([part[i : i + 2]] for i in range(len(part) - 1)) if len(part) > 1 else wanted.append([part])
        elif part.isdigit():
            wanted.append([f"t:{part[-4:]}", part[:12]] if len(part) >= 4 else [part])
        else:
            wanted.append([part[:12], f"p:{part}", f"i:{part[:4]}"])
    return wanted
