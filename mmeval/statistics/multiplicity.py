"""Many p-values at once: adjusted so that each can be held against the one level that was meant for all.

Holm 1979, Scand. J. Statist. 6(2), 65-70: at most alpha of all comparisons raise any false alarm, however the figures
hang together. Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57(1), 289-300: of what is called a difference, a share of
at most alpha is expected to be none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import false_discovery_control

from mmeval.statistics.sums import Array


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values in the given order; None stays None and is not counted."""
    return _adjusted(p, _step_down)


def benjamini_hochberg(p: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values in the given order; None stays None and is not counted."""
    return _adjusted(p, false_discovery_control)


def _step_down(known: Array) -> Array:
    order = np.argsort(known, kind="stable")
    raised = np.maximum.accumulate(known[order] * np.arange(len(known), 0, -1))
    adjusted = np.empty(len(known))
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted


def _adjusted(p: Sequence[float | None], adjust: Callable[[Array], Array]) -> list[float | None]:
    known = np.array([one for one in p if one is not None], float)
    found = iter(adjust(known).tolist() if len(known) else ())
    return [None if one is None else next(found) for one in p]
