"""Composition: upper rooms answer for lower ones who uses a segment or a tag, so that nothing in use is deleted."""

from siyu.journeys import queries as journeys
from siyu.segments import actions as segments
from siyu.segments import queries as segment_queries
from siyu.tags import actions as tags


def register() -> None:
    """Let segments and journeys speak for what they use; repeating it changes nothing."""
    tags.register_use("segments", segment_queries.uses_tag)
    tags.register_use("journeys", journeys.uses_tag)
    segments.register_use("journeys", journeys.uses_segment)
