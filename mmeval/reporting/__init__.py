"""Run folders -> the data that the pages in reports/ show -> the pages."""

from mmeval.reporting.page import write_report

__all__ = ["write_report"]
