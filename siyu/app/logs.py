"""Logs: one JSON object a line on standard error. Whoever logs names events and numbers, never personal data."""

import logging
import sys
import traceback

import structlog
from structlog.typing import EventDict, WrappedLogger


def configure(level: str) -> None:
    """Log from ``level`` on; for processes, not for tests."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _where,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.root.handlers[:] = [Foreign()]
    logging.root.setLevel(max(logging.WARNING, logging.getLevelName(level)))


class Foreign(logging.Handler):
    """What libraries log, as lines like ours: the first line of their words, none of the values in them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; whatever follows the first one of a message may be somebody's data."""
        said = str(record.msg).partition("\n")[0]
        structlog.get_logger(record.name).log(
            record.levelno, "library_said", logger=record.name, said=said, exc_info=bool(record.exc_info)
        )


def _where(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The kind of an exception and where it came from; its message may quote a row of the database."""
    if event.pop("exc_info", None):
        kind, error, _trace = sys.exc_info()
        frames = traceback.extract_tb(error.__traceback__) if error else []
        event["error"] = kind.__name__ if kind else ""
        event["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event
