"""Private: what customers accept over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from siyu.customers.types import AttributeType, Identity, Verdict
from siyu.kernel.text import CleanText, Moment

Scalar = CleanText | StrictInt | Annotated[float, Field(allow_inf_nan=False)] | bool | None
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IdentityIn(_Input):
    """An identity: kind and value, with a scope where the kind needs one."""

    kind: CleanText = Field(max_length=32, examples=["phone"])
    value: CleanText = Field(min_length=1, max_length=256, examples=["13812341234"])
    scope: CleanText = Field(
        default="", max_length=256, description="account_id of an oa_openid, source of a crm_id, corp"
    )

    def known(self) -> Identity:
        """As the room's value."""
        return Identity(self.kind, self.value, self.scope)


Source = Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*$", examples=["crm"])


class CustomerIn(_Input):
    """One customer of an outside system; ``key`` is its id there and becomes a crm_id of the batch's source."""

    key: CleanText = Field(min_length=1, max_length=256, examples=["C-1001"])
    identities: list[IdentityIn] = Field(default=[], max_length=20)
    attributes: dict[CleanText, Any] = Field(default={}, max_length=100, examples=[{"name": "张三", "region": "上海"}])
    seen_at: Moment | None = Field(default=None, description="when the facts were true; default now")


class CustomersIn(_Input):
    """A batch of customers."""

    source: str = Source
    items: list[CustomerIn] = Field(min_length=1, max_length=1000)


class _About(_Input):
    customer_id: Id | None = None
    identity: IdentityIn | None = None

    @model_validator(mode="after")
    def _one(self) -> "_About":
        if (self.customer_id is None) == (self.identity is None):
            raise ValueError("give either customer_id or identity")
        return self

    def whose(self) -> int | Identity:
        """The person that the item is about."""
        if self.identity is not None:
            return self.identity.known()
        assert self.customer_id is not None, "checked by the validator"
        return self.customer_id


class EventIn(_About):
    """One event; repeating the key of a source is counted, not written."""

    key: CleanText = Field(min_length=1, max_length=256, examples=["visit-8841"])
    type: str = Field(pattern=r"^[a-z][a-z0-9_]{1,63}$", examples=["store_visited"])
    occurred_at: Moment = Field(examples=["2026-03-02T09:00:00+08:00"])
    content_id: Id | None = None
    props: dict[CleanText, Scalar] = Field(default={}, max_length=50, examples=[{"store": "徐汇"}])


class EventsIn(_Input):
    """A batch of events."""

    source: str = Source
    items: list[EventIn] = Field(min_length=1, max_length=5000)


class OrderIn(_About):
    """One order; sent again with a later ``changed_at`` it is updated."""

    order_no: CleanText = Field(min_length=1, max_length=128, examples=["2026-0001"])
    amount: int = Field(ge=0, le=2**53, description="in 分", examples=[19900])
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    status: Literal["placed", "paid", "refunded", "cancelled"]
    placed_at: Moment
    changed_at: Moment | None = Field(default=None, description="default placed_at")
    lines: list[dict[CleanText, Scalar]] = Field(default=[], max_length=500, examples=[[{"sku": "A1", "count": 2}]])


class OrdersIn(_Input):
    """A batch of orders."""

    source: str = Source
    items: list[OrderIn] = Field(min_length=1, max_length=1000)


class AttributesIn(_Input):
    """Attributes to set by hand; null empties."""

    attributes: dict[CleanText, Any] = Field(min_length=1, max_length=100, examples=[{"company": "好公司"}])


class DefinitionIn(_Input):
    """A custom attribute."""

    title: CleanText = Field(min_length=1, max_length=64, examples=["意向课程"])
    type: AttributeType
    options: list[CleanText] = Field(default=[], max_length=200)
    mode: Literal["both", "hand", "rule"] = "both"


class VerdictIn(_Input):
    """What a person says about a case, or about some of its members."""

    verdict: Verdict
    members: list[Id] | None = Field(default=None, min_length=2, max_length=1000)


class JoinIn(_Input):
    """Customers that are one person."""

    customer_ids: list[Id] = Field(min_length=2, max_length=100)


class SeparateIn(_Input):
    """Origins of a customer that are somebody else."""

    origins: list[Id] = Field(min_length=1, max_length=1000)


class PushesIn(_Input):
    """Whether the person wants pushes, and what they said."""

    wanted: bool
    why: CleanText = Field(min_length=1, max_length=200, examples=["电话里要求退订"])
