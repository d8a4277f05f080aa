"""Private: one cell of a file -> the value of an attribute, or an identity. Pure. Nothing is guessed."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from siyu.customers import attributes, normal
from siyu.customers.importing.reading import UNREADABLE
from siyu.customers.types import Definition, Identity
from siyu.kernel.errors import SiyuError

NOTHING = frozenset(["", "-", "--", "—", "/", "\\", "无", "暂无", "未知", "空", "null", "none", "n/a", "nil"])
"""What people write into a cell to say that it is empty (only where the value has a form: not in names and notes)."""
_DAMAGED = re.compile(r"[+-]?\d(\.\d+)?E\+\d+", re.IGNORECASE)
_CUT = re.compile(r"\d{15}0+")
_SHEET_ERROR = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")
_EMPTY_DAY = date(1899, 12, 30)
_TRUE = frozenset(["是", "有", "对", "y", "yes", "true", "1", "√", "✓"])
_FALSE = frozenset(["否", "没有", "不", "n", "no", "false", "0", "×", "✗"])
_GENDERS = dict.fromkeys(("男", "男性", "男士", "先生", "m", "male", "1"), "male") | dict.fromkeys(
    ("女", "女性", "女士", "小姐", "f", "female", "2"), "female"
)


class CellFault(Exception):
    """Why a cell cannot be imported: a code, and the reason in Chinese and English."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.code, self.zh, self.en = code, zh, en


def folded(cell: str) -> str:
    """Full-width digits and letters made narrow, spaces and invisible marks at the ends gone."""
    return unicodedata.normalize("NFKC", cell).strip(" \t\r\n\u200b\ufeff\u00a0'")


def sound(cell: str) -> str:
    """``cell`` trimmed; raises CellFault when it is unreadable or an error of the spreadsheet."""
    if UNREADABLE in cell:
        raise CellFault("bad_text", "有无法识别的字符（编码不符或含空字符）", "characters that cannot be read")
    text = cell.strip(" \t\r\n\u200b\ufeff\u00a0")
    if text.startswith("#") and _SHEET_ERROR.fullmatch(text):
        raise CellFault("cell_error", f"表格公式出错：{text}", f"the spreadsheet shows an error: {text}")
    return text


def whole(text: str) -> str:
    """``text``; raises CellFault when a spreadsheet has damaged a long number: 1.38E+10, or zeros after 15 digits."""
    if _DAMAGED.fullmatch(text):
        raise CellFault(
            "damaged_number", "数字被 Excel 转成了科学计数法，原值已丢失", "damaged by a spreadsheet: 1.38E+10"
        )
    if _CUT.fullmatch(text):
        raise CellFault(
            "damaged_number", "长数字被 Excel 截成 15 位，末尾变成了 0", "cut at 15 digits by a spreadsheet"
        )
    return text


def identity(kind: str, cell: str, scope: str) -> Identity | None:
    """The identity in its normal form; None for an empty cell. Raises CellFault."""
    if kind == "phone" and (mobile := normal.mobile(cell)):
        return Identity("phone", mobile)
    text = sound(cell)
    plain = folded(text)
    if plain.lower() in NOTHING or (kind in ("phone", "email") and plain == "0"):
        return None
    whole(plain)
    try:
        return normal.identity(Identity(kind, plain, scope), "cell")
    except SiyuError:
        match kind:
            case "phone":
                raise CellFault("bad_phone", "不是有效的电话号码", "no valid phone number") from None
            case "email":
                raise CellFault("bad_email", "不是有效的邮箱地址", "no valid email address") from None
        raise CellFault(
            "bad_identity", "标识为空或太长（最多 256 个字符）", "an identity has 1 to 256 characters"
        ) from None


def value(definition: Definition, cell: str, zone: ZoneInfo) -> object:
    """The attribute's value as attributes.checked takes it; None for an empty cell. Raises CellFault."""
    text = sound(cell)
    if not text:
        return None
    if definition.type == "text" and definition.name not in ("phone", "email"):
        whole(text)
        if len(text) > attributes.LONGEST_TEXT:
            raise CellFault("too_long", f"超过 {attributes.LONGEST_TEXT} 个字符", "too long")
        return text
    plain = folded(text)
    if plain.lower() in NOTHING:
        return None
    if definition.name in ("phone", "email"):
        found = identity(definition.name, cell, "")
        return found.value if found else None
    return _READERS[definition.type](definition, plain, zone)


def _enum(definition: Definition, text: str, _: ZoneInfo) -> object:
    if definition.name == "gender" and text.lower() in _GENDERS:
        return _GENDERS[text.lower()]
    for option in definition.options:
        if folded(option).lower() == text.lower():
            return option
    choices = "、".join(definition.options[:10])
    chinese = "男、女" if definition.name == "gender" else choices
    raise CellFault("bad_option", f"不在选项中：{chinese}", f"not among the options: {choices}")


def _decimal(text: str) -> Decimal:
    whole(text)
    try:
        found = Decimal(re.sub(r"[,\s¥￥$元]", "", text))
    except InvalidOperation:
        raise CellFault("bad_number", "不是数字", "no number") from None
    if not found.is_finite() or abs(found) >= 2**53:
        raise CellFault("bad_number", "数字太大", "the number is too large")
    return found


def _int(_: Definition, text: str, __: ZoneInfo) -> object:
    found = _decimal(text)
    if found != found.to_integral_value():
        raise CellFault("bad_number", "不是整数", "no whole number")
    return int(found)


def _number(_: Definition, text: str, __: ZoneInfo) -> object:
    return float(_decimal(text))


def _money(_: Definition, text: str, __: ZoneInfo) -> object:
    fen = _decimal(text) * 100
    if fen != fen.to_integral_value() or abs(fen) >= 2**53:
        raise CellFault("bad_number", "金额最多两位小数", "an amount has at most two decimals")
    return {"amount": int(fen), "currency": "CNY"}


def _bool(_: Definition, text: str, __: ZoneInfo) -> object:
    lower = text.lower()
    if lower not in _TRUE | _FALSE:
        raise CellFault("bad_bool", "应为“是”或“否”", "must be yes or no")
    return lower in _TRUE


_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT = re.compile(r"(19|20)(\d{2})(\d{2})(\d{2})")
_OTHER_ORDER = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})")
_SERIAL = re.compile(r"\d{1,5}(\.\d+)?")


def day(text: str) -> date:
    """A day: 2024-03-02, 2024/3/2, 2024年3月2日, 20240302, or a serial number of a spreadsheet. Raises CellFault."""
    try:
        if match := _DAY.fullmatch(text) or _DAY.match(text.partition(" ")[0]):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _COMPACT.fullmatch(text):
            return date(int(match[1] + match[2]), int(match[3]), int(match[4]))
    except ValueError:
        raise CellFault("bad_date", "没有这一天", "there is no such day") from None
    if _OTHER_ORDER.fullmatch(text):
        raise CellFault("ambiguous_date", "日月顺序不明，请写成 2024-03-02", "day or month first? write 2024-03-02")
    if _SERIAL.fullmatch(text) and float(text) >= 61:  # before it Excel counts a 29 February 1900 that never was
        return _EMPTY_DAY + timedelta(days=int(float(text)))
    raise CellFault("bad_date", "不是日期，请写成 2024-03-02", "no date; write 2024-03-02")


def _date(_: Definition, text: str, __: ZoneInfo) -> object:
    return day(text).isoformat()


def _time(_: Definition, text: str, zone: ZoneInfo) -> object:
    """A time without an offset is the company's, as spreadsheets know no other."""
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        found = datetime.combine(day(text), datetime.min.time())
        if _SERIAL.fullmatch(text):
            found += timedelta(seconds=round(float(text) % 1 * 86400))
        elif " " in text:
            raise CellFault("bad_time", "时间无法识别，请写成 2024-03-02 15:30", "write 2024-03-02 15:30") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


_READERS: dict[str, Callable[[Definition, str, ZoneInfo], object]] = {
    "enum": _enum,
    "int": _int,
    "number": _number,
    "money": _money,
    "bool": _bool,
    "date": _date,
    "time": _time,
}
