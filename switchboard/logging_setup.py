"""One log on stdout, for people (console) or for machines (json); what libraries log goes there too."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, TextIO

import structlog

NOISY = ("hypercorn.error", "quart.app", "quart.serving")
"""Libraries' loggers whose informational lines repeat ours."""


class Lines:
    """A stream whose reader may go away.

    ``switchboard serve | head`` must not make every actor that logs fail; what can no longer be written is counted.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost = 0

    def write(self, text: str) -> int:
        """Writes, or counts what was lost."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            self.lost += 1
            return len(text)

    def flush(self) -> None:
        """Flushes, or counts what was lost."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self.lost += 1


def chosen_format(log_format: str | None) -> str:
    """``console`` or ``json``: as set, else by whether a person looks."""
    return log_format or ("console" if sys.stdout.isatty() else "json")


def configure(log_format: str | None) -> None:
    """Sends everything that is logged from now on to stdout in that format."""
    chosen = chosen_format(log_format)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render = _renderers(chosen)
    lines: Any = Lines(sys.stdout)
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=lines),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderers(chosen: str) -> list[Any]:
    if chosen == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_json),
        ]
    # Plain tracebacks: the default ones show local variables, and with them passwords.
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]


def _json(event: dict[str, Any], **_: Any) -> str:
    """One line; what has no form in JSON is written as Python shows it, and nothing that a field holds is an error."""
    return json.dumps(event, default=repr, skipkeys=True)
