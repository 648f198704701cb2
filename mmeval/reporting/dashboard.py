"""The nights of a folder -> the page that shows them."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from mmeval import __version__
from mmeval.dashboard import BETTER, NEW, NONE_SHOWN, WORSE, Dashboard, Series
from mmeval.journal import write_whole
from mmeval.night_changes import Change
from mmeval.nights import Night
from mmeval.reporting import figures
from mmeval.reporting.figures import Unit
from mmeval.reporting.rendering import plural, render
from mmeval.reporting.trends import Spark, places, simple, spark, trend

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_CHARTS = 16  # large ones, about 0.1 s each; further headlines have their small one
LONG = 90  # characters of a value in the log of changes
MARKS = {BETTER: "✓", WORSE: "✕", "higher": "↑", "lower": "↓"}


@dataclass(frozen=True, slots=True)
class Row:
    """One metric as its row in a table prints it. index: its place among all series. since: date and words of its last
    change point."""

    index: int
    series: Series
    spark: Spark
    tonight: str
    last: str
    difference: str
    interval: str
    word: str
    mark: str
    how: str
    since: tuple[str, str] | None
    outside: str | None


@dataclass(frozen=True, slots=True)
class Trend:
    """A large chart with what stands beneath it in words."""

    dimension: str
    row: Row
    chart: Markup
    events: Sequence[tuple[str, str]]


def write_dashboard(board: Dashboard, out: Path) -> Path:
    """Writes the page; links to the runs' own pages are relative to where it lies."""
    return write_whole(out, page(board, out.parent).encode("utf-8", "replace"))


def page(board: Dashboard, home: Path) -> str:
    """home: the folder that the page will lie in."""
    at = places(board.nights)
    rows = [_row(i, one, board, at) for i, one in enumerate(board.series)]
    headlines = [row for row in rows if row.series.headline]
    links = [_link(board, night, home) for night in board.nights]
    return render(
        "dashboard.html.j2",
        run={"mmeval": __version__},
        board=board,
        head=_head(board, headlines),
        headlines=_by_dimension(headlines),
        trends=[_trend(row, board) for row in headlines[:MOST_CHARTS]],
        without_chart=max(0, len(headlines) - MOST_CHARTS),
        others=_by_task(row for row in rows if not row.series.headline),
        dimensions=list(_by_dimension(rows)),
        log=_log(board),
        failures=_failures(board.nights),
        silent=_silent(board.nights),
        speed=_speed(board.nights),
        nights=[_night(night, link) for night, link in zip(board.nights, links, strict=True)],
        data=_data(board, links),
    )


# -- the head


def _head(board: Dashboard, headlines: Sequence[Row]) -> dict[str, Any]:
    tonight = board.tonight
    good = None if board.last_good is None else board.nights[board.last_good].at
    return {
        "title": f"Nights of {board.folder.resolve().name or board.folder}",
        "line": _line(board, headlines),
        "loud": tonight.status != "done" or bool(tonight.failed_tasks) or board.counts.get(WORSE, 0) > 0,
        "when": figures.moment(tonight.at.isoformat(timespec="minutes")),
        "how": _how(headlines),
        "further": sum(1 for one in board.series if one.outside is not None and not one.headline),
        "facts": [
            ("Nights", f"{len(board.nights):,}"),
            ("Failed", f"{sum(night.status != 'done' for night in board.nights):,}"),
            ("Last good", figures.NONE if good is None else f"{good.day} {good:%b}"),
            ("Missing tonight", _share(tonight.share_missing)),
            ("Samples a second", figures.NONE if tonight.speed is None else f"{tonight.speed:,.1f}"),
            ("Duration", figures.duration(tonight.seconds)),
        ],
    }


def _line(board: Dashboard, headlines: Sequence[Row]) -> str:
    """Tonight in one sentence."""
    tonight = board.tonight
    if not tonight.results:
        return f"Tonight {tonight.status}: {tonight.reason or 'no figures'}."
    said = f"Tonight failed: {tonight.reason}. " if tonight.status != "done" else ""
    if tonight.verdict:
        said += {"passed": "The gate let tonight pass. ", "regressed": "The gate says regression. "}.get(
            tonight.verdict, "The gate cannot tell. "
        )
    return said + _against(board, len(headlines)) + "; " + _lost(tonight) + "."


def _against(board: Dashboard, number: int) -> str:
    if board.last_good is None:
        return f"{plural(number, 'headline')} measured, with no good night before to hold them against"
    counts = dict(board.counts)
    parts = [f"{counts.pop(WORSE, 0)} of {plural(number, 'headline')} worse than on the last good night"]
    parts.append(f"{counts.pop(BETTER, 0)} better")
    parts += [f"{n} {word}" for word, n in sorted(counts.items(), key=lambda one: one[0] != NONE_SHOWN)]
    return ", ".join(parts)


def _how(headlines: Sequence[Row]) -> str:
    """Whether nights were compared sample by sample."""
    ways = {row.how for row in headlines if row.how}
    if ways == {"paired"}:
        return "Both nights are compared on the same samples (paired)."
    unpaired = "by the two standard errors alone, as if they had asked different samples (unpaired z)"
    if "paired" in ways:
        return f"Nights are compared on the same samples (paired) where both runs keep them, else {unpaired}."
    return f"The nights are compared {unpaired}: wider than it need be where they asked the same ones."


def _lost(night: Night) -> str:
    failed = [f"{plural(len(night.failed_tasks), 'task')} failed"] if night.failed_tasks else []
    missing = [f"{night.missing:,} of {plural(night.n, 'answer')} missing"] if night.missing else []
    return " and ".join(failed + missing) or "nothing missing"


# -- figures


def _row(index: int, one: Series, board: Dashboard, at: Sequence[float]) -> Row:
    found, unit = one.against, cast(Unit, one.unit)
    shift = one.shifts[-1] if one.shifts else None
    since = None
    if shift is not None:
        levels = (figures.number(level, unit) for level in (shift.before, shift.after))
        since = (_day(board.nights[shift.night]), " → ".join(levels))
    outside = None
    if one.outside is not None:
        outside = f"{abs(one.outside):.1f} standard errors {'above' if one.outside > 0 else 'below'} its level"
    return Row(
        index=index,
        series=one,
        spark=spark(one, at),
        tonight=figures.number(found.tonight, unit),
        last=figures.number(found.last, unit),
        difference=signed(found.difference, unit),
        interval="" if found.low is None else f"{signed(found.low, unit)} to {signed(found.high, unit)}",
        word="new" if found.word == NEW else found.word,
        mark=MARKS.get(found.word, ""),
        how=found.how or "",
        since=since,
        outside=outside,
    )


def signed(value: float | None, unit: Unit) -> str:
    """A difference with its sign; of fractions in percentage points."""
    if value is None:
        return figures.NONE
    text = f"{100 * value:+.1f}" if unit == "fraction" else f"{value:+,.2f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text.replace(",", "")) else text.lstrip("+-")


def _trend(row: Row, board: Dashboard) -> Trend:
    one, unit = row.series, cast(Unit, row.series.unit)
    told: list[tuple[int, str, str]] = []
    for shift in one.shifts:
        before, after = (figures.number(level, unit) for level in (shift.before, shift.after))
        over = " for one night" if shift.nights == 1 and shift.night < len(board.nights) - 1 else ""
        told.append((shift.night, "▲" if shift.after > shift.before else "▼", f"{before} → {after}{over}"))
    for night, found in one.breaks.items():
        told.append((night, "┆", f"{_listed(what.what for what in found)} changed: not comparable"))
    events = [(f"{mark} {_day(board.nights[night])}", what) for night, mark, what in sorted(told)]
    said = "; ".join(f"{when[2:]} {what}" for when, what in events) or "no change point"
    label = f"{one.task} {one.metric} over {len(board.nights)} nights: tonight {row.tonight}; {said}"
    return Trend(_words(one.dimension), row, trend(one, board.nights, board.last_good, label), events)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _listed(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(names))


def _by_dimension(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(_words(row.series.dimension), []).append(row)
    return found


def _by_task(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """(dimension, task) -> rows."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((_words(row.series.dimension), row.series.task), []).append(row)
    return found


# -- what changed, what failed, how fast


@dataclass(frozen=True, slots=True)
class Logged:
    """All that changed on one night. weights: whether it was the checkpoint only."""

    night: int
    date: str
    checkpoint: str
    weights: bool
    changes: Sequence[tuple[Change, str, str]]


def _log(board: Dashboard) -> list[Logged]:
    """Newest first. A new checkpoint every night is what nightly runs are for: such nights can be left out of view."""
    by_night: dict[int, list[Change]] = {}
    for change in board.changes:
        by_night.setdefault(change.night, []).append(change)
    return [
        Logged(
            night,
            _day(board.nights[night]),
            board.nights[night].checkpoint,
            all(map(_is_weights, found)),
            [(one, _short(one.before), _short(one.after)) for one in sorted(found, key=_is_weights)],
        )
        for night, found in sorted(by_night.items(), reverse=True)
    ]


def _is_weights(change: Change) -> bool:
    return change.kind == "model" and change.what in ("name", "digest")


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"


def _failures(nights: Sequence[Night]) -> dict[str, Any]:
    """Nights without figures and tasks without figures, newest first, and what is missing over time."""
    found = [
        (i, night, [("the night", night.reason or night.status)] if night.status != "done" else [])
        for i, night in enumerate(nights)
    ]
    rows = [
        (i, _day(night), night.status, reasons + list(night.failed_tasks.items()))
        for i, night, reasons in reversed(found)
        if reasons or night.failed_tasks
    ]
    missing = [(night.at, night.share_missing) for night in nights]
    drawn = simple(missing, f"Share of answers missing over {len(nights)} nights", per_cent=True)
    return {"rows": rows, "chart": drawn if any(share is not None for _, share in missing) else None}


def _silent(nights: Sequence[Night]) -> list[str]:
    """Spans of days without any run, where there is otherwise one every night."""
    days = sorted({night.at.date() for night in nights})
    steps = [(later - earlier).days for earlier, later in itertools.pairwise(days)]
    if not steps or sorted(steps)[len(steps) // 2] != 1:
        return []
    return [
        f"{plural(step - 1, 'day')} after {earlier.day} {earlier:%B %Y}"
        for earlier, step in zip(days, steps, strict=False)
        if step > 1
    ]


def _speed(nights: Sequence[Night]) -> list[tuple[str, str, Markup]]:
    """Title, tonight's value, chart."""
    shown = []
    for title, values, words in (
        ("Samples asked anew, a second", [night.speed for night in nights], lambda one: f"{one:,.1f}"),
        ("Seconds, the whole run", [night.seconds for night in nights], figures.duration),
    ):
        if any(value is not None for value in values):
            points = list(zip((night.at for night in nights), values, strict=True))
            last = figures.NONE if values[-1] is None else words(values[-1])
            shown.append((title, last, simple(points, f"{title}, over {len(nights)} nights; tonight {last}")))
    return shown


# -- all nights, and the page's data


def _night(night: Night, link: str | None) -> dict[str, Any]:
    failed = f"{plural(len(night.failed_tasks), 'task')} failed" if night.failed_tasks else ""
    return {
        "date": _day(night),
        "link": link,
        "status": night.status if not failed else "done, with failures",
        "mood": "failed" if failed or night.status in ("failed", "unfinished") else night.status,
        "verdict": night.verdict,
        "checkpoint": night.checkpoint,
        "place": night.place,
        "missing": _share(night.share_missing),
        "duration": figures.duration(night.seconds),
        "speed": figures.NONE if night.speed is None else f"{night.speed:,.1f}",
        "reason": "; ".join(part for part in (night.reason, failed) if part),
    }


def _data(board: Dashboard, links: Sequence[str | None]) -> dict[str, Any]:
    """What the page's script draws of a metric at large: columns, null where a night has no figure."""
    changed: dict[int, list[str]] = {}
    for one in board.changes:
        changed.setdefault(one.night, []).append(f"{one.task} {one.what}" if one.task else f"{one.kind} {one.what}")
    nights = [
        {
            "at": round(night.at.timestamp()),
            "date": _day(night),
            "checkpoint": night.checkpoint,
            "link": link,
            "status": night.status,
            "reason": night.reason,
            "changed": changed.get(i, []),
        }
        for i, (night, link) in enumerate(zip(board.nights, links, strict=True))
    ]
    return {"nights": nights, "lastGood": board.last_good, "series": [_columns(one) for one in board.series]}


def _columns(one: Series) -> dict[str, Any]:
    digits = 5 if one.unit == "fraction" else 4

    def column(values: Any) -> list[float | None]:
        return [None if math.isnan(value) else round(value, digits) for value in values.tolist()]

    return {
        "name": f"{one.task} {one.metric}",
        "unit": one.unit,
        "better": one.better,
        "value": column(one.values),
        "low": column(one.low),
        "high": column(one.high),
        "piece": one.pieces.tolist(),
        "shifts": [(shift.night, shift.before, shift.after) for shift in one.shifts],
        "breaks": {str(night): _listed(what.what for what in found) for night, found in one.breaks.items()},
    }


def _link(board: Dashboard, night: Night, home: Path) -> str | None:
    """A night's own page, as an address relative to this one."""
    if night.report is None:
        return None
    path = (board.folder.resolve() / night.report).resolve()
    return "./" + quote(os.path.relpath(path, home.resolve()))


def _day(night: Night) -> str:
    return f"{night.at.day} {night.at:%b %Y}"


def _share(share: float | None) -> str:
    return figures.NONE if share is None else ("none" if share == 0 else f"{100 * share:.1f}%")
