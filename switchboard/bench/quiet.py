"""Where the measuring programs' own log goes: they log as a server does, and stdout belongs to their results."""

from __future__ import annotations

import logging
import sys

import structlog


def log_to_stderr() -> None:
    """From now on only errors are logged, to stderr."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
