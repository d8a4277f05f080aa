"""Metrics: what waits in the whole company, and the process that answers."""

import os
from collections.abc import Iterator, Sequence

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from siyu.kernel import notices
from siyu.platforms import queries as platforms
from siyu.runtime import queries as runtime
from siyu.runtime.house import House


def exposition(house: House) -> bytes:
    """In Prometheus' text format. ``siyu_*`` are read from the database: whichever process answers, they are whole."""
    registry = CollectorRegistry()
    registry.register(_Company(house))
    return generate_latest(registry) + generate_latest(REGISTRY)


class _Company(Collector):
    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[Metric]:
        """The families, read anew."""
        yield InfoMetricFamily(
            "siyu_answering_process",
            "The process of process_* and python_*; with SIYU_SERVERS above 1 another may answer the next time.",
            {"pid": str(os.getpid())},
        )
        waits: Sequence[tuple[str, str, int]] = ()
        lanes: Sequence[runtime.Lane] = ()
        try:
            with self._house.open() as ctx:
                lanes = runtime.lanes(ctx)
                waits = (
                    ("siyu_inbox_waiting", "Callbacks that wait to be handled.", platforms.inbox_pending(ctx)),
                    ("siyu_notices_waiting", "Notices that wait to be told.", notices.count(ctx)),
                    ("siyu_parked_shares", "Shares of work that failed.", runtime.parked_count(ctx)),
                )
        except SQLAlchemyError:
            pass  # which is told below
        yield GaugeMetricFamily("siyu_database_up", "Whether the database answered (1) or not (0).", bool(waits))
        for name, text, value in waits:
            yield GaugeMetricFamily(name, text, value)
        silent = GaugeMetricFamily(
            "siyu_workers_silent_seconds", "Machine seconds since a worker of the lane did a round.", labels=("lane",)
        )
        for lane in lanes:
            silent.add_metric((lane.name,), lane.silent_seconds)
        yield silent
