"""Keys from titles: 私域运营入门 becomes si-yu-yun-ying-ru-men. Pure."""

import re
import unicodedata

from pypinyin import lazy_pinyin

_LONGEST = 48


def key_of(title: str) -> str:
    """A key that says what the title says, in letters a to z, digits and hyphens; ``content`` when nothing is left."""
    spoken = "-".join(lazy_pinyin(unicodedata.normalize("NFKC", title)))
    plain = unicodedata.normalize("NFKD", spoken).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(key) > _LONGEST:
        key = key[: _LONGEST + 1].rpartition("-")[0] or key[:_LONGEST]
    return key or "content"


def free(key: str, taken: frozenset[str]) -> str:
    """``key``, or with the first number behind it that nobody took."""
    if key not in taken:
        return key
    number = 2
    while f"{key}-{number}" in taken:
        number += 1
    return f"{key}-{number}"
