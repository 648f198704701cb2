"""Commands about runs that are there: what they hold, how two of them differ, how far their judge can be trusted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mmeval.cli_options import CatalogOption, Data, Json, print_json
from mmeval.errors import UsageError

app = typer.Typer()


@app.command()
def gain(
    seen: Annotated[Path, typer.Argument(metavar="RUN", help="A run with pictures.")],
    blind: Annotated[Path, typer.Argument(metavar="BLIND", help="The same with --ablate no-image.")],
    llm: Annotated[
        Path | None, typer.Option("--llm", help="The bare language model's run, with --ablate no-image.")
    ] = None,
    catalog: CatalogOption = None,
    json: Json = False,
) -> int:
    """Multi-modal gain: what the pictures add to each figure; with --llm also leakage (MMStar's measures)."""
    from mmeval.catalog import load_catalog
    from mmeval.gain import gains
    from mmeval.runs import RunFolder

    known = load_catalog(catalog or ())
    runs = [RunFolder.existing(folder) for folder in (seen, blind, *([llm] if llm else []))]
    found = gains(runs[0], runs[1], runs[2] if llm else None, known)
    if json:
        print_json({"tasks": {name: one.to_json() for name, one in found.items()}})
    else:
        from mmeval.tables import print_gains

        print_gains(found, known)
    return 0


@app.command()
def report(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    catalog: CatalogOption = None,
) -> int:
    """Writes the page of a run again."""
    from mmeval.catalog import load_catalog
    from mmeval.reporting import write_report
    from mmeval.runs import RunFolder

    print(write_report(RunFolder.existing(run_folder), load_catalog(catalog or ())))
    return 0


@app.command()
def verify(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    catalog: CatalogOption = None,
    json: Json = False,
) -> int:
    """Scores a run again from its logs and compares with what it says, byte for byte."""
    from mmeval.catalog import load_catalog
    from mmeval.logs import verify as verify_run
    from mmeval.runs import RunFolder

    verified = verify_run(RunFolder.existing(run_folder), load_catalog(catalog or ()))
    if json:
        print_json({"run": str(run_folder), "same": not verified.differences, "differences": verified.differences})
    for name, what in verified.differences.items():
        print(f"mmeval: {name} differs: {what}", file=sys.stderr)
    if not verified.differences and not json:
        print("same: metrics.json and scores.parquet, byte for byte")
    return 65 if verified.differences else 0


@app.command("judge-check")
def judge_check(
    run_folder: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="A judged run, with --labels.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Table with columns sample, label (and task): people's labels of some answers.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="A judge to try on labelled benchmarks; named as --model of `mmeval run` is.")
    ] = None,
    suite: Annotated[str, typer.Option(help="With --judge: labelled suites [reward_model].")] = "",
    tasks: Annotated[str, typer.Option(help="With --judge: labelled tasks, separated by commas.")] = "",
    limit: Annotated[int | None, typer.Option(help="With --judge: only the first N samples of each task.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="With --judge: run folder.")] = None,
    data: Data = None,
    catalog: CatalogOption = None,
    json: Json = False,
) -> int:
    """How far a judge can be trusted: against people's labels of a run's answers, or on labelled benchmarks.

    mmeval judge-check RUN --labels people.csv   agreement and kappa with intervals, and the judged figure corrected;
    it stays in the run folder and on its page.

    mmeval judge-check --judge MODEL --data DIR   the judge picks between answers of which people's choice is known.
    """
    from mmeval.catalog import load_catalog

    known = load_catalog(catalog or ())
    if (run_folder is None) == (judge is None):
        raise UsageError("judge-check takes either a RUN with --labels FILE, or --judge MODEL")
    if judge is not None:
        return _try_judge(judge, suite or ("" if tasks else "reward_model"), tasks, limit, output, data, known, json)
    if labels is None or run_folder is None:
        raise UsageError("judge-check RUN needs --labels FILE, people's labels of some of its answers")
    from mmeval.judging.check import check_run

    results = check_run(run_folder, labels, known)
    if json:
        print_json({"run": str(run_folder), "tasks": results})
    else:
        from mmeval.tables import print_trust

        print_trust(results, known)
    return 0


def _try_judge(
    judge: str,
    suite: str,
    tasks: str,
    limit: int | None,
    output: Path | None,
    data: list[Path] | None,
    known: Any,
    json: bool,
) -> int:
    from mmeval.evaluation import evaluate
    from mmeval.inference.scene_judge import names_it
    from mmeval.progress import for_people
    from mmeval.requests import Settings

    if names_it(judge):
        raise UsageError(
            f"--judge {judge}: judges the demo tasks of `mmeval run` and answers no benchmark; pass a model"
        )
    settings, command = Settings(limit=limit), sys.argv[1:]
    finished = evaluate(
        judge,
        tasks,
        suite=suite,
        data=data or (),
        output=output,
        catalog=known,
        settings=settings,
        progress=for_people(),
        command=command,
    )
    if json:
        print_json(finished.to_json())
    else:
        from mmeval.tables import print_results

        print_results(finished.tasks, finished.failed, known)
        print(f"\npage: {finished.report}")
    return finished.exit_code


@app.command()
def length(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="A run.")],
    candidate: Annotated[Path, typer.Argument(metavar="CAND", help="A run on the same samples.")],
    catalog: CatalogOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    json: Json = False,
) -> int:
    """What is left of a difference between two runs when their answers are equally long.

    Aligned models often win, or make up less, by saying more or less. The paired difference of every figure is
    regressed on the difference in length; the part that is left at equal length stands beside the raw one.
    """
    from mmeval.catalog import load_catalog
    from mmeval.length import compare_at_equal_length, comparisons_json
    from mmeval.runs import RunFolder

    known = load_catalog(catalog or ())
    found = compare_at_equal_length(RunFolder.existing(base), RunFolder.existing(candidate), known, seed)
    if json:
        print_json({"tasks": comparisons_json(found)})
    else:
        from mmeval.tables import print_lengths

        print_lengths(found, known)
    return 0
