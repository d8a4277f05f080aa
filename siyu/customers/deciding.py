"""Private: what people say about who is who, and taking it back."""

from collections.abc import Iterable, Sequence

from siyu.customers import people
from siyu.customers.store import identities
from siyu.customers.types import BadDecision, UnknownCase, UnknownCustomer, UnknownDecision, Verdict
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx


def decide(ctx: Ctx, case_id: int, verdict: Verdict, members: Sequence[int] | None = None) -> int:
    """Settle a review case: its people (or only those of ``members``, customer ids) are the same or different.

    Returns the decision's id. Raises UnknownCase, BadDecision (fewer than two members, or not of the case).
    """
    identities.lock_identities(ctx)
    case = identities.case_members(ctx, [case_id]).get(case_id)
    if case is None or case_id not in identities.open_cases(ctx, sorted(case)):
        raise UnknownCase(f"there is no open review case {case_id}", field="case_id")
    groups = _by_customer(ctx, case)
    if members is not None:
        chosen = set(members)
        if len(chosen) < 2 or not chosen <= set(groups):
            raise BadDecision(
                "name at least two people of the case", field="members", detail={"members": sorted(groups)}
            )
        groups = {one: groups[one] for one in chosen}
    return _write(ctx, verdict, case_id, [groups[one] for one in sorted(groups)])


def join(ctx: Ctx, customer_ids: Sequence[int]) -> int:
    """A person says that these customers are one; returns the decision's id. Raises BadDecision, UnknownCustomer."""
    identities.lock_identities(ctx)
    homes = identities.customers_of(ctx, customer_ids)
    if missing := set(customer_ids) - set(homes):
        raise UnknownCustomer(f"there is no customer {min(missing)}", field="customer_ids")
    if len(set(homes.values())) < 2:
        raise BadDecision("name at least two customers", field="customer_ids")
    origins = identities.origins_of(ctx, set(homes.values()))
    return _write(ctx, "same", None, [set(origins)])


def separate(ctx: Ctx, customer_id: int, origins: Sequence[int]) -> int:
    """Undo a merge: a person says that these origins of a customer are somebody else than the rest.

    Returns the decision's id. Raises UnknownCustomer, BadDecision (none, all, or foreign origins).
    """
    identities.lock_identities(ctx)
    home = identities.customers_of(ctx, [customer_id]).get(customer_id)
    if home is None:
        raise UnknownCustomer(f"there is no customer {customer_id}", field="customer_id")
    everything, chosen = set(identities.origins_of(ctx, [home])), set(origins)
    if not chosen or not chosen < everything:
        detail = {"origins": sorted(everything)}
        raise BadDecision("name some, not all, of the customer's identities", field="origins", detail=detail)
    return _write(ctx, "different", None, [everything - chosen, chosen])


def undo(ctx: Ctx, decision_id: int) -> None:
    """Take a decision back: what follows from the facts without it comes back, its case too. Raises UnknownDecision."""
    identities.lock_identities(ctx)
    undone = identities.undo_decision(ctx, decision_id)
    if undone is None:
        raise UnknownDecision(f"there is no standing decision {decision_id}", field="decision_id")
    prefer = [] if undone == 0 else [undone]
    people.settle(ctx, identities.decision_origins(ctx, decision_id), set(), prefer=prefer)
    audit.record(ctx, "customers.undo_decision", "decision", decision_id)


def _by_customer(ctx: Ctx, origins: Iterable[int]) -> dict[int, set[int]]:
    groups: dict[int, set[int]] = {}
    for origin, home in identities.customers_of(ctx, origins).items():
        groups.setdefault(home, set()).add(origin)
    return groups


def _write(ctx: Ctx, verdict: Verdict, case_id: int | None, groups: Sequence[set[int]]) -> int:
    told = groups if verdict == "different" else [set().union(*groups)]
    decision_id = identities.add_decision(ctx, verdict, case_id, told)
    if case_id is not None:
        # Closed under the verdict; if the decision leaves part of it open, settling opens it again under its id.
        identities.close_cases(ctx, [case_id], verdict)
    prefer = [] if case_id is None else [case_id]
    people.settle(ctx, set().union(*groups), set(), prefer=prefer)
    audit.record(
        ctx,
        "customers.decide",
        "decision",
        decision_id,
        verdict=verdict,
        case_id=case_id,
        groups=[sorted(g) for g in told],
    )
    return decision_id
