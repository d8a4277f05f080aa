"""Door, by way of types.py: the errors of customers."""

from siyu.kernel.errors import Conflict, Invalid, NotFound


class BadIdentity(Invalid):
    """An identity has an unknown kind, no value, or a phone or email that cannot be read."""

    code = "bad_identity"


class NoIdentity(Invalid):
    """A record names nobody: visitors who are only an anonymous id are not customers."""

    code = "no_identity"


class BadAttribute(Invalid):
    """An attribute's value does not fit its type, or its definition does not allow this writer."""

    code = "bad_attribute"


class UnknownAttribute(Invalid):
    """No attribute of this name is defined."""

    code = "unknown_attribute"


class BadEvent(Invalid):
    """An event's type, key or props are malformed."""

    code = "bad_event"


class TooOld(Invalid):
    """The event is older than the 35 days for which repetitions are recognised; import it instead."""

    code = "too_old"


class EventConflict(Conflict):
    """The same (source, key) was recorded with other content."""

    code = "event_conflict"


class OrderConflict(Conflict):
    """The same (source, order_no) was recorded for another currency or customer."""

    code = "order_conflict"


class UnknownCustomer(NotFound):
    """No customer has this id."""

    code = "unknown_customer"


class UnknownCase(NotFound):
    """No open review case has this id."""

    code = "unknown_case"


class UnknownDecision(NotFound):
    """No standing decision has this id."""

    code = "unknown_decision"


class BadDecision(Invalid):
    """A decision names fewer than two people, or people that it cannot be about."""

    code = "bad_decision"


class AttributeTaken(Conflict):
    """The attribute exists with another type."""

    code = "attribute_taken"


class BatchFault(Invalid):
    """Items of a batch are faulty; ``detail.items`` lists each fault; nothing was written."""

    code = "batch_fault"
