"""How much faster is the length-controlled win rate than the official way of fitting it?

    python bench/glm_alpaca.py --data DIR --annotations FILE.json [FILE.json ...]
    python bench/glm_alpaca.py                                     # made-up preferences, 805 instructions

The official side is what tatsu-lab/alpaca_eval metrics/glm_winrate.py does, written plainly: every row once with label
1 and once with label 0, scikit-learn's LogisticRegressionCV (L1, liblinear, ten C, five folds by row) with a scorer
that gets the preferences by metadata routing. Its tables in pandas and its design matrices are left out, so that the
ratio is a lower bound. Both are given the same features and take turns; times are the least CPU seconds of several
rounds. Needs scikit-learn. DIR: as for the task, with df_gamed.csv.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.requests import read_samples
from mmeval.scorers.continuous_preference import compared
from mmeval.scoring import columns
from mmeval.statistics.length_controlled import CS, FOLDS, GAMED_WEIGHT, NEARLY_0, SEED, Compared, length_controlled


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--annotations", type=Path, nargs="*", default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--resamples", type=int, default=200)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # scikit-learn is about to rename what the official script uses
    ratios = []
    for name, data in _models(asked.data, asked.annotations):
        jobs = (lambda data=data: official(data), lambda data=data: length_controlled(data))
        (slow, (theirs, their_c)), (fast, ours) = _best(asked.rounds, *jobs)
        rng = np.random.default_rng(0)
        n = len(data.preference)
        often = rng.multinomial(n, np.full(n, 1 / n), asked.resamples).astype(float)
        ((refits, _),) = _best(1, lambda data=data, often=often, c=ours.c: length_controlled(data, often, c))
        ratios.append(slow / fast)
        print(
            f"{name}: official {slow:.3f} s, ours {fast:.3f} s, {slow / fast:.1f} times as fast; "
            f"{asked.resamples} refits on resamples {refits:.2f} s; LC win rate {100 * theirs:.6f} "
            f"(C {their_c:.4g}), ours {100 * ours.win_rate[0]:.6f} (C {ours.c:.4g})"
        )
        if abs(theirs - ours.win_rate[0]) > 1e-8:
            raise SystemExit(f"{name}: the figures differ")
    print(f"ratio: {np.median(ratios):.1f} (median of {len(ratios)})")
    return 0


def official(data: Compared) -> tuple[float, float]:
    """(LC win rate, chosen C)."""
    import sklearn
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.metrics import make_scorer
    from sklearn.model_selection import GroupKFold

    assert data.difficulty is not None
    assert data.gamed is not None
    judged = ~np.isnan(data.preference)
    apart = data.shorter / data.shorter.std(ddof=1)
    own = np.stack([np.tanh(apart), data.difficulty, np.ones(len(apart))], axis=1)
    gamed = np.stack([np.tanh(data.gamed[:, 0]), data.gamed[:, 1], np.zeros(len(data.gamed))], axis=1)
    x = np.concatenate([gamed, own[judged]])
    y = np.concatenate([data.gamed[:, 2], data.preference[judged]])
    weight = np.repeat([GAMED_WEIGHT, 1.0], [len(gamed), judged.sum()])

    def loss(label, predicted, true_prob, true_sample_weight):
        y = np.where(label == 1, true_prob, 1 - true_prob)
        p = np.clip(predicted, NEARLY_0, 1 - NEARLY_0)
        return -np.mean((y * np.log(p) + (1 - y) * np.log(1 - p)) * true_sample_weight)

    sklearn.set_config(enable_metadata_routing=True)
    scorer = make_scorer(loss, response_method="predict_proba", greater_is_better=False)
    model = LogisticRegressionCV(
        Cs=len(CS),
        cv=GroupKFold(n_splits=FOLDS),
        scoring=scorer.set_score_request(true_prob=True, true_sample_weight=True),
        penalty="l1",
        solver="liblinear",
        fit_intercept=False,
        random_state=SEED,
    ).set_fit_request(sample_weight=True)
    both, twice = np.concatenate([y, 1 - y]), np.concatenate([weight, weight])
    model.fit(
        np.concatenate([x, x]),
        np.repeat([1, 0], len(y)),
        sample_weight=both * twice,
        groups=np.tile(np.arange(len(y)), 2),
        true_prob=both,
        true_sample_weight=twice,
    )
    own[:, 0] = 0
    return float(model.predict_proba(own)[:, 1].mean()), float(model.C_[0])


def _models(data: Path | None, files: list[Path]) -> Iterator[tuple[str, Compared]]:
    if data is None:
        yield "made-up preferences", made_up()
        return
    task = load_catalog().tasks["alpaca_eval"]
    samples = read_samples(task, (data,))
    for path in files:
        read = read_answers(task, [path], samples)
        made = columns(task.dialects["official"], samples, read.answers, read.verdicts)
        found = compared({name.removeprefix("count."): made[name] for name in made if name.startswith("count.")})
        if found is None:
            raise SystemExit(f"{data}: no df_gamed.csv")
        yield path.name, found


def made_up(n: int = 805) -> Compared:
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 0.8, n)
    shorter = rng.normal(-300, 900, n)
    chance = 1 / (1 + np.exp(-(-0.8 - np.tanh(shorter / 900) + 0.7 * hard + rng.normal(0, 2, n))))
    apart = np.concatenate([rng.normal(-1, 0.7, n), rng.normal(1, 0.7, n)])
    liked = 1 / (1 + np.exp(np.tanh(apart) + rng.normal(0, 2, 2 * n)))
    return Compared(chance, shorter, hard, np.stack([apart, np.tile(hard, 2), liked], axis=1))


def _best(rounds: int, *jobs: Callable[[], Any]) -> list[tuple[float, Any]]:
    """(least CPU seconds, result) of each job; the jobs take turns."""
    found: list[tuple[float, Any]] = [(np.inf, None)] * len(jobs)
    for _ in range(rounds):
        for i, job in enumerate(jobs):
            started = time.process_time()
            made = job()
            found[i] = (min(found[i][0], time.process_time() - started), made)
    return found


if __name__ == "__main__":
    sys.exit(main())
