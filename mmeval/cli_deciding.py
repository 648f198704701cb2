"""The command that lays runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmeval.cli_options import CatalogOption, Json, print_json
from mmeval.errors import UsageError

app = typer.Typer()


@app.command()
def compare(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="The run to compare with.")],
    candidates: Annotated[list[Path], typer.Argument(metavar="CAND...", help="One run or several.")],
    tasks: Annotated[str, typer.Option(help="Only these tasks, separated by commas.")] = "",
    margin: Annotated[
        float, typer.Option(min=0.0, help="Smallest difference that matters, in points of a metric's 0-100 scale.")
    ] = 1.0,
    correction: Annotated[
        str, typer.Option(help="Over all metrics: bh (false discoveries, to explore) or holm (any false alarm).")
    ] = "bh",
    alpha: Annotated[float, typer.Option(min=0.0001, max=0.5, help="Two-sided, over all metrics together.")] = 0.05,
    force: Annotated[
        bool, typer.Option("--force", help="Also compare what was not asked the same; the page is marked.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The page [compare.html in the first CAND].")] = None,
    no_page: Annotated[bool, typer.Option("--no-page", help="Only the table.")] = False,
    catalog: CatalogOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Of resampling.")] = 0,
    json: Json = False,
) -> int:
    """Did it get better or worse? Paired on the same samples, with intervals and a verdict for every metric.

    Each metric is better, worse, without a difference shown, or has too few samples to tell: a difference of the
    margin would often be missed. Samples that only one run has are left out, and said. Runs that were not asked the
    same (prompt, data, scoring, judge, decoding) are refused. The page shows the very answers that changed.
    `mmeval gate` makes a decision of it, with an exit code.
    """
    from mmeval.catalog import load_catalog
    from mmeval.compare import CompareSettings, compare_runs
    from mmeval.runs import RunFolder

    if correction not in ("bh", "holm"):
        raise UsageError(f"--correction {correction}: bh or holm")
    known = load_catalog(catalog or ())
    chosen = tuple(name.strip() for name in tasks.split(",") if name.strip())
    settings = CompareSettings(alpha, "holm" if correction == "holm" else "bh", margin, chosen, force, seed=seed)
    runs = [RunFolder.existing(one) for one in candidates]
    found = compare_runs(RunFolder.existing(base), runs, known, settings)
    page = None
    if not no_page:
        from mmeval.reporting.comparison import write_comparison

        page = write_comparison(found, known, out or candidates[0] / "compare.html")
    if json:
        print_json({**found.to_json(), "page": None if page is None else str(page)})
    else:
        from mmeval.compare_tables import print_comparisons

        print_comparisons(found)
        if page:
            print(f"\npage: {page}")
    lost = [task for one in found.comparisons for task in chosen if task in one.absent]
    return 3 if lost else 0  # what was asked for by name was not done
