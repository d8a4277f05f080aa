"""Private: what a sound definition will not do as its author may think, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from siyu.journeys.days import FURTHEST, Local, Rule
from siyu.journeys.stages import PieceForm, StageForm
from siyu.journeys.types import Caution
from siyu.outreach.types import Policy, Route
from siyu.segments.types import NeedsArchive

_MISSES = "who writes to staff may be missed"
_SILENT = "who writes to staff may pass for silent"
LOOKED_AHEAD = 366
"""Days of entering that are looked at, at most, as far as the calendar is known."""
WEEKS = 28
"""Days that are looked at where no year ahead is in the calendar: weekends come anyway."""
NAMED = 3
"""Days that a warning names, those with the most pieces first."""


def of_chats(found: Iterable[NeedsArchive], *, parts: bool) -> list[Caution]:
    """Conditions that depend on chats between staff and customers, which only the conversation archive shows.

    ``parts``: the step goes on with both, who fulfils the condition and who does not.
    """
    return [_chats(one.field, misses=one.misses or parts, silent=one.silent or parts) for one in found]


def _chats(field: str, *, misses: bool, silent: bool) -> Caution:
    said = " and ".join([_MISSES] * misses + [_SILENT] * silent)
    message = "needs archive: without the conversation archive chats between staff and customers are not seen, so "
    return Caution(field, "needs_archive", message + said, {"misses": misses, "silent": silent})


@dataclass(frozen=True, slots=True)
class _Crowd:
    """The pieces of a stage that fall on one day, for who entered it on another."""

    day: date
    entered: date
    pieces: tuple[str, ...]


def of_days(stages: Iterable[StageForm], local: Local, today: date, policy: Policy) -> list[Caution]:
    """Stages whose rule ``next_workday`` moves several pieces onto one day, where the caps of a day keep some."""
    concerned = [stage for stage in stages if any(piece.days_off == "next_workday" for piece in stage.pieces)]
    if not concerned:
        return []
    entries = _entries(local, today)
    reach = len(entries) + max(rule.day for stage in concerned for _, rule in stage.sequence())
    workdays = _following([not local.off(today + timedelta(days=n)) for n in range(reach + FURTHEST)])
    weekends = _following([local.weekend(today + timedelta(days=n)) for n in range(reach + FURTHEST)])
    found = []
    for stage in concerned:
        crowds = _crowds(stage.sequence(), len(entries), workdays, weekends, policy)
        told = [
            _Crowd(today + timedelta(days=day), today + timedelta(days=entered), ids) for day, entered, ids in crowds
        ]
        if told:
            found.append(_same_day(stage, told))
    return found


def _entries(local: Local, today: date) -> range:
    last = today
    while local.calendar.covers(last.year) and (last - today).days < LOOKED_AHEAD:
        last = date(last.year + 1, 1, 1)
    return range(min(LOOKED_AHEAD, max(WEEKS, (last - today).days)))


def _following(fits: Sequence[bool]) -> list[int]:
    """For each day the first one from it on that fits; the last day for those after which none does."""
    found = [len(fits) - 1] * len(fits)
    for n in reversed(range(len(fits))):
        found[n] = n if fits[n] else found[min(n + 1, len(fits) - 1)]
    return found


def _crowds(
    sequence: Sequence[tuple[PieceForm, Rule]],
    entries: int,
    workdays: Sequence[int],
    weekends: Sequence[int],
    policy: Policy,
) -> list[tuple[int, int, tuple[str, ...]]]:
    """(day, day of entering, pieces), one for each day, the fullest first."""
    fullest: dict[int, tuple[int, tuple[str, ...]]] = {}
    for entered in range(entries):
        days: dict[int, list[tuple[PieceForm, bool]]] = {}
        for piece, rule in sequence:
            wanted = entered + rule.day - 1
            day = wanted
            if rule.part == "weekend_morning":
                day = weekends[wanted]
            elif rule.days_off == "next_workday":
                day = workdays[wanted]
            elif rule.days_off == "skip" and workdays[wanted] != wanted:
                continue
            days.setdefault(day, []).append((piece, day != wanted and rule.days_off == "next_workday"))
        for day, there in days.items():
            here = tuple(piece.id for piece, _ in there)
            fuller = len(here) > len(fullest.get(day, (0, ()))[1])
            if fuller and any(moved for _, moved in there) and _too_many([piece for piece, _ in there], policy):
                fullest[day] = entered, here
    crowds = [(day, entered, pieces) for day, (entered, pieces) in fullest.items()]
    return sorted(crowds, key=lambda one: (-len(one[2]), one[0]))


def _too_many(pieces: Sequence[PieceForm], policy: Policy) -> bool:
    """Whether more pieces fall on a day than the caps of a day let through; Moments count for nobody's cap."""
    routes = [piece.routes[0].route for piece in pieces if piece.routes[0].route != Route.MOMENTS]
    caps = [cap for cap in policy.caps if cap.period == "day"]
    return any(sum(cap.route in (None, route) for route in routes) > cap.most for cap in caps)


def _same_day(stage: StageForm, crowds: Sequence[_Crowd]) -> Caution:
    days = [
        {"day": one.day.isoformat(), "entered": one.entered.isoformat(), "pieces": list(one.pieces)}
        for one in crowds[:NAMED]
    ]
    said = "; ".join(f"on {one['day']} (entered on {one['entered']}) {', '.join(one['pieces'])}" for one in days)
    more = f"; and on {len(crowds) - len(days)} more days" if len(crowds) > len(days) else ""
    message = f"next_workday moves several pieces onto one day, of which the caps of a day keep some: {said}{more}"
    return Caution(f"stages.{stage.id}", "same_day", message, {"days": days, "more": len(crowds) - len(days)})
