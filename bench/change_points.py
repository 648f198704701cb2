"""How often change points are marked where nothing changed, and how soon a jump is seen, by simulation.

    python bench/change_points.py [--series 1000] [--nights 365]

Nights are independent and normal, each with a standard error of 1: the hardest case, since nights that ask the same
samples share most of their error. A jump comes after 100 flat nights and stays; it counts as seen on the first night
when the series, cut off there, shows a change point no more than 5 nights from the true one or the night lies outside
its level.
"""

from __future__ import annotations

import argparse

import numpy as np

from mmeval.statistics.change_points import levels, newest

FLAT_BEFORE, WITHIN, WATCHED = 100, 5, 60


def changed(series: np.ndarray) -> list[int]:
    return [level.start for level in levels(series, np.ones(len(series)))[1:]]


def false_alarms(rng: np.random.Generator, series: int, nights: int) -> None:
    print(f"flat series, looked at once ({series} each)")
    for n in sorted({7, 14, 30, 90, nights}):
        share = np.mean([bool(changed(rng.normal(size=n))) for _ in range(series)])
        print(f"  {n:4d} nights: {share:.2%} show a change point")
    few = max(series // 5, 1)
    ever, alarms = 0, 0
    for _ in range(few):
        drawn = rng.normal(size=nights)
        ever += any(changed(drawn[:n]) for n in range(2, nights + 1))
        alarms += sum(newest(drawn[:n], np.ones(n)).outside for n in range(5, nights + 1))  # type: ignore[union-attr]
    print(f"flat series of {nights} nights, looked at every night ({few})")
    print(f"  {ever / few:.1%} show a change point on some night of the year")
    print(f"  {alarms / few / (nights - 4):.3%} of nights lie outside their level")


def power(rng: np.random.Generator, series: int) -> None:
    print(f"a jump after {FLAT_BEFORE} nights, watched for {WATCHED} more ({series // 5} each)")
    for size in (1, 2, 3, 4, 5):
        delays, exact = [], 0
        for _ in range(series // 5):
            drawn = rng.normal(size=FLAT_BEFORE + WATCHED)
            drawn[FLAT_BEFORE:] += size
            delays.append(delay(drawn))
            exact += FLAT_BEFORE in changed(drawn)
        seen = np.array([one for one in delays if one is not None])
        first, week = (np.sum(seen < within) / len(delays) for within in (1, 7))
        print(
            f"  {size} standard errors: seen {len(seen) / len(delays):.0%}, on its night {first:.0%}, within 7 nights "
            f"{week:.0%}; median delay {np.median(seen):.0f} nights; dated to the very night {exact / len(delays):.0%}"
        )


def delay(drawn: np.ndarray) -> int | None:
    for night in range(FLAT_BEFORE, len(drawn)):
        until = drawn[: night + 1]
        last = newest(until, np.ones(len(until)))
        if (last and last.outside) or any(abs(one - FLAT_BEFORE) <= WITHIN for one in changed(until)):
            return night - FLAT_BEFORE
    return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--nights", type=int, default=365)
    chosen = parser.parse_args()
    dice = np.random.default_rng(0)
    false_alarms(dice, chosen.series, chosen.nights)
    power(dice, chosen.series)
