"""How much faster is AMBER than the official script, on the full query file?

    python bench/score_amber.py --official inference.py --python PYTHON --data DIR --responses FILE.json [FILE.json ...]

inference.py: that of junyangwang0410/AMBER, with its own interpreter, which has `spacy`, `nltk` 3.9, WordNet, punkt_tab
and the tagger. DIR: its `data/` (query, annotations, relation, safe_words; the start values of metrics.txt are written
by this script). FILE: answers (id, response); pictures without one are described by their labels. Where spaCy's
en_core_web_lg is not installed, the script gets a stand-in without synonyms, twice: an empty English pipeline, which
is a lower bound, and one of random weights with the real one's components, whose work on a word is about the real
one's. Times are CPU seconds from the answer files to the figures, in fresh processes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

OFFICIAL = """
import importlib.util, sys, time, spacy
load = spacy.load
class StandIn:
    def __init__(self):
        self.nlp = spacy.blank("en")
        if kind == "random":
            self.nlp.add_pipe("tok2vec")
            for name in ("tagger", "parser", "ner"): self.nlp.add_pipe(name).add_label("NN")
            self.nlp.initialize()
    def __call__(self, word): self.nlp(word); return self
    def similarity(self, other): return 0.0
def loaded(name):
    try: return load(name)
    except OSError: return StandIn()
kind = sys.argv.pop()
spacy.load = loaded
spec = importlib.util.spec_from_file_location("official", sys.argv[1])
official = importlib.util.module_from_spec(spec); spec.loader.exec_module(official)
sys.argv = ["inference.py", *sys.argv[2:]]
official.args = official.get_args()
started = time.process_time()
official.main(official.args)
print("CPU", time.process_time() - started)
"""
OURS = """
import json, sys, time
from pathlib import Path
from mmeval import scoring
from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.requests import read_samples
task = load_catalog().tasks["amber"]
import pandas
scorer = task.dialects[sys.argv[3]]
started = time.process_time()
samples = read_samples(task, (Path(sys.argv[1]),))
answers = read_answers(task, [Path(sys.argv[2])], samples).answers
metrics = scoring.summarise(scoring.score(scorer, samples, answers), scorer, resamples=0).metrics
took = time.process_time() - started
for name in ("chair", "cover", "hal", "cog", "accuracy", "precision", "recall", "f1"):
    print(name, round(metrics[name].value * 100, 1))
print("CPU", took)
"""
KINDS = ("qa", "as_qa", "an_qa", "aa_qa", "asso_qa", "ha_qa")
ZEROS = ["chair", "safe_cover", "hallu_cover", "non_hallu"]
ZEROS += [f"{kind}_{what}" for kind in KINDS for what in ("correct", "no", "ans_no")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--responses", type=Path, nargs="+", required=True)
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.json"
        answers.write_text(json.dumps(filled(asked.data, asked.responses)), encoding="utf-8")
        metrics = Path(folder) / "metrics.txt"
        metrics.write_text("".join(f"{name}_score = 0\n{name}_num = 0.001\n" for name in ZEROS))
        named = {"word_association": "relation.json", "safe_words": "safe_words.txt", "annotation": "annotations.json"}
        options = [part for name, file in named.items() for part in (f"--{name}", str(asked.data.resolve() / file))]
        options += ["--inference_data", str(answers), "--metrics", str(metrics), "--evaluation_type", "a"]
        script = [asked.python, "-c", OFFICIAL, str(asked.official.resolve()), *options]
        slow = {kind: best([*script, kind], asked.rounds) for kind in ("empty", "random")}
        for kind, (took, theirs) in slow.items():
            print(f"official, {kind} pipeline: {took:.2f} s CPU: {' '.join(theirs.split()[:20])}")
        for dialect in ("tagged", "offline"):
            command = [sys.executable, "-c", OURS, str(asked.data.resolve()), str(answers), dialect]
            fast, ours = best(command, asked.rounds)
            ratios = ", ".join(f"{took / fast:.1f} ({kind})" for kind, (took, _) in slow.items())
            print(f"{dialect}: {fast:.2f} s CPU: {ratios} times as fast; {' '.join(ours.split()[:-2])}")
    return 0


def filled(data: Path, responses: list[Path]) -> list[dict]:
    """An answer to every id of annotations.json: as given, else its own labels in a sentence, every tenth time with
    a label of what is not there."""
    given = {row["id"]: row["response"] for path in responses for row in json.loads(path.read_text(encoding="utf-8"))}
    return [
        {"id": row["id"], "response": given.get(row["id"]) or written(row)}
        for row in json.loads((data / "annotations.json").read_text(encoding="utf-8"))
    ]


def written(row: dict) -> str:
    if row["type"] != "generative":
        return "No"
    seen = [*row["truth"], *(row["hallu"][:1] if row["id"] % 10 == 0 else [])]
    return " ".join(f"The image also shows a large {name} in the background, which stands out." for name in seen)


def best(command: list[str], rounds: int) -> tuple[float, str]:
    there = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    found = []
    for _ in range(rounds):
        done = subprocess.run(command, env=there, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        found.append((float(done.stdout.rsplit("CPU", 1)[1]), done.stdout.rsplit("CPU", 1)[0] + " CPU 0"))
    return min(found)


if __name__ == "__main__":
    sys.exit(main())
