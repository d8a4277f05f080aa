"""The words of the public pages themselves, in Chinese and English; what the content says stays as written. Pure."""

from collections.abc import Mapping
from typing import Literal

Language = Literal["zh-CN", "en"]

WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh-CN": {
        "skip": "跳到正文",
        "pages": "共 {} 页",
        "sheet": "第 {} 页",
        "choose": "请选择",
        "step": "第 {} 步，共 {} 步",
        "next": "下一步",
        "back": "上一步",
        "download": "下载 PDF",
        "check": "有内容需要修改，请看标红的地方。",
        "kept": "已留存 {}，不改可不填",
        "again_title": "您已提交过",
        "again": "内容已收到，不需要重复提交。",
        "gone_title": "这个链接打不开了",
        "gone": "它可能已经失效，或者内容已经下线。请回到聊天里看看最新的消息。",
        "stale_title": "页面已过期",
        "stale": "请返回上一页刷新后再提交，您刚才填写的内容没有保存。",
        "busy_title": "内容太大",
        "busy": "提交的内容太多，请减少后再试。",
        "fault.required": "请填写此项",
        "fault.consent": "请先阅读并勾选同意",
        "fault.phone": "手机号格式不对，请检查",
        "fault.email": "邮箱格式不对，请检查",
        "fault.option": "请从选项中选择",
        "fault.number": "请填写数字",
        "fault.range": "数字超出范围（{min} 至 {max}）",
        "fault.date": "请按“年-月-日”填写日期，例如 1990-05-20",
        "fault.long": "内容太长，最多 {max_length} 个字",
        "fault.text": "含有无法保存的字符，请重新输入",
        "fault.empty": "请至少填写一项",
        "fault.often": "提交次数太多，请稍后重新打开页面再试",
    },
    "en": {
        "skip": "Skip to content",
        "pages": "{} pages",
        "sheet": "Page {}",
        "choose": "Please choose",
        "step": "Step {} of {}",
        "next": "Next",
        "back": "Back",
        "download": "Download PDF",
        "check": "Some answers need a change: see the marked fields.",
        "kept": "{} is on file; leave empty to keep it",
        "again_title": "Already received",
        "again": "We have your answers; there is no need to send them again.",
        "gone_title": "This link does not work any more",
        "gone": "It may have expired, or the content was taken down. Please look for the latest message in your chat.",
        "stale_title": "This page has expired",
        "stale": "Please go back, refresh the page and send again; what you filled in was not saved.",
        "busy_title": "Too much content",
        "busy": "What you sent is too large. Please shorten it and try again.",
        "fault.required": "Please fill this in",
        "fault.consent": "Please read and tick to agree",
        "fault.phone": "This is not a valid phone number",
        "fault.email": "This is not a valid email address",
        "fault.option": "Please choose one of the options",
        "fault.number": "Please enter a number",
        "fault.range": "The number must be between {min} and {max}",
        "fault.date": "Please write the date as year-month-day, for example 1990-05-20",
        "fault.long": "Too long: at most {max_length} characters",
        "fault.text": "This holds characters that cannot be stored; please type it again",
        "fault.empty": "Please fill in at least one field",
        "fault.often": "Sent too often; please open the page again later",
    },
}


def language(asked: str | None, accepted: str | None) -> Language:
    """Chinese unless ``lang=en`` asks for English, or the browser's first language is English."""
    if asked:
        return "en" if asked.lower().startswith("en") else "zh-CN"
    return "en" if (accepted or "").strip().lower().startswith("en") else "zh-CN"
