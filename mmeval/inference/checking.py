"""Whether a model's trees give what single prompts give: asked of the model itself, on requests of the run."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mmeval.inference import decoding, memory
from mmeval.inference.forest import NoTree
from mmeval.inference.preprocess import Work
from mmeval.inference.running import Running, free_memory
from mmeval.inference.trees import Row, plant, row_of

AT_MOST = 6  # requests on one picture that are compared
STEPS = 3  # tokens
LIKELY = 20  # of a position's tokens the likeliest are compared: those that may be chosen
# Largest difference of log-probabilities (nats) that is rounding. A wrong mask or position gives tenths to units.
EXACT, ROUNDED = 2e-3, 0.35


def why_no_tree(running: Running, groups: Sequence[Sequence[Work]]) -> str | None:
    """None if trees of these works give the log-probabilities that single prompts give, else the reason in words.

    Running out of memory is no reason and is raised.
    """
    rows = [row for group in groups if (row := row_of(group[:AT_MOST], running.pictures))]
    if not rows:
        return None if not groups else "pictures don't stand in front of what is asked about them"
    try:
        with torch.inference_mode():
            difference = largest_difference(running, rows)
    except NoTree as error:
        return str(error)
    except Exception as error:  # whatever the model raises at masks and positions it doesn't know
        if memory.ran_out(error):
            raise
        return f"it fails there ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
    finally:
        free_memory()
    bound = EXACT if running.model.dtype in (torch.float32, torch.float64) else ROUNDED
    if difference <= bound:
        return None
    return f"log-probabilities differ by {difference:.3g} from those of single prompts (bound {bound:g})"


def largest_difference(running: Running, rows: Sequence[Row]) -> float:
    """Largest difference of log-probabilities (nats) between a forest and single prompts, over the likeliest tokens
    of the first few positions; both are fed the single prompt's greedy answers."""
    works = [(work, which) for row in rows for work, which in row.owners]
    alone = {(id(work), which): _alone(running, work, which) for work, which in works}
    planted, branches = plant(running, rows)
    worst = 0.0
    for r, row in enumerate(rows):
        for number, (work, which) in enumerate(row.owners):
            expected = alone[id(work), which]
            count = len(row.packed.leaves[number].wanted) if which is not None else 1
            for place in range(count):
                worst = max(worst, _difference(planted.leaf(r, number, place), expected[place]))
    growing = [(r, s, b) for r, of in enumerate(branches) for s, b in enumerate(of) if b is not None]
    for step in range(1, STEPS):
        if not growing:
            break
        for _, _, branch in growing:
            branch.row.tokens.append(int(alone[id(branch.work), None][step - 1].argmax()))
        logits = planted.forest.feed()
        for r, s, branch in growing:
            worst = max(worst, _difference(logits[r, s], alone[id(branch.work), None][step]))
    return worst


def _alone(running: Running, work: Work, which: int | None) -> list[torch.Tensor]:
    """Logits of one prompt run by itself, position by position: of its greedy answer, or of a continuation."""
    inputs = running.batch([work])
    batch = decoding.Batch(running.model, inputs)
    found = [batch.forward(inputs["input_ids"], first=True)[0, -1]]
    if which is not None:
        given = work.branches[which][:-1]
        fed = torch.tensor([given], dtype=torch.long, device=running.device)
        return [*found, *(batch.forward(fed, keep=len(given))[0] if given else ())]
    for _ in range(STEPS - 1):
        token = int(found[-1].argmax())
        found.append(batch.forward(torch.tensor([[token]], device=running.device))[0, -1])
    return found


def _difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """Largest difference of log-probabilities over the tokens that are likeliest in the second."""
    logs, expected = (torch.log_softmax(logits.float(), -1) for logits in (one, other))
    likely = expected.topk(min(LIKELY, len(expected))).indices
    difference = (logs[likely] - expected[likely]).abs().max()
    return float(difference) if torch.isfinite(difference) else float("inf")
