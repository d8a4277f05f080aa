"""The OpenAPI description without a database: routes are declared, nothing is opened."""

from zoneinfo import ZoneInfo

from siyu.app.http import create_app
from siyu.kernel.clock import SystemClock
from siyu.kernel.db import engine_for
from siyu.runtime.house import House


def description() -> dict[str, object]:
    """The document that ``/openapi.json`` serves."""
    house = House(engine_for("postgresql://nobody@127.0.0.1:1/none"), SystemClock(), ZoneInfo("Asia/Shanghai"))
    return create_app(house).openapi()
