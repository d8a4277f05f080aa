"""The demo company's content (素材), in the order in which it must be saved."""

from pathlib import Path

EBOOK_PDF = Path(__file__).parent / "assets" / "ebook.pdf"
KEYWORD = "电子书"
ARTICLE = "ToB 私域运营手册上线：回复“电子书”领取"
LINK_TEXT = "您要的《ToB 企业私域运营手册》"
GROUP_TEXT = "读者群"
REMINDER_TITLE = "资料领取提醒"
ARTICLE_FIRST = "新资料上线"
REMINDER_FIRST = "您的资料还没有领取"
"""The first lines of the two template messages, which share the account's one template and so its title."""

ARTICLE_HTML = """
<p>加上好友只是开始。我们把三年里陪 40 多家 ToB 企业做私域的笔记，整理成了一本小册子：《从加上到成交》。</p>
<h3>里面有什么</h3>
<ul>
<li>把公众号、企业微信、表单和 CRM 里的同一个人合成一个人</li>
<li>让每位客户走自己的时间，而不是您的排期</li>
<li>少发、发准：每一次不发都说得出原因</li>
</ul>
<p><strong>直接回复“电子书”，就把下载链接发给您。</strong></p>
"""


def contents(file_id: int, join_url: str, template_id: str) -> list[dict[str, object]]:
    """Arguments of ``content.save_content``; ``file_id`` is the e-book's PDF, ``join_url`` the group's join way."""
    return [
        {
            "key": "ebook",
            "kind": "ebook",
            "title": "从加上到成交：ToB 企业私域运营手册",
            "body": {"file": file_id, "intro": "一共 7 页，十分钟读完。", "downloadable": True},
        },
        {
            "key": "ebook-form",
            "kind": "form",
            "title": "领取《ToB 企业私域运营手册》",
            "body": {
                "intro": "填好就能打开电子书。手机号只用于和您联系，不会给第三方。",
                "fields": [
                    {
                        "name": "name",
                        "label": "怎么称呼您",
                        "type": "text",
                        "required": True,
                        "max_length": 40,
                        "maps_to": "name",
                    },
                    {"name": "phone", "label": "手机号", "type": "phone", "required": True, "maps_to": "phone"},
                    {"name": "company", "label": "公司", "type": "text", "max_length": 80, "maps_to": "company"},
                    {
                        "name": "agree",
                        "label": "我同意云启软件记录我的阅读情况，以便提供更合适的内容",
                        "type": "consent",
                        "required": True,
                        "purpose": "profiling",
                    },
                ],
                "submit": "领取电子书",
                "after": {
                    "title": "领取成功",
                    "text": "点下面的按钮打开电子书。",
                    "ctas": [{"label": "打开电子书", "kind": "download", "content": "ebook"}],
                },
            },
        },
        {
            "key": "ebook-article",
            "kind": "article",
            "title": ARTICLE,
            "digest": "40 多家 ToB 企业的私域笔记，回复“电子书”领取。",
            "body": {
                "html": ARTICLE_HTML,
                "author": "云启软件",
                "message": f"{ARTICLE}。\n40 多家 ToB 企业的私域笔记，直接回复“电子书”，把下载链接发给您。",
                "template": {
                    "template_id": template_id,
                    "data": {
                        "first": ARTICLE_FIRST,
                        "keyword1": "ToB 企业私域运营手册",
                        "keyword2": "长期有效",
                        "remark": "回复“电子书”领取",
                    },
                },
            },
        },
        {
            "key": "ebook-form-link",
            "kind": "text",
            "title": "电子书下载链接",
            "body": {"text": "{{name|您}}好，" + LINK_TEXT + "在这里：{{link:ebook-form}}\n填三项就能打开。"},
        },
        {
            "key": "reader-group",
            "kind": "link",
            "title": "ToB 私域读者群",
            "body": {"url": join_url},
        },
        {
            "key": "group-invitation",
            "kind": "text",
            "title": "读者群邀请",
            "body": {"text": "还没来得及填？先进" + GROUP_TEXT + "也行，同行都在里面聊：{{link:reader-group}}"},
        },
        {
            "key": "ebook-reminder",
            "kind": "template",
            "title": REMINDER_TITLE,
            "body": {
                "template": {
                    "template_id": template_id,
                    "data": {
                        "first": REMINDER_FIRST,
                        "keyword1": "ToB 企业私域运营手册",
                        "keyword2": "长期有效",
                        "remark": "点开即可领取，或回复“电子书”",
                    },
                },
                "target": "ebook-form",
            },
        },
    ]


STORY_HTML = """
<p>一家 40 人的制造企业，加好友一个月两千人，六成没人跟。三个月后，这个数字是一成。</p>
<h3>他们只做了三件事</h3>
<ul>
<li>每个人从加上那天起有自己的两周，而不是跟着公司的群发走</li>
<li>谁看了什么、回了什么，第二天早上就在销售的桌面上</li>
<li>不该发的不发：每一次不发都说得出原因</li>
</ul>
"""


def for_contacts(file_id: int) -> list[dict[str, object]]:
    """What salespeople send their contacts, as arguments of ``content.save_content``."""
    return [
        {
            "key": "handbook",
            "kind": "ebook",
            "title": "从加上到成交：ToB 企业私域运营手册",
            "body": {"file": file_id, "intro": "一共 7 页，十分钟读完。", "downloadable": True},
        },
        {
            "key": "book-demo",
            "kind": "form",
            "title": "预约 15 分钟线上演示",
            "body": {
                "intro": "手机号只用于约时间。",
                "fields": [
                    {"name": "phone", "label": "手机号", "type": "phone", "required": True, "maps_to": "phone"},
                    {"name": "company", "label": "公司", "type": "text", "max_length": 80, "maps_to": "company"},
                    {
                        "name": "agree",
                        "label": "我同意云启软件记录我的阅读情况，以便提供更合适的内容",
                        "type": "consent",
                        "required": True,
                        "purpose": "profiling",
                    },
                ],
                "submit": "预约",
                "after": {"title": "预约成功", "text": "顾问会和您确认时间。"},
            },
        },
        {
            "key": "case-story",
            "kind": "article",
            "title": "六成没人跟，到一成：一家制造企业的三个月",
            "digest": "三件事，按顺序做。",
            "body": {
                "html": STORY_HTML,
                "author": "云启软件",
                "ctas": [{"label": "约 15 分钟演示", "content": "book-demo"}],
            },
        },
    ]
