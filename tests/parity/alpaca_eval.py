"""AlpacaEval 2: stored annotations of five models and more, without the answers' text.

Files, by their columns: a model's annotations (`preference`, `len_1`, `len_2`, `instruction_index`), the baseline's
answers (`instruction`, `output`), and the two tables. The models' answers are stood in for by as many letters.
LIBLINEAR's path is followed step by step, so that fits agree to 10 decimals although sums are made in another order.
Published length-controlled figures can't be equal, see `STAND_IN`: their notes say how far ours are.
"""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.layouts.alpaca_eval import DATA, DIFFICULTY, GAMED
from mmeval.requests import read_samples
from mmeval.samples import Sample
from mmeval.scorers.continuous_preference import compared, controlled
from mmeval.scoring import columns, summarise
from mmeval.statistics.length_controlled import CS, Controlled
from mmeval.statistics.sums import Array, Estimate
from tests.parity.figures import Figure, Leaf, file_named, leaves

SAME = 9  # decimals of a percentage, or of a coefficient
COUNTS = {"n_wins": "won", "n_wins_base": "lost", "n_draws": "tied", "n_total": "judged"}
RATES = ("win_rate", "standard_error", "discrete_win_rate")
VARIANTS: Mapping[str, Mapping[str, bool]] = {
    "length_controlled_v1": {},
    "length_controlled_noreg": {"gamed": False},
    "length_controlled_minimal": {"difficulty": False, "gamed": False},
}
TERMS = {
    "np.tanh(std_delta_len)": "length",
    "instruction_difficulty": "difficulty",
    "not_gamed_baseline.astype(float)": "constant",
}
PLACES = tuple(TERMS.values())
STAND_IN = "made with the real df_gamed.csv, of which the set has a stand-in, and with another scikit-learn"


def figures(folder: Path) -> Iterator[Figure]:
    task = load_catalog().tasks["alpaca_eval"]
    scorer = task.dialects["official"]
    heads = {path: _head(path) for path in sorted(folder.rglob("*.csv"))}
    models = [path for path, head in heads.items() if {"preference", "len_1", "len_2"} <= head]
    with tempfile.TemporaryDirectory() as place:
        samples = read_samples(task, (_data(folder, heads, Path(place)),))
        known: dict[Path, tuple[dict[str, Array], Mapping[str, Estimate]]] = {}
        for leaf in leaves(folder):
            path, rest = file_named(leaf, models)
            if path is None:
                yield leaf.skipped("names none of the models' files")
                continue
            if path not in known:
                read = read_answers(task, [_annotations(path, samples, Path(place))], samples)
                made = columns(scorer, samples, read.answers, read.verdicts)
                counted = {name.removeprefix("count."): made[name] for name in made if name.startswith("count.")}
                known[path] = counted, summarise(made, scorer, resamples=0).metrics
            yield _figure(leaf, rest, path.name, *known[path])


def _figure(leaf: Leaf, rest: tuple[str, ...], file: str, counted: Mapping[str, Array], made: Any) -> Figure:
    block, name = (rest[0], rest[-1]) if len(rest) > 1 else ("", rest[-1])
    if leaf.value is None or isinstance(leaf.value, str):
        return leaf.skipped("no figure", file)
    if name in COUNTS:
        return leaf.compared(file, float(counted[COUNTS[name]].sum()))
    if name == "n_rows":
        return leaf.compared(file, float(counted["present"].sum()))
    if name == "avg_length":
        return leaf.compared(file, int(made["avg_length"].value), note="the script prints its whole part")
    if name in RATES:
        return leaf.compared(file, made[name].value * 100, SAME, "sums in another order")
    if block == "length_controlled_v1_old_sklearn" and name == "C":
        return leaf.skipped("chosen over folds that an unstable sort made", file)
    if block.startswith("published") or name.startswith("published"):
        return leaf.skipped(_beside(leaf, name, counted), file)
    if block == "length_controlled_v1" and name in ("length_controlled_winrate", "lc_standard_error"):
        ours = made[{"length_controlled_winrate": "lc_win_rate"}.get(name, name)].value
        return leaf.compared(file, ours * 100, SAME, "sums in another order")
    variant = next((one for one in VARIANTS if block.startswith(one)), block)
    if variant not in VARIANTS:
        return leaf.skipped("nothing of ours computes it", file)
    data = compared(counted, **VARIANTS[variant])
    assert data
    fit = controlled(data, _penalty(leaf, block, rest))
    return leaf.compared(file, _of(fit, name, "coef" in rest), SAME, "sums in another order")


def _penalty(leaf: Leaf, block: str, rest: tuple[str, ...]) -> float | None:
    """The C that an expected fit was made with; None where cross-validation is to choose it as well."""
    if block.endswith("_fit_at_fixed_C"):
        return _nearest(rest[1])
    return _nearest(_beside_it(leaf, block)["C"]) if block.endswith("_old_sklearn") else None


def _beside_it(leaf: Leaf, name: str) -> Any:
    """What has that name beside the leaf, or beside what it is in; None where nothing has."""
    found, last = json.loads(leaf.file.read_text(encoding="utf-8")), None
    for key in leaf.path:
        last = found.get(name, last) if isinstance(found, dict) else last
        found = found[int(key)] if isinstance(found, list) else found[key]
    return last


def _beside(leaf: Leaf, name: str, counted: Mapping[str, Array]) -> str:
    """How far a fit at the published C, as inferred, is from a published figure."""
    data, inferred = compared(counted), _beside_it(leaf, "published_C_inferred")
    if data is None or name not in (*TERMS, "length_controlled_winrate", "lc_standard_error"):
        return STAND_IN
    fit = controlled(data, None if inferred is None else _nearest(inferred))
    return f"{_of(fit, name, name in TERMS) - leaf.value:+.6f} at its C; {STAND_IN}"


def _of(fit: Controlled, name: str, coefficient: bool) -> float:
    if name == "C":
        return fit.c
    if coefficient:
        term = PLACES[int(name)] if name.isdigit() else TERMS[name]
        return float(fit.coefficients[term][0])
    return float(100 * (fit.standard_error if name == "lc_standard_error" else fit.win_rate)[0])


def _nearest(printed: Any) -> float:
    """The C that is printed with ten digits."""
    return float(CS[np.abs(np.log(CS) - np.log(float(printed))).argmin()])


def _head(path: Path) -> set[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return set(next(csv.reader(file), []))


def _data(folder: Path, heads: Mapping[Path, set[str]], place: Path) -> Path:
    """The set's files as a user has them."""
    root = place / "alpaca_eval"
    root.mkdir()
    (baseline,) = (path for path in folder.rglob("*.jsonl") if '"instruction"' in path.read_text("utf-8")[:2000])
    rows = [json.loads(line) for line in baseline.read_text("utf-8").splitlines()]
    (root / DATA).write_text(json.dumps(rows), encoding="utf-8")
    for name, columns_ in ((GAMED, {"std_delta_len", "preference"}), (DIFFICULTY, {"instruction_difficulty"})):
        for path in (path for path, head in heads.items() if columns_ <= head and "len_1" not in head):
            if name == GAMED or "std_delta_len" not in heads[path]:
                shutil.copy(path, root / name)
    return place


def _annotations(path: Path, samples: list[Sample], place: Path) -> Path:
    """annotations.json, as the official tool writes it, with answers of the right length."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert len(samples[int(row["instruction_index"])].target) == int(row["len_1"])
    made = [
        {
            "instruction": samples[int(row["instruction_index"])].prompt,
            "output_1": samples[int(row["instruction_index"])].target,
            "output_2": "x" * int(row["len_2"]),
            "preference": float(row["preference"]) if row["preference"] else None,
        }
        for row in rows
    ]
    target = place / f"{path.stem}.json"
    target.write_text(json.dumps(made), encoding="utf-8")
    return target
