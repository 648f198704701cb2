"""Scorers: one module per way of scoring, not per benchmark."""

from mmeval.scorers.base import Fitted, Judging, Metric, Scored, Scorer, averaged, by_group, counts

__all__ = ["Fitted", "Judging", "Metric", "Scored", "Scorer", "averaged", "by_group", "counts"]
