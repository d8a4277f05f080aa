"""Private: where the header is, what its columns are called, and what they probably mean."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from siyu.customers.importing.types import ColumnUse, Use
from siyu.customers.types import Definition

LOOKED_AT = 30
"""So many rows are looked at for the header."""

SYNONYMS: Mapping[tuple[Use, str], str] = {
    ("attribute", "name"): (
        "姓名 名字 客户姓名 客户名称 客户名 联系人 联系人姓名 称呼 真实姓名 昵称 微信昵称 会员姓名 学员姓名 收货人 "
        "name fullname realname customername contact contactname username nickname"
    ),
    ("identity", "phone"): (
        "手机 手机号 手机号码 电话 电话号码 联系电话 联系方式 联系手机 移动电话 备用手机 备用电话 会员手机 "
        "phone phonenumber phoneno mobile mobilephone mobileno cell cellphone tel telephone contactnumber"
    ),
    ("identity", "email"): "邮箱 电子邮箱 邮件 电子邮件 邮箱地址 email emailaddress mail",
    ("identity", "crm_id"): (
        "客户编号 客户编码 客户号 客户id 会员编号 会员号 会员卡号 会员id 学员编号 crm编号 crmid crm号 编号 编码 "
        "id customerid customerno customercode memberid memberno userid clientid"
    ),
    ("identity", "unionid"): "unionid 微信unionid",
    ("attribute", "gender"): "性别 gender sex",
    ("attribute", "birthday"): "生日 出生日期 出生年月日 生日日期 birthday birthdate dateofbirth dob",
    ("attribute", "region"): "地区 省份 省 区域 所在地区 所在省份 所在地 省市 region province state area",
    ("attribute", "city"): "城市 市 所在城市 city town",
    ("attribute", "company"): (
        "公司 公司名称 企业 企业名称 单位 单位名称 工作单位 客户公司 "
        "company companyname organization organisation employer"
    ),
    ("attribute", "position"): "职位 职务 岗位 头衔 position title jobtitle job role",
    ("attribute", "industry"): "行业 所属行业 行业类型 industry sector",
    ("tag", ""): "标签 客户标签 企业标签 用户标签 tag tags label labels",
}
_MEANINGS: dict[str, tuple[Use, str]] = {word: target for target, words in SYNONYMS.items() for word in words.split()}
_IGNORED: tuple[Use, str] = ("ignore", "")
_DATA = re.compile(r"[\d\s+().:/年月日-]{4,}|[^@\s]+@[^@\s]+\.\w+|\d[\d.]*[eE]\+\d+")


def key(title: str) -> str:
    """A header as it is compared: width folded, lower case, without spaces, marks and what stands in brackets."""
    folded = unicodedata.normalize("NFKC", title).lower()
    return re.sub(r"[\s_\-*:·.#]+", "", re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", folded))


def _filled(row: Sequence[str]) -> list[int]:
    return [place for place, cell in enumerate(row) if cell.strip()]


def _known(row: Iterable[str], definitions: Mapping[str, str]) -> int:
    return sum(key(cell) in _MEANINGS or key(cell) in definitions for cell in row if cell.strip())


def titles_of(definitions: Iterable[Definition]) -> dict[str, str]:
    """Compared form of names and titles -> attribute name."""
    return {key(text): one.name for one in definitions for text in (one.title, one.name)}


def find(rows: Sequence[tuple[int, Sequence[str]]], definitions: Mapping[str, str]) -> int:
    """The number of the (last) header row, 0 when the file begins with data. Title rows above it are left out."""
    best, score = 0, 0.0
    widest = max((len(_filled(row)) for _, row in rows), default=0)
    for number, row in rows[:LOOKED_AT]:
        filled = _filled(row)
        data = sum(bool(_DATA.fullmatch(row[place].strip())) for place in filled)
        if not filled or data or (len(filled) == 1 and widest > 1) or len(filled) * 2 < widest:
            hits = 0 if data or not filled else _known(row, definitions)
            if hits < 2:
                continue
        mine = 1 + 3 * _known(row, definitions) + len({row[place].strip() for place in filled}) / (10 * len(row))
        if mine > score + 1:  # a later row must mean clearly more
            best, score = number, mine
    return _lower(rows, best, definitions) if best else 0


def _lower(rows: Sequence[tuple[int, Sequence[str]]], top: int, definitions: Mapping[str, str]) -> int:
    """The row below ``top`` when it names the parts of groups: filled where the top is blank, blank under others."""
    by_number = dict(rows)
    upper, lower = by_number[top], by_number.get(top + 1, ())
    blanks = any(cell.strip() and not (lower[place : place + 1] or [""])[0].strip() for place, cell in enumerate(upper))
    parts = any(cell.strip() and not (upper[place : place + 1] or [""])[0].strip() for place, cell in enumerate(lower))
    words = all(not _DATA.fullmatch(cell.strip()) for cell in lower if cell.strip())
    return top + 1 if blanks and parts and words and _known(lower, definitions) else top


def names(
    rows: Sequence[tuple[int, Sequence[str]]], header_row: int, merged: Sequence[Sequence[Sequence[int]]], width: int
) -> tuple[str, ...]:
    """A distinct name per column: groups as ``group/part``, merged headers carried on, empty ones ``列3``."""
    by_number = dict(rows)
    last = [cell.strip() for cell in by_number.get(header_row, ())][:width]
    last += [""] * (width - len(last))
    group = _group(by_number, header_row, last)
    spans = [(row, left, right) for (row, left), (_, right) in merged if row == header_row - 1]
    for _, left, right in spans:
        for place in range(left + 1, min(right + 1, width)):
            last[place] = last[place] or last[left]
    found: list[str] = []
    for place, cell in enumerate(last):
        above = group[place] if place < len(group) else ""
        name = f"{above}/{cell}" if above and cell and above != cell else cell or above or f"列{place + 1}"
        number, plain = 2, name[:100]
        while name in found:
            name, number = f"{plain} {number}", number + 1
        found.append(name)
    return tuple(found)


def _group(by_number: Mapping[int, Sequence[str]], header_row: int, last: Sequence[str]) -> list[str]:
    """The group names above the header, carried to the right over blanks; empty when the row above is a title."""
    above = [cell.strip() for cell in by_number.get(header_row - 1, ())]
    if len([cell for cell in above if cell]) < 2 or all(last):
        return []
    carried, current = [], ""
    for place in range(len(last)):
        cell = above[place] if place < len(above) else ""
        current = cell or current
        carried.append(cell if not last[place] else current)
    return carried


def suggest(columns: Sequence[str], definitions: Mapping[str, str]) -> list[ColumnUse]:
    """What each column probably means. Only phones and emails may come twice."""
    taken: set[tuple[Use, str]] = set()
    found: list[ColumnUse] = []
    for index, title in enumerate(columns):
        forms = [key(title), key(title.rpartition("/")[2]), re.sub(r"\d+$", "", key(title))]
        target: tuple[Use, str] | None = next((_MEANINGS[form] for form in forms if form in _MEANINGS), None)
        custom = next((definitions[form] for form in forms if form in definitions), None)
        if target is None and custom is not None:
            target = ("identity" if custom in ("phone", "email") else "attribute", custom)
        if target is None or (target in taken and target[1] not in ("phone", "email")):
            target = _IGNORED
        taken.add(target)
        found.append(ColumnUse(index, *target))
    return found
