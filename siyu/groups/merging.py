"""Private: how a reported change or a reading of a group alters one member's row. Pure."""

from datetime import datetime, timedelta
from typing import Any

SAME = timedelta(minutes=1)
"""The callback's time and the list's time of one joining differ by seconds at most."""

MemberRow = dict[str, Any]


def blank(account_id: int, chat_id: str, member: str) -> MemberRow:
    """The row of a member never heard of before. ``told_inside``: what the customer's timeline says."""
    return {
        "account_id": account_id,
        "chat_id": chat_id,
        "member": member,
        "staff": False,
        "name": "",
        "scene": "",
        "state": "",
        "customer_id": None,
        "origin_id": None,
        "joined_at": None,
        "left_at": None,
        "told_inside": False,
    }


def is_inside(row: MemberRow) -> bool:
    """Whether the member is in the group by the times known so far."""
    joined, left = row["joined_at"], row["left_at"]
    return joined is not None and (left is None or joined > left)


def join(row: MemberRow, at: datetime) -> bool:
    """The member joined at ``at``, as a callback tells it; what is older than the row's news moves nothing.

    Whether it is another joining than the one known so far.
    """
    before = row["joined_at"]
    row["joined_at"] = max(before or at, at)
    return before is None or at > before + SAME


def listed(row: MemberRow, at: datetime) -> None:
    """A list of the group says that the member joined at ``at``; about the time known so far it means that one."""
    if not is_inside(row) or at > row["joined_at"] + SAME:
        join(row, at)


def leave(row: MemberRow, at: datetime) -> None:
    """The member left at ``at``; what is older than the row's news moves nothing."""
    row["left_at"] = max(row["left_at"] or at, at)


def news(row: MemberRow) -> tuple[str, datetime] | None:
    """The event that the customer's timeline lacks, marked as told: (group_joined or group_left, when)."""
    inside = is_inside(row)
    if row["customer_id"] is None or inside == row["told_inside"]:
        return None
    row["told_inside"] = inside
    return ("group_joined", row["joined_at"]) if inside else ("group_left", row["left_at"])
