"""Pure arithmetic of the policy: quiet hours, periods of caps and quotas. No database, no clock."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from siyu.outreach.types import BadPolicy, Cap, Policy, Quotas, Route, WindowRule


@dataclass(frozen=True, slots=True)
class Times:
    """What the present moment means under a policy, in the company's zone. Moments are UTC, dates local.

    ``quiet_until`` is None when sending is allowed now. The ``*_free`` moments are the first allowed ones of the next
    period.
    """

    now: datetime
    offset: timedelta
    quiet_until: datetime | None
    today: date
    monday: date
    first: date
    day_free: datetime
    week_free: datetime
    month_free: datetime
    tomorrow: datetime


def times(policy: Policy, now: datetime, zone: ZoneInfo) -> Times:
    """The periods around ``now``."""
    local = now.astimezone(zone)
    today = local.date()
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    next_month = (first + timedelta(days=32)).replace(day=1)

    def free(day: date) -> datetime:
        return allowed_at(policy, midnight(day, zone), zone)

    allowed = allowed_at(policy, now, zone)
    return Times(
        now=now,
        offset=local.utcoffset() or timedelta(),
        quiet_until=None if allowed == now else allowed,
        today=today,
        monday=monday,
        first=first,
        day_free=free(today + timedelta(days=1)),
        week_free=free(monday + timedelta(days=7)),
        month_free=free(next_month),
        tomorrow=midnight(today + timedelta(days=1), zone),
    )


def gathered_until(now: Times, seconds: int | None) -> datetime:
    """The next multiple of so many seconds of local time; the present moment without a span."""
    if seconds is None:
        return now.now
    offset = now.offset.total_seconds()
    local = now.now.timestamp() + offset
    return datetime.fromtimestamp((local // seconds + 1) * seconds - offset, UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def allowed_at(policy: Policy, moment: datetime, zone: ZoneInfo) -> datetime:
    """The earliest moment from ``moment`` on that is neither in quiet hours nor on a quiet day."""
    for _ in range(2 * len(policy.quiet_days) + 4):
        local = moment.astimezone(zone)
        if local.date() in policy.quiet_days:
            moment = midnight(local.date() + timedelta(days=1), zone)
        elif _quiet(policy, local.time()):
            day = local.date()
            if policy.quiet_from > policy.quiet_to and local.time() >= policy.quiet_from:
                day += timedelta(days=1)
            moment = datetime.combine(day, policy.quiet_to, zone).astimezone(UTC)
        else:
            return moment
    return moment


def _quiet(policy: Policy, at: time) -> bool:
    if policy.quiet_from <= policy.quiet_to:
        return policy.quiet_from <= at < policy.quiet_to
    return at >= policy.quiet_from or at < policy.quiet_to


def to_json(policy: Policy) -> dict[str, Any]:
    """The policy as it is stored."""
    return {
        "quiet_from": policy.quiet_from.isoformat(),
        "quiet_to": policy.quiet_to.isoformat(),
        "quiet_days": [day.isoformat() for day in policy.quiet_days],
        "caps": [{"route": cap.route, "period": cap.period, "most": cap.most} for cap in policy.caps],
        "windows": [asdict(rule) for rule in policy.windows],
        "quotas": asdict(policy.quotas),
        "patience_s": int(policy.patience.total_seconds()),
    }


def from_json(data: Mapping[str, Any]) -> Policy:
    """Read what ``to_json`` wrote; what is missing has its default."""
    plain = Policy()
    return replace(
        plain,
        quiet_from=time.fromisoformat(data["quiet_from"]) if "quiet_from" in data else plain.quiet_from,
        quiet_to=time.fromisoformat(data["quiet_to"]) if "quiet_to" in data else plain.quiet_to,
        quiet_days=tuple(date.fromisoformat(day) for day in data.get("quiet_days", ())),
        caps=tuple(_cap(cap) for cap in data["caps"]) if "caps" in data else plain.caps,
        windows=tuple(WindowRule(**rule) for rule in data["windows"]) if "windows" in data else plain.windows,
        quotas=Quotas(**data["quotas"]) if "quotas" in data else plain.quotas,
        patience=timedelta(seconds=data["patience_s"]) if "patience_s" in data else plain.patience,
    )


def _cap(data: Mapping[str, Any]) -> Cap:
    return Cap(None if data["route"] is None else Route(data["route"]), data["period"], data["most"])


def checked(policy: Policy) -> Policy:
    """The policy; raises ``BadPolicy`` naming the field that is out of range."""
    seen: set[tuple[str | None, str]] = set()
    for number, cap in enumerate(policy.caps):
        if cap.most < 0:
            raise BadPolicy("a cap is 0 or more", field=f"caps.{number}.most")
        if (cap.route, cap.period) in seen:
            raise BadPolicy("this route and period have two caps", field=f"caps.{number}")
        seen.add((cap.route, cap.period))
    triggers: set[str] = set()
    for number, rule in enumerate(policy.windows):
        if rule.seconds < 1 or rule.messages < 0:
            raise BadPolicy(
                "a window lasts at least 1 second and carries 0 messages or more", field=f"windows.{number}"
            )
        if rule.trigger in triggers:
            raise BadPolicy("this trigger has two windows", field=f"windows.{number}")
        triggers.add(rule.trigger)
    for name, most in asdict(policy.quotas).items():
        if most < 0:
            raise BadPolicy("a quota is 0 or more", field=f"quotas.{name}")
    if not timedelta(minutes=1) <= policy.patience <= timedelta(days=366):
        raise BadPolicy("patience is between 1 minute and 366 days", field="patience_s")
    if len(policy.quiet_days) > 366:
        raise BadPolicy("at most 366 quiet days", field="quiet_days")
    return policy
