"""Looking again and again: how often it errs and what it saves, in simulated runs whose truth is known.

The same figures stand in docs/statistics.md; `python -m tests.statistics.test_sequential` prints them.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from mmeval.statistics.influence import influence
from mmeval.statistics.sequential import LEAST, LOOKS, critical_values, decide, limits, look_at
from mmeval.statistics.sums import Metric, Table, table

RUNS = 2000
MARGIN = 0.01
ACCURACY = Metric(lambda s: s.ratio(s.right, s.n))
F1 = Metric(lambda s: s.ratio(2 * s.tp, 2 * s.tp + s.fp + s.fn))


def error(share: float, runs: int = RUNS) -> float:
    """Two standard errors of a simulated share."""
    return float(2 * np.sqrt(share * (1 - share) / runs))


@dataclass(frozen=True)
class Changes:
    """clusters pictures with questions each; lost and won: how often an answer goes wrong and goes right; together:
    the share of pictures whose answers all change at once."""

    clusters: int
    questions: int
    lost: float
    won: float
    together: float = 0.0

    def draw(self, rng: np.random.Generator, runs: int = RUNS) -> tuple[np.ndarray, np.ndarray]:
        """(runs, clusters) mean change of a picture's answers, and whether any changed."""
        drawn = rng.random((runs, self.clusters, self.questions), np.float32)
        if self.together:
            whole = rng.random((runs, self.clusters, 1)) < self.together
            drawn = np.where(whole, drawn[:, :, :1], drawn)
        won, lost = drawn < self.won, drawn > 1 - self.lost
        return won.mean(axis=2) - lost.mean(axis=2), (won | lost).any(axis=2)


@dataclass(frozen=True)
class Ended:
    """Shares of the simulated runs that ended so, and the mean share of samples that was asked."""

    better: float
    worse: float
    not_worse: float
    asked: float


def ended(changes: Changes, margin: float = MARGIN, naive: bool = False, seed: int = 0) -> Ended:
    parts, changed = changes.draw(np.random.default_rng(seed))
    at = look_at(changes.clusters)
    critical = critical_values([place / changes.clusters for place in at], 0.05)
    decision, asked = np.zeros(RUNS, int), np.full(RUNS, changes.clusters)
    for place, value in zip(at, critical, strict=True):
        if naive:
            mean, off = parts[:, :place].mean(axis=1), parts[:, :place].std(axis=1, ddof=1) / np.sqrt(place)
            low, high = mean - 1.96 * off, mean + 1.96 * off
        else:
            low, high = limits(parts[:, :place], changed[:, :place], value)
        said = np.where(low > 0, 1, np.where(high < 0, 2, np.where(low > -margin, 3, 0)))
        new = (decision == 0) & (said > 0)
        decision[new], asked[new] = said[new], place
    shares = [float((decision == one).mean()) for one in (1, 2, 3)]
    return Ended(*shares, float(asked.mean()) / changes.clusters)


# -- how often it errs

NO_DIFFERENCE = [
    Changes(500, 6, 0.05, 0.05, together=0.3),
    Changes(200, 1, 0.1, 0.1),
    Changes(40, 14, 0.1, 0.1, together=0.3),
    Changes(1000, 1, 0.01, 0.01),
]


@pytest.mark.parametrize("changes", NO_DIFFERENCE, ids=str)
def test_no_difference_is_found_in_5_of_100_runs_at_most(changes: Changes) -> None:
    found = ended(changes, margin=0.0)  # "not worse" would end many runs before they can err
    assert found.better + found.worse <= 0.05 + error(0.05)


def test_testing_at_every_look_as_if_it_were_the_only_one_errs_often() -> None:
    naive, here = (ended(NO_DIFFERENCE[0], margin=0.0, naive=one) for one in (True, False))
    assert naive.better + naive.worse > 0.2
    assert here.better + here.worse > 0.02  # and the 5 % are used, not given away


AT_THE_MARGIN = [
    Changes(500, 6, 0.06, 0.05, together=0.3),
    Changes(1000, 1, 0.015, 0.005),
    Changes(1000, 1, 0.01, 0.0),  # rare, and all of them for the worse
    Changes(300, 1, 0.01, 0.0),
    Changes(500, 6, 0.012, 0.002, together=1.0),
]


@pytest.mark.parametrize("changes", AT_THE_MARGIN, ids=str)
def test_worse_by_the_margin_is_rarely_taken_for_not_worse(changes: Changes) -> None:
    found = ended(changes)
    assert found.better + found.not_worse <= 0.025 + error(0.025)


def test_rare_changes_are_why_a_normal_interval_does_not_do() -> None:
    """Of 300 pictures none may have changed, though 1 in 100 does; a variance of 0 then says not worse."""
    changes = Changes(300, 1, 0.01, 0.0)
    assert ended(changes, naive=True).not_worse > 0.5
    assert ended(changes).not_worse < 0.025


# -- what it saves

REAL = {5: (0.08, 0.03), 3: (0.07, 0.04), 2: (0.065, 0.045), 1: (0.06, 0.05), 0: (0.055, 0.055)}
SAVED = {-5: (0.4, 0.98), 5: (0.32, 0.98), -3: (0.7, 0.8), 3: (0.52, 0.95)}  # asked at most, rightly decided at least


def real(points: int) -> Changes:
    lost, won = REAL[abs(points)]
    return Changes(500, 6, lost, won, 0.3) if points < 0 else Changes(500, 6, won, lost, 0.3)


@pytest.mark.parametrize("points", SAVED)
def test_real_differences_are_decided_on_a_part_of_the_samples(points: int) -> None:
    found = ended(real(points))
    right, wrong = found.worse, found.better + found.not_worse
    if points > 0:
        right, wrong = wrong, right
    assert found.asked < SAVED[points][0]
    assert right > SAVED[points][1]
    assert wrong < 0.01


def test_almost_equal_runs_are_soon_not_worse() -> None:
    found = ended(Changes(1000, 6, 0.01, 0.01))
    assert found.not_worse > 0.95
    assert found.asked < 0.5


def test_it_finds_more_with_fewer_samples_than_a_confidence_sequence() -> None:
    """Robbins' normal mixture, at its narrowest in the middle of the benchmark, valid for ever."""
    shares = np.arange(1, LOOKS + 1) / LOOKS
    paths = np.cumsum(np.random.default_rng(0).normal(size=(20_000, LOOKS)) / LOOKS**0.5, axis=1)
    width = (-2 * np.log(0.05) + np.log(-2 * np.log(0.05) + 1)) / 0.5
    mixture = np.sqrt((shares * width + 1) / (shares * width) * np.log((shares * width + 1) / 0.05**2))

    def told(critical: np.ndarray, drift: float) -> tuple[float, float]:
        passed = np.abs(paths + drift * shares) / np.sqrt(shares) > critical
        stop = np.where(passed.any(axis=1), passed.argmax(axis=1), LOOKS - 1)
        return float(passed.any(axis=1).mean()), float(shares[stop].mean())

    spending = critical_values(shares.tolist(), 0.05)
    assert told(spending, 0)[0] == pytest.approx(0.05, abs=error(0.05, len(paths)))
    assert told(mixture, 0)[0] < 0.05
    for drift in (2, 3, 4):  # standard errors of the whole benchmark
        (found, asked), (other_found, other_asked) = told(spending, drift), told(mixture, drift)
        assert found > other_found + 0.05
        assert asked < other_asked


# -- the parts


def test_critical_values() -> None:
    assert critical_values([1.0], 0.05)[0] == pytest.approx(1.959964, abs=1e-5)
    fractions = [0.04, 0.1, 0.37, 0.4, 0.9, 1.0]  # uneven looks, and a fifth of the error for one of five tasks
    values = critical_values(fractions, 0.01)
    rng = np.random.default_rng(0)
    steps = np.sqrt(np.diff([0, *fractions]))
    paths = np.cumsum(rng.normal(size=(200_000, len(fractions))) * steps, axis=1) / np.sqrt(fractions)
    passed = (np.abs(paths) > values).any(axis=1).mean()
    assert passed == pytest.approx(0.01, abs=error(0.01, len(paths)))


def test_where_to_look() -> None:
    assert look_at(LEAST) == ()
    assert look_at(40) == (*range(20, 41, 2),)
    assert look_at(1000)[:2] == (50, 100)
    assert look_at(999)[-1] == 999
    assert len(look_at(100_000)) == LOOKS


def answers(rng: np.random.Generator, clusters: int, questions: int, wrong: float) -> Table:
    """Yes-or-no answers; half of the truths are yes."""
    truth = np.arange(clusters * questions) % 2 == 0
    said = np.where(rng.random(len(truth)) < wrong, ~truth, truth)
    names = {"tp": said & truth, "fp": said & ~truth, "fn": ~said & truth, "right": said == truth}
    return table(names, np.repeat(np.arange(clusters), questions))


def part(data: Table, clusters: int) -> Table:
    kept = data.clusters < clusters
    return Table({name: column[kept] for name, column in data.counts.items()}, data.clusters[kept], {})


def test_a_ratio_errs_no_more_than_a_mean() -> None:
    """F1 of two runs that answer equally well, looked at through `decide` itself."""
    runs, at = 300, look_at(60, most=6)
    critical = critical_values([place / 60 for place in at], 0.05)
    wrong = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        first, second = (answers(rng, 60, 6, 0.15) for _ in range(2))
        looks = (
            decide(part(first, place), part(second, place), F1, 0.0, z) for place, z in zip(at, critical, strict=True)
        )
        wrong += any(look.decision for look in looks)
    assert wrong / runs <= 0.05 + error(0.05, runs)


def test_a_look_says_what_the_figures_are() -> None:
    rng = np.random.default_rng(0)
    first, second = answers(rng, 50, 6, 0.05), answers(rng, 50, 6, 0.3)
    look = decide(first, second, F1, 1.0, 2.0)
    assert look.first == pytest.approx(influence(F1, first).mean())
    assert look.difference == pytest.approx(look.first - look.second)
    assert look.decision == "better"
    assert decide(second, first, F1, 1.0, 2.0).decision == "worse"
    assert (look.clusters, look.n) == (50, 300)
    changes = (first.counts["right"] - second.counts["right"]).reshape(50, 6)
    low, high = limits(changes.mean(axis=1), changes.any(axis=1), 2.0)
    of_accuracy = decide(first, second, ACCURACY, 1.0, 2.0)
    assert (of_accuracy.low, of_accuracy.high) == pytest.approx((float(low), float(high)))


def test_lower_can_be_better_and_a_scale_longer() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(50, 5, 400)
    few, many = (table({"points": points + more}, np.arange(400)) for more in (0.0, 3.0))
    errors = Metric(lambda s: s.points / s.n, better="lower", unit="number", scale=(0, 200))
    assert decide(few, many, errors, 1.0, 2.5).decision == "better"
    assert decide(many, few, errors, 1.0, 2.5).decision == "worse"
    assert decide(few, table({"points": points + rng.normal(0, 1, 400)}, np.arange(400)), errors, 1.0, 2.5).decision
    with pytest.raises(ValueError, match="range"):
        decide(few, many, Metric(lambda s: s.points / s.n, unit="number"), 1.0, 2.5)


def test_equal_answers_are_not_at_once_not_worse() -> None:
    """Without a single change the interval is no point: that none of 30 changed says little about 1 in 100."""
    same = answers(np.random.default_rng(0), 2000, 1, 0.1)
    assert decide(part(same, 30), part(same, 30), ACCURACY, 1.0, 2.5).decision is None
    assert decide(same, same, ACCURACY, 1.0, 2.5).decision == "not worse"
    with pytest.raises(ValueError, match="same samples"):
        decide(same, part(same, 30), ACCURACY, 1.0, 2.5)


def test_an_undefined_metric_decides_nothing() -> None:
    silent = table({name: np.zeros(40) for name in ("tp", "fp", "fn")}, np.arange(40))
    look = decide(silent, silent, F1, 1.0, 2.0)
    assert (look.difference, look.low, look.decision) == (None, None, None)


if __name__ == "__main__":
    for changes in (*NO_DIFFERENCE, *AT_THE_MARGIN):
        print(changes, ended(changes, 0.0 if changes in NO_DIFFERENCE else MARGIN))
    print("naive", ended(NO_DIFFERENCE[0], 0.0, naive=True))
    for points in (-5, -3, -2, -1, 0, 1, 2, 3, 5):
        parts, _ = real(points).draw(np.random.default_rng(0))
        once = parts.mean(axis=1) / (parts.std(axis=1, ddof=1) / 500**0.5)
        print(points, ended(real(points)), "one test at the end, worse:", float((once < -1.96).mean()))
    print(ended(Changes(1000, 6, 0.01, 0.01)))
