"""``python -m switchboard.simulations.mutants``: plants every fault and shows who noticed it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from switchboard.simulations.mutants import MUTANTS, Mutant, StoreMutant, WorldMutant
from switchboard.simulations.mutants.hunt import (
    NoTests,
    Verdict,
    hunt_in_tests,
    hunt_in_worlds,
)
from switchboard.simulations.mutants.mutant import SEEDS_MOST


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=SEEDS_MOST,
    show_default=True,
    help="A world must notice it within so many seeds.",
)
@click.option("--list", "only_list", is_flag=True, help="Say what each one does, and run nothing.")
@click.pass_context
def mutants(context: click.Context, names: Sequence[str], seeds: int, only_list: bool) -> None:
    """Plant faults, all or those named, and show who notices each.

    Faults of the engine are planted in simulated worlds, one seed after the other, until a checker sees a rule broken;
    faults of the stores in the tests that must then fail. Status 1 if one survives.
    """
    unknown = [name for name in names if name not in MUTANTS]
    if unknown:
        raise click.BadParameter(f"no such mutant: {', '.join(unknown)}; --list shows all")
    chosen = [one for name, one in MUTANTS.items() if not names or name in names]
    if only_list:
        for one in chosen:
            click.echo(f"{one.name} ({one.where}): {one.about}")
        return
    try:
        verdicts = _hunt(chosen, seeds)
    except NoTests as error:
        click.echo(str(error), err=True)
        context.exit(2)
    _show(verdicts)
    survivors = [verdict for verdict in verdicts if verdict.survived]
    for survivor in survivors:
        mutant = survivor.mutant
        click.echo(f"\n{mutant.name} survives: {mutant.about}", err=True)
        for why in survivor.missing:
            click.echo(f"  {why}", err=True)
    click.echo(f"{len(verdicts) - len(survivors)} of {len(verdicts)} caught")
    context.exit(1 if survivors else 0)


def _hunt(chosen: Sequence[Mutant], seeds: int) -> list[Verdict]:
    in_worlds = [one for one in chosen if isinstance(one, WorldMutant)]
    in_tests = [one for one in chosen if isinstance(one, StoreMutant)]
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        worlds = bar.add_task("worlds", total=len(in_worlds))
        tests = bar.add_task("tests", total=sum(len(one.tests) for one in in_tests))
        verdicts = []
        for mutant in in_worlds:
            bar.update(worlds, description=mutant.name)
            verdicts.append(hunt_in_worlds(mutant, seeds))
            bar.advance(worlds)
        bar.update(worlds, description="worlds")
        return verdicts + hunt_in_tests(in_tests, Path.cwd(), lambda: bar.advance(tests))


def _show(verdicts: Sequence[Verdict]) -> None:
    table = Table(show_lines=False)
    table.add_column("mutant", no_wrap=True)
    table.add_column("caught by")
    table.add_column("seeds", justify="right")
    for one in verdicts:
        caught_by = one.caught_by if not one.survived else "[bold]survives[/]"
        seeds = "" if one.seeds is None else str(one.seeds)
        table.add_row(one.mutant.name, caught_by, seeds)
    Console().print(table)


if __name__ == "__main__":
    mutants()
