"""What the pages of one transaction are made of, each read once: they are few, their readers many."""

from collections.abc import Sequence

from siyu.content import actions as library
from siyu.content import codes, queries
from siyu.content.bodies import EmbeddedForm, FormBody, LandingBody
from siyu.content.types import Content, File, Link, LinkContext, NoSuchContent, NotPublished
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import NotFound


class DeadLink(NotFound):
    """The link was not made here, or what it led to is gone."""

    code = "dead_link"


class Shelf:
    """The contents, links and files that a transaction asked for."""

    def __init__(self, ctx: Ctx) -> None:
        self.ctx = ctx
        self._contents: dict[tuple[int | str, int | None], Content | None] = {}
        self._links: dict[int, Link | None] = {}
        self._files: dict[int, File] = {}
        self._buttons: dict[tuple[tuple[str, ...], LinkContext], dict[str, int]] = {}

    def link(self, code: str) -> tuple[Link, int]:
        """(link, customer_id or 0) of a code; raises DeadLink."""
        try:
            link_id, customer_id = codes.read(code)
        except ValueError:
            raise DeadLink("this link was not made here") from None
        if link_id not in self._links:
            self._links[link_id] = queries.link(self.ctx, link_id)
        found = self._links[link_id]
        if found is None:
            raise DeadLink("this link leads nowhere any more")
        return found, customer_id

    def content(self, ref: int | str, version: int | None = None) -> Content:
        """A version of a content, by default the one readers get; raises DeadLink."""
        key = (ref, version)
        if key not in self._contents:
            try:
                self._contents[key] = queries.content(self.ctx, ref, version=version, published=version is None)
            except (NoSuchContent, NotPublished):
                self._contents[key] = None
        found = self._contents[key]
        if found is None:
            raise DeadLink("what this link led to is not published")
        return found

    def form_of(self, content: Content) -> Content | None:
        """The form that a page shows: itself, or the one embedded in a landing page (its published version)."""
        if isinstance(content.body, FormBody):
            return content
        if isinstance(content.body, LandingBody):
            for block in content.body.blocks:  # set-loop: ends with the one form of a page
                if isinstance(block, EmbeddedForm):
                    return self.content(block.form)
        return None

    def file(self, file_id: int) -> File:
        """An uploaded file without its bytes; raises NotFound."""
        if file_id not in self._files:
            self._files[file_id] = queries.file(self.ctx, file_id)
        return self._files[file_id]

    def page_links(self, keys: Sequence[str], context: LinkContext) -> dict[str, int]:
        """Links to the published contents with these keys, made if missing."""
        wanted = (tuple(keys), context)
        if wanted not in self._buttons:
            self._buttons[wanted] = library.page_links(self.ctx, keys, context)
        return self._buttons[wanted]
