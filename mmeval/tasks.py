"""A task is one benchmark: where its rows are, how a row becomes a sample, which scorer reads the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval.errors import DataError, UsageError
from mmeval.samples import Sample
from mmeval.scorers.base import Scorer
from mmeval.sources import Row, Source

if TYPE_CHECKING:
    from mmeval.answers import Answers

REWARDS = "rewards"  # the dialect that reads what a reward model says about given answers
Ask = Callable[[Row], "Sample | Iterable[Sample] | None"]
ReadAnswers = Callable[[Path, list[Sample]], "Mapping[str, str] | Answers"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One benchmark, as a file in `tasks/<dimension>/` defines it.

    rows: where its rows come from. sample: row -> `Sample`, several, or None (row is not asked).
    scorer: a `Scorer`, or several by the name of their dialect with "official" among them; the first is the default.
    prompts: further ways of asking by name (another harness's wording), each in place of `sample`; its ids must be the
    same. max_new_tokens: generation limit. headline: the metric that stands for the task.
    published: model -> headline value as printed in its source. paper: where the benchmark was defined.
    answers: reads the benchmark's own answer files: (path, samples) -> sample id -> answer, or `Answers` where the
    files hold judges' replies too; None where an answer file is a table of ids and answers like any other.
    answers_columns: a table with all of these columns is in the benchmark's own layout, whatever its ids; of a|b one.
    answers_carry: the reader makes the samples itself where it is given none, out of files of these columns.
    answers_choose: an answer file may be about some of the samples, and `mmeval score` scores those; where there is no
    fixed list of samples, official scripts score what the file holds. Else a sample without an answer is missing.
    rated: the same rows asked of a reward model (`--as scalar` or `implicit`): samples with `continuations`, scored by
    the dialect "rewards", which then must be among the scorers.
    judge: the judge that is asked where none is given, for tasks that bring their own (rendered scenes).
    dimension: what it measures; the folder unless the file says so. name and suite come from the file: the variable's
    name and the folder.
    """

    rows: Source
    sample: Ask
    scorer: Scorer | Mapping[str, Scorer]
    max_new_tokens: int
    headline: str
    published: Mapping[str, float] = field(default_factory=dict)
    paper: str = ""
    answers: ReadAnswers | None = None
    answers_columns: tuple[str, ...] = ()
    answers_choose: bool = False
    answers_carry: bool = False
    name: str = ""
    dimension: str = ""
    suite: str = ""
    summary: str = ""
    prompts: Mapping[str, Ask] = field(default_factory=dict)
    rated: Ask | None = None
    judge: str = ""

    def rewarded(self) -> Task:
        """The same task, asked of a reward model. Raises `UsageError` where it has no given answers to compare."""
        if self.rated is None:
            raise UsageError(f"{self.name}: has no answers that a reward model could compare; use --as generative")
        return replace(self, sample=self.rated, scorer={REWARDS: self.dialects[REWARDS]})

    def prompted(self, name: str | None) -> Task:
        """The same task, asked in the wording of that name; itself without one or where it has none of that name."""
        return replace(self, sample=self.prompts[name]) if name and name in self.prompts else self

    @property
    def dialects(self) -> Mapping[str, Scorer]:
        return {"official": self.scorer} if isinstance(self.scorer, Scorer) else self.scorer

    def scorer_for(self, dialect: str | None = None) -> tuple[str, Scorer]:
        """The scorer of a dialect and its name; of the default one without a name."""
        known = self.dialects
        if dialect is None:
            return next(iter(known.items()))
        if dialect not in known:
            raise UsageError(f"{self.name}: no scoring dialect {dialect!r} (has: {', '.join(known)})")
        return dialect, known[dialect]

    def samples_of(self, row: Row) -> list[Sample]:
        """The samples of one row. A row that is not as it should be raises `DataError` naming file, row and fields."""
        try:
            made: Any = self.sample(row)
            if made is None:
                return []
            return [made] if isinstance(made, Sample) else list(made)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, SyntaxError) as error:
            raise DataError(
                f"{row.where} is not as the benchmark defines it: {type(error).__name__}: {error} "
                f"(fields: {', '.join(map(str, row))})"
            ) from error
