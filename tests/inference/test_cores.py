"""Threads on a machine that others use too."""

from __future__ import annotations

import os

import pytest

from mmeval.inference import cores


@pytest.mark.parametrize(
    ("count", "load", "environment", "threads"),
    [
        (2, 0.0, {}, None),
        (2, 0.4, {}, None),
        (2, 1.1, {}, 1),
        (2, 9.0, {}, 1),
        (1, 3.0, {}, None),
        (16, 4.4, {}, 12),
        (16, 4.4, {"OMP_NUM_THREADS": "16"}, None),
        (16, 4.4, {"MKL_NUM_THREADS": "2"}, None),
        (16, 4.4, {"OMP_NUM_THREADS": ""}, 12),
    ],
)
def test_busy_cores_are_left_alone(count, load, environment, threads):
    assert cores.threads(count, load, environment) == threads


def test_a_run_that_just_ended_is_no_load(monkeypatch):
    if not hasattr(os, "getloadavg"):
        pytest.skip("no load average here")
    monkeypatch.setattr(os, "getloadavg", lambda: (7.8, 3.0, 1.0))
    monkeypatch.setattr(cores, "_busy_now", lambda: 0.1)
    assert cores.load() == 0.1
    monkeypatch.setattr(cores, "_busy_now", lambda: float("inf"))
    assert cores.load() == 7.8


def test_cores_that_are_ours_and_busy(monkeypatch, tmp_path):
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("no /proc/stat here")
    stat = tmp_path / "stat"
    monkeypatch.setattr(cores, "STAT", stat)
    assert cores._busy_now(0.0) == float("inf")  # a system that doesn't say
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 2})
    stat.write_text(
        "cpu  1 1 1 1\ncpu0 10 0 0 90 5 0 0 0 0 0\ncpu1 10 0 0 90 0 0 0 0 0 0\ncpu2 10 0 0 90 0 0 0 0 0 0\n"
    )

    def work(seconds):
        stat.write_text("cpu0 20 5 5 90 5 0 0 0 0 0\ncpu1 30 0 0 90 0 0 0 0 0 0\ncpu2 15 0 0 100 5 0 0 0 0 0\n")

    monkeypatch.setattr(cores.time, "sleep", work)
    assert cores._busy_now() == pytest.approx(1 + 5 / 20)
