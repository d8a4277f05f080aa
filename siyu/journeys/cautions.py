"""Private: what a sound definition will not do as its author may think, in words."""

from collections.abc import Iterable

from siyu.journeys.types import Caution
from siyu.segments.types import NeedsArchive

_MISSES = "who writes to staff may be missed"
_SILENT = "who writes to staff may pass for silent"


def of_chats(found: Iterable[NeedsArchive], *, parts: bool) -> list[Caution]:
    """Conditions that depend on chats between staff and customers, which only the conversation archive shows.

    ``parts``: the step goes on with both, who fulfils the condition and who does not.
    """
    return [_chats(one.field, misses=one.misses or parts, silent=one.silent or parts) for one in found]


def _chats(field: str, *, misses: bool, silent: bool) -> Caution:
    said = " and ".join([_MISSES] * misses + [_SILENT] * silent)
    message = "needs archive: without the conversation archive chats between staff and customers are not seen, so "
    return Caution(field, "needs_archive", message + said, {"misses": misses, "silent": silent})
