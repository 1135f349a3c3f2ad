"""What the attacks share: one server of each kind, attacked while the tests look at one outcome after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future

import pytest
from attack import Outcome
from campaign import Campaign, Strike, switchboard_target
from real_gigs import data_folder
from server_process import serve
from target import Target


@pytest.fixture(scope="session")
def switchboard() -> Iterator[Target]:
    """A running ``switchboard serve`` with a database of its own."""
    with data_folder() as folder, serve(folder) as server:
        yield switchboard_target(server)


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, switchboard: Target
) -> Iterator[Mapping[str, Future[Outcome]]]:
    """The outcomes of those strikes that were chosen for this run."""
    chosen = [
        strike
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and isinstance(
            strike := getattr(item, "callspec", None) and item.callspec.params.get("strike"), Strike
        )
    ]
    with Campaign(chosen, switchboard) as running:
        yield running
