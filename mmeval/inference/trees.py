"""Runs works as trees: what the questions about a picture share runs once, and their answers grow together.

Forests are planted as their budget allows; short answers are done after a few steps, and what goes on for longer
joins one pool, which takes in more whenever half of it is done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from mmeval.inference import forest as forests
from mmeval.inference import memory, padded
from mmeval.inference.base import Response
from mmeval.inference.forest import Branch, Forest
from mmeval.inference.planning import Budget
from mmeval.inference.preprocess import Features, Work, joined
from mmeval.inference.running import Running, free_memory
from mmeval.inference.tree import Packed, pack

PATH = "tree"
SHORT = 16  # tokens: answers that may grow longer than this go on in the pool
WASTE = 1.5  # most columns with padding, over those without
REFILL = 0.5  # share of the budget's answers below which the pool takes in more


@dataclass(frozen=True, slots=True)
class Row:
    """Works on the same pictures as a packed tree. owners: for each leaf, its work and which of its continuations it
    is, None for an answer. root: features of what all share."""

    works: tuple[Work, ...]
    owners: tuple[tuple[Work, int | None], ...]
    packed: Packed
    root: Features

    @property
    def tokens(self) -> int:
        return self.packed.root + len(self.packed.tokens)

    @property
    def answers(self) -> int:
        return len(self.owners)

    @property
    def growth(self) -> int:
        """Columns that the answers will take at most."""
        limits = [work.request.decoding.max_new_tokens for work, which in self.owners if which is None]
        return len(limits) * min(max(limits, default=0), SHORT) + sum(limit for limit in limits if limit > SHORT)


def row_of(works: Sequence[Work], pictures: frozenset[int]) -> Row | None:
    """A tree of works on the same pictures; None where they don't share all of those.

    pictures: ids of the tokens that stand for pictures.
    """
    paths: list[list[int]] = []
    wanted: list[int] = []
    owners: list[tuple[Work, int | None]] = []
    for work in works:
        assert work.features is not None
        ids = work.features["input_ids"][0].tolist()
        for number, branch in enumerate(work.branches):
            paths.append(ids + list(branch[:-1]))
            wanted.append(max(1, len(branch)))
            owners.append((work, number))
        if not work.branches:
            paths.append(ids)
            wanted.append(1)
            owners.append((work, None))
    packed = pack(paths, wanted)
    seen = [place for place, token in enumerate(paths[0]) if token in pictures]
    if packed.root == 0 or (works[0].images and not seen):
        return None
    # Positions behind the root go up by one: pictures' own must lie inside it, with at least one word behind them.
    if seen and packed.root < seen[-1] + 2:
        return None
    features = works[0].features or {}
    cut = {name: tensor[:, : packed.root] if tensor.shape[:2] == features["input_ids"].shape else tensor
           for name, tensor in features.items()}  # fmt: skip
    return Row(tuple(works), tuple(owners), packed, cut)


def in_forests(rows: deque[Row], budget: Budget) -> list[Row]:
    """Takes the rows that fit into the budget together from the left; at least one."""
    taken: list[Row] = []
    while rows:
        more = [*taken, rows[0]]
        longest = max(row.packed.root for row in more) + max(len(row.packed.tokens) for row in more)
        growth = max(row.growth for row in more)
        fits = sum(row.answers for row in more) <= budget.branches and (
            budget.prompt_tokens is None or len(more) * longest <= budget.prompt_tokens
        )
        wasted = len(more) * longest > WASTE * sum(row.tokens for row in more)
        if taken and (wasted or _kind(rows[0]) != _kind(taken[0])):
            break
        if taken and not (fits and (budget.tokens is None or len(more) * (longest + growth) <= budget.tokens)):
            break
        taken.append(rows.popleft())
    return taken


def _kind(row: Row) -> dict[str, int]:
    """Rows of one kind can be joined into a batch: the same tensors, of as many axes."""
    return {name: tensor.ndim for name, tensor in row.root.items()}


class Trees:
    """One run's forests. groups: works on the same pictures, prepared."""

    def __init__(self, running: Running, groups: Iterable[Sequence[Work]]) -> None:
        self.running = running
        self._groups = iter(groups)
        self._waiting: deque[Row] = deque()
        self._alone: deque[Work] = deque()
        self._more = True
        self._full = False

    def run(self) -> Iterator[Response]:
        """Responses as they finish."""
        pool: Forest | None = None
        while True:
            while self._has_room(pool) and self._look_ahead():
                yield from self._lone()
                planted = yield from self._plant(pool)
                if planted is not None:
                    pool = yield from self._joined(pool, planted)
            yield from self._lone()
            if pool is None:
                if not self._look_ahead():
                    return
                continue
            pool = yield from self._stepped(pool)

    def _has_room(self, pool: Forest | None) -> bool:
        if pool is None:
            self._full = False
            return True
        if self._full:
            return False
        budget = self.running.budget
        if len(pool.branches) > REFILL * budget.branches:
            return False
        return budget.tokens is None or len(pool.slots) * pool.columns <= REFILL * budget.tokens

    def _look_ahead(self) -> bool:
        """Fills up what waits; whether anything does."""
        while self._more and len(self._waiting) + len(self._alone) < 2 * self.running.budget.branches:
            with self.running.timed("waiting_s"):
                group = next(self._groups, None)
            if group is None:
                self._more = False
                break
            row = row_of(group, self.running.pictures) if group else None
            if row is not None:
                self._waiting.extend(_split(row, self.running))  # prepared perhaps before the budget shrank
            else:
                self._alone.extend(group)
            if sum(one.tokens for one in self._waiting) >= (self.running.budget.prompt_tokens or 1 << 62):
                break
        return bool(self._waiting or self._alone)

    def _lone(self) -> Iterator[Response]:
        works = list(self._alone)
        self._alone.clear()
        yield from padded.run(self.running, works)

    def _plant(self, pool: Forest | None) -> Generator[Response, None, Forest | None]:
        """Plants the next forest beside the pool. Returns it, or None if nothing in it grows."""
        if not self._waiting:
            return None
        budget = self.running.budget
        if pool is not None and budget.tokens is not None:
            budget = replace(budget, tokens=budget.tokens - len(pool.slots) * pool.columns)
        rows = in_forests(self._waiting, budget)
        with self.running.timed():
            found = self._try_planting(rows)
        if isinstance(found, BaseException) and memory.ran_out(found) and pool is not None:
            self._waiting.extendleft(reversed(rows))
            self._full = True  # the pool's own end makes room
            return None
        if isinstance(found, BaseException):
            yield from self._fallen(rows, found)
            return None
        forest, responses = found
        self.running.answered = True
        yield from responses
        return forest

    def _fallen(self, rows: list[Row], error: BaseException) -> Iterator[Response]:
        """What becomes of rows that could not run: smaller forests, or each work by itself."""
        works = [work for row in rows for work in row.works]
        if not memory.ran_out(error):
            yield from self._by_themselves(works)
        elif len(works) == 1:
            yield self.running.given_up(works[0], error)
        else:
            self._shrink(works)

    def _shrink(self, works: list[Work]) -> None:
        """Half as many answers a forest from now on, these ones first."""
        # A forest and the pool may have been too much together; the budget must shrink, or the same happens again.
        size = max(1, min((len(works) + 1) // 2, self.running.budget.branches - 1))
        self.running.shrink(size, f"{len(works)} answers", forest=True)
        self._waiting = deque(
            part for row in (*self._regrouped(works), *self._waiting) for part in _split(row, self.running)
        )

    def _regrouped(self, works: list[Work]) -> Iterator[Row]:
        groups: dict[object, list[Work]] = {}
        for work in works:
            groups.setdefault(tuple(hash(image) for image in work.images) or work.request.id, []).append(work)
        for group in groups.values():
            row = row_of(group, self.running.pictures)
            if row is not None:
                yield row
            else:
                self._alone.extend(group)

    def _by_themselves(self, works: Sequence[Work]) -> Iterator[Response]:
        for work in works:
            yield from padded.answer(self.running, [work])

    def _joined(self, pool: Forest | None, planted: Forest) -> Generator[Response, None, Forest | None]:
        """Steps the forest until only long answers are left, and puts these into the pool. Returns the pool."""
        forest: Forest | None = planted
        while forest is not None and any(branch.row.limit <= SHORT for branch in forest.branches):
            forest = yield from self._stepped(forest)
        if forest is None or pool is None:
            return forest or pool
        failed = None
        works = [branch.work for one in (pool, forest) for branch in one.branches]
        try:
            with torch.inference_mode():
                pool.join(forest)
            return pool
        except Exception as error:
            failed = error
            failed.__traceback__ = None
        pool.cache = forest.cache = None
        free_memory()
        yield from self._lost(works, failed)
        return None

    def _stepped(self, forest: Forest) -> Generator[Response, None, Forest | None]:
        """One token for every answer. Returns the forest, None once nothing in it grows."""
        works = [branch.work for branch in forest.branches]
        with self.running.timed():
            done = self._try_step(forest)
        if isinstance(done, BaseException):
            yield from self._lost(works, done)
            return None
        yield from (self._response(branch) for branch in done)
        return forest if len(done) < len(works) else None

    def _lost(self, works: list[Work], error: BaseException) -> Iterator[Response]:
        """Answers that were growing when the model failed start again."""
        if not memory.ran_out(error) or len(works) == 1:
            yield from self._by_themselves(works)
        else:
            self._shrink(works)

    def _response(self, branch: Branch) -> Response:
        self.running.count(new_tokens=len(branch.row.tokens), as_trees=1)
        return self.running.answering.response(branch.work, branch.row, PATH)

    def _try_step(self, forest: Forest) -> list[Branch] | Exception:
        try:
            with torch.inference_mode():
                return forest.step(self.running.ends)
        except Exception as error:
            failure = error
            failure.__traceback__ = None
        forest.cache = None
        free_memory()
        return failure

    def _try_planting(self, rows: list[Row]) -> tuple[Forest | None, list[Response]] | Exception:
        try:
            with torch.inference_mode():
                return self._planted(rows)
        except Exception as error:  # models raise whatever they like; `_fallen` finds out whose fault it is
            failure = error
            failure.__traceback__ = None  # it holds the tensors
        free_memory()
        return failure

    def _planted(self, rows: list[Row]) -> tuple[Forest | None, list[Response]]:
        running = self.running
        planted, branches = plant(running, rows)
        responses = scored(running, rows, planted)
        live = [(r, s) for r, of in enumerate(branches) for s, branch in enumerate(of) if branch is not None]
        if not live:
            return None, responses
        logits = torch.stack([planted.leaf(r, s) for r, s in live])
        done = planted.forest.grow(logits, live, running.ends)
        planted.forest.prune()
        responses += [self._response(branch) for branch in done]
        return (planted.forest if len(done) < len(live) else None), responses


def plant(running: Running, rows: Sequence[Row]) -> tuple[forests.Planted, list[list[Branch | None]]]:
    """Runs the rows' prompts. Returns the forest and, for each row, what grows at each leaf."""
    features = joined([row.root for row in rows], running.pad) if len(rows) > 1 else dict(rows[0].root)
    if features is None:
        raise forests.NoTree("the processor gives tensors of a kind that is unknown here")
    inputs = running.on_device(features)
    branches: list[list[Branch | None]] = [
        [Branch(work, running.answering.row(work)) if which is None else None for work, which in row.owners]
        for row in rows
    ]
    width = max(len(row.packed.tokens) for row in rows)
    running.count(
        batches=1,
        rows=sum(len(row.works) for row in rows),
        prompt_tokens=sum(work.prompt_tokens for row in rows for work in row.works),
        run_tokens=inputs["input_ids"].numel() + len(rows) * width,
    )
    planted = forests.plant(running.model, inputs, [row.packed for row in rows], branches, running.pad)
    return planted, branches


def scored(running: Running, rows: Sequence[Row], planted: forests.Planted) -> list[Response]:
    """Responses of the works that only ask for log-likelihoods."""
    found = []
    for r, row in enumerate(rows):
        sums: dict[str, list[float]] = {}
        for number, (work, which) in enumerate(row.owners):
            if which is None:
                continue
            tokens = work.branches[which]
            logs = [torch.log_softmax(planted.leaf(r, number, i).float(), -1)[t] for i, t in enumerate(tokens)]
            sums.setdefault(work.request.id, []).append(float(torch.stack(logs).sum()) if logs else 0.0)
        by_id = {work.request.id: work for work in row.works}
        found += [running.answering.scored(by_id[id], of, PATH) for id, of in sums.items()]
        running.count(as_trees=len(sums))
    return found


def _split(row: Row, running: Running) -> list[Row]:
    """The row as trees of no more works than the budget holds."""
    size = running.budget.branches
    if len(row.works) <= size:
        return [row]
    parts = [row_of(row.works[start : start + size], running.pictures) for start in range(0, len(row.works), size)]
    return [part for part in parts if part is not None]
