"""``make fuzz``: calls made up from the OpenAPI document, by everybody, against a server of its own.

20,000 cases and more; whatever the server is asked, it never answers 500, and always as the document says.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import click
from fuzzing import demo_server, fuzz, stage
from rich.progress import Progress

SHOWN_LINES = 60
SHOWN_WIDTH = 300


@click.command()
@click.option("--examples", default=20, help="Cases made up for each operation.")
@click.option("--seed", default=int(time.time()), help="The same seed makes up the same cases.")
def main(examples: int, seed: int) -> None:
    """Fuzz every API as everybody."""
    failed, total = [], 0
    with tempfile.TemporaryDirectory() as folder, demo_server(Path(folder) / "data") as server:
        roles, known = stage(server)
        with Progress() as progress:
            task = progress.add_task(f"seed {seed}", total=len(roles))
            for role in roles:
                progress.update(task, description=f"{role.name} at {role.paths}")
                done = fuzz(server.base(), role, known, Path(folder), examples=examples, seed=seed)
                total += done.cases
                progress.console.print(
                    f"{role.name:14} {role.paths:12} {done.cases:6} cases  "
                    f"{'as documented' if done.passed else 'NOT as documented'}"
                )
                if not done.passed:
                    failed.append(done)
                progress.advance(task)
        log = [line for line in server.lines if "request_failed" in line or "Traceback" in line]
    for done in failed:
        start = done.output.find("= FAILURES =")
        for line in done.output[max(start, 0) :].splitlines()[:SHOWN_LINES]:
            click.echo(line[:SHOWN_WIDTH])
    click.echo(f"{total} cases, {len(failed)} of {len(roles)} roles not as documented")
    for line in log[:10]:
        click.echo(line[:SHOWN_WIDTH])
    sys.exit(1 if failed or log else 0)


if __name__ == "__main__":
    main()
