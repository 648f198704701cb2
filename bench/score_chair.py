"""How much faster is CHAIR than the official script, on the same captions and annotations?

    python bench/score_chair.py --official chair.py --python PYTHON --annotations DIR --captions FILE.jsonl

chair.py: the Python 3 port of LisaAnne/Hallucination's script, Maxlinn/CHAIR-metric-standalone, with its own
interpreter, which has `pattern` (or PatternLite), `nltk` 3.9 and punkt_tab. DIR has
{instances,captions}_{train,val}2014.json. Times are CPU seconds of the scoring alone, from captions and a ready
ground truth to the figures, in fresh processes, best of some rounds; and of the whole process. Prints the ratios, and
fails if figures differ.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# pattern.en imports its WordNet module for other things; it downloads corpora, which singularize doesn't need.
OFFICIAL = """
import importlib.util, json, sys, time, types
stub = types.ModuleType("pattern.text.en.wordnet"); stub.__getattr__ = lambda name: None
sys.modules["pattern.text.en.wordnet"] = stub
spec = importlib.util.spec_from_file_location("official", sys.argv[1])
official = importlib.util.module_from_spec(spec); spec.loader.exec_module(official)
evaluator = official.CHAIR(sys.argv[2])
started = time.process_time()
metrics = evaluator.compute_chair(sys.argv[3], "image_id", "caption")["overall_metrics"]
print(json.dumps([time.process_time() - started, time.process_time(), metrics]))
"""
OURS = """
import json, sys, time
from pathlib import Path
from mmeval import scoring
from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.requests import read_samples
task = load_catalog().tasks["chair"]
samples = read_samples(task, (Path(sys.argv[2]),))
import pandas
started = time.process_time()
scorer = task.dialects["official"]
answers = read_answers(task, [Path(sys.argv[3])], samples).answers
samples = [sample for sample in samples if sample.id in answers]
metrics = scoring.summarise(scoring.score(scorer, samples, answers), scorer, resamples=0).metrics
took = time.process_time() - started
print(json.dumps([took, time.process_time(), {name: one.value for name, one in metrics.items()}]))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    files = [str(path.resolve()) for path in (asked.official, asked.annotations, asked.captions)]
    rounds = [(run(asked.python, OFFICIAL, files), run(sys.executable, OURS, files)) for _ in range(asked.rounds)]
    theirs, ours = ([one[side] for one in rounds] for side in (0, 1))
    for name, position in (("scoring", 0), ("whole process", 1)):
        slow, fast = min(one[position] for one in theirs), min(one[position] for one in ours)
        print(f"{name}: official {slow:.2f} s, mmeval {fast:.2f} s CPU: {slow / fast:.1f} times as fast")
    pairs = {"CHAIRs": "chair_s", "CHAIRi": "chair_i", "Recall": "recall"}
    same = all(theirs[0][2][name] == ours[0][2][mine] for name, mine in pairs.items())
    print(f"figures {'equal' if same else 'DIFFER'}: {theirs[0][2]} / {ours[0][2]}")
    return 0 if same else 1


def run(python: str, code: str, files: list[str]) -> list:
    with tempfile.TemporaryDirectory() as folder:
        there = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        done = subprocess.run([python, "-c", code, *files], cwd=folder, env=there, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.strip().split("\n")[-1])


if __name__ == "__main__":
    sys.exit(main())
