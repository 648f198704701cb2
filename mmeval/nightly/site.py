"""The pages of a nightly site. One that can't be built is a note, and no night is lost for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval import __version__
from mmeval.catalog import Catalog
from mmeval.errors import MmevalError
from mmeval.inference.base import digest_of
from mmeval.journal import write_whole
from mmeval.nightly.records import Record
from mmeval.nightly.running import LOG
from mmeval.runs import RunFolder

if TYPE_CHECKING:
    from mmeval.gating.gate import Gated

NEWEST = 50  # nights on the leaderboard, of those that were asked what the newest was
BUILT = ".built.json"  # page -> digest of what it was made from
MARKS = {"passed": "✓", "regressed": "✕", "cannot tell": "?", "failed": "!"}
LONG = 300  # characters of an error on the page; all of it stands in night.json


def night_pages(
    folder: Path, gated: Gated, run: RunFolder, base: RunFolder, previous: RunFolder | None, catalog: Catalog
) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """Writes compare.html, previous.html and junit.xml, and adds to GitHub's step summary where there is one. What the
    pages say of the headlines, for night.json, and notes."""
    from mmeval.compare import compare_runs
    from mmeval.gating.output import write_junit, write_summary
    from mmeval.reporting.comparison import write_comparison

    found: dict[str, Mapping[str, Any]] = {}
    notes: list[str] = []
    for name, other, page in (("base", base, "compare.html"), ("previous", previous, "previous.html")):
        if other is None:
            continue
        with _noted(page, notes):
            compared = compare_runs(other, [run], catalog)
            found[name] = {"night": other.path.name, "headlines": compared.comparisons[0].headlines, "page": None}
            write_comparison(compared, catalog, folder / page)
            found[name] = {**found[name], "page": f"{folder.name}/{page}"}
    with _noted("junit.xml", notes):
        write_junit(gated, folder / "junit.xml")
    with _noted("the step summary", notes):
        write_summary(gated, None)
    return found, notes


def tell_failed(checkpoint: str, error: str) -> list[str]:
    """A failed night in GitHub's step summary, where there is one; notes."""
    from mmeval.gating.output import escaped

    notes: list[str] = []
    named = os.environ.get("GITHUB_STEP_SUMMARY")
    if named:
        with _noted("the step summary", notes), Path(named).open("a", encoding="utf-8") as file:
            file.write(f"## FAILED: {escaped(checkpoint)}\n\n{escaped(error)}\n\n")
    return notes


@contextmanager
def _noted(page: str, notes: list[str]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        what = str(error) if isinstance(error, MmevalError) else f"{type(error).__name__}: {error}"
        notes.append(f"{page} could not be built: {what}")


def build(
    site: Path,
    base: RunFolder | None,
    nights: Mapping[str, Record],
    waiting: Mapping[str, str],
    given_up: Mapping[str, str],
    catalog: Catalog,
) -> list[str]:
    """Writes index.html, dashboard.html and leaderboard.html where something that they show has changed; notes of what
    could not be built, which the next call tries again."""
    asked = next((one.asked for one in reversed(list(nights.values()))), "")
    alike = [name for name, one in nights.items() if one.gate is not None and one.asked == asked][-NEWEST:]
    there = [*([base] if base else []), *(RunFolder(site / "runs" / name) for name in alike)]
    made_from = {
        "dashboard.html": {name: asdict(one) for name, one in nights.items()} if nights else None,
        "leaderboard.html": [[run.path.name, _content(run)] for run in there] if alike else None,
    }
    makers: dict[str, Callable[[Path], None]] = {
        "dashboard.html": lambda out: _dashboard(site / "runs", catalog, out),
        "leaderboard.html": lambda out: _leaderboard(there, base, catalog, out),
    }
    built, notes = _built(site), list[str]()
    for page, source in made_from.items():
        digest = digest_of(__version__, sorted(catalog.tasks), source)
        if source is None or (built.get(page) == digest and (site / page).is_file()):
            continue
        built.pop(page, None)
        with _noted(page, notes):
            makers[page](site / page)
            built[page] = digest
    if built != _built(site):
        RunFolder(site).write_json(BUILT, built)
    _index(site, base, nights, waiting, given_up, notes)
    return notes


def _dashboard(runs: Path, catalog: Catalog, out: Path) -> None:
    from mmeval.dashboard import dashboard
    from mmeval.reporting.dashboard import write_dashboard

    write_dashboard(dashboard(runs, catalog), out)


def _leaderboard(runs: Sequence[RunFolder], base: RunFolder | None, catalog: Catalog, out: Path) -> None:
    from mmeval.leaderboard import leaderboard
    from mmeval.reporting.leaderboard import write_leaderboard

    write_leaderboard(leaderboard(runs, catalog, base=base), out)


def _content(run: RunFolder) -> str:
    return digest_of((run.path / "metrics.json").read_text(encoding="utf-8"))


def _built(site: Path) -> dict[str, str]:
    try:
        return dict(json.loads((site / BUILT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


# -- the index


@dataclass(frozen=True, slots=True)
class Row:
    """A night as its row in the index prints it. links: word -> address."""

    date: str
    checkpoint: str
    status: str
    mark: str
    base: str
    previous: str
    error: str | None
    links: Mapping[str, str]


def _index(
    site: Path,
    base: RunFolder | None,
    nights: Mapping[str, Record],
    waiting: Mapping[str, str],
    given_up: Mapping[str, str],
    notes: Sequence[str],
) -> None:
    from mmeval.reporting.rendering import render, short

    rows = [_row(site, name, one) for name, one in reversed(list(nights.items()))]
    count = {status: sum(one.status == status for one in nights.values()) for status in MARKS}
    page = render(
        "nights.html.j2",
        run={"mmeval": __version__},
        rows=rows,
        count={status: number for status, number in count.items() if number},
        base=None if base is None else short(str((base.read_json("run.json").get("model") or {}).get("name") or "")),
        pages=[page for page in ("dashboard.html", "leaderboard.html") if (site / page).is_file()],
        waiting=waiting,
        given_up=given_up,
        notes=notes,
    ).encode("utf-8", "replace")
    index = site / "index.html"
    if not index.is_file() or index.read_bytes() != page:
        write_whole(index, page)


def _row(site: Path, name: str, one: Record) -> Row:
    from mmeval.reporting.figures import moment

    run = f"runs/{name}"
    links = {"answers": f"{run}/report.html", "log": f"{run}/{LOG}"}
    pages = {which: str(told["page"]) for which, told in one.against.items() if told.get("page")}
    words = {"base": "against base", "previous": "against night before"}
    links |= {word: pages[which] for which, word in words.items() if which in pages}
    return Row(
        date=moment(one.date),
        checkpoint=one.checkpoint,
        status=one.status,
        mark=MARKS[one.status],
        base=_counted(one.against.get("base")),
        previous=_counted(one.against.get("previous")),
        error=one.error if one.error is None or len(one.error) <= LONG else f"{one.error[:LONG]}…",
        links={word: place for word, place in links.items() if (site / place).is_file()},
    )


def _counted(told: Mapping[str, Any] | None) -> str:
    """Headlines that are better or worse, of all that were compared."""
    if told is None:
        return ""
    found = told["headlines"]
    named = [f"{found[word]} {word}" for word in ("better", "worse") if found.get(word)]
    total = sum(found.values())
    return f"{', '.join(named)} of {total}" if named else f"none of {total} better or worse"
