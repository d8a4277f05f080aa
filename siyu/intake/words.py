"""Opt-out words (N3): a message that is one of them, and nothing else, stops pushes to its sender."""

import unicodedata

OPT_OUT = frozenset({"退订", "td", "取消推送"})
WRITTEN = {"退訂": "退订", "我要退订": "退订", "td退订": "退订", "回td": "td", "回复td": "td", "回td退订": "td"}
"""How people write them too: as the notice reads that tells them how (回TD退订), and in traditional characters."""


def normal(text: str) -> str:
    """Full-width forms folded, case folded, everything but letters and digits taken out."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(ch for ch in folded if ch.isalnum())


def opt_out_word(text: str) -> str | None:
    """The opt-out word that the message is, as it is listed; None for every other message."""
    # A long message is never one word; folding it would be wasted.
    word = normal(text) if len(text) <= 40 else ""
    word = WRITTEN.get(word, word)
    return word if word in OPT_OUT else None
