"""The judge pass: a second pass of requests, about the answers of the first, through engines of its own."""

from mmeval.judging.settings import Budget, JudgeSettings

__all__ = ["Budget", "JudgeSettings"]
