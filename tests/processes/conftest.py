"""What the tests against real servers share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from real_gigs import data_folder, http_client


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder of the test's own, on which servers may be killed."""
    with data_folder() as folder:
        yield folder


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client for all people of a test."""
    with http_client() as open_client:
        yield open_client
