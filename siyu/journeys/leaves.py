"""Door: the condition ``stage``."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from sqlalchemy import ColumnElement, Select, select

from siyu.journeys import queries, store_reading
from siyu.journeys.store import enrolment
from siyu.journeys.types import UnknownJourney
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments.leaves import At, Depends, Facts, Frame, Kind, Params, Seen
from siyu.segments.types import BadCondition, Ref

e = enrolment.c


class StageParams(Params):
    """The journey by id or key, and one of its stages or several; without ``stage``: in any."""

    journey: Ref | CleanText = Field(examples=["tob-software"])
    stage: CleanText | Annotated[tuple[CleanText, ...], Field(min_length=1, max_length=20)] | None = None

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages asked about; none: any."""
        return () if self.stage is None else (self.stage,) if isinstance(self.stage, str) else self.stage


class StageKind(Kind[StageParams]):
    """In which stage of a journey somebody is now."""

    name: ClassVar[str] = "stage"
    title: ClassVar[tuple[str, str]] = ("Journey stage", "旅程阶段")
    word: ClassVar[tuple[str, str]] = (
        "in stage {seen.stage} of journey {journey}",
        "处于旅程 {journey} 的 {seen.stage}",
    )
    params = StageParams

    def resolve(self, ctx: Ctx, params: StageParams, field: str) -> StageParams:
        path = f"{field}." if field else ""
        try:
            given = params.journey
            found = queries.by_key(ctx, given) if isinstance(given, str) else queries.journey(ctx, given)
        except UnknownJourney:
            raise BadCondition(f"there is no journey {params.journey}", field=f"{path}journey") from None
        known = {stage.id for stage in queries.program(ctx, found.journey_id, found.version).stages}
        if not known:
            raise BadCondition(f"the journey {found.key} is a flow, it has no stages", field=f"{path}journey")
        for stage in params.stages:
            if stage not in known:
                raise BadCondition(f"the journey {found.key} has no stage {stage}", field=f"{path}stage")
        return StageParams(journey=found.journey_id, stage=params.stage)

    def named(self, ctx: Ctx, params: StageParams) -> StageParams:
        return StageParams(journey=queries.journey(ctx, int(params.journey)).key, stage=params.stage)

    def sql(self, frame: Frame, params: StageParams) -> ColumnElement[bool]:
        side = frame.left(f"stage {params.model_dump_json()}", lambda: self._inside(frame, params))
        return side.c.customer_id.is_not(None)

    def _inside(self, frame: Frame, params: StageParams) -> Select[Any]:
        # At most one is active per person and journey (uq_enrolment_active).
        inside = select(e.customer_id).where(e.journey_id == params.journey, e.state == "active")
        wanted = e.stage.in_(params.stages) if params.stages else e.stage.is_not(None)
        return frame.only(inside.where(wanted), e.customer_id)

    def load(self, ctx: Ctx, leaves: Sequence[StageParams], who: Select[Any]) -> Mapping[int, object]:
        return store_reading.stages(ctx, who)

    def read(self, params: StageParams, facts: Facts, at: At) -> Seen:
        inside: Any = facts.data.get(self.name, {})
        stage = inside.get(params.journey)
        return Seen(stage is not None and (not params.stages or stage in params.stages), {"stage": stage})

    def depends(self, params: StageParams) -> Depends:
        return Depends(events=frozenset({"stage_moved", "journey_entered", "journey_ended"}))


KINDS: tuple[Kind[Any], ...] = (StageKind(),)
"""What ``runtime`` registers."""
