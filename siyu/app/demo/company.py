"""The demo company: accounts on both sides, people, content, a segment and the e-book journey. Idempotent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from siyu.app.demo import front, materials
from siyu.content import actions as content
from siyu.groups.phases import Made, NewJoinWay, new_join_way
from siyu.intake import actions as intake
from siyu.journeys import actions as journeys
from siyu.journeys import files
from siyu.journeys import queries as journey_queries
from siyu.journeys.types import JourneyState
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.secrets import derived
from siyu.platforms import actions as platforms
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.platforms.types import Call, CallFailed, Outcome
from siyu.runtime.house import House
from siyu.segments import actions as segments
from siyu.segments import queries as segment_queries
from siyu.tags import actions as tags
from siyu.team import actions as team
from siyu.team import queries as team_queries

LOGIN, PASSWORD = "operator", "siyu-demo-2026"
APPID, CORPID, AGENTID = "wxsiyudemo0001", "wwsiyudemo0001", 1000002
CHAT_ID = "wrsiyudemo0001"
SCENE = "ebook"
SEGMENT = "电子书人群"
JOURNEY = "ebook-wave"
WAVE_FILE = Path(__file__).resolve().parents[3] / "examples" / "journeys" / "ebook-wave.yaml"
TAGS = (
    "意向/要过电子书",
    "意向/已留资",
    "跟进/重点客户",
    "跟进/已约演示",
    "跟进/暂不考虑",
    "来源/线下沙龙",
    "来源/老客户介绍",
    "关系/成交客户",
)
"""The first two are set by the journey, the others by hand, from the CRM file and for a segment."""
STAFF = (
    ("admin", "管理员", "admin", None),
    ("operator", "林小满（运营）", "operator", None),
    ("manager", "周敏（主管）", "manager", "zhoumin"),
    ("sales", "李四（销售）", "sales", "lisi"),
    ("wanglei", "王蕾（销售）", "sales", "wanglei"),
    ("chentao", "陈涛（销售）", "sales", "chentao"),
    ("heyan", "何岩（销售）", "sales", "heyan"),
    ("sunqi", "孙琪（销售）", "sales", "sunqi"),
)
MEMBERS = {
    "zhoumin": ("周敏", "主管"),
    "lisi": ("李四", "顾问"),
    "wanglei": ("王蕾", "顾问"),
    "chentao": ("陈涛", "顾问"),
    "heyan": ("何岩", "顾问"),
    "sunqi": ("孙琪", "顾问"),
}
"""Name and position of WeCom's members, by userid; the last five sell."""
SELLING = tuple(MEMBERS)[1:]


@dataclass(frozen=True, slots=True)
class Spec:
    """What the company looks like. ``customers`` followers match the segment; ``others`` follow and do not."""

    customers: int
    public_url: str
    seed: int = 7
    others: int | None = None
    model: tuple[tuple[str, float], ...] = ()
    grain_s: int = 1

    @property
    def contacts(self) -> int:
        """How many of the people are WeCom contacts too: persons 1 to this one."""
        return min((self.customers + self.bystanders) // 5, 500)

    @property
    def bystanders(self) -> int:
        """Followers outside the segment: a quarter of the matching ones by default."""
        return self.customers // 4 if self.others is None else self.others


@dataclass(frozen=True, slots=True)
class Company:
    """The ids that the demo needs afterwards."""

    account_id: int
    wecom_id: int
    segment_id: int
    journey_id: int
    join_url: str


def build(house: House, control: SandboxControl, spec: Spec, console: Console | None = None) -> Company:
    """Make the company or find it as it was left; the platforms' side first, because callbacks need it."""
    say: Callable[[str], None] = console.print if console else lambda _: None
    with house.open() as ctx:
        staff(ctx)
        account_id, wecom_id = accounts(ctx, control)
    platform_side(control, spec, account_id, wecom_id)
    with house.open() as ctx:
        known = next((found for found in segment_queries.segments(ctx) if found.name == SEGMENT), None)
        made = [found for found in journey_queries.journeys(ctx) if found.key == JOURNEY]
    _people(control, spec, house.clock.now())
    if known is None or not made:
        say("正在准备素材、人群与旅程… / preparing content, segment and journey")
        template_id = _template(house, account_id)
        join_url = _join_way(house, wecom_id)
        with house.open() as ctx:
            for path in TAGS:  # set-loop: a dozen
                tags.ensure(ctx, path)
            _content(ctx, template_id, join_url)
            segment_id = segments.save(
                ctx, name=SEGMENT, condition={"kind": "source", "via": ["oa_scene"], "code": [SCENE]}
            )
            journey = files.apply(ctx, WAVE_FILE.read_text(encoding="utf-8"))
            intake.start_round(ctx, account_id, "oa_followers")
        return Company(account_id, wecom_id, segment_id, journey.journey_id, join_url)
    return Company(account_id, wecom_id, known.segment_id, made[0].journey_id, "")


def start_wave(house: House, company: Company) -> None:
    """Start the journey if it is still a draft."""
    with house.open() as ctx:
        if journey_queries.journey(ctx, company.journey_id).state == JourneyState.DRAFT:
            journeys.start(ctx, company.journey_id)


def staff(ctx: Ctx) -> None:
    """The team, unless there is one."""
    if team_queries.anybody(ctx):
        return
    for login, name, role, userid in STAFF:  # set-loop: a handful
        team.add_staff(ctx, name=name, roles=[role], login=login, password=PASSWORD, userid=userid)  # type: ignore[list-item]


def _secret(purpose: str, length: int = 32) -> str:
    return derived(f"demo:{purpose}").hex()[:length]


def accounts(ctx: Ctx, control: SandboxControl) -> tuple[int, int]:
    """Both platforms' accounts on our side: (account_id of the Official Account, of the WeCom app). Idempotent."""
    account_id = platforms.save_account(
        ctx,
        kind="oa",
        key=APPID,
        name="云启软件（服务号）",
        config={
            "base_url": control.oa_url,
            "oauth_url": control.url,
            "qr_url": control.oa_url,
            "mode": "safe",
            "gh_id": "gh_siyudemo",
        },
        secret=_secret("oa"),
        token=_secret("oa-token"),
        aes_key=_secret("oa-aes", 43),
    )
    wecom_id = platforms.save_account(
        ctx,
        kind="wecom",
        key=f"{CORPID}-{AGENTID}",
        name="云启软件（企业微信）",
        config={"base_url": control.wecom_url, "oauth_url": control.url, "corpid": CORPID, "agentid": str(AGENTID)},
        secret=_secret("wecom"),
        token=_secret("wecom-token"),
        aes_key=_secret("wecom-aes", 43),
    )
    return account_id, wecom_id


def platform_side(control: SandboxControl, spec: Spec, account_id: int, wecom_id: int) -> None:
    """The same accounts on the platforms' side, with the staff and the groups. Idempotent."""
    control.set_accounts(
        official_accounts=[
            {
                "appid": APPID,
                "secret": _secret("oa"),
                "gh_id": "gh_siyudemo",
                "token": _secret("oa-token"),
                "aes_key": _secret("oa-aes", 43),
                "mode": "safe",
                "callback_url": f"{spec.public_url}/callback/{account_id}",
                "oauth_domains": ["127.0.0.1", "localhost"],
                "unionid_bound": True,
                "quota_scale": max(1, spec.customers // 50_000),
            }
        ],
        wecom=[
            {
                "corpid": CORPID,
                "unionid_bound": True,
                "apps": [
                    {
                        "agentid": AGENTID,
                        "secret": _secret("wecom"),
                        "token": _secret("wecom-token"),
                        "aes_key": _secret("wecom-aes", 43),
                        "callback_url": f"{spec.public_url}/callback/{wecom_id}",
                        "callable": True,
                        "trusted_domains": ["127.0.0.1", "localhost"],
                    }
                ],
                "departments": [
                    {"id": 1, "name": "云启软件", "parentid": 0},
                    {"id": 2, "name": "销售部", "parentid": 1},
                ],
                "members": [
                    {
                        "userid": userid,
                        "name": name,
                        "department": [2],
                        "status": 1,
                        "position": position,
                        "follow_user": True,
                    }
                    for userid, (name, position) in MEMBERS.items()
                ],
                "chats": [
                    {"chat_id": CHAT_ID, "name": "ToB 私域读者群", "owner": "lisi"},
                    *({"chat_id": one, "name": name, "owner": owner} for one, name, owner in front.SALON_CHATS),
                ],
            }
        ],
    )


def _people(control: SandboxControl, spec: Spec, now: datetime) -> None:
    count = spec.customers + spec.bystanders
    control.add_people(
        key="demo-population",
        seed=spec.seed,
        count=count,
        grain_s=spec.grain_s,
        model=dict(spec.model),
        follow=[
            {
                "account": APPID,
                "at": now - timedelta(days=30),
                "count": count,
                "scenes": {SCENE: spec.customers, "": spec.bystanders},
            }
        ],
        contacts=[
            {
                "corpid": CORPID,
                "userids": ["lisi", "zhoumin"],
                "count": spec.contacts,
                "at": now - timedelta(days=20),
                "state": "card",
            }
        ],
    )


def _template(house: House, account_id: int) -> str:
    """Take the reminder template into the account, or find it there."""
    found: list[str] = []

    def claim(ctx: Ctx) -> int:
        return account_id

    def act(work: int, senders: Senders) -> Outcome:
        listed: Outcome = senders["official_account"].send(Call(work, "template_list", {}))
        for item in _list(listed.data.get("template_list")):
            if item.get("title") == materials.REMINDER_TITLE:
                return Outcome(True, 0, "", {"template_id": item["template_id"]})
        added: Outcome = senders["official_account"].send(
            Call(work, "template_add", {"template_id_short": "OPENTM411665252"})
        )
        return added

    def record(ctx: Ctx, work: int, results: Outcome) -> None:
        if not results.ok:
            raise CallFailed(
                "the template could not be added", detail={"code": results.code, "message": results.message}
            )
        found.append(str(results.data["template_id"]))

    house.run(Phased("demo.template", claim, act, record))
    return found[0]


def _join_way(house: House, wecom_id: int) -> str:
    made = Made()
    house.run(new_join_way(NewJoinWay(wecom_id, "读者群", "ebook", (CHAT_ID,), room_base_name="读者群"), made))
    return made.qr_code


def _content(ctx: Ctx, template_id: str, join_url: str) -> None:
    file = content.upload(ctx, materials.EBOOK_PDF.read_bytes(), "ebook.pdf")
    for piece in materials.contents(
        file.file_id, join_url, template_id
    ):  # set-loop: seven pieces, later ones name earlier ones
        content.save_content(ctx, **piece, publish=True)  # type: ignore[arg-type]  # a table of keyword arguments


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
