"""Private: JSON to conditions and back. ``parse`` resolves names against the database, ``load`` reads stored JSON."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, BadTime
from siyu.segments import leaves as registry
from siyu.segments.once import reading
from siyu.segments.types import All, AnyOf, BadCondition, Condition, Depends, Leaf, Not, Params, UnknownCondition

DEEPEST, MOST, OPERANDS = 12, 200, 2_000
"""How deep a condition may nest, how many leaves it may have, and how many values they may list together."""
_TYPES = {"bool", "int", "float", "str", "tuple", "Relative", "Test"}
Resolve = Callable[[registry.Kind[Any], Params, str], Params]


def _join(field: str, *more: object) -> str:
    return ".".join(str(part) for part in (field, *more) if part != "")


def parse(ctx: Ctx, data: object, field: str = "", *, entered: bool = False) -> Condition:
    """A condition from JSON, checked and resolved.

    ``field`` is the path of ``data`` in the request, for errors. ``entered`` permits ``"since": "entered"``, which
    only journeys can answer. Raises BadCondition, UnknownCondition, BadText, BadTime.
    """

    listed = 0

    def resolve(kind: registry.Kind[Any], params: Params, path: str) -> Params:
        if kind.entered(params) and not entered:
            raise BadCondition("only a journey knows when somebody entered", field=_join(path, "since"))
        nonlocal listed
        resolved: Params = kind.resolve(ctx, params, path)
        listed += _listed(params.model_dump())
        if listed > OPERANDS:
            raise BadCondition(f"the lists of a condition hold at most {OPERANDS} values together", field=path or None)
        return resolved

    with reading():
        condition = _node(data, field, resolve, 1)
    count = sum(1 for _ in leaves(condition))
    if count > MOST:
        raise BadCondition(f"a condition has at most {MOST} leaves, this one has {count}", field=field or None)
    return condition


def _listed(value: object) -> int:
    """How many values stand in lists."""
    if isinstance(value, Mapping):
        return sum(_listed(part) for part in value.values())
    return sum(1 + _listed(part) for part in value) if isinstance(value, list | tuple) else 0


def load(data: object) -> Condition:
    """A condition from JSON that ``dump`` wrote."""
    return _node(data, "", lambda _kind, params, _path: params, 1)


def _node(data: object, field: str, resolve: Resolve, depth: int) -> Condition:
    if not isinstance(data, Mapping):
        raise BadCondition("a condition is an object with all, any, not or kind", field=field or None)
    if depth > DEEPEST:
        raise BadCondition(f"a condition nests at most {DEEPEST} deep", field=field or None)
    forms = [name for name in ("all", "any", "not", "kind") if name in data]
    if len(forms) != 1:
        raise BadCondition("a condition has exactly one of all, any, not, kind", field=field or None)
    form = forms[0]
    if form == "kind":
        return _leaf(data, field, resolve)
    if len(data) > 1:
        extra = next(str(name) for name in data if name != form)
        raise BadCondition(f"{extra} does not belong beside {form}", field=_join(field, extra))
    path = _join(field, form)
    if form == "not":
        return Not(_node(data["not"], path, resolve, depth + 1))
    parts = data[form]
    if not isinstance(parts, list | tuple):
        raise BadCondition(f"{form} takes a list", field=path)
    if form == "any" and not parts:
        raise BadCondition("any needs at least one part", field=path)
    of = tuple(_node(part, _join(path, index), resolve, depth + 1) for index, part in enumerate(parts))
    return All(of) if form == "all" else AnyOf(of)


def _leaf(data: Mapping[Any, Any], field: str, resolve: Resolve) -> Leaf:
    name = data["kind"]
    kind = registry.kind(name) if isinstance(name, str) else None
    if kind is None:
        known = [known.name for known in registry.kinds()]
        raise UnknownCondition(
            f"there is no condition of kind {name!r}", field=_join(field, "kind"), detail={"kinds": known}
        )
    try:
        params = kind.params.model_validate({key: value for key, value in data.items() if key != "kind"})
    except ValidationError as error:
        found = error.errors(include_url=False)
        first = next((one for one in found if one["type"] in ("bad_text", "bad_time")), found[0])
        # Members of a union appear in pydantic's locations as types; only names and positions mean something to people.
        place = [part for part in first["loc"] if isinstance(part, int) or (part.isidentifier() and part not in _TYPES)]
        path = _join(field, *place)
        raising = {"bad_text": BadText, "bad_time": BadTime}.get(first["type"], BadCondition)
        same = [one for one in found if one["loc"][: len(place)] == first["loc"][: len(place)]]
        several = len(same) > 1 and all(one["type"].endswith("_type") for one in same)
        said = "a value of this kind is not possible here" if several else first["msg"]
        raise raising(said, field=path or None) from None
    return Leaf(kind.name, resolve(kind, params, field))


def dump(condition: Condition) -> dict[str, object]:
    """The JSON form, with ids in place of names; ``load`` reads it."""
    match condition:
        case All(of):
            return {"all": [dump(part) for part in of]}
        case AnyOf(of):
            return {"any": [dump(part) for part in of]}
        case Not(of):
            return {"not": dump(of)}
        case Leaf(kind, params):
            return {"kind": kind, **params.model_dump(mode="json", by_alias=True, exclude_defaults=True)}


def named(ctx: Ctx, condition: Condition) -> dict[str, object]:
    """The JSON form with names in place of ids, for files; ``parse`` reads it."""
    with reading():
        return _named(ctx, condition)


def _named(ctx: Ctx, condition: Condition) -> dict[str, object]:
    match condition:
        case All(of):
            return {"all": [_named(ctx, part) for part in of]}
        case AnyOf(of):
            return {"any": [_named(ctx, part) for part in of]}
        case Not(of):
            return {"not": _named(ctx, of)}
        case Leaf(kind, params):
            return dump(Leaf(kind, kind_of(condition).named(ctx, params)))


def leaves(condition: Condition) -> Iterator[Leaf]:
    """The leaves, from left to right."""
    match condition:
        case All(of) | AnyOf(of):
            for part in of:
                yield from leaves(part)
        case Not(of):
            yield from leaves(of)
        case Leaf():
            yield condition


def kind_of(leaf: Leaf) -> registry.Kind[Any]:
    """The kind of a leaf; raises UnknownCondition when the room that offered it is gone."""
    found = registry.kind(leaf.kind)
    if found is None:
        raise UnknownCondition(f"there is no condition of kind {leaf.kind!r}")
    return found


def depends(condition: Condition) -> Depends:
    """What can change the condition besides time."""
    found = Depends()
    for leaf in leaves(condition):
        found |= kind_of(leaf).depends(leaf.params)
    return found
