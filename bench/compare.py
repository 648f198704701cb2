"""Comparing two runs: the time of the paired bootstrap against a plain loop, and how often its verdicts are wrong.

    python bench/compare.py                                   # 2,000 resamples x 60 metrics x 30,000 samples
    python bench/compare.py --simulate --suites 2000 --jobs 2 # false alarms under no difference, and power

The loop takes the samples of each resample by index, for every metric and both runs. It is timed over a few resamples
and scaled up; over these both sides must give the same interval. The simulated suites have 50 metrics in 5 tasks on the
same 80 pictures: three tasks of yes-no questions, one of captions, one of graded answers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from mmeval.statistics.multiplicity import holm
from mmeval.statistics.paired import Paired, paired
from mmeval.statistics.sums import AnyMetric, Array, Metric, Table, Totals, cluster_weights, table

YES_NO: Mapping[str, AnyMetric] = {
    "accuracy": Metric(lambda s: s.ratio(s.tp + s.tn, s.n)),
    "precision": Metric(lambda s: s.ratio(s.tp, s.tp + s.fp)),
    "recall": Metric(lambda s: s.ratio(s.tp, s.tp + s.fn)),
    "specificity": Metric(lambda s: s.ratio(s.tn, s.tn + s.fp)),
    "f1": Metric(lambda s: s.ratio(2 * s.tp, 2 * s.tp + s.fp + s.fn)),
    "f1_no": Metric(lambda s: s.ratio(2 * s.tn, 2 * s.tn + s.fp + s.fn)),
    "balanced": Metric(lambda s: (s.ratio(s.tp, s.tp + s.fn) + s.ratio(s.tn, s.tn + s.fp)) / 2),
    "accuracy_by_split": Metric(lambda s: s.ratio(s.tp + s.tn, s.n), over="split"),
    "f1_by_split": Metric(lambda s: s.ratio(2 * s.tp, 2 * s.tp + s.fp + s.fn), over="split"),
    "recall_by_split": Metric(lambda s: s.ratio(s.tp, s.tp + s.fn), over="split"),
}
CAPTIONS: Mapping[str, AnyMetric] = {
    "chair_i": Metric(lambda s: s.ratio(s.false, s.mentions), "lower"),
    "chair_s": Metric(lambda s: s.ratio(s.any_false, s.n), "lower"),
    "coverage": Metric(lambda s: s.ratio(s.mentions - s.false, s.objects)),
    "mentions": Metric(lambda s: s.ratio(s.mentions, s.n), unit="number"),
    "f1": Metric(lambda s: s.ratio(2 * (s.mentions - s.false), s.mentions + s.objects)),
    "false_per_caption": Metric(lambda s: s.ratio(s.false, s.n), "lower", "number"),
    "clean": Metric(lambda s: 1 - s.ratio(s.any_false, s.n)),
    "per_word": Metric(lambda s: s.ratio(s.mentions, s.words)),
    "words": Metric(lambda s: s.ratio(s.words, s.n), unit="number"),
    "false_per_word": Metric(lambda s: s.ratio(s.false, s.words), "lower"),
}
GRADED: Mapping[str, AnyMetric] = {
    "grade": Metric(lambda s: s.ratio(s.grade, s.n), unit="number", scale=(0, 6)),
    "grade_by_kind": Metric(lambda s: s.ratio(s.grade, s.n), unit="number", scale=(0, 6), over="kind"),
    **{f"at_least_{i}": Metric(partial(lambda s, i: s.ratio(getattr(s, f"at{i}"), s.n), i=i)) for i in range(1, 6)},
    "top_or_bottom": Metric(lambda s: s.ratio(s.at5 + s.n - s.at1, s.n)),
    "at_least_3_by_kind": Metric(lambda s: s.ratio(s.at3, s.n), over="kind"),
    "grade_of_good": Metric(lambda s: s.ratio(s.good, s.at3), unit="number"),
}


def yes_no(rng: np.random.Generator, skill: Array, truth: Array, asked: int) -> Table:
    """`asked` questions a picture, answered rightly with the chance `skill`, (pictures,)."""
    pictures = np.repeat(np.arange(len(skill)), asked)
    right = rng.random(len(pictures)) < skill[pictures]
    counts = {"tp": truth & right, "fn": truth & ~right, "tn": ~truth & right, "fp": ~truth & ~right}
    return table(counts, pictures, {"split": np.tile(["popular", "random"], len(pictures))[: len(pictures)]})


def captions(rng: np.random.Generator, skill: Array) -> Table:
    """One caption a picture: how many objects it names, how many of these are not there."""
    words = rng.poisson(30, len(skill)) + 5
    mentions = rng.binomial(words, 0.12)
    false = rng.binomial(mentions, (1 - skill) / 2)
    objects = np.maximum(mentions - false, np.arange(len(skill)) % 5 + 2)
    counts = {"words": words, "mentions": mentions, "false": false, "any_false": false > 0, "objects": objects}
    return table(counts, np.arange(len(skill)))


def graded(rng: np.random.Generator, skill: Array) -> Table:
    """Two answers a picture, graded from 0 to 6."""
    pictures = np.repeat(np.arange(len(skill)), 2)
    grade = rng.binomial(6, skill[pictures])
    at = {f"at{i}": grade >= i for i in range(1, 6)}
    kinds = np.tile(["describe", "explain"], len(skill))
    return table({"grade": grade, "good": np.where(grade >= 3, grade, 0), **at}, pictures, {"kind": kinds})


def suite(
    seed: int, loss: float = 0.0, pictures: int = 80, resamples: int = 1000
) -> dict[str, tuple[AnyMetric, Paired]]:
    """A suite's metrics, base against candidate. Pictures differ in how hard they are, for both runs and all tasks; and
    each run finds some harder than the other run does. loss: by how much the candidate's chances are lower."""
    rng = np.random.default_rng(seed)
    hard = rng.beta(8, 2, pictures)
    skills = [np.clip(hard + rng.normal(0, 0.05, pictures) - lost, 0.02, 0.98) for lost in (0.0, loss)]
    compared: dict[str, tuple[AnyMetric, Paired]] = {}

    def add(task: str, metrics: Mapping[str, AnyMetric], make: Callable[[Array], Table]) -> None:
        base, candidate = (make(skill) for skill in skills)
        found = paired(base, candidate, metrics, resamples, permutations=0, seed=seed)
        compared.update({f"{task}/{name}": (metrics[name], one) for name, one in found.items()})

    for i, asked in enumerate((2, 4, 6)):
        truth = rng.random(pictures * asked) < 0.5
        add(f"yes_no_{i}", YES_NO, lambda skill, truth=truth, asked=asked: yes_no(rng, skill, truth, asked))
    add("captions", CAPTIONS, partial(captions, rng))
    add("graded", GRADED, partial(graded, rng))
    return compared


def worse(compared: Mapping[str, tuple[AnyMetric, Paired]], alpha: float = 0.05) -> list[str]:
    """What Holm's rule calls worse."""
    adjusted = holm([one.p for _, one in compared.values()])
    return [
        name
        for (name, (metric, one)), p in zip(compared.items(), adjusted, strict=True)
        if p is not None and p < alpha and (one.difference.value < 0) == (metric.better == "higher")
    ]


def alarms(seed: int, loss: float, resamples: int) -> tuple[bool, bool]:
    """Whether a suite raises a Holm-adjusted "worse", and whether any two-sided difference is shown."""
    compared = suite(seed, loss, resamples=resamples)
    adjusted = holm([one.p for _, one in compared.values()])
    return bool(worse(compared)), any(p is not None and p < 0.05 for p in adjusted)


def power(seed: int, loss: float = 0.06) -> tuple[bool, bool]:
    """Whether accuracy's loss is found at 5 %, paired, and by the two runs' own standard errors."""
    rng = np.random.default_rng(seed)
    truth = rng.random(400) < 0.5
    hard = rng.beta(2, 1, 100)
    base, candidate = (yes_no(rng, np.clip(hard - lost, 0, 1), truth, 4) for lost in (0.0, loss))
    one = paired(base, candidate, {"a": YES_NO["accuracy"]}, 400, permutations=0, seed=seed)["a"]
    apart = [np.bincount(run.clusters, run.counts["tp"] + run.counts["tn"]) / 4 for run in (base, candidate)]
    own = sum(mean.var(ddof=1) / len(mean) for mean in apart) ** 0.5
    return one.p is not None and one.p < 0.05, bool(abs(one.difference.value) > 1.972 * own)  # t, 198 degrees


def simulate(suites: int, jobs: int, resamples: int) -> None:
    with ProcessPoolExecutor(jobs) as pool:
        for loss in (0.0, 0.03, 0.06):
            some = suites if not loss else max(1, suites // 10)
            found = np.array(list(pool.map(partial(alarms, loss=loss, resamples=resamples), range(some), chunksize=20)))
            share = found.mean(axis=0)
            error = np.sqrt(share * (1 - share) / some)
            (called, differ), (about, about_differ) = 100 * share, 100 * error
            print(
                f"loss {loss:.2f}: 'worse' in {called:.2f} % (± {about:.2f}) of {some} suites of 50 metrics,", end=" "
            )
            print(f"a difference either way in {differ:.2f} % (± {about_differ:.2f})", flush=True)
        with_pairs, apart = 100 * np.array(list(pool.map(power, range(suites), chunksize=20))).mean(axis=0)
        print(f"power at a loss of 6 points: paired {with_pairs:.1f} %, unpaired {apart:.1f} %")


def large(samples: int, metrics: int) -> tuple[Table, Table, dict[str, AnyMetric]]:
    """Two runs with a count a metric; half of the metrics are means, half are ratios of two counts."""

    def run(seed: int) -> Table:
        rng = np.random.default_rng(seed)
        return table({f"c{i}": rng.integers(0, 2, samples) for i in range(metrics)}, range(samples))

    def mean(s: Totals, i: int) -> Array:
        return s.ratio(getattr(s, f"c{i}"), s.n)

    def f1(s: Totals, i: int) -> Array:
        hits, other = getattr(s, f"c{i}"), getattr(s, f"c{i - 1}")
        return s.ratio(2 * hits, hits + other)

    return run(1), run(2), {f"m{i}": Metric(partial(f1 if i % 2 else mean, i=i)) for i in range(metrics)}


def by_loop(base: Table, candidate: Table, metrics: Mapping[str, AnyMetric], resamples: int) -> dict[str, Array]:
    """The differences in each resample, every metric by itself, samples taken by index."""
    found = {name: np.empty(resamples) for name in metrics}
    weights = np.concatenate(list(cluster_weights(base.n, resamples, 0)))
    for b in range(resamples):
        rows = np.repeat(np.arange(base.n), weights[b].astype(int))
        for name, metric in metrics.items():
            assert isinstance(metric, Metric)
            names = ["n", f"c{name[1:]}", *([f"c{int(name[1:]) - 1}"] if int(name[1:]) % 2 else [])]
            values = [
                metric.formula(Totals({one: run.counts[one][rows].sum(keepdims=True) for one in names}))
                for run in (base, candidate)
            ]
            found[name][b] = float(values[1][0] - values[0][0])
    return found


def speed(resamples: int, metrics: int, samples: int, looped: int, repeats: int) -> None:
    base, candidate, asked = large(samples, metrics)
    start = time.perf_counter()
    slow = by_loop(base, candidate, asked, looped)
    loop = (time.perf_counter() - start) / looped * resamples
    for name, one in paired(base, candidate, asked, looped, permutations=0).items():
        low, high = np.quantile(slow[name], [0.025, 0.975])
        found = one.difference
        assert np.allclose([found.low, found.high, found.stderr], [low, high, slow[name].std(ddof=1)], atol=1e-12), name
    print(f"{metrics} metrics, {samples} samples, {resamples} resamples; the same intervals over {looped} of them")
    print(f"plain loop: {loop:.0f} s (timed over {looped} resamples and scaled up)")
    for permutations, what in ((0, "bootstrap"), (resamples, "bootstrap and as many permutations")):
        times = []
        for _ in range(repeats):
            wall, cpu = time.perf_counter(), time.process_time()
            paired(base, candidate, asked, resamples, permutations)
            times.append((time.perf_counter() - wall, time.process_time() - cpu))
        wall, cpu = sorted(times)[len(times) // 2]
        best = min(times)[0]
        print(f"{what}: median {wall:.2f} s, best {best:.2f} s ({cpu:.2f} s of processor time): {loop / wall:.0f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulate", action="store_true", help="error rates instead of time")
    parser.add_argument("--suites", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--metrics", type=int, default=60)
    parser.add_argument("--samples", type=int, default=30_000)
    parser.add_argument("--looped", type=int, default=20, help="resamples of the plain loop that are timed")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    if args.simulate:
        simulate(args.suites, args.jobs, min(args.resamples, 1000))
    else:
        speed(args.resamples, args.metrics, args.samples, args.looped, args.repeats)


if __name__ == "__main__":
    main()
