"""`mmeval doctor`: what is installed, what is missing, and how to get it. Loads nothing heavy but torch."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from mmeval.catalog import bundled, load_catalog
from mmeval.errors import UsageError
from mmeval.provenance import versions

if TYPE_CHECKING:
    from mmeval.inference.transformers import TransformersEngine

# package -> what it is for; wanted by some ways of running only
OPTIONAL = {
    "peft": ("LoRA adapters (--adapter)", "pip install 'mmeval[adapter]'"),
    "vllm": ("the vLLM engine", "pip install 'mmeval[vllm]'"),
    "ray": ("many machines", "pip install 'mmeval[ray]'"),
    "spacy": ("Object HalBench's object stage, AMBER's synonyms", "pip install spacy, and its English model"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. needed: mmeval can't do its main job without it. mend: what to do when it is not fine."""

    what: str
    fine: bool
    detail: str
    mend: str = ""
    needed: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def mark(self) -> Literal["ok", "missing", "optional"]:
        if self.fine:
            return "ok"
        return "missing" if self.needed else "optional"


def examine(data: tuple[Path, ...] = ()) -> list[Finding]:
    return [*_packages(), *_device(), *_word_data(), *_checkpoints(), *_data(data), _disk()]


def examine_model(model: str, device: str, dtype: str) -> list[Finding]:
    """Whether a checkpoint gives the same answers one by one, in padded batches and as trees.

    Raises `UsageError` where there is no such model, or it is none that could be run in several ways.
    """
    from mmeval.inference import open_engine
    from mmeval.inference.equivalence import differences, rendered_requests

    notes: list[str] = []
    engine = open_engine(model, device=device, dtype=dtype, on_note=notes.append)
    if not hasattr(engine, "sibling"):
        raise UsageError(f"--model {model}: stored answers can't be run again; pass a checkpoint")
    local = cast("TransformersEngine", engine)
    found = differences(local, rendered_requests())
    findings = [Finding(f"model {model}", True, f"{local.numerics}; {'; '.join(notes) or 'no notes'}")]
    for one in found:
        detail = (
            f"{one.flips} of {one.answers} answers differ from one by one; an answer's log-probability by "
            f"{one.largest:.2g} nats a token at most (bound {one.bound:g}); ran as: {one.took}"
        )
        mend = "run with --no-tree" if one.way == "trees" else "run with --batch-size 1"
        findings.append(Finding(one.way, one.fine, detail, mend, needed=True))
    engine.close()
    return findings


def _packages() -> Iterator[Finding]:
    found = versions()
    for name in ("torch", "torchvision", "transformers", "datasets", "pandas", "pillow", "nltk"):
        yield Finding(name, name in found, found.get(name, "not installed"), f"pip install {name}", needed=True)
    for name, (use, mend) in OPTIONAL.items():
        there = importlib.util.find_spec(name) is not None
        yield Finding(name, there, f"{use}: {'installed' if there else 'not installed'}", mend)


def _device() -> Iterator[Finding]:
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Finding("device", False, f"torch does not load: {error}", "reinstall torch", needed=True)
        return
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(i)
            yield Finding(
                f"cuda:{i}",
                True,
                f"{torch.cuda.get_device_name(i)}, {free / 2**30:.0f} of {total / 2**30:.0f} GiB free",
            )
    else:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        yield Finding("device", True, f"no accelerator; {cores} CPU cores, {torch.get_num_threads()} torch threads")


def _word_data() -> Iterator[Finding]:
    from mmeval.scorers.words import has_tagger, wordnet_folder

    for name, there, mend in (
        ("WordNet", wordnet_folder() is not None, "apt install wordnet-base, or python -m nltk.downloader wordnet"),
        ("NLTK's tagger", has_tagger(), "python -m nltk.downloader averaged_perceptron_tagger_eng"),
    ):
        use = "parts of some scoring dialects of captions"
        yield Finding(name, there, f"{use}: {'installed' if there else 'not installed'}", mend)


def _checkpoints() -> Iterator[Finding]:
    for name in ("demo", "demo-dpo"):
        folder = bundled("models") / name
        there = (folder / "model.safetensors").is_file()
        yield Finding(f"checkpoint {name}", there, "there" if there else f"not in {folder}", "reinstall mmeval")


def _data(data: tuple[Path, ...]) -> Iterator[Finding]:
    tasks = load_catalog().tasks.values()
    there = [task.name for task in tasks if task.rows.at_hand(data)]
    yield Finding(
        "benchmark data", True, f"{len(there)} of {len(tasks)} tasks: {', '.join(there)}", "mmeval tasks says where"
    )


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    return Finding("disk", free > 1, f"{free:.0f} GiB free here", "make room, or pass --output elsewhere")


def print_findings(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"ok": "green", "missing": "red", "optional": "yellow"}
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        detail = Text(finding.detail)
        if not finding.fine:
            detail.append(f"\n-> {finding.mend}", style="dim")
        table.add_row(Text(finding.mark, style=colours[finding.mark]), Text(finding.what), detail)
    Console(highlight=False).print(table)
