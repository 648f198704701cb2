"""What is kept of each night: night.json in its run folder. `mmeval.nights` reads it for the dashboard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from mmeval.errors import DataError
from mmeval.runs import RunFolder

Status = Literal["passed", "regressed", "cannot tell", "failed"]
NAME = "night.json"


@dataclass(frozen=True, slots=True)
class Record:
    """One night. date: when it began. run: path of its run folder from night.json's own, None where it left none.
    against: "base", "previous" -> {"night", "page", "headlines"}. digest: of the checkpoint; asked, tried: see
    `config.Plan`. tries: how often these files were tried in this way; 1 for a night that did not fail."""

    date: str
    status: Status
    checkpoint: str
    run: str | None
    gate: Mapping[str, Any] | None
    error: str | None
    digest: str
    asked: str
    tried: str
    tries: int = 1
    against: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: Sequence[str] = ()


def keep(folder: Path, record: Record) -> None:
    """Written whole or not at all, as the last thing of a night: without it, the night is not over and is gone on
    with."""
    RunFolder(folder).write_json(NAME, asdict(record))


def read(runs: Path) -> dict[str, Record]:
    """Folder's name -> night, oldest first. Raises `DataError` for a file that is none of ours."""
    found = {path.parent.name: _record(path) for path in runs.glob(f"*/{NAME}")}
    return dict(sorted(found.items(), key=lambda item: (item[1].date, item[0])))


def _record(path: Path) -> Record:
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: can't be read ({error}); delete it, its night is then done again") from None


def previous_good(nights: Mapping[str, Record], asked: str) -> str | None:
    """The newest night that was asked the same, has figures and is no regression."""
    good = [name for name, one in nights.items() if one.status in ("passed", "cannot tell") and one.asked == asked]
    return good[-1] if good else None


def exit_code(statuses: Iterable[Status]) -> int:
    """3 when a night failed, else 1 for a regression, 2 where one can't tell, 0."""
    found = set(statuses)
    worst: tuple[tuple[Status, int], ...] = (("failed", 3), ("regressed", 1), ("cannot tell", 2))
    return next((code for status, code in worst if status in found), 0)
