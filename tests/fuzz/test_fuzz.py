"""A short form of ``make fuzz``: a few calls of each operation, made up from the document."""

from __future__ import annotations

from pathlib import Path

from fuzzing import demo_server, fuzz, stage

SEED = 20_160_412


def test_whatever_is_asked_is_answered_as_documented(tmp_path: Path) -> None:
    with demo_server(tmp_path / "data") as server:
        roles, known = stage(server)
        for role in roles:
            if role.name in ("none", "administrator"):
                done = fuzz(
                    server.base(), role, known, tmp_path, examples=1, seed=SEED, phases="fuzzing"
                )
                assert done.passed, done.output[-4000:]
                assert done.cases > 4, done.output[-4000:]
        assert server.end() == 0
    assert "request_failed" not in server.output
    assert "Traceback" not in server.output
