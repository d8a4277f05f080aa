"""Private: the check of a chunk: what is wrong with its rows, whom they meet, and what importing them will do.

The outcome is a forecast by the rules of K1 over what is known now; the import itself resolves people for good.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from siyu.customers.importing import matching, store
from siyu.customers.importing.matching import Holder, Met
from siyu.customers.importing.parsing import Plan, parse
from siyu.customers.importing.types import Fault, Outcome, Parsed
from siyu.customers.types import EXCLUSIVE, WEAK, Identity
from siyu.kernel.ctx import Ctx

Slots = dict[tuple[str, str], set[str]]
_WHAT = {"phone": ("手机号", "phone"), "email": ("邮箱", "email"), "crm_id": ("客户编号", "CRM id")}


def check_chunk(ctx: Ctx, import_id: int, plan: Plan, rows: Sequence[Any]) -> Counter[str]:
    """Check staged rows (row_no, cells), write the findings; returns how many of each outcome, and warnings."""
    parsed = [parse(plan, row.row_no, row.cells) for row in rows]
    good = [row for row in parsed if not row.faults]
    met = matching.meet(ctx, import_id, good)
    found: list[tuple[int, Outcome, list[Fault], list[Fault]]] = []
    counts: Counter[str] = Counter()
    for row in parsed:
        if row.faults:
            outcome: Outcome = "error"
            warnings: list[Fault] = []
        else:
            outcome, warnings = judge(row, met)
            met.add(("row", row.row_no), row.identities, str(row.values.get("name", "")))
        counts[outcome] += 1
        counts["warnings"] += bool(warnings)
        if outcome != "new" or warnings:
            found.append((row.row_no, outcome, list(row.faults), warnings))
    store.copy_out(
        ctx,
        "import_finding",
        "import_id, row_no, outcome, faults, warnings",
        [(import_id, number, outcome, as_json(faults), as_json(odd)) for number, outcome, faults, odd in found],
    )
    store.copy_out(
        ctx,
        "import_identity",
        "import_id, row_no, kind, scope, value, name",
        [
            (import_id, row.row_no, one.kind, one.scope, one.value, str(row.values.get("name", "")))
            for row in good
            for one in row.identities
        ],
    )
    return counts


def as_json(faults: Sequence[Fault]) -> str:
    """Faults as they are stored."""
    return json.dumps([asdict(fault) for fault in faults], ensure_ascii=False)


def _slots(identities: set[Identity] | tuple[Identity, ...]) -> Slots:
    found: Slots = {}
    for one in identities:
        if one.kind in EXCLUSIVE:
            found.setdefault((one.kind, one.scope), set()).add(one.value)
    return found


def _contradict(a: Slots, b: Slots) -> bool:
    """Whether two people fill one exclusive slot with different values."""
    return any(values != b[slot] for slot, values in a.items() if slot in b)


def judge(row: Parsed, met: Met) -> tuple[Outcome, list[Fault]]:
    """What importing the row will do, and what is odd about it."""
    holders = sorted({holder for one in row.identities for holder in met.by_identity.get(one, ())})
    if not holders:
        return "new", []
    mine = _slots(row.identities)
    slots = [mine, *(_slots(met.identities[holder]) for holder in holders)]
    warnings = [fault for holder in holders[:3] for fault in _odd(row, holder, met)]
    if any(_contradict(a, b) for place, a in enumerate(slots) for b in slots[place + 1 :]):
        return "conflict", warnings
    customers = sum(kind == "customer" for kind, _ in holders)
    if customers > 1:
        return "merge", warnings
    # A row that says the same person as an earlier row is counted as doubled, whether or not that one is known.
    doubled = any(kind == "row" for kind, _ in holders)
    return ("duplicate" if doubled else "update"), warnings


def _odd(row: Parsed, holder: Holder, met: Met) -> list[Fault]:
    """Contradictions between a row and somebody it meets: another phone under one id, another name under one phone."""
    kind, number = holder
    theirs = met.identities[holder]
    shared = [one for one in row.identities if one in theirs]
    who_zh, who_en = (
        (f"第 {number} 行", f"row {number}") if kind == "row" else (f"已有客户 {number}", f"customer {number}")
    )
    found = []
    exclusive = next((one for one in shared if one.kind in EXCLUSIVE), None)
    for weak in WEAK if exclusive else ():
        ours = {one.value for one in row.identities if one.kind == weak}
        other = {one.value for one in theirs if one.kind == weak}
        if ours and other and not ours & other:
            zh, en = _WHAT[weak]
            found.append(Fault(f"other_{weak}", f"与{who_zh}编号相同，{zh}不同", f"same id as {who_en}, another {en}"))
    mine = _slots(row.identities)
    for (slot, scope), values in _slots(theirs).items():
        if values != mine.get((slot, scope), values):
            zh, en = _WHAT.get(slot, (slot, slot))
            found.append(
                Fault(
                    f"other_{slot}",
                    f"与{who_zh}联系方式相同，{zh}不同",
                    f"shares a contact with {who_en}, another {en}",
                )
            )
    name, known = str(row.values.get("name", "")), met.names.get(holder, "")
    if shared and not exclusive and name and known and name != known:
        found.append(
            Fault("other_name", f"与{who_zh}联系方式相同，姓名不同", f"shares a contact with {who_en}, another name")
        )
    return found
