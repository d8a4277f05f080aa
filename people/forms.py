"""Who people are on paper, and how they fill in a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from people.draw import unit, units

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘蔡蒋余于杜叶程苏魏吕丁任"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华慧巧美玉婷雪琳晨宇浩轩子涵欣怡佳俊豪思远博文雨桐诗若"
_PLACES = ("上海", "北京", "深圳", "杭州", "广州", "成都", "武汉", "南京", "苏州", "西安", "长沙", "青岛")
_TRADES = ("教育", "零售", "制造", "医疗", "金融", "餐饮", "软件", "物流", "美妆", "家居")
_BRANDS = ("星河", "云帆", "远见", "千寻", "明德", "禾木", "拾光", "蓝鲸", "青禾", "万象", "初心", "合一")
_JOBS = ("运营经理", "市场总监", "创始人", "产品经理", "销售主管", "行政专员", "门店店长", "采购经理")


@dataclass(frozen=True, slots=True)
class Profile:
    """A person on paper; `phone` is an 11-digit mainland mobile number, different for every person of a seed."""

    name: str
    phone: str
    email: str
    company: str
    city: str
    industry: str
    position: str
    gender: int


@dataclass(frozen=True, slots=True)
class Field:
    """One named field of a form as the page shows it; `options` are the values of a select or of radio buttons."""

    name: str
    type: str = "text"
    value: str = ""
    label: str = ""
    options: tuple[str, ...] = ()
    required: bool = False


def profile(seed: int, person: int, changes: Mapping[str, str] | None = None) -> Profile:
    """The person's data, derived by hash; `changes` replaces some of it."""
    u = units(seed, person, "profile")

    def pick(items: str | tuple[str, ...], v: float) -> str:
        return items[int(v * len(items))]

    trade, brand, place = pick(_TRADES, u[3]), pick(_BRANDS, u[4]), pick(_PLACES, u[5])
    given = pick(_GIVEN, u[1]) + (pick(_GIVEN, u[2]) if u[7] < 0.7 else "")
    own = changes or {}
    # 7919 is prime to 10**8, so different persons get different numbers
    phone = f"139{(person * 7919 + seed * 104729) % 100_000_000:08d}"
    return Profile(
        name=own.get("name") or pick(_SURNAMES, u[0]) + given,
        phone=own.get("phone") or phone,
        email=own.get("email") or f"p{person}.{seed}@example.com",
        company=own.get("company") or f"{place}{brand}{trade}有限公司",
        city=own.get("city") or place,
        industry=own.get("industry") or trade,
        position=own.get("position") or pick(_JOBS, u[6]),
        gender=1 if u[7] * 100 % 1 < 0.5 else 2,
    )


_KINDS = (
    ("phone", ("phone", "mobile", "tel", "手机", "电话")),
    ("email", ("email", "mail", "邮箱")),
    ("company", ("company", "corp", "公司", "单位", "企业")),
    ("position", ("position", "title", "job", "职位", "职务", "岗位")),
    ("industry", ("industry", "trade", "行业")),
    ("city", ("city", "城市", "地区", "address", "地址")),
    ("name", ("name", "姓名", "称呼", "名字")),
)


def _meaning(entry: Field) -> str:
    if entry.type in ("tel", "email"):
        return "phone" if entry.type == "tel" else "email"
    hay = f"{entry.name} {entry.label}".lower()
    return next((kind for kind, words in _KINDS if any(word in hay for word in words)), "")


def fill(
    seed: int, person: int, who: Profile, fields: Iterable[Field], given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Field name -> value as the person would submit it; hidden fields keep theirs, consent is ticked, `given` wins."""
    out: dict[str, str] = {}
    own = given or {}
    for entry in fields:
        u = unit(seed, person, "fill", entry.name)
        if entry.name in own:
            out[entry.name] = own[entry.name]
        elif entry.type == "hidden":
            out[entry.name] = entry.value
        elif entry.type == "checkbox":
            out[entry.name] = entry.value or "on"
        elif entry.type in ("select", "radio"):
            choices = tuple(o for o in entry.options if o)
            if choices:
                out[entry.name] = choices[int(u * len(choices))]
        elif entry.type in ("submit", "button", "reset", "file", "image"):
            continue
        elif entry.type == "number":
            out[entry.name] = str(1 + int(u * 50))
        elif entry.type == "date":
            out[entry.name] = f"19{70 + int(u * 30)}-0{1 + int(u * 9)}-15"
        else:
            kind = _meaning(entry)
            if kind:
                out[entry.name] = str(getattr(who, kind))
            else:
                out[entry.name] = entry.value or ("想了解更多" if entry.required or u < 0.3 else "")
    return out
