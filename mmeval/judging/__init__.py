"""The judge pass: a second pass of requests, about the answers of the first, through engines of its own."""

from mmeval.judging.asking import judge_all

__all__ = ["judge_all"]
