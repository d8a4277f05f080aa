"""Every reason that a decision or an outcome may carry, with its kind and its words. docs/outreach.md must name each
(a test looks)."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["go", "later", "route", "not", "failed"]
"""go: it goes. later: put off to a known time. route: this route cannot; the next choice is tried, without one it is
not sent. not: not sent. failed: the platform was called."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: what it means in Chinese and English."""

    code: str
    kind: Kind
    zh: str
    en: str


_ALL = (
    Reason("asked", "go", "已提出，等待判断", "asked for, not yet decided"),
    Reason("now", "go", "可以发送", "may go now"),
    Reason("gathering", "go", "等待与他人合并群发", "waits to be gathered into a mass send"),
    Reason("quiet_hours", "later", "处于免打扰时段", "quiet hours or a quiet day"),
    Reason("cap_day", "later", "已达每人每日上限", "the person's daily cap is reached"),
    Reason("cap_week", "later", "已达每人每周上限", "the person's weekly cap is reached"),
    Reason("cap_route_day", "later", "已达该通路每人每日上限", "the person's daily cap of this route is reached"),
    Reason("cap_route_week", "later", "已达该通路每人每周上限", "the person's weekly cap of this route is reached"),
    Reason("platform_busy", "later", "平台繁忙，稍后重试", "the platform is busy; tried again later"),
    Reason("platform_pace", "later", "平台限速，稍后重试", "the platform asks to slow down; tried again later"),
    Reason(
        "not_started", "later", "本批时间已尽，退回重排", "the batch's time was over before this send began; put back"
    ),
    Reason(
        "account_missing",
        "route",
        "账号不存在、已停用或类型不符",
        "the account does not exist, is switched off or is of another kind",
    ),
    Reason("unreachable", "route", "在该账号下没有可用的 openid", "the person has no usable openid with this account"),
    Reason("not_following", "route", "未关注该公众号", "the person does not follow the account"),
    Reason("blocked", "route", "对方拒收该公众号消息", "the person refuses messages of the account"),
    Reason("window_closed", "route", "不在客服消息时间窗口内", "no window for customer messages is open"),
    Reason("window_full", "route", "客服消息窗口的条数已用完", "the open window's messages are used up"),
    Reason("content_unusable", "route", "素材无法经此通路发送", "the content cannot go by this route"),
    Reason("gather_too_few", "route", "合并人数不足 2 人", "fewer than 2 people were gathered for a mass send"),
    Reason(
        "quota_month", "route", "本月该粉丝的群发次数已满", "the follower had the account's mass sends of this month"
    ),
    Reason("quota_day", "route", "账号当日接口额度已满", "the account's calls of this day are used up"),
    Reason("expired", "not", "已过期", "it was not sent before it expired"),
    Reason("already_had_content", "not", "已收到过相同内容", "the person already had this content"),
    Reason("opted_out", "not", "已退订", "the person opted out"),
    Reason("blacklisted", "not", "在黑名单中", "the person is on the blacklist"),
    Reason("no_consent", "not", "未同意联系", "no consent to contact"),
    Reason("erased", "not", "客户资料已删除", "the person's data were erased"),
    Reason("cancelled", "not", "已被撤回", "withdrawn by the one who asked"),
    Reason("merged", "not", "客户合并后重复的请求", "the same request existed for the person it was merged into"),
    Reason(
        "uncertain",
        "failed",
        "连接中断，结果未知，不再重发",
        "the connection died after sending; not repeated, because it may have arrived",
    ),
    Reason("platform_refused", "failed", "平台拒绝", "the platform refused the call"),
    Reason("platform_failed", "failed", "平台发送失败", "the platform accepted it and then failed to deliver"),
    Reason("mass_rejected", "failed", "平台未通过本次群发", "the platform rejected the mass send"),
)

REASONS: dict[str, Reason] = {reason.code: reason for reason in _ALL}


def codes(kind: Kind) -> list[str]:
    """The codes of one kind."""
    return [reason.code for reason in _ALL if reason.kind == kind]
