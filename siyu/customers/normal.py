"""Private: pure normal forms of phones, emails, names; what search and sorting need (PRODUCT.md section 2 head)."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

import phonenumbers
from pypinyin import Style, lazy_pinyin, pinyin
from pypinyin.seg.simpleseg import seg

from siyu.customers.types import ANONYMOUS, KINDS, BadIdentity, Identity
from siyu.kernel.text import text_fault

NO_NAME = "~"
"""Sort key of a customer without a name: after every pinyin and every Chinese character that has none."""
ERASED = "\x01"
"""Begins the keyed hash that stands in place of an erased identity value; no value from outside begins so."""
LONGEST = 256
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_PLAIN_MOBILE = re.compile(r"(?:\+86)?(1[3-9][0-9]{9})")
_DAMAGED = re.compile(r"\d[.\d]*[eE]\+?\d+")


def phone(value: str, field: str = "phone") -> str:
    """The E.164 form, default region CN; raises BadIdentity for what is no possible phone (``1.38E+10`` included)."""
    text = unicodedata.normalize("NFKC", value).strip()
    if found := mobile(text):
        return found
    if _DAMAGED.fullmatch(text):
        raise BadIdentity(f"{field} was damaged by a spreadsheet: {value}", field=field)
    try:
        parsed = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        raise BadIdentity(f"{field} is no phone number", field=field) from None
    if not phonenumbers.is_valid_number(parsed):
        raise BadIdentity(f"{field} is no valid phone number", field=field)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def mobile(text: str) -> str | None:
    """The E.164 form of a Chinese mobile number without any ornament; the common case, phonenumbers takes 30 us."""
    match = _PLAIN_MOBILE.fullmatch(text)
    return f"+86{match[1]}" if match else None


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
def _word(word: str) -> list[str]:
    return lazy_pinyin(word)


@lru_cache(maxsize=20000)
def _syllables(text: str) -> list[str]:
    """As lazy_pinyin, word by word: words come again (有限公司) where whole names do not, and it takes 180 us each."""
    return [syllable for word in seg(text) for syllable in _word(word)]


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
def _sounds(character: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The grams of all readings of a character (单 is dan, shan and chan), and the letters that they begin with."""
    readings = dict.fromkeys(pinyin(character, style=Style.NORMAL, heteronym=True)[0])
    return tuple(f"p:{reading}" for reading in readings), tuple(dict.fromkeys(reading[:1] for reading in readings))


_RUNS = re.compile(r"[\u3400-\u9fff\U00020000-\U0003134f]+")
_WORDS = re.compile(r"[a-z0-9]{2,32}")
_LEGAL_FORM = re.compile(r"(股份|集团)?有限(责任)?公司$")


@lru_cache(maxsize=20000)
def _initials(left: str, right: str) -> tuple[str, ...]:
    return tuple(f"i:{a}{b}" for a in _sounds(left)[1] for b in _sounds(right)[1])


@lru_cache(maxsize=20000)
def _name_grams(text: str, person: bool) -> tuple[str, ...]:
    """Every gram costs the index an entry ([m] two thirds of what a customer's row costs), so only what tells people
    apart: syllables and initials in pairs, which a search of more asks for one by one, no pinyin of a company's legal
    form, and single initials of people only."""
    folded = unicodedata.normalize("NFKC", text).strip().lower()[:64]
    found = [*folded.replace(" ", ""), *(a + b for a, b in pairwise(folded) if a != " " != b)]
    for run in _RUNS.findall(_LEGAL_FORM.sub("", folded)):
        for character in run:
            readings, initials = _sounds(character)
            found += readings
            if person:
                found += [f"i:{letter}" for letter in initials]
        for left, right in pairwise(run):
            found += _initials(left, right)
        found += [f"p:{a}{b}" for a, b in pairwise(_syllables(run))]
    for word in _WORDS.findall(folded):
        found += [word[:end] for end in range(2, min(len(word), 12) + 1)]
    return tuple(dict.fromkeys(found))


def grams(name: str | None, company: str | None, phone_number: str | None) -> list[str]:
    """What a customer is found by: characters, pairs, pinyin syllables, initials, last four digits of the phone.

    The same for the same values, also in its order: a row whose grams stay is not indexed again.
    """
    found = dict.fromkeys(_name_grams(name, True)) if name else {}
    if company:
        found.update(dict.fromkeys(_name_grams(company, False)))
    if phone_number and len(phone_number) >= 4:
        found[f"t:{phone_number[-4:]}"] = None
    return list(found)


Wanted = list[list[list[str]]]
"""What a search asks for: all of it must be met; each is met by one of its choices, a choice by all of its grams."""


# Also a few that no character has: they find nobody.
_SYLLABLE = re.compile(
    "(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    "(a|ai|an|ang|ao|e|ei|en|eng|er|i|ia|ian|iang|iao|ie|in|ing|iong|iu|o|ong|ou|u|ua|uai|uan|uang|ue|ui|un|uo|v|ve)"
)
_READINGS = 6
"""So many ways to read letters as syllables are looked for: xian is 先, and the pair 西安."""


def _spelled(letters: str) -> list[list[str]]:
    """The grams of letters read as pinyin, in each way that they can be, long syllables first."""
    ways: dict[int, list[list[str]]] = {len(letters): [[]]}
    for start in range(len(letters) - 1, -1, -1):
        ends = [end for end in range(min(start + 6, len(letters)), start, -1) if ways.get(end)]
        heads = [(letters[start:end], end) for end in ends if _SYLLABLE.fullmatch(letters, start, end)]
        ways[start] = [[head, *rest] for head, end in heads for rest in ways[end]][:_READINGS]
    found: list[list[str]] = []
    for syllables in ways[0]:
        grams_of = [f"p:{a}{b}" for a, b in pairwise(syllables)] or [f"p:{letters}"]
        if grams_of not in found:
            found.append(grams_of)
    return found


def wanted_grams(query: str) -> Wanted:
    """What a search asks for; empty for an empty query.

    A run of Chinese asks for its pairs (one character: itself); latin asks for a word, for syllables (in pairs too) or
    for initials; four digits ask for the end of a phone.
    """
    folded = unicodedata.normalize("NFKC", query).strip().lower()[:64]
    wanted: Wanted = []
    for part in re.findall(r"[\u3400-\u9fff\U00020000-\U0003134f]+|[a-z]+|\d+|[^\sa-z\d]", folded):
        if _chinese(part[0]):
            wanted.append([[a + b for a, b in pairwise(part)] or [part]])
        elif part.isdigit():
            wanted.append([[f"t:{part[-4:]}"], [part[:12]]] if len(part) >= 4 else [[part]])
        else:
            initials = [f"i:{a}{b}" for a, b in pairwise(part)] or [f"i:{part}"]
            wanted.append([[part[:12]], *_spelled(part), initials])
    return wanted
