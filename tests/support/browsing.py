"""Pages of a browser for tests: one way to open them, so that all see the same size, language and calm."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

WIDE = (1440, 900)


@contextmanager
def opened(
    browser: Browser, *, size: tuple[int, int] = WIDE, user_agent: str | None = None, refusals: bool = False
) -> Iterator[Page]:
    """A page of a fresh profile in Chinese; a script error, or an error on the console, fails the test.

    Nothing slides in: under load the press of an option reached a list that was still moving, and chose nothing.

    Args:
        size: Width and height in CSS pixels.
        refusals: The server may refuse what is asked, which the console tells of as an error; script errors still fail.
    """
    width, height = size
    context = browser.new_context(
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": width, "height": height},
        user_agent=user_agent,
        reduced_motion="reduce",
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    if not refusals:
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert faults == []
