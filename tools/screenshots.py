"""Takes docs/screenshots/ anew from a running demo company.

Run: .venv/bin/python -m tools.screenshots [ADDRESS], some minutes after ``make run`` began for the first time, when
people have read and filled in the form. It imports a file of examples/import/, tags somebody and saves a segment there.
"""

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import APIRequestContext, FilePayload, Page, ViewportSize, sync_playwright

from tools.browser import find

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "screenshots"
FILE = ROOT / "examples" / "import" / "dirty-customers-gb18030.csv"
SIGN_IN = {"login": "operator", "password": "siyu-demo-2026"}
WIDE: ViewportSize = {"width": 1440, "height": 900}
TAG = ("意向", "高")
SEGMENT = "想要手册、还没留资料的人"
CONDITION = {
    "all": [
        {"kind": "source", "touch": "first", "via": ["oa_scene"]},
        {
            "any": [
                {
                    "kind": "event",
                    "type": "message_received",
                    "where": {"text": {"contains": "电子书"}},
                    "within": "7d",
                },
                {"kind": "tag", "tag": "/".join(TAG)},
            ]
        },
        {"not": {"kind": "event", "type": "form_submitted", "within": "30d"}},
    ]
}


class Desk:
    """The API as the operator."""

    def __init__(self, request: APIRequestContext, address: str) -> None:
        self.request, self.address = request, address
        self.post("/api/team/sign-in", SIGN_IN)

    def get(self, path: str) -> Any:
        return self._read(self.request.get(self.address + path))

    def post(self, path: str, body: object = None) -> Any:
        return self._read(self.request.post(self.address + path, data=body))

    def put(self, path: str, body: object) -> Any:
        return self._read(self.request.put(self.address + path, data=body))

    def upload(self, file: Path) -> Any:
        sent: FilePayload = {"name": file.name, "mimeType": "application/octet-stream", "buffer": file.read_bytes()}
        return self._read(self.request.post(f"{self.address}/api/imports", multipart={"file": sent}))

    @staticmethod
    def _read(answer: Any) -> Any:
        if not answer.ok:
            raise SystemExit(f"{answer.url}: {answer.text()}")
        return answer.json() if answer.body() else None


def until(desk: Desk, path: str, state: str, page: Page) -> None:
    """Wait until an import stands there."""
    while desk.get(path)["state"] != state:
        page.wait_for_timeout(300)


def checked(desk: Desk, page: Page) -> str:
    """The path of an import of the dirty file whose rows have been checked."""
    path = f"/imports/{desk.upload(FILE)['import_id']}"
    columns = [
        {"index": one["index"], "use": one["use"], "scope": one["scope"], "name": one["name"] or "客户来源"}
        if one["use"] == "tag"
        else {key: one[key] for key in ("index", "use", "name", "scope")}
        for one in desk.get(f"/api{path}")["columns"]
    ]
    desk.put(f"/api{path}/mapping", {"columns": columns, "source_name": "crm", "tags": [], "start_journeys": False})
    desk.post(f"/api{path}/check")
    until(desk, f"/api{path}", "checked", page)
    return path


def moves(desk: Desk, customer: int) -> int:
    """How often outreach thought again about a person."""
    return sum(len(entry["moves"]) for entry in desk.get(f"/api/outreach/customers/{customer}/ledger")["items"])


def tagged(desk: Desk) -> int:
    """Somebody who came far, with a tag and its reason."""
    people = desk.get("/api/customers?sort=activity&account_id=1&limit=200")["items"]
    known = [one for one in people if one["name"] and one["phone"] and one["company"]][:20] or people[:1]
    chosen = max(known, key=lambda one: moves(desk, one["customer_id"]))
    group, name = TAG
    groups = {one["name"]: one for one in desk.get("/api/tags")["groups"]}
    if group not in groups:
        made = desk.post("/api/tags/groups", {"name": group})["group_id"]
        desk.post(f"/api/tags/groups/{made}/tags", {"name": name, "note": ""})
        groups = {one["name"]: one for one in desk.get("/api/tags")["groups"]}
    tag = next(one["tag_id"] for one in groups[group]["tags"] if one["name"] == name)
    who = {"customer_ids": [chosen["customer_id"]], "why": "展会上当面确认有需求"}
    desk.post(f"/api/tags/{tag}/add", who)
    return int(chosen["customer_id"])


def saved(desk: Desk) -> str:
    for one in desk.get("/api/segments")["items"]:
        if one["name"] == SEGMENT:
            return f"/segments/{one['segment_id']}"
    return f"/segments/{desk.post('/api/segments', {'name': SEGMENT, 'condition': CONDITION})['segment_id']}"


def take(page: Page, address: str, path: str, name: str) -> None:
    page.goto(address + path)
    page.wait_for_load_state("load")
    # The live wave keeps its connection open, so no waiting for an idle network.
    page.wait_for_timeout(3_000)
    page.screenshot(path=FOLDER / f"{name}.png")
    print(FOLDER / f"{name}.png")


def explained(page: Page, address: str, path: str) -> None:
    """The editor with one person's reasons."""
    page.goto(address + path)
    page.get_by_label("选一位客户").click()
    page.locator(".ant-select-dropdown:visible .ant-select-item-option").first.click()
    page.wait_for_timeout(2_000)
    page.screenshot(path=FOLDER / "segment.png")
    print(FOLDER / "segment.png")


def main(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find())
        context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", viewport=WIDE)
        page = context.new_page()
        desk = Desk(context.request, address)
        person = tagged(desk)
        take(page, address, f"/customers/{person}", "customer")
        take(page, address, f"/customers/{person}?tab=ledger", "why")
        path = checked(desk, page)
        take(page, address, path, "import")
        desk.post(f"/api{path}/apply")
        until(desk, f"/api{path}", "complete", page)
        take(page, address, "/reviews", "reviews")
        explained(page, address, saved(desk))
        # The silent are through with it when their two days are over.
        while len(desk.get("/api/journeys/1/wave")["ended"]) < 3:
            page.wait_for_timeout(1_000)
        take(page, address, "/journeys/1", "wave")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8700")
