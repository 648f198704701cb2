"""How many of the machine's cores are ours to compute on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

STAT = Path("/proc/stat")
SET_BY_USER = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def count() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(cores: int, load: float, environment: Mapping[str, str]) -> int | None:
    """Threads for torch where `load` of so many cores are taken by others; None to leave torch as it is.

    Threads that wait for one another are 5 to 10 times slower in all when even one of them shares its core.
    """
    if any(environment.get(name) for name in SET_BY_USER):
        return None
    free = max(1, cores - round(load))
    return free if free < cores else None


def threads_for_torch(note: Callable[[str], None]) -> int | None:
    """`threads` for the machine as it is now; told once when they are fewer than the cores."""
    cores, taken = count(), load()
    chosen = threads(cores, taken, os.environ)
    if chosen is not None:
        busy = min(cores, round(taken))
        note(f"{busy} of {cores} cores are busy: using {chosen} thread{'s' if chosen > 1 else ''}")
    return chosen


def load() -> float:
    """Cores' worth of work that others do: the load average of the last minute, as far as the cores are busy now.

    The average alone would count the run that ended just before this one, and a whole host's load in a container.
    """
    average = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return min(average, _busy_now()) if round(average) else 0.0


def _busy_now(seconds: float = 0.25) -> float:
    """Cores' worth of time that our cores spend on anything while we sleep; infinite where the system doesn't say."""
    before = _times()
    time.sleep(seconds)
    spent = [
        (busy - before[core][0], idle - before[core][1]) for core, (busy, idle) in _times().items() if core in before
    ]
    shares = [busy / (busy + idle) for busy, idle in spent if busy + idle > 0]
    return sum(shares) if shares else float("inf")


def _times() -> dict[str, tuple[int, int]]:
    """Our cores' clock ticks, busy and idle, since the machine started (man 5 proc_stat)."""
    try:
        lines = [line.split() for line in STAT.read_text().splitlines()]
    except OSError:
        return {}
    ours = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    ticks = {fields[0]: [int(field) for field in fields[1:9]] for fields in lines if fields and fields[0] in ours}
    return {core: (sum(of) - sum(of[3:5]), sum(of[3:5])) for core, of in ticks.items()}
