"""How people read a page."""

from __future__ import annotations

from people import Cta, Field
from sandbox.html import Form, read


def test_a_page_is_read_with_its_marks_forms_and_links() -> None:
    markup = """<body data-view="T" data-beacon="/t/view" data-pages="12" data-page="book:3">
    <a href="/plain">无</a><a data-cta="group" href="/g?x=1&amp;y=2">进群</a>
    <form method="POST" action="../f"><input type=hidden name=view value="v&quot;1">
    <label for=a>手机号<b>*</b></label><input id=a type="tel" name="phone" required value="138****1234">
    <label><input type=checkbox name=topics value=理财><span>理财</span></label>
    <label><input type=checkbox name=topics value=育儿><span>育儿</span></label>
    <label>称呼</label><select name="title"><option value="">请选择</option><option value="女士">女士</option></select>
    <textarea name=note></textarea><input name=off disabled><input type=submit value=go></form>
    <form action="/search"><input name=q></form></body>"""
    seen = read("http://127.0.0.1:1/l/p/x", markup)
    assert (seen.view, seen.beacon, seen.pages, seen.name) == ("T", "http://127.0.0.1:1/t/view", 12, "book:3")
    assert seen.ctas == [Cta("group", "http://127.0.0.1:1/g?x=1&y=2")]
    form, search = seen.forms
    assert search == Form("http://127.0.0.1:1/search", "get", [Field("q")])
    assert (form.action, form.method) == ("http://127.0.0.1:1/l/f", "post")
    assert [(f.name, f.type, f.value, f.options, f.required) for f in form.fields] == [
        ("view", "hidden", 'v"1', (), False),
        ("phone", "tel", "138****1234", (), True),
        ("topics", "radio", "", ("理财", "育儿"), False),
        ("title", "select", "", ("", "女士"), False),
        ("note", "textarea", "", (), False),
    ]
    assert form.fields[1].label == "手机号*"


def test_pages_that_differ_in_their_tokens_only_are_read_each_for_its_own_person() -> None:
    markup = """<body data-view="{0}" data-beacon="/t/view" data-pages=1><form method=post action="/f/{1}">
    <input type=hidden name=view value="{0}"><input name=phone value="{2}"></form>
    <form method=post action=""></form><a data-cta=download href="{1}/book?view={0}">书</a>"""
    for token, code, phone in (("AaBbCcDdEe0_-1", "AgWzDUHktnlQlA", ""), ("Zz9988776655-_", "BR-PSLGY-qTVxA", "139")):
        here = f"http://127.0.0.1:1/p/{code}"
        seen = read(f"{here}?k={code}#top", markup.format(token, code, phone))
        assert (seen.view, seen.beacon) == (token, "http://127.0.0.1:1/t/view")
        form, here_again = seen.forms
        assert form.action == f"http://127.0.0.1:1/f/{code}"
        assert [(f.name, f.value) for f in form.fields] == [("view", token), ("phone", phone)]
        assert here_again.action == f"{here}?k={code}"
        assert seen.ctas == [Cta("download", f"http://127.0.0.1:1/p/{code}/book?view={token}")]


def test_a_broken_page_is_no_error() -> None:
    seen = read("http://127.0.0.1/", "<body data-pages=x><form><select name=a><option>1<input name=b><a data-cta=x>")
    assert (seen.pages, seen.ctas, seen.forms[0].method) == (0, [], "get")
