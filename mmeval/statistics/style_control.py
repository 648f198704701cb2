"""Style control of Arena-Hard-Auto: what tells two answers apart in length and markdown, as covariates of battles.

lmarena/arena-hard-auto show_result.py and utils/math_utils.py (v2.0); its show_result.py and utils_math.py until April
2025 (v0.1); arXiv 2406.11939, section 6.3. A style is (n, 4): tokens, headers, list items and bold spans of an answer.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from mmeval.errors import DataError
from mmeval.statistics.sums import Array

FEATURES = ("token_len", "header", "list", "bold")

_CODE = re.compile(r"```[^`]*```")
_HEADER = re.compile(r"^#{1,6}\s", re.MULTILINE)
_LIST = re.compile(r"^\s*\d+\.\s|^\s*[-*+]\s", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")


def markdown(answer: str) -> tuple[int, int, int]:
    """Headers, list items and bold spans of an answer, code blocks left out (utils/add_markdown_info.py)."""
    text = _CODE.sub("", answer)
    return len(_HEADER.findall(text)), len(_LIST.findall(text)), len(_BOLD.findall(text))


def density_contrast(model: Any, baseline: Any) -> npt.NDArray[np.float32]:
    """v2.0's features (n, 4), positive where the model's answer has more, not yet standardised.

    Tokens: difference over sum. Markdown: per token, with one token added; then the difference over the sum and one.
    In single precision, as upstream. Raises `DataError` where neither answer has a token.
    """
    ours, theirs = _styles(model, baseline, np.float32)
    if not (ours[:, 0] + theirs[:, 0] > 0).all():
        raise DataError("style control: two answers of no tokens; their lengths can't be compared")
    made = np.empty_like(ours)
    made[:, 0] = (ours[:, 0] - theirs[:, 0]) / (ours[:, 0] + theirs[:, 0])
    dense, other = ours[:, 1:] / (ours[:, :1] + 1), theirs[:, 1:] / (theirs[:, :1] + 1)
    made[:, 1:] = (dense - other) / (dense + other + 1)
    return made


def count_contrast(model: Any, baseline: Any) -> Array:
    """v0.1's features (n, 4), positive where the model's answer has more: (difference) / (sum + 1) of the counts."""
    ours, theirs = _styles(model, baseline, np.float64)
    made: Array = ((ours - theirs) / (ours + theirs + 1)).astype(np.float64)
    return made


def _styles(model: Any, baseline: Any, kind: type[np.floating[Any]]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    ours, theirs = np.asarray(model, kind), np.asarray(baseline, kind)
    if ours.shape != theirs.shape or ours.ndim != 2 or ours.shape[1] != len(FEATURES):
        raise DataError(f"style control: styles of {ours.shape} and {theirs.shape}; both need {', '.join(FEATURES)}")
    return ours, theirs


def standardised(features: npt.NDArray[Any], ddof: int) -> npt.NDArray[Any]:
    """Each column with mean 0 and standard deviation 1 over all battles. Raises `DataError` for one that is constant:
    no battle can then tell its effect."""
    spread = features.std(axis=0, ddof=ddof)
    if not (spread > 0).all():
        raise DataError(f"style control: feature {int(np.argmin(spread))} is the same in every battle; leave it out")
    made: npt.NDArray[Any] = (features - features.mean(axis=0)) / spread
    return made


def stopped_early(design: Any, outcome: Any, rows: npt.NDArray[np.int64] | None = None) -> Array:
    """v2.0's coefficients (m, p): L-BFGS at a fixed rate of 0.1, from 0.5, ended after 50 steps in single precision.

    rows: (m, n) positions of drawn battles; all of them once without it. Up to 0.3 points of win rate away from the
    optimum, which `bradley_terry.strengths` gives.
    """
    import torch

    x = torch.as_tensor(np.asarray(design, np.float32))
    y = torch.as_tensor(np.asarray(outcome, np.float32))
    loss_of = torch.nn.functional.binary_cross_entropy_with_logits

    def fitted(x: torch.Tensor, y: torch.Tensor) -> Array:
        found = torch.full((x.shape[1],), 0.5, requires_grad=True)
        optimiser = torch.optim.LBFGS([found], lr=0.1, max_iter=50, tolerance_grad=1e-9, tolerance_change=1e-9)

        def loss() -> torch.Tensor:
            optimiser.zero_grad()
            made = loss_of(x @ found, y, reduction="sum")
            made.backward()  # type: ignore[no-untyped-call]
            return made

        optimiser.step(loss)  # type: ignore[no-untyped-call]
        return found.detach().numpy().astype(np.float64)

    drawn = [slice(None)] if rows is None else [torch.as_tensor(one) for one in rows]
    return np.stack([fitted(x[one], y[one]) for one in drawn])


def ridged(design: Any, outcome: Any, weights: Any) -> Array:
    """v0.1's coefficients (m, p): scikit-learn's LogisticRegression as it comes, with its ridge (C = 1) and tolerance.

    weights: (m, n) how often each battle stands in each of m resamples. Every battle is taken twice, a tie as one win
    each. The ridge pulls all models together, and the tolerance leaves 0.01 points of win rate open.
    """
    from sklearn.linear_model import LogisticRegression

    x, y = np.asarray(design, float), np.asarray(outcome, float)
    both, labels = np.concatenate([x, x]), np.repeat([1.0, 0.0], len(x))
    sides = np.concatenate([2 * y, 2 * (1 - y)])
    made = []
    for row in np.asarray(weights, float):
        times = sides * np.concatenate([row, row])
        kept = times > 0
        fit = LogisticRegression(fit_intercept=False).fit(both[kept], labels[kept], times[kept])
        made.append(fit.coef_[0])
    return np.stack(made)
