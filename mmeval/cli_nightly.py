"""The command for cron and CI."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mmeval.cli_options import Json, print_json

if TYPE_CHECKING:
    from mmeval.nightly.config import Option
    from mmeval.nightly.handling import Nights

app = typer.Typer()


@app.command()
def nightly(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="nightly.yaml; docs/nightly.md shows one.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which checkpoints are new, and do nothing.")] = False,
    json: Json = False,
) -> int:
    """Asks the new checkpoints of a training run, compares and gates each, and rebuilds the site.

    Calling it again asks nothing twice: a checkpoint is known by the content of its files, and what was stopped goes
    on. Exit code: 3 when a night failed, else 1 when one is a regression, else 2 when one can't be told, else 0 (all
    passed, or nothing was new); 64 also when another call is at work.
    """
    from mmeval.nightly.config import load_plan
    from mmeval.nightly.handling import nightly as handle

    plan = load_plan(config, run_options())
    done = handle(plan, lambda text: print(f"mmeval: {text}", file=sys.stderr, flush=True), dry_run)
    for name, why in done.waiting.items():
        print(f"mmeval: {name}: left alone: {why}", file=sys.stderr)
    for name, why in done.given_up.items():
        print(f"mmeval: {name}: not tried again until its files change: {why}", file=sys.stderr)
    for note in done.notes:
        print(f"mmeval: {note}", file=sys.stderr)
    if json:
        print_json(done.to_json())
    else:
        _print(done, dry_run)
    return done.exit_code


def _print(done: Nights, dry_run: bool) -> None:
    if dry_run:
        print("\n".join(f"would run: {name}" for name in done.planned) or f"nothing new (known: {done.known})")
        return
    for one in done.handled.values():
        print(f"{one.checkpoint}: {one.status}")
    if not done.handled:
        print(f"nothing new (known: {done.known})")
    print(f"site: {done.site / 'index.html'}")


def run_options() -> dict[str, Option]:
    """What `mmeval run` takes, by every spelling without dashes in front: for the `run` part of a configuration."""
    from typing import get_type_hints

    from mmeval import cli
    from mmeval.nightly.config import Option

    command: Any = cast(Any, typer.main.get_command(cli.app)).commands["run"]
    types = get_type_hints(cli.run)
    found: dict[str, Option] = {}
    for parameter in command.params:
        name = parameter.opts[0].removeprefix("--")
        option = Option(name, types.get(parameter.name), next(iter(parameter.secondary_opts), None))
        found |= {one.removeprefix("--").replace("_", "-"): option for one in parameter.opts if one.startswith("--")}
    return found
