"""POPE scoring against the official script, on the same files, in one run: seconds of each and their ratio.

    python bench/score_pope.py EVALUATE_PY --data DIR --answers FILE [--repeats 5]

EVALUATE_PY: RUCAIBox/POPE evaluate.py (3df3ba1). DIR: coco_pope_{random,popular,adversarial}.json. FILE: answers
(question_id, category, text) in the label files' order. The official script scores one split, so it runs three
times, with its two path variables set. Compared,
- within a process, from files on disk to figures: the script's code executed; ours as `mmeval score` does it, with and
  without the bootstrap;
- within a process, scoring alone, from answers and labels in memory to figures: the script's time less that of its
  lines that read the files; ours with samples and answers read before;
- as whole processes, with the interpreter's start and all imports.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.requests import read_samples
from mmeval.scoring import columns, summarise

SPLITS = ("random", "popular", "adversarial")


def official_sources(script: Path, data: Path, answers: Path, folder: Path) -> list[str]:
    """The script once a split, with its path variables set to that split's files."""
    rows = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    sources = []
    for split in SPLITS:
        given = folder / f"answers_{split}.json"
        given.write_text(
            "".join(json.dumps({"answer": row["text"]}) + "\n" for row in rows if row["category"] == split),
            encoding="utf-8",
        )
        [asked] = data.glob(f"coco_pope_{split}.json*")
        source, found = script.read_text(encoding="utf-8"), 0
        for name, path in (("ans_file", given), ("label_file", asked)):
            source, count = re.subn(rf"^{name} = .*$", f"{name} = {str(path)!r}", source, flags=re.MULTILINE)
            found += count
        if found != 2:
            sys.exit(f"{script}: not the script this bench knows (ans_file and label_file are not set in it)")
        sources.append(source)
    return sources


def official_in_process(sources: list[str]) -> list[float]:
    """Runs the script's three splits; its F1 scores."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for source in sources:
            exec(compile(source, "evaluate.py", "exec"), {})
    return [float(value) for value in re.findall(r"F1 score: (\S+)", printed.getvalue())]


def reading_of(source: str) -> str:
    """The script's lines that read its two files."""
    head, found, _ = source.partition("\nfor answer in answers:")
    if not found:
        sys.exit("not the script this bench knows (no loop over the answers in it)")
    return head


def ours_in_process(data: Path, answers: Path, resamples: int) -> list[float]:
    task = load_catalog().tasks["pope"]
    scorer = task.dialects["official"]
    samples = read_samples(task, (data,))
    table = columns(scorer, samples, read_answers(task, [answers], samples).given(scorer))
    measured = summarise(table, scorer, resamples=resamples)
    return [measured.slices[f"split={split}"]["f1"].value for split in SPLITS]


def timed(work: Callable[[], object], repeats: int) -> float:
    """Median wall seconds after one run that warms caches."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("script", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    data, answers, repeats = given.data.resolve(), given.answers.resolve(), given.repeats
    with tempfile.TemporaryDirectory() as folder:
        sources = official_sources(given.script, data, answers, Path(folder))
        theirs, ours = official_in_process(sources), ours_in_process(data, answers, 0)
        if theirs != ours:
            sys.exit(f"different F1 scores: official {theirs}, ours {ours}")
        scripts = []
        for split, source in zip(SPLITS, sources, strict=True):
            scripts.append(Path(folder) / f"evaluate_{split}.py")
            scripts[-1].write_text(source, encoding="utf-8")

        def whole_official() -> None:
            for script in scripts:
                subprocess.run([sys.executable, script], check=True, capture_output=True)

        command = [sys.executable, "-m", "mmeval.cli", "score", "--task", "pope", "--json"]
        command += ["--data", str(data), "--answers", str(answers)]
        task = load_catalog().tasks["pope"]
        scorer = task.dialects["official"]
        samples = read_samples(task, (data,))
        read = read_answers(task, [answers], samples).given(scorer)

        def scored(resamples: int) -> None:
            summarise(columns(scorer, samples, read), scorer, resamples=resamples)

        inside = timed(lambda: official_in_process(sources), repeats)
        reading = timed(lambda: official_in_process([reading_of(source) for source in sources]), repeats)
        alone = timed(lambda: scored(0), repeats)
        alone_boot = timed(lambda: scored(2000), repeats)
        plain = timed(lambda: ours_in_process(data, answers, 0), repeats)
        boot = timed(lambda: ours_in_process(data, answers, 2000), repeats)
        outside = timed(whole_official, repeats)
        process = timed(lambda: subprocess.run(command, check=True, capture_output=True), repeats)
    print("F1 of the three splits equal to the last bit")
    for name, seconds, against in (
        ("in process, official script", inside, inside),
        ("in process, ours, no intervals", plain, inside),
        ("in process, ours, 2,000 resamples", boot, inside),
        ("scoring alone, official script", inside - reading, inside - reading),
        ("scoring alone, ours, no intervals", alone, inside - reading),
        ("scoring alone, ours, 2,000 resamples", alone_boot, inside - reading),
        ("whole process, official script, three times", outside, outside),
        ("whole process, mmeval score", process, outside),
    ):
        print(f"{name:36} {seconds:8.3f} s   {seconds / against:6.2f} times the official")


if __name__ == "__main__":
    main()
