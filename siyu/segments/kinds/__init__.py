"""Private: the leaf kinds of the rooms at or below segments."""

from siyu.segments import leaves
from siyu.segments.kinds.account import AccountKind
from siyu.segments.kinds.attribute import AttributeKind
from siyu.segments.kinds.dates import DateKind
from siyu.segments.kinds.event import EventKind
from siyu.segments.kinds.follow import FollowKind
from siyu.segments.kinds.order import OrderKind
from siyu.segments.kinds.owner import OwnerKind
from siyu.segments.kinds.pushes import PushesKind
from siyu.segments.kinds.segment import SegmentKind
from siyu.segments.kinds.sequence import SequenceKind
from siyu.segments.kinds.source import SourceKind
from siyu.segments.kinds.tag import TagKind

BUILT_IN = (
    AccountKind(),
    AttributeKind(),
    DateKind(),
    EventKind(),
    FollowKind(),
    OrderKind(),
    OwnerKind(),
    PushesKind(),
    SegmentKind(),
    SequenceKind(),
    SourceKind(),
    TagKind(),
)

for _kind in BUILT_IN:
    leaves.register(_kind)
