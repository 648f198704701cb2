"""Scorers: one module per way of scoring, not per benchmark."""

from mmeval.scorers.base import Metric, Scored, Scorer, by_group, counts

__all__ = ["Metric", "Scored", "Scorer", "by_group", "counts"]
