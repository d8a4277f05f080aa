"""Private: which automatic replies a text means, and in which order they are asked. Pure.

The order is total and depends on nothing but the replies and the text: priority, then the whole message before a part
of it before a pattern, then the longest word, keywords before questions, the older reply.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from siyu.replies.types import BadPattern, Match, Reply, ReplyKind

LONGEST = 2_000
"""Characters of a message that are looked at; the timeline keeps no more."""
RANK = {Match.EXACT: 0, Match.CONTAINS: 1, Match.PATTERN: 2}
_NUMBERS = re.compile(r"\d{5,}")


class Hit(NamedTuple):
    """A reply that a text means, by the first of its longest words that matched."""

    reply: Reply
    word: str


def normal(text: str) -> str:
    """Full-width forms and case folded, everything but letters and digits taken out: "ｅ-Book？" is "ebook"."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    return "".join(one for one in folded if one.isalnum())


def question(text: str) -> str:
    """The normal form under which unanswered questions are counted; long numbers, which name people, are left out."""
    return _NUMBERS.sub("#", normal(text))[:100]


@lru_cache(maxsize=1024)
def pattern(source: str) -> Any:
    """A compiled pattern of RE2, whose matching is linear in the text whatever the pattern. Raises BadPattern."""
    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    options.case_sensitive = False
    try:
        return re2.compile(_folded(source), options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise BadPattern(f"not a pattern: {reason}", field="words", detail={"pattern": source}) from None


def _folded(source: str) -> str:
    """A pattern as messages are folded before they are compared: ？ stands for a question mark and is no operator."""
    forms = [(one, unicodedata.normalize("NFKC", one)) for one in source]
    return "".join(one if one == form else re.escape(form) for one, form in forms)


def hits(replies: Iterable[Reply], text: str) -> list[Hit]:
    """The keyword replies and questions that ``text`` means, in the order in which they are asked."""
    said = normal(text)
    folded = unicodedata.normalize("NFKC", text[:LONGEST])
    found = [
        Hit(reply, word)
        for reply in replies
        if reply.new.kind is not ReplyKind.MENU and (word := _word(reply, said, folded)) is not None
    ]
    return sorted(found, key=_order)


def pressed(replies: Iterable[Reply], key: str) -> list[Hit]:
    """The menu replies of a menu key, in order."""
    found = [Hit(reply, key) for reply in replies if reply.new.kind is ReplyKind.MENU and key in reply.new.words]
    return sorted(found, key=lambda hit: (-hit.reply.new.priority, hit.reply.reply_id))


def _order(hit: Hit) -> tuple[int, int, int, int, int]:
    new = hit.reply.new
    words = len(normal(hit.word))
    return -new.priority, RANK[new.match], -words, int(new.kind is ReplyKind.FAQ), hit.reply.reply_id


def _word(reply: Reply, said: str, folded: str) -> str | None:
    new = reply.new
    if new.match is Match.PATTERN:
        fitting: Sequence[str] = [word for word in new.words if pattern(word).search(folded)]
    elif new.match is Match.EXACT:
        fitting = [word for word in new.words if said and normal(word) == said]
    else:
        fitting = [word for word in new.words if (form := normal(word)) and form in said]
    return max(fitting, key=lambda word: len(normal(word)), default=None)
