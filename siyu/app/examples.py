"""Examples of whole bodies for the OpenAPI description, put together from the examples of their fields."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
_PERSON = {"kind": "crm_id", "value": "C-1001", "scope": "crm"}
WHOLE: Mapping[str, Any] = {
    "POST /api/customers/events": {
        "source": "crm",
        "items": [
            {
                "key": "call-77",
                "type": "demo_booked",
                "occurred_at": "2026-03-01T10:30:00+08:00",
                "identity": _PERSON,
                "props": {"product": "年卡"},
            }
        ],
    },
    "POST /api/customers/orders": {
        "source": "shop",
        "items": [
            {
                "order_no": "20260301-17",
                "amount": 29900,
                "currency": "CNY",
                "status": "paid",
                "placed_at": "2026-03-01T10:30:00+08:00",
                "identity": _PERSON,
            }
        ],
    },
    "POST /api/customers/joins": {"customer_ids": [1, 2]},
}
"""Bodies whose fields depend on one another."""


def example_of(schema: Schema, known: Mapping[str, Schema]) -> Any:
    """A value that fits ``schema``: examples and defaults where there are some, else the plainest value."""
    if "$ref" in schema:
        return example_of(known[schema["$ref"].rpartition("/")[2]], known)
    for name in ("example", "const", "default"):
        if schema.get(name) is not None:
            return schema[name]
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            return example_of(schema[name][0], known)
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", ())
            parts = schema.get("properties", {}).items()
            return {name: example_of(one, known) for name, one in parts if name in wanted or one.get("examples")}
        case "array":
            return [example_of(schema["items"], known)] if schema.get("minItems", 1) and "items" in schema else []
        case "integer" | "number":
            return max(schema.get("minimum", 1), 1)
        case "boolean":
            return True
        case "null":
            return None
    return "2026-03-02T09:00:00+08:00" if schema.get("format") == "date-time" else "text"
