"""Whole commands side by side: mmeval, lmms-eval and VLMEvalKit on the same checkpoint and the same yes/no rows.

    python bench/peers.py --model CKPT --start DIR --lmms-eval PYTHON [--vlmevalkit PYTHON CHECKOUT] [--scenes 34]

DIR holds run_lmms.py and run_vlmevalkit.py, which start the two on a local checkpoint, and lmms_tasks/ (the task
`pope_local`, which reads data/hf). PYTHON: the interpreter that has the harness. The rows are rendered scenes, POPE's
probes on them, written in the layout that each reads. Every harness runs as its users run it, in a process of its own,
in turns that alternate. Besides: seconds until mmeval's first answer stands in its log.
"""

from __future__ import annotations

import argparse
import base64
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mmeval.probes import build_pope
from mmeval.scenes import coco_instances, evaluation_scene, file_name, render

SPLITS = ("random", "popular", "adversarial")


def make_data(folder: Path, scenes: int) -> int:
    """The rows for all three below `folder`; how many there are."""
    from datasets import Dataset, Features, Image, Value

    drawn = [evaluation_scene(number) for number in range(scenes)]
    (folder / "photos").mkdir(parents=True)
    for scene in drawn:
        render(scene).save(folder / "photos" / file_name(scene))
    (folder / "instances.json").write_text(json.dumps(coco_instances(drawn)), encoding="utf-8")
    build_pope(folder / "instances.json", folder / "photos", folder / "probes")
    rows, table = [], []
    for split in SPLITS:
        for line in (folder / "probes" / f"coco_pope_{split}.json").read_text(encoding="utf-8").splitlines():
            asked = json.loads(line)
            picture = (folder / "probes" / asked["image"]).read_bytes()
            number = str(len(rows))
            rows.append({"question_id": number, "question": asked["text"], "answer": asked["label"], "category": split,
                         "image": {"bytes": picture, "path": None}})  # fmt: skip
            table.append(
                [number, base64.b64encode(picture).decode(), asked["text"], asked["label"].capitalize(), split]
            )
    names = ("question_id", "question", "answer", "category")
    features = Features({**{name: Value("string") for name in names}, "image": Image()})
    (folder / "data" / "hf").mkdir(parents=True)
    Dataset.from_list(rows, features=features).to_parquet(folder / "data" / "hf" / "test.parquet")
    with (folder / "POPE_LOCAL.tsv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t").writerows([["index", "image", "question", "answer", "category"], *table])
    return len(rows)


def timed(command: Sequence[str | Path], folder: Path, more: dict[str, str], log: Path | None = None) -> list[float]:
    """Seconds of the whole command, and, with `log`, until something stands in that file. Its output on failure."""
    start = time.perf_counter()
    first = float("nan")
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env={**os.environ, **more}, stdout=output, stderr=output
        )
        while process.poll() is None:
            if log and first != first and log.exists() and log.stat().st_size:
                first = time.perf_counter() - start
            time.sleep(0.02)
        took = time.perf_counter() - start
        if process.returncode:
            output.seek(0)
            sys.exit(f"{command[0]} ended with {process.returncode}:\n{output.read().decode()[-3000:]}")
    return [took, first]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--lmms-eval", type=Path)
    parser.add_argument("--vlmevalkit", type=Path, nargs=2)
    parser.add_argument("--scenes", type=int, default=34)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-new-tokens", type=int, default=128, help="the peers' own limit is 128")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    start = given.start.resolve()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        number = make_data(folder, given.scenes)
        model = folder / "interleave"  # VLMEvalKit's class for such checkpoints looks for this word in the path
        model.symlink_to(given.model.resolve())
        threads = {"OMP_NUM_THREADS": str(given.threads), "NT": str(given.threads)}
        ours = folder / "run"
        commands: dict[str, list[str | Path]] = {
            "mmeval": [sys.executable, "-m", "mmeval.cli", "run", "--model", model, "--tasks", "pope", "--data",
                       folder / "probes", "--output", ours, "--fresh", "--max-new-tokens", str(given.max_new_tokens)],
        }  # fmt: skip
        if given.lmms_eval:
            commands["lmms-eval"] = [
                given.lmms_eval, start / "run_lmms.py", "--model", "llava_hf", "--model_args",
                f"pretrained={model},device=cpu,device_map=cpu,dtype=float32", "--tasks", "pope_local",
                "--include_path", start / "lmms_tasks", "--batch_size", "1", "--output_path", folder / "lmms",
                "--gen_kwargs", f"max_new_tokens={given.max_new_tokens}", "--log_samples",
            ]  # fmt: skip
        if given.vlmevalkit:
            python, checkout = given.vlmevalkit
            commands["VLMEvalKit"] = [
                python, start / "run_vlmevalkit.py", checkout.resolve(), "--data", "POPE_LOCAL", "--model",
                f"local={model}", "--work-dir", folder / "vlm", "--judge", "exact_matching",
            ]  # fmt: skip
        more = {**threads, "LMUData": str(folder), "MAXNEW": str(given.max_new_tokens), "PYTHONPATH": str(Path.cwd())}
        seconds: dict[str, list[list[float]]] = {name: [] for name in commands}
        for _ in range(given.repeats):
            for name, command in commands.items():
                log = ours / "responses.jsonl" if name == "mmeval" else None
                if log:
                    log.unlink(missing_ok=True)
                subprocess.run(["rm", "-rf", folder / "vlm", folder / "lmms"], check=True)
                seconds[name].append(timed(command, folder, more, log))
    print(f"{number} questions on {given.scenes} pictures, {given.model}, {given.threads} threads, whole commands")
    reference = statistics.median(took for took, _ in seconds["mmeval"])
    for name, of in seconds.items():
        took = statistics.median(one for one, _ in of)
        print(f"  {name:12} {took:7.1f} s   {took / reference:5.2f} times mmeval's")
    first = statistics.median(one for _, one in seconds["mmeval"])
    print(f"  mmeval's first answer after {first:.1f} s")


if __name__ == "__main__":
    main()
