"""Door for app/wiring.py: the real HTTP senders."""

from collections.abc import Iterator
from contextlib import contextmanager

from siyu.kernel.jobs import Open
from siyu.platforms.book import Book
from siyu.platforms.client import Client
from siyu.platforms.images import ImageSender
from siyu.platforms.official_account.dialect import DIALECT as OFFICIAL_ACCOUNT
from siyu.platforms.tokens import Tokens
from siyu.platforms.transport import Http
from siyu.platforms.types import Sender
from siyu.platforms.webhook.client import WebhookSender
from siyu.platforms.wecom.archive import ArchiveSender
from siyu.platforms.wecom.dialect import DIALECT as WECOM


@contextmanager
def open_senders(opened: Open) -> Iterator[dict[str, Sender]]:
    """Senders by name for the phases' ``act``; they read accounts and tokens in short transactions of their own."""
    with Http() as http:
        book, tokens = Book(opened), Tokens(opened)
        yield {
            "official_account": Client(OFFICIAL_ACCOUNT, http, tokens, book),
            "wecom": Client(WECOM, http, tokens, book),
            "webhook": WebhookSender(http, book),
            "archive": ArchiveSender(book),
            "image": ImageSender(http),
        }
