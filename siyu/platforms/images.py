"""The sender of pictures: images that a platform gives by their address alone, such as the codes of contact ways."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from siyu.platforms.transport import Http, NotSent, Uncertain, exchange
from siyu.platforms.types import Call, Outcome

MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""How pictures begin: what a server calls them is not believed."""
LARGEST = 2_000_000


@dataclass
class ImageSender:
    """A Sender. ``Call.body`` is {"url"}, which a platform has told; answers {"content" (bytes), "type"}."""

    http: Http

    def send(self, call: Call) -> Outcome:
        """Fetch a PNG or JPEG of at most 2 MB."""
        url = str(call.body.get("url", ""))
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return Outcome(False, -103, "the address is not http:// or https://", {})
        query: dict[str, str] = {}
        try:
            status, content = exchange(self.http, "GET", url, query=query, headers={"Accept": "image/*"})
        except (NotSent, Uncertain) as error:
            return Outcome(False, -100, str(error), {}, retryable=True)
        kind = next((name for magic, name in MAGIC.items() if content.startswith(magic)), None)
        if status != 200 or kind is None or len(content) > LARGEST:
            return Outcome(False, -102, f"no picture came (HTTP {status})", {}, retryable=status >= 500)
        return Outcome(True, 0, "", {"content": content, "type": kind})
