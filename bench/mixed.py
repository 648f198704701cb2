"""Tasks that share pictures, run together and one after the other: seconds of each and their ratio.

    python bench/mixed.py [--model demo] [--tasks demo_pope,demo_chair,demo_amber] [--data DIR] [--limit N]

Together, the questions of all tasks on a picture are one tree. One after the other, each task's questions are trees of
their own, on the same loaded model. Answers must be equal.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from mmeval.catalog import load_catalog
from mmeval.inference import open_engine
from mmeval.inference.base import Request
from mmeval.requests import Settings, plan_task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="demo")
    parser.add_argument("--tasks", default="demo_pope,demo_chair,demo_amber")
    parser.add_argument("--data", type=Path, action="append", default=[])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--max-new-tokens", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    settings = Settings(limit=given.limit, max_new_tokens=given.max_new_tokens)
    tasks: list[list[Request]] = []
    for task in load_catalog().choose(given.tasks.split(",")):
        plan = plan_task(task, tuple(given.data), settings.decoding(task.max_new_tokens), settings)
        tasks.append(list(plan.requests))
    everything = [request for requests in tasks for request in requests]
    engine = open_engine(given.model, threads=given.threads)

    def answers(*parts: list[Request]) -> dict[str, str]:
        return {response.id: response.text for part in parts for response in engine.run(part)}

    together, apart = answers(everything), answers(*tasks)  # also warms up
    seconds: dict[str, list[float]] = {"together": [], "one after the other": []}
    for _ in range(given.repeats):
        for name, parts in (("together", [everything]), ("one after the other", tasks)):
            start = time.perf_counter()
            answers(*parts)
            seconds[name].append(time.perf_counter() - start)
    print(f"{given.model}, {given.tasks}: {len(everything)} requests, equal answers: {together == apart}")
    first = statistics.median(seconds["together"])
    for name, of in seconds.items():
        took = statistics.median(of)
        print(f"  {name:20} {took:7.2f} s   {len(everything) / took:7.1f} requests/s   {took / first:5.2f} times")
    engine.close()


if __name__ == "__main__":
    main()
