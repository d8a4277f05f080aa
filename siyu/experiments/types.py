"""Door: arms and the errors of experiments."""

from dataclasses import dataclass

from siyu.kernel.errors import Invalid


class BadArms(Invalid):
    """The arms of an experiment are not usable: fewer than one, doubled names, or weights below 1."""

    code = "bad_arms"


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant; ``weight`` is a share relative to the other arms (1 to 1,000,000)."""

    name: str
    weight: int


def check(arms: tuple[Arm, ...], field: str | None = None) -> None:
    """Raise ``BadArms`` unless there is an arm, names differ and weights lie in 1..1,000,000."""
    names = [arm.name for arm in arms]
    if not arms:
        raise BadArms("an experiment needs at least one arm", field=field)
    if len(set(names)) != len(names):
        raise BadArms("two arms have the same name", field=field)
    if any(not 1 <= arm.weight <= 1_000_000 for arm in arms):
        raise BadArms("the weight of an arm must lie between 1 and 1,000,000", field=field)
