"""The assignment rule: 32 bits of md5 over ``experiment:customer_id``, spread over the weights.

The same rule stands here twice, in Python and as a SQL expression; a test compares them over 10,000 ids. md5 because
both sides have it without extensions; it is no secret.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, case, cast, func, literal, literal_column

from siyu.experiments.types import Arm

_SPAN = 32


def draw(experiment: str, customer_id: int) -> int:
    """The hash of a customer in an experiment, 0 to 2^32 - 1."""
    return int(hashlib.md5(f"{experiment}:{customer_id}".encode(), usedforsecurity=False).hexdigest()[:8], 16)


def arm(experiment: str, customer_id: int, arms: Sequence[Arm]) -> str:
    """The arm of a customer by rule (before stickiness); weights are relative."""
    point = draw(experiment, customer_id) * sum(one.weight for one in arms) >> _SPAN
    for one in arms:
        point -= one.weight
        if point < 0:
            return one.name
    raise AssertionError("a point below the sum of the weights lies in one of them")


def held_out(experiment: str, customer_id: int, permille: int) -> bool:
    """Whether a customer belongs to the holdout of ``permille`` thousandths; another hash than the arms'."""
    return draw(f"{experiment}/holdout", customer_id) * 1000 >> _SPAN < permille


def draw_sql(experiment: str, customer_id: ColumnElement[int]) -> ColumnElement[int]:
    """``draw`` as a SQL expression."""
    digest = func.md5(literal(f"{experiment}:", Text) + cast(customer_id, Text))
    # PostgreSQL reads hexadecimal text as a number only through a bit string.
    bits = cast(func.concat("x", func.substr(digest, 1, 8)), Text).op("::")(literal_column("bit(32)"))
    return cast(bits.self_group(), BigInteger)


def arm_sql(experiment: str, customer_id: ColumnElement[int], arms: Sequence[Arm]) -> ColumnElement[str]:
    """``arm`` as a SQL expression."""
    total = bindparam(None, sum(one.weight for one in arms), BigInteger)
    point = (draw_sql(experiment, customer_id) * total).op(">>")(literal_column("32"))
    reached, whens = 0, []
    for one in arms:
        reached += one.weight
        whens.append((point < bindparam(None, reached, BigInteger), literal(one.name, Text)))
    return case(*whens, else_=literal(arms[-1].name, Text))


def held_out_sql(experiment: str, customer_id: ColumnElement[int], permille: int) -> ColumnElement[bool]:
    """``held_out`` as a SQL expression."""
    point = (draw_sql(f"{experiment}/holdout", customer_id) * literal(1000, BigInteger)).op(">>")(literal_column("32"))
    return point < literal(permille, BigInteger)
