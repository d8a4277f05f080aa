"""Composition: upper rooms answer for lower ones: who uses what, who answers a message first, who
reacts to what the fast lane takes in."""

from siyu.channels import leaves as channel_leaves
from siyu.channels import queries as channels
from siyu.content import actions as content
from siyu.intake import actions as intake
from siyu.journeys import leaves as journey_leaves
from siyu.journeys import queries as journeys
from siyu.lifecycle import leaves as lifecycle_leaves
from siyu.lifecycle import queries as lifecycle
from siyu.replies import actions as replies
from siyu.replies import queries as reply_queries
from siyu.segments import actions as segments
from siyu.segments import leaves
from siyu.segments import queries as segment_queries
from siyu.tags import actions as tags


def register() -> None:
    """Let rooms speak for what they use, and journeys for what they answer; repeating it changes nothing."""
    tags.register_use("segments", segment_queries.uses_tag)
    tags.register_use("channels", channels.uses_tag)
    tags.register_use("journeys", journeys.uses_tag)
    tags.register_use("lifecycle", lifecycle.uses_tag)
    tags.register_giving("lifecycle", lifecycle.gives_tags)
    tags.register_giving("channels", channels.gives_tags)
    tags.register_giving("journeys", journeys.gives_tags)
    segments.register_use("journeys", journeys.uses_segment)
    segments.register_use("lifecycle", lifecycle.uses_segment)
    tags.register_use("replies", reply_queries.uses_tag)
    segments.register_use("replies", reply_queries.uses_segment)
    content.register_use("replies", reply_queries.uses_content)
    content.register_use("journeys", journeys.uses_content)
    intake.register_at_once("replies", replies.react_to)
    replies.register_first("journeys", journeys.answered)
    for kind in (*lifecycle_leaves.KINDS, *channel_leaves.KINDS, *journey_leaves.KINDS):
        leaves.register(kind)
