"""How long the dashboard of a year of nights takes: 365 run folders with 60 metrics each, from reading to the page.

    PYTHONPATH=. python bench/dashboard.py [--nights 365] [--tasks 12] [--metrics 5] [--slices 6]

The folders hold run.json and metrics.json as `mmeval run` leaves them, slices and all; some nights fail, some figures
jump. The command runs as a process of its own, so that its start counts, too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mmeval.catalog import load_catalog
from tests.night_runs import results, run_record, write_night


def known_tasks(number: int, metrics: int) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Real tasks with as many metrics each, their headline first."""
    found = {}
    for name, task in load_catalog().tasks.items():
        names = tuple(task.scorer_for(None)[1].metrics)
        if len(names) >= metrics and task.headline in names:
            rest = [one for one in names if one != task.headline]
            found[name] = (task.dimension, (task.headline, *rest[: metrics - 1]))
    return dict(list(found.items())[:: max(1, len(found) // number)][:number])


def write_year(folder: Path, nights: int, tasks: dict[str, Any], slices: int) -> None:
    dice = random.Random(0)
    jumps = {(task, metric): dice.randrange(nights) for task, (_, names) in tasks.items() for metric in names}
    for night in range(nights):

        def figure(task: str, metric: str, night: int = night) -> tuple[float, float]:
            return dice.gauss(0.75 + 0.04 * (night >= jumps[task, metric]), 0.01), 0.01

        failed = dice.random() < 0.02
        record = run_record(night, tasks, status="interrupted" if failed else "done")
        write_night(folder / f"{night:03d}", record, None if failed else results(figure, tasks, slices))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in (("nights", 365), ("tasks", 12), ("metrics", 5), ("slices", 6)):
        parser.add_argument(f"--{name}", type=int, default=number)
    chosen = parser.parse_args()
    tasks = known_tasks(chosen.tasks, chosen.metrics)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_year(folder, chosen.nights, tasks, chosen.slices)
        size = sum(path.stat().st_size for path in folder.rglob("*.json"))
        code = "from mmeval.cli_dashboard import app; app()"
        start = time.perf_counter()
        told = subprocess.run(
            [sys.executable, "-c", code, str(folder), "--json"], check=True, stdout=subprocess.PIPE, env=os.environ
        )
        wall = time.perf_counter() - start
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = json.loads(told.stdout)
        jumped = sum(bool(one["change_points"]) for one in found["series"])
        print(f"{chosen.nights} nights x {len(found['series'])} metrics, {size / 1e6:.0f} MB of JSON")
        print(f"  {wall:.1f} s, {spent.ru_utime + spent.ru_stime:.1f} s of processor time")
        print(f"  page {(folder / 'dashboard.html').stat().st_size / 1e6:.1f} MB; {jumped} series with a change point")


if __name__ == "__main__":
    main()
