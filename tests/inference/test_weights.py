"""Digests of files by content, remembered only while that is safe."""

from __future__ import annotations

import json
import os
import time

import pytest

from mmeval.errors import DataError, UsageError
from mmeval.inference import weights


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mmeval" / "weights.json"


@pytest.fixture
def reads(monkeypatch):
    """Which files were really read."""
    seen: list[str] = []
    original = weights._chunk
    monkeypatch.setattr(weights, "_chunk", lambda path, start: (seen.append(path.name), original(path, start))[1])
    return seen


@pytest.fixture
def old_file(tmp_path, monkeypatch):
    """A file that was written long enough ago for its dates to be trusted."""
    monkeypatch.setattr(weights, "SETTLED_NS", 50_000_000)
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights")
    time.sleep(0.1)
    return path


def test_a_file_is_read_once(old_file, reads):
    first = weights.file_digests([old_file])
    assert weights.file_digests([old_file]) == first
    assert reads == ["model.safetensors"]


def test_a_change_of_one_byte_is_seen(old_file):
    first = weights.file_digests([old_file])
    stat = old_file.stat()
    old_file.write_bytes(b"weightS")
    os.utime(old_file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert weights.file_digests([old_file]) != first


def test_a_file_just_written_is_not_remembered(tmp_path, reads):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights")
    weights.file_digests([path])
    weights.file_digests([path])
    assert len(reads) == 2


def test_chunks_make_one_digest(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"abcdef")
    monkeypatch.setattr(weights, "CHUNK", 4)
    before = weights.file_digests([path])
    path.write_bytes(b"abcdeF")
    assert weights.file_digests([path]) != before


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', '{"a": [1, 2, 3]}'])
def test_a_broken_cache_costs_only_time(old_file, cache, content):
    cache.parent.mkdir(parents=True)
    cache.write_text(content)
    first = weights.file_digests([old_file])
    assert weights.file_digests([old_file]) == first
    assert json.loads(cache.read_text())


def test_a_home_that_cannot_be_written(old_file, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert weights.file_digests([old_file])


def test_an_index_decides_which_shards_count(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors"}}')
    (tmp_path / "model-1.safetensors").touch()
    (tmp_path / "consolidated.safetensors").touch()
    assert [path.name for path in weights.weight_files(tmp_path)] == ["model-1.safetensors"]
    (tmp_path / "model-1.safetensors").unlink()
    with pytest.raises(UsageError, match="model-1"):
        weights.weight_files(tmp_path)


def test_a_single_file_counts_more_than_an_index_that_was_left_behind(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors"}}')
    (tmp_path / "model.safetensors").write_bytes(b"new")
    first = weights.checkpoint_digest(tmp_path)
    assert [path.name for path in weights.weight_files(tmp_path)] == ["model.safetensors"]
    (tmp_path / "model-1.safetensors").touch()
    assert weights.checkpoint_digest(tmp_path) == first
    (tmp_path / "model.safetensors").write_bytes(b"newer")
    assert weights.checkpoint_digest(tmp_path) != first


@pytest.mark.parametrize("name", ["consolidated.safetensors", "adapter_model.safetensors", "old.model.safetensors"])
def test_files_that_transformers_does_not_load_are_no_weights(tmp_path, name):
    (tmp_path / name).touch()
    (tmp_path / "old.model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(UsageError, match=r"no weights \(model\.safetensors\)"):
        weights.weight_files(tmp_path)


def test_a_config_may_name_its_weights(tmp_path):
    (tmp_path / "config.json").write_text('{"transformers_weights": "own.safetensors"}')
    for name in ("own.safetensors", "model.safetensors"):
        (tmp_path / name).touch()
    assert [path.name for path in weights.weight_files(tmp_path)] == ["own.safetensors"]


def test_an_index_without_shards_is_broken(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(DataError, match="weight_map"):
        weights.weight_files(tmp_path)


def test_pickles_are_refused(tmp_path):
    (tmp_path / "training_args.bin").touch()
    with pytest.raises(UsageError, match="no weights"):
        weights.weight_files(tmp_path)
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(UsageError, match="pickles"):
        weights.weight_files(tmp_path)


def test_code_counts_where_it_runs(tmp_path):
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "parts").mkdir()
    plain, digests = weights.checkpoint_digest(tmp_path), []
    for name in ("modeling_own.py", "parts/layer.py", "layer.py"):
        (tmp_path / name).write_text("a = 1")
        digests.append(weights.checkpoint_digest(tmp_path, code=True))
    (tmp_path / "modeling_own.py").write_text("a = 2")
    assert len({plain, *digests, weights.checkpoint_digest(tmp_path, code=True)}) == 5
    assert weights.checkpoint_digest(tmp_path) == plain


def test_the_tokenizer_s_settings_count(tmp_path):
    def digest(**settings):
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
        return weights.checkpoint_digest(tmp_path)

    (tmp_path / "model.safetensors").touch()
    first = digest(clean_up_tokenization_spaces=False)
    assert digest(clean_up_tokenization_spaces=True) != first
    assert digest(clean_up_tokenization_spaces=False, chat_template="{{ messages }}") == first


def test_where_a_checkpoint_lay_does_not_count(tmp_path):
    def folder(name, **config):
        place = tmp_path / name
        place.mkdir()
        (place / "model.safetensors").write_bytes(b"weights")
        (place / "config.json").write_text(json.dumps(config))
        return weights.checkpoint_digest(place)

    first = folder("a", hidden_size=8, _name_or_path="/there", transformers_version="5.0")
    assert folder("b", hidden_size=8, _name_or_path="/here", transformers_version="5.1") == first
    assert folder("c", hidden_size=16) != first
