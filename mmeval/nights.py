"""The nightly runs below a folder, in the order of time: what ran, what came of it, why a night has no figures.

Only run.json, metrics.json and night.json are read. A night is a run folder, or a night.json that `mmeval nightly`
left, with or without a run:

    {"date": "2026-11-23", "status": "passed" | "regressed" | "cannot tell" | "failed", "checkpoint": NAME,
     "run": path of its run folder from here, or null, "gate": {…} or null, "error": null or text}
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mmeval.errors import UsageError
from mmeval.reporting.rendering import short
from mmeval.scoring import MISSING_ALLOWED

Json = Mapping[str, Any]

OF_A_RUN = frozenset({"run.json", "metrics.json", "samples.jsonl", "responses.jsonl"})
DATE = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
UNFINISHED = {
    "running": "still running, or ended without a word: run.json says it is running",
    "interrupted": "interrupted before it was scored; the same command goes on",
    "failed": "the run failed before it was scored",
}


@dataclass(frozen=True, slots=True)
class Night:
    """One night. place: of the run folder (or of night.json), from the folder that was read. run: whether there is a
    run folder. status: "done", "failed", "interrupted" or "unfinished". verdict: of the gate, where there was one.
    reason: why it is not done. record: run.json; results: metrics.json without slices; empty where not readable."""

    at: datetime
    place: str
    run: bool
    report: str | None
    status: str
    verdict: str | None
    checkpoint: str
    reason: str | None
    record: Json
    results: Json

    @property
    def date(self) -> str:
        return self.at.date().isoformat()

    @property
    def n(self) -> int:
        return sum(_count(result, "n") for result in self.results.values())

    @property
    def missing(self) -> int:
        """Answers that are missing, and answers without a verdict."""
        return sum(_count(one, "missing") + _count(one, "unjudged") for one in self.results.values())

    @property
    def share_missing(self) -> float | None:
        return self.missing / self.n if self.n else None

    @property
    def failed_tasks(self) -> dict[str, str]:
        tasks: Json = self.record.get("tasks") or {}
        return {name: str(one["error"]) for name, one in tasks.items() if one.get("error")}

    @property
    def seconds(self) -> float | None:
        return _number(self.record.get("seconds"))

    @property
    def speed(self) -> float | None:
        """Samples asked anew, a second of the whole run; None where all came from the log."""
        asked = _number(self.record.get("asked"))
        return asked / self.seconds if asked and self.seconds else None

    @property
    def good(self) -> bool:
        """Whether later nights are held against it: it ended, every task has figures, little is missing, and the gate,
        where there was one, saw no regression."""
        whole = self.status == "done" and bool(self.results) and not self.failed_tasks
        return whole and self.verdict != "regressed" and (self.share_missing or 0) <= MISSING_ALLOWED


def read_nights(folder: Path) -> list[Night]:
    """All nights below a folder, oldest first. Raises `UsageError` when there is none."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; pass the one that holds the nightly runs")
    notes, runs = _found(folder)
    told = {place: _run_of(place, note) for place, note in notes.items()}
    nights = [_night(folder, place, told[place], note) for place, note in notes.items()]
    nights += [_night(folder, run, run, {}) for run in runs if run not in told.values()]
    if not nights:
        raise UsageError(f"{folder}: no run folder in it (none with a run.json, none with a night.json)")
    return sorted(nights, key=lambda night: (night.at, night.place))


def _found(folder: Path) -> tuple[dict[Path, Json], list[Path]]:
    """Folder of each night.json -> what it says; the run folders."""
    notes: dict[Path, Json] = {}
    runs: list[Path] = []
    for root, inside, files in os.walk(folder.resolve()):
        here = Path(root)
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        if "night.json" in files:
            try:
                notes[here] = _object(here / "night.json")
            except ValueError as error:
                notes[here] = {"status": "failed", "error": str(error)}
        if OF_A_RUN & set(files):
            runs.append(here)
            inside[:] = []
    return notes, runs


def _run_of(place: Path, note: Json) -> Path | None:
    """The run folder that a night.json names, or lies in; it may lie anywhere."""
    named = note.get("run")
    path = (place / named).resolve() if isinstance(named, str) and named else place
    return path if any((path / name).is_file() for name in OF_A_RUN) else None


def _night(folder: Path, place: Path, run: Path | None, note: Json) -> Night:
    """place: what the night is called by; run: its run folder; note: its night.json, or nothing."""
    record, results, status, reason = _read_run(run) if run else ({}, {}, "failed", "no run folder")
    said, error = str(note.get("status") or ""), note.get("error")
    if said == "failed" or error:
        status, reason = "failed", str(error or reason or "night.json says that it failed")
    model: Json = record.get("model") or {}
    report = run / "report.html" if run else None
    return Night(
        at=_when(record, note, run or place),
        place=os.path.relpath(run or place, folder.resolve()),
        run=run is not None,
        report=os.path.relpath(report, folder.resolve()) if report and report.is_file() else None,
        status=status,
        verdict=said if said in ("passed", "regressed", "cannot tell") else None,
        checkpoint=short(str(note.get("checkpoint") or model.get("name") or "")) or "unnamed model",
        reason=reason,
        record=record,
        results=results,
    )


def _read_run(run: Path) -> tuple[Json, Json, str, str | None]:
    """run.json, metrics.json, status, and the reason where it is not "done"."""
    try:
        record = _checked_record(_object(run / "run.json"))
    except FileNotFoundError:
        return {}, {}, "failed", "no run.json: the run ended before it began to ask"
    except ValueError as error:
        return {}, {}, "failed", str(error)
    status = str(record.get("status") or "unknown")
    if status != "done":
        shown = "unfinished" if status not in ("failed", "interrupted") else status
        return record, {}, shown, UNFINISHED.get(status, f"run.json gives its status as {status}")
    try:
        return record, _checked_results(_object(run / "metrics.json")), "done", None
    except FileNotFoundError:
        return record, {}, "failed", "no metrics.json: the run ended before it was scored"
    except ValueError as error:
        return record, {}, "failed", str(error)


def _object(path: Path) -> dict[str, Any]:
    """A file's JSON object. Raises `ValueError` with words for people, `FileNotFoundError` when it is absent."""
    from pydantic_core import from_json  # half the time of json.loads, and a year of nights is some 30 MB

    try:
        value = from_json(path.read_bytes())
    except FileNotFoundError:
        raise
    except (ValueError, OSError) as error:
        raise ValueError(f"{path.name} can't be read, perhaps half-written ({error})") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} holds no object")
    return value


def _checked_record(record: dict[str, Any]) -> dict[str, Any]:
    for name in ("model", "config", "versions", "machine", "tasks", "prompts", "judge"):
        if not isinstance(record.get(name) or {}, dict):
            raise ValueError(f"run.json: {name} is no object")
    if not all(isinstance(one, dict) for one in (record.get("tasks") or {}).values()):
        raise ValueError("run.json: a task is no object")
    return record


def _checked_results(results: dict[str, Any]) -> dict[str, Any]:
    """The figures without their slices, which take most of the room and which no trend is drawn of."""
    found: dict[str, Any] = {}
    for task, result in results.items():
        if not isinstance(result, dict) or not isinstance(result.get("metrics"), dict):
            raise ValueError(f"metrics.json: {task} has no metrics")
        for name, one in result["metrics"].items():
            if not isinstance(one, dict) or _number(one.get("value")) is None:
                raise ValueError(f"metrics.json: {task}.{name} has no value")
            if any(one.get(part) is not None and _number(one[part]) is None for part in ("low", "high", "stderr")):
                raise ValueError(f"metrics.json: {task}.{name} has an interval that is no number")
        found[task] = {key: value for key, value in result.items() if key != "slices"} | {
            "dialect": str(result.get("dialect") or "")
        }
    return found


def _number(value: Any) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if plain else None


def _count(result: Json, name: str) -> int:
    return int(_number(result.get(name)) or 0)


def _when(record: Json, note: Json, place: Path) -> datetime:
    """When the night began: by run.json, by night.json, by the folder's name, at last by the folder's age."""
    return next(_moments(record, note, place))


def _moments(record: Json, note: Json, place: Path) -> Iterator[datetime]:
    for said in (record.get("started"), note.get("date")):
        try:
            at = datetime.fromisoformat(str(said))
        except ValueError:
            continue
        yield at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    for name in (place.name, place.parent.name):
        for found in DATE.finditer(name):
            try:
                yield datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]
            except ValueError:
                continue
    yield datetime.fromtimestamp(place.stat().st_mtime, UTC)
