"""The command that decides whether a checkpoint may be released."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mmeval.cli_options import CatalogOption, Json, print_json
from mmeval.errors import UsageError

app = typer.Typer()


@app.command()
def gate(
    base: Annotated[Path | None, typer.Option(metavar="RUN", help="The run to be held against.")] = None,
    cand: Annotated[Path | None, typer.Option("--cand", "--candidate", metavar="RUN", help="The run to judge.")] = None,
    policy: Annotated[
        Path | None,
        typer.Option(help="The rules, a YAML file [no headline metric shown to be worse, 5 % missing at most]."),
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Also write JUnit XML, a test case a rule.")] = None,
    summary: Annotated[
        Path | None, typer.Option(help="Also add Markdown to this file [$GITHUB_STEP_SUMMARY where that is set].")
    ] = None,
    init: Annotated[
        bool, typer.Option("--init", help="Write a policy to start from, about the tasks of the given runs.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also judge runs that were not asked the same; marked.")
    ] = False,
    catalog: CatalogOption = None,
    json: Json = False,
) -> int:
    """May it be released? Holds a run against a base by a policy; exits 0 pass, 1 regression, 2 cannot tell.

    Regression: a rule is violated, and the figures show it. Cannot tell: something the policy asks for could not be
    shown in so few samples, and how many would do is said. `mmeval gate --init` writes a policy to start from.
    """
    from mmeval.catalog import load_catalog
    from mmeval.runs import RunFolder

    known = load_catalog(catalog or ())
    runs = [RunFolder.existing(one) if one else None for one in (base, cand)]
    if init:
        from mmeval.gating.example import write_example

        path = write_example(policy or Path("release.yaml"), [run for run in runs if run], known)
        if json:
            print_json({"policy": str(path)})
        else:
            print(f"policy: {path}")
        return 0
    if runs[0] is None or runs[1] is None:
        missing = "--base" if runs[0] is None else "--cand"
        raise UsageError(
            f"{missing} RUN is missing; a gate holds --cand against --base (`mmeval run` prints the folders)"
        )
    from mmeval.gating.gate import gate as judge
    from mmeval.gating.output import print_gated, write_junit, write_summary
    from mmeval.gating.policy import DEFAULT, load_policy

    gated = judge(runs[0], runs[1], load_policy(policy) if policy else DEFAULT, known, force)
    if junit:
        write_junit(gated, junit)
    write_summary(gated, summary)
    if json:
        print_json(gated.to_json())
        for note in gated.notes:
            print(f"mmeval: {note}", file=sys.stderr)
    else:
        print_gated(gated)
    return gated.exit_code
