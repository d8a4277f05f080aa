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
    Reason("planned", "go", "等待本轮群发任务", "waits for its round of send tasks"),
    Reason(
        "handed", "go", "已进入群发助手，等待员工确认", "in WeCom's assistant, waits for the salesperson to confirm"
    ),
    Reason("posted", "go", "员工已发表到朋友圈", "the salesperson posted it in Moments"),
    Reason("recalling", "go", "正在从群发助手撤回", "is being withdrawn from WeCom's assistant"),
    Reason(
        "could_not_recall",
        "go",
        "任务已交给员工，无法撤回",
        "withdrawn too late: the task was with the salesperson and could not be recalled",
    ),
    Reason("joined", "later", "并入当日较晚的一轮群发任务", "joined with a later round of the day"),
    Reason("quiet_hours", "later", "处于免打扰时段", "quiet hours or a quiet day"),
    Reason("holiday", "later", "法定节假日暂停发送", "a public holiday, on which the policy holds sends"),
    Reason("cap_day", "later", "已达每人每日上限", "the person's daily cap is reached"),
    Reason("cap_week", "later", "已达每人每周上限", "the person's weekly cap is reached"),
    Reason("cap_route_day", "later", "已达该触达通路每人每日上限", "the person's daily cap of this route is reached"),
    Reason("cap_route_week", "later", "已达该触达通路每人每周上限", "the person's weekly cap of this route is reached"),
    Reason(
        "push_open",
        "later",
        "上一条群发还在等员工确认",
        "an earlier push of the person still waits for its salesperson",
    ),
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
    Reason("unreachable", "route", "该账号下没有可用的身份", "the person has no usable identity with this account"),
    Reason("not_following", "route", "未关注该公众号", "the person does not follow the account"),
    Reason("not_contact", "route", "未添加该员工", "the person is no contact of the sender, or of any staff member"),
    Reason(
        "sender_left",
        "route",
        "添加的员工已停用，没有其他在岗员工可发送",
        "the salesperson is switched off, and no active one has the person as a contact",
    ),
    Reason("blocked", "route", "对方拒收该账号消息", "the person refuses messages of the account"),
    Reason("window_closed", "route", "不在客服消息时间窗口内", "no window for customer messages is open"),
    Reason("window_full", "route", "客服消息窗口的条数已用完", "the open window's messages are used up"),
    Reason(
        "session_taken",
        "route",
        "客服会话由人工接待或已结束，不能代发",
        "the customer service chat is with a servicer, or has ended: no message but by hand",
    ),
    Reason("content_unusable", "route", "素材无法经此触达通路发送", "the content cannot go by this route"),
    Reason(
        "no_welcome_code",
        "route",
        "没有欢迎语凭证（双方已在聊天，或企业微信后台已配置欢迎语）",
        "it came without a welcome code: the two chat already, or WeCom's console has a welcome of its own",
    ),
    Reason("welcome_late", "route", "已超过欢迎语 20 秒时限", "the 20 seconds for a welcome are over"),
    Reason(
        "archive_pending",
        "route",
        "客户尚未同意会话存档，暂不能发欢迎语",
        "the customer has not agreed to archiving yet, so no welcome is possible",
    ),
    Reason("gather_too_few", "route", "合并人数不足 2 人", "fewer than 2 people were gathered for a mass send"),
    Reason(
        "quota_month", "route", "本月该粉丝的群发次数已满", "the follower had the account's mass sends of this month"
    ),
    Reason(
        "quota_broadcast",
        "route",
        "客户接收企业群发的次数已满",
        "the customer had as many of WeCom's group sends as its rule allows",
    ),
    Reason("quota_moments", "route", "企业本月朋友圈任务已满", "the company's Moments tasks of this month are used up"),
    Reason("rounds_full", "route", "该员工当日群发轮次已满", "the sender's rounds of this day are used up"),
    Reason("tasks_full", "route", "该员工当日群发任务已满", "the sender's tasks of this day are used up"),
    Reason(
        "posts_full",
        "route",
        "该员工的朋友圈发表次数已满",
        "the sender's Moments posts of this day or month are used up",
    ),
    Reason(
        "already_posted",
        "route",
        "该员工的朋友圈已发表过相同内容，再发会让其他客户重复看到",
        "the sender posted this content before: posted again, the other customers would see it twice",
    ),
    Reason("not_shown", "route", "朋友圈未展示给对方", "the post was not shown to the person"),
    Reason("not_confirmed", "route", "员工未在期限内确认", "the salesperson did not confirm in time"),
    Reason("quota_day", "route", "账号当日接口额度已满", "the account's calls of this day are used up"),
    Reason("expired", "not", "已过期", "it was not sent before it expired"),
    Reason("already_had_content", "not", "已收到过相同内容", "the person already had this content"),
    Reason(
        "already_greeted",
        "not",
        "对方已收到欢迎语或已开始聊天",
        "another welcome was delivered already, or the two chat",
    ),
    Reason("opted_out", "not", "已退订", "the person opted out"),
    Reason("blacklisted", "not", "在黑名单中", "the person is on the blacklist"),
    Reason("no_consent", "not", "未同意联系", "no consent to contact"),
    Reason("erased", "not", "客户资料已删除", "the person's data were erased"),
    Reason("cancelled", "not", "已被撤回", "withdrawn by the one who asked"),
    Reason("stage_left", "not", "客户已离开该阶段", "the person left the stage"),
    Reason("journey_ended", "not", "客户的旅程已结束", "the person's journey ended"),
    Reason("journey_stopped", "not", "旅程已停止", "the journey was stopped"),
    Reason("replied", "not", "客户已回复", "the person replied"),
    Reason("merged", "not", "客户合并后重复的请求", "the same request existed for the person it was merged into"),
    Reason(
        "uncertain",
        "failed",
        "连接中断，结果未知，不再重发",
        "the connection died after sending; not repeated, because it may have arrived",
    ),
    Reason("platform_refused", "failed", "平台拒绝", "the platform refused the call"),
    Reason("platform_failed", "failed", "平台发送失败", "the platform accepted it and then failed to deliver"),
    Reason("app_closed", "failed", "微信客服的应用已被关闭", "the app of customer service is closed"),
    Reason("not_verified", "failed", "企业主体未验证", "the company is not verified"),
    Reason(
        "nobody_logged_in",
        "failed",
        "没有成员登录企业微信，客服消息发不出",
        "no member is logged in to WeCom, so customer service delivers nothing",
    ),
    Reason("security_block", "failed", "被平台安全限制拦截", "the platform blocked it for security"),
    Reason("mass_rejected", "failed", "平台未通过本次群发", "the platform rejected the mass send"),
)

REASONS: dict[str, Reason] = {reason.code: reason for reason in _ALL}


def codes(kind: Kind) -> list[str]:
    """The codes of one kind."""
    return [reason.code for reason in _ALL if reason.kind == kind]
