"""Devices and what fits on them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from mmeval.errors import UsageError
from mmeval.inference.planning import Budget

CPU_ROWS, CPU_ANSWERS = 32, 256
CPU_PROMPT_TOKENS = 2048  # above, a CPU's caches overflow and larger batches become slower
GPU_ROWS, GPU_ANSWERS = 256, 1024
GPU_PROMPT_TOKENS = 65536  # above, an accelerator has long been busy


def pick_device(asked: str) -> str:
    """ "auto" is the first accelerator there is, else the CPU. Raises `UsageError` for one that is not there."""
    if asked == "auto":
        if torch.cuda.is_available():
            return "cuda:0"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=asked)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {asked}: not on this machine: {str(error).splitlines()[0]}") from error
    return asked


def pick_devices(asked: str) -> list[str]:
    """What `--device` names: one device as `pick_device`, all accelerators ("all"), or a list with commas, in which
    a device may come twice.

    Raises `UsageError` for one that is not there, and for devices of several kinds: answers depend on the kind.
    """
    if asked == "all" and torch.cuda.is_available():
        return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    names = ["auto"] if asked == "all" else [name.strip() for name in asked.split(",") if name.strip()]
    if len(names) < 2:
        return [pick_device(names[0] if names else asked)]
    found = [_listed(name, asked) for name in names]
    kinds = sorted({name.partition(":")[0] for name in found})
    if len(kinds) > 1:
        raise UsageError(f"--device {asked}: {' and '.join(kinds)} don't give the same answers; list one kind only")
    return found


def _listed(name: str, asked: str) -> str:
    """A device of a list. CUDA's are counted, not touched: that would take memory on each of them."""
    kind, _, number = name.partition(":")
    if kind != "cuda":
        return pick_device(name)
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not (number or "0").isdigit() or int(number or 0) >= there:
        raise UsageError(f"--device {asked}: {name} is not on this machine, which has {there} CUDA devices")
    return f"cuda:{int(number or 0)}"


def budget(model: Any, processes: int = 1) -> Budget:
    """What a batch may hold, from the memory that is free once the weights are loaded.

    On an accelerator 60 % of that goes to the key-value cache and 20 % to the first pass's activations; the rest is
    slack for the vision tower and the allocator. On a CPU the cache gets 40 %, shared by `processes`. The estimate
    need not be exact: a batch that does not fit is halved.
    """
    if model.device.type != "cuda":
        text, free = model.config.get_text_config(decoder=True), free_memory()
        tokens = None if free is None else max(1, int(0.4 * free / processes / cache_bytes(text, model.dtype.itemsize)))
        return Budget(CPU_ROWS, CPU_PROMPT_TOKENS, tokens, CPU_ANSWERS)
    free, _ = torch.cuda.mem_get_info(model.device)
    free += torch.cuda.memory_reserved(model.device) - torch.cuda.memory_allocated(model.device)
    config, size = model.config.get_text_config(decoder=True), model.dtype.itemsize
    return Budget(
        rows=GPU_ROWS,
        answers=GPU_ANSWERS,
        prompt_tokens=int(min(GPU_PROMPT_TOKENS, 0.2 * free / activation_bytes(config, size))),
        tokens=int(0.6 * free / cache_bytes(config, size)),
    )


def free_memory() -> int | None:
    """Bytes that this process may still take: what the machine has left, or the container. None where neither says."""
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024)
    with suppress(OSError, ValueError):  # "max" where there is no limit
        limit, used = (int(Path(f"/sys/fs/cgroup/memory.{name}").read_text()) for name in ("max", "current"))
        found.append(limit - used)
    return max(0, min(found)) if found else None


def cache_bytes(config: Any, size: int) -> int:
    """Bytes of the key-value cache for one token of one row, as if every layer kept all tokens."""
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    return int(2 * config.num_hidden_layers * kept * width * size)


def activation_bytes(config: Any, size: int) -> int:
    """Bytes that are alive at once for one token of the first pass: a layer's hidden states and its widest middle."""
    middle = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    return int((8 * config.hidden_size + 3 * middle) * size)


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory ran out: torch's own on accelerators, a plain RuntimeError on CPU."""
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "not enough memory" in text or "out of memory" in text
