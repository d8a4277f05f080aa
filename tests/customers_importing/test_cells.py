"""One cell each: what is read, and what is an error instead of a guess."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from siyu.customers.attributes import BUILTIN, checked
from siyu.customers.importing.cells import CellFault, identity, value
from siyu.customers.types import Definition, Identity

ZONE = ZoneInfo("Asia/Shanghai")
MONEY, NUMBER, WHOLE, FLAG, TIME = (Definition(kind, kind, kind) for kind in ("money", "number", "int", "bool", "time"))


def told(read: Callable[[], object]) -> object:
    """What was read, or the code of the fault."""
    try:
        return read()
    except CellFault as fault:
        return fault.code


LEVEL = Definition("level", "等级", "enum", ("金卡", "Silver"))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("13812341234", "+8613812341234"),
        ("１３８ １２３４ １２３４", "+8613812341234"),
        ("138-1234-1234", "+8613812341234"),
        ("\u200b+86 138 1234 1234\u00a0", "+8613812341234"),
        ("0086 13812341234", "+8613812341234"),
        ("'13812341234", "+8613812341234"),
        ("138١٢٣٤1234", "+8613812341234"),
        ("021-62345678", "+862162345678"),
        ("+1 650 253 0000", "+16502530000"),
        ("无", None),
        ("0", None),
        ("1.38E+10", "damaged_number"),
        ("1.38123E+10", "damaged_number"),
        ("138123412340000000", "damaged_number"),
        ("1381234123", "bad_phone"),
        ("13812341234/13912341234", "bad_phone"),
        ("#REF!", "cell_error"),
        ("138\ufffd1234", "bad_text"),
    ],
)
def test_phones(cell: str, expected: str | None) -> None:
    found = told(lambda: identity("phone", cell, ""))
    assert (found.value if isinstance(found, Identity) else found) == expected


@pytest.mark.parametrize(
    ("definition", "cell", "expected"),
    [
        (BUILTIN["birthday"], "1990-03-02", "1990-03-02"),
        (BUILTIN["birthday"], "1990/3/2", "1990-03-02"),
        (BUILTIN["birthday"], "１９９０年３月２日", "1990-03-02"),
        (BUILTIN["birthday"], "19900302", "1990-03-02"),
        (BUILTIN["birthday"], "32934", "1990-03-02"),
        (BUILTIN["birthday"], "1990-03-02 00:00:00", "1990-03-02"),
        (BUILTIN["birthday"], "02/03/1990", "ambiguous_date"),
        (BUILTIN["birthday"], "1990-02-30", "bad_date"),
        (BUILTIN["birthday"], "三月二日", "bad_date"),
        (BUILTIN["birthday"], "45", "bad_date"),
        (BUILTIN["gender"], "先生", "male"),
        (BUILTIN["gender"], "F", "female"),
        (BUILTIN["gender"], "保密", "bad_option"),
        (BUILTIN["name"], "小太阳🌞", "小太阳🌞"),
        (BUILTIN["name"], "无", "无"),
        (BUILTIN["company"], "1.2E+17", "damaged_number"),
        (LEVEL, "silver", "Silver"),
        (LEVEL, "黑卡", "bad_option"),
        (MONEY, "¥1,234.5", {"amount": 123450, "currency": "CNY"}),
        (MONEY, "1.234", "bad_number"),
        (NUMBER, "1，234.5", 1234.5),
        (NUMBER, "nan", "bad_number"),
        (WHOLE, "12.0", 12),
        (WHOLE, "12.5", "bad_number"),
        (WHOLE, "1.38E+10", "damaged_number"),
        (FLAG, "是", True),
        (FLAG, "0", False),
        (FLAG, "也许", "bad_bool"),
        (TIME, "2026-03-01 15:30", "2026-03-01T07:30:00.000000+00:00"),
        (TIME, "2026-03-01T15:30:00+00:00", "2026-03-01T15:30:00.000000+00:00"),
        (TIME, "46082.5", "2026-03-01T04:00:00.000000+00:00"),
        (TIME, "-", None),
    ],
)
def test_values(definition: Definition, cell: str, expected: object) -> None:
    assert told(lambda: checked(definition, value(definition, cell, ZONE), "cell")) == expected
