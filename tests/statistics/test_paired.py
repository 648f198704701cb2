"""Paired comparisons against plain computations, and how often they are right and wrong on made-up runs."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mmeval.statistics.paired import needed, p_not_worse, paired, paired_parts
from mmeval.statistics.sums import Fitted, Metric, cluster_weights, table

ACCURACY = Metric(lambda s: s.ratio(s.tp + s.tn, s.n))
F1 = Metric(lambda s: s.ratio(2 * s.tp, 2 * s.tp + s.fp + s.fn))
PRECISION = Metric(lambda s: s.ratio(s.tp, s.tp + s.fp))
CHAIR = Metric(lambda s: s.ratio(s.false, s.mentions), "lower")
BY_SPLIT = replace(ACCURACY, over="split")
SUITE = {"accuracy": ACCURACY, "f1": F1, "precision": PRECISION, "chair": CHAIR, "by_split": BY_SPLIT}


def right(answers, clusters=None, truth=None):
    """A run of yes-no questions that got `answers`, (n,), right."""
    answers = np.asarray(answers, bool)
    truth = np.ones(len(answers), bool) if truth is None else truth
    counts = {"tp": truth & answers, "fn": truth & ~answers, "tn": ~truth & answers, "fp": ~truth & ~answers}
    return table(counts, range(len(answers)) if clusters is None else clusters)


def pair(seed, clusters=60, asked=3, loss=0.0):
    """Two runs on `asked` questions about each picture: pictures are hard or easy for both, and a bit for each run."""
    rng = np.random.default_rng(seed)
    hard, codes = rng.beta(4, 1.5, clusters), np.repeat(np.arange(clusters), asked)
    truth, split = rng.random(len(codes)) < 0.5, np.array(["x", "y", "y"])[np.arange(len(codes)) % 3]
    runs = []
    for lost in (0.0, loss):
        skill = np.clip(hard + rng.normal(0, 0.1, clusters) - lost, 0, 1)[codes]
        good, mentions = rng.random(len(codes)) < skill, rng.poisson(4, len(codes))
        false = rng.binomial(mentions, (1 - skill) / 2)
        counts = {"tp": truth & good, "fn": truth & ~good, "tn": ~truth & good, "fp": ~truth & ~good}
        runs.append(table({**counts, "mentions": mentions, "false": false}, codes, {"split": split}))
    return runs


def test_mcnemar_by_hand_and_as_scipy() -> None:
    base, candidate = right([1] * 90 + [0] * 10), right([1] * 81 + [0] * 9 + [1] * 2 + [0] * 8)
    one = paired(base, candidate, {"a": ACCURACY}, permutations=0)["a"]
    assert one.mcnemar is not None
    assert (one.mcnemar.only_base, one.mcnemar.only_candidate) == (9, 2)
    assert one.mcnemar.p == pytest.approx(2 * (1 + 11 + 55) / 2**11)
    assert one.mcnemar.p == pytest.approx(stats.binomtest(2, 11).pvalue)
    assert (one.how, one.p) == ("mcnemar", one.mcnemar.p)
    assert one.difference.value == pytest.approx(-0.07)


def test_mcnemar_only_for_a_plain_mean_of_right_and_wrong() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(80) < 0.5
    runs = [right(rng.random(80) < 0.8, truth=truth) for _ in range(2)]
    found = paired(*runs, {"accuracy": ACCURACY, "f1": F1, "precision": PRECISION}, 100)
    assert [one.mcnemar is None for one in found.values()] == [False, True, True]
    # Samples that share pictures: the counts are still told, and p comes from the clusters.
    clustered = [replace(run, clusters=np.arange(80) // 2) for run in runs]
    one = paired(*clustered, {"a": ACCURACY}, 100)["a"]
    assert one.how == "bootstrap"
    assert one.mcnemar == found["accuracy"].mcnemar


def test_both_runs_are_drawn_together() -> None:
    base, candidate = pair(1, clusters=20)
    weights = np.concatenate(list(cluster_weights(20, 300, seed=5)))[:, base.clusters]
    found = paired(base, candidate, {"f1": F1}, 300, seed=5)["f1"].difference

    def f1(run):
        tp, fp, fn = (weights @ run.counts[name] for name in ("tp", "fp", "fn"))
        return 2 * tp / (2 * tp + fp + fn)

    spread = f1(candidate) - f1(base)
    assert found.stderr == pytest.approx(spread.std(ddof=1), rel=1e-12)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(spread, [0.025, 0.975])), rel=1e-12)


def test_slices_are_the_base_tables_and_from_the_same_draws() -> None:
    base, candidate = pair(2)
    bare = replace(candidate, slices={})
    parts = paired_parts(base, bare, SUITE, 200, 100)
    assert parts[""] == paired(base, candidate, SUITE, 200, 100)
    slices = {part: found for part, found in parts.items() if part}
    assert list(slices) == ["split=x", "split=y"]
    mask = base.slices["split"] == "y"
    alone = [table({name: c[mask] for name, c in run.counts.items()}, run.clusters[mask]) for run in (base, candidate)]
    expected = paired(*alone, {"f1": F1}, 200, 100)["f1"]
    assert slices["split=y"]["f1"].difference.value == expected.difference.value
    halves = [slices[name]["accuracy"].difference.value for name in slices]
    assert parts[""]["by_split"].difference.value == pytest.approx(np.mean(halves))
    # One picture has one sample in x: there the exact test of right and wrong holds.
    assert slices["split=x"]["by_split"].how == slices["split=x"]["accuracy"].how == "mcnemar"
    assert slices["split=y"]["accuracy"].how == "bootstrap"


def test_for_a_mean_it_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(0, 1, 40), rng.normal(0.3, 1, 40)
    mean = Metric(lambda s: s.ratio(s.value, s.n), unit="number")
    runs = [table({"value": value}, range(40)) for value in (first, second)]
    one = paired(*runs, {"m": mean}, 20_000)["m"]
    assert one.p == pytest.approx(stats.ttest_rel(second, first).pvalue, rel=0.03)
    assert one.permutation == pytest.approx(one.p, abs=0.03)
    change = second - first
    assert one.effect == pytest.approx(change.mean() / change.std(), rel=0.03)


def test_permutation_agrees_for_every_formula() -> None:
    for seed in range(8):
        for name, one in paired(*pair(seed, loss=0.05 * (seed % 3)), SUITE, 1000, 2000).items():
            assert one.permutation is not None
            # Of few questions equal differences are many: the permutation's p counts them all, and is above by a step.
            assert -0.03 < one.permutation - one.p < (0.05 if one.p < 0.3 else 0.15), (seed, name)


@pytest.fixture(scope="module")
def no_difference():
    """220 pairs of runs that are equally good, all metrics of each."""
    return [paired(*pair(seed), SUITE, 250, permutations=0, seed=seed) for seed in range(220)]


@pytest.mark.parametrize("name", SUITE)
def test_p_is_uniform_under_no_difference(no_difference, name) -> None:
    p = np.array([found[name].p for found in no_difference])
    assert 0.005 < (p < 0.05).mean() < 0.1  # 5 % with a standard error of 1.5 %
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_a_few_large_clusters_don_t_raise_alarms() -> None:
    # 30 clusters, of which two hold most samples; a cluster's samples are all alike.
    mean = Metric(lambda s: s.ratio(s.value, s.n), unit="number")
    sizes = np.array([200, 200] + [4] * 28)
    codes, alarms, naive = np.repeat(np.arange(30), sizes), 0, 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        runs = [table({"value": rng.normal(size=30)[codes]}, codes) for _ in range(2)]
        one = paired(*runs, {"a": mean}, 250, permutations=0, seed=seed)["a"]
        alarms += one.p < 0.05
        naive += 2 * stats.norm.sf(abs(one.difference.value) / one.difference.stderr) < 0.05
    assert one.clusters < 4
    assert alarms / 200 < 0.08
    assert naive / 200 > 0.12  # without the effective number of clusters


@pytest.mark.parametrize("asked", [1, 2])
def test_few_changes_give_no_small_p(asked) -> None:
    # Five pictures changed, all for the better: by chance that happens to one pair of equal runs in 16.
    base = np.zeros(200 * asked, bool)
    candidate = base.copy()
    candidate[: 5 * asked] = True
    codes = np.repeat(np.arange(200), asked)
    one = paired(right(base, codes), right(candidate, codes), {"a": ACCURACY})["a"]
    assert one.moved == 5
    assert one.p == pytest.approx(2 / 2**5)


def test_counts_that_a_metric_does_not_read_are_no_change() -> None:
    base, candidate = pair(4)
    same = replace(candidate, counts={**candidate.counts, **{n: base.counts[n] for n in ("tp", "fp", "tn", "fn")}})
    found = paired(base, same, SUITE, 200)
    assert found["accuracy"].moved == found["by_split"].moved == 0
    assert found["chair"].moved > 30
    assert (found["f1"].p, found["f1"].effect, found["f1"].permutation) == (1.0, 0.0, 1.0)


def test_what_can_t_be_said_is_none() -> None:
    one = paired(right([1, 0], ["a", "a"]), right([1, 1], ["a", "a"]), {"a": ACCURACY})["a"]
    assert (one.p, one.effect, one.detectable, one.permutation) == (None, None, None, None)
    assert one.difference.value == 0.5
    assert p_not_worse(one, "higher", 0.1) is None
    assert needed(one, 0.1) is None
    undefined = paired(right([0, 0, 0]), right([1, 1, 0]), {"p": PRECISION})["p"]
    assert (undefined.p, undefined.mcnemar) == (None, None)
    with pytest.raises(ValueError, match="same samples"):
        paired(right([1, 0], ["a", "a"]), right([1, 0], ["a", "b"]), {"a": ACCURACY})
    assert paired(right([]), right([]), {"a": ACCURACY}) == {}


def test_a_fitted_figure_goes_through_its_resamples() -> None:
    fitted = Fitted(lambda counts, w: (w @ (counts["tp"] + counts["tn"])) / w.sum(axis=1))
    runs = pair(5, loss=0.1)
    found = paired(*runs, {"fit": fitted, "sum": ACCURACY}, 300)
    assert found["fit"].difference.stderr == pytest.approx(found["sum"].difference.stderr)
    assert found["fit"].p == pytest.approx(found["sum"].p)
    assert found["fit"].permutation is None
    assert found["fit"].mcnemar is None


def test_the_interval_covers_the_truth() -> None:
    # 1,000 data sets of 100 pictures with 2 questions; the truth is a loss of 0.1 in every picture's chance.
    hits = 0
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        codes, skill = np.repeat(np.arange(100), 2), rng.uniform(0.3, 0.9, 100)
        runs = [right(rng.random(200) < (skill - lost)[codes], codes) for lost in (0.0, 0.1)]
        one = paired(*runs, {"a": ACCURACY}, 400, permutations=0, seed=seed)["a"].difference
        hits += one.low <= -0.1 <= one.high
    assert 0.925 <= hits / 1000 <= 0.97  # 95 % with a standard error of 0.7 %; a percentile interval falls short a bit


def test_detectable_and_needed_are_found_in_four_of_five() -> None:
    one = paired(*pair(7, clusters=2000), {"a": ACCURACY}, 400, permutations=0)["a"]
    variance = one.difference.stderr**2 * 2000
    away = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert one.detectable == pytest.approx(away * (variance / 2000) ** 0.5, rel=0.01)
    # As many samples as are needed for a loss of 0.08 find it in 80 % of runs.
    loss, asked = 0.08, 3
    clusters = round(needed(one, loss) / asked)
    skill_lost = []
    found = 0
    for seed in range(250):
        both = paired(*pair(10_000 + seed, clusters, loss=loss), {"a": ACCURACY}, 250, permutations=0, seed=seed)["a"]
        found += both.p < 0.05
        skill_lost.append(both.difference.value)
    true = -np.mean(skill_lost)  # clipped at 0 and 1, chances lose a little less
    expected = stats.norm.cdf(true / (variance / clusters) ** 0.5 - stats.norm.ppf(0.975))
    assert found / 250 == pytest.approx(expected, abs=0.075)
    assert 0.6 < expected < 0.85


def test_runs_that_agree_on_few_samples_don_t_detect_the_smallest_difference() -> None:
    few, many = (paired(right([1] * n), right([1] * n), {"a": ACCURACY}, 100)["a"] for n in (30, 3000))
    assert few.p == many.p == 1.0
    assert few.detectable > 0.2
    assert many.detectable < 0.003
    assert 500 < needed(few, 0.01) < 1000
    # One sample in a hundred could be worse without any of 30 showing it, but hardly of 3,000.
    assert p_not_worse(few, "higher", 0.01) == pytest.approx(0.99**30)
    assert p_not_worse(many, "higher", 0.01) < 1e-6


def test_not_worse_is_wrongly_said_once_in_twenty() -> None:
    # The candidate is worse by exactly the margin, in a few samples only: the hardest case for a normal distribution.
    for samples, margin in ((60, 0.05), (300, 0.01)):
        said = naive = 0
        for seed in range(200):
            p = [margin + 0.01, 0.98 - margin, 0.01]
            change = np.random.default_rng(seed).choice([-1, 0, 1], samples, p=p)
            runs = [right(change < 0), right(change > 0)]  # otherwise both are wrong
            one = paired(*runs, {"a": ACCURACY}, 250, permutations=0, seed=seed)["a"]
            said += p_not_worse(one, "higher", margin) < 0.05
            naive += one.difference.value - 1.645 * one.difference.stderr > -margin
        assert said / 200 < 0.085  # 5 % with a standard error of 1.5 %
        assert naive > said


def test_not_worse_is_said_of_what_is_better_and_knows_which_way_is_good() -> None:
    one = paired(right([0] * 50 + [1] * 50), right([1] * 40 + [0] * 10 + [1] * 50), {"a": ACCURACY}, 400)["a"]
    assert p_not_worse(one, "higher", 0.01) < 1e-6
    assert p_not_worse(one, "lower", 0.01) > 0.999
    assert p_not_worse(one, "higher", 0.0) < 1e-6
    with pytest.raises(ValueError, match="margin"):
        p_not_worse(one, "higher", -0.1)


def bench():
    path = Path(__file__).parents[2] / "bench" / "compare.py"
    spec = importlib.util.spec_from_file_location("bench_compare", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_suites_of_fifty_metrics_raise_few_false_alarms() -> None:
    # `python bench/compare.py --simulate` does 2,000 of them.
    simulated = bench()
    suites = [simulated.suite(seed, pictures=50, resamples=200) for seed in range(20)]
    assert len(suites[0]) == 50
    assert sum(bool(simulated.worse(suite)) for suite in suites) <= 3  # 5 % of 20 is 1; more than 3 in one of 60
    assert sum(any(one.p < 0.05 for _, one in suite.values()) for suite in suites) > 5  # what no correction would do
    lost = [simulated.suite(seed, loss=0.15, pictures=50, resamples=200) for seed in range(3)]
    assert sum(bool(simulated.worse(suite)) for suite in lost) >= 2


def test_pairing_finds_more_than_two_intervals_side_by_side() -> None:
    power = bench().power
    found = np.array([power(seed) for seed in range(120)])
    together, apart = found.mean(axis=0)
    assert together > apart + 0.2


def test_a_rate_over_few_samples_knows_only_these() -> None:
    """20 of 2,000 pictures are about harmless requests: that none changed there says little."""
    few = np.arange(2000) < 20
    none = table({"refused": np.zeros(2000), "harmless": few}, np.arange(2000))
    rate = Metric(lambda s: s.ratio(s.refused, s.harmless), better="lower")
    found = paired(none, none, {"rate": rate}, 200, 50)["rate"]
    assert (found.about, found.clusters) == (20, 20)
    assert p_not_worse(found, "lower", 0.03) == pytest.approx(0.97**20)
    assert found.detectable > 0.2


def test_a_mean_over_parts_knows_as_little_as_its_smallest_part() -> None:
    part = np.where(np.arange(1000) < 990, "a", "b")
    right = table({"right": np.ones(1000)}, np.arange(1000), {"part": part})
    some = table({"right": np.arange(1000) >= 5}, np.arange(1000), {"part": part})  # five lost in the large part
    mean = Metric(lambda s: s.right / s.n, over="part")
    for candidate in (right, some):
        found = paired(right, candidate, {"mean": mean}, 200, 50)["mean"]
        assert found.about == 20
        assert p_not_worse(found, "higher", 0.03) > 0.4  # 6 points lost in b are missed by 10 samples in half of cases
