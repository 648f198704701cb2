"""A judge's words, tried before anything is asked: a broken prompt should show before hours of asking, not after."""

from __future__ import annotations

from collections.abc import Sequence

from mmeval.catalog import Catalog
from mmeval.errors import DataError, MmevalError, UsageError
from mmeval.judging.settings import JudgeSettings
from mmeval.prompts import JudgePrompt, judge_prompt
from mmeval.requests import Plan
from mmeval.samples import Sample
from mmeval.scorers.base import Judging

REHEARSED = 5  # samples that a judge's prompt is tried on


def prompts_for(plans: Sequence[Plan], catalog: Catalog, settings: JudgeSettings) -> dict[str, JudgePrompt]:
    """The prompts that these tasks' scorers name. Raises `DataError` for one that is missing or fits no sample, and
    `UsageError` for settings that don't fit it."""
    prompts: dict[str, JudgePrompt] = {}
    for plan in plans:
        if judging := plan.scorer.judging:
            prompt = prompts[judging.prompt] = judge_prompt(judging.prompt, catalog.judges, settings.prompts)
            settings.members(prompt.card, 0, judging.swap is not None)
            _try(prompt, judging, plan.samples[:REHEARSED])
    if settings.prompts and prompts and not any(prompt.theirs for prompt in prompts.values()):
        wanted = " or ".join(f"{name}.jinja" for name in prompts)
        raise UsageError(f"--judge-prompts {settings.prompts}: holds no {wanted}")
    return prompts


def _try(prompt: JudgePrompt, judging: Judging, samples: Sequence[Sample]) -> None:
    """Renders a prompt for some samples; one that fits none of them raises, a bad row alone does not."""
    trouble: Exception | None = None
    for sample in samples:
        try:
            for variables in judging.calls(sample, "Yes. There is a dog on the chair.", ())[:1]:
                prompt.messages(variables, ())
            return
        except Exception as error:  # a scorer and a prompt may be anybody's
            trouble = error
    if isinstance(trouble, MmevalError):
        raise trouble
    if trouble:
        raise DataError(f"judge prompt {prompt.name}: {type(trouble).__name__}: {trouble}") from trouble
