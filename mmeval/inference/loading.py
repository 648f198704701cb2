"""From a folder or a hub id to a model, its processor and what is known of it; and what to say when that fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from mmeval.errors import UsageError
from mmeval.inference.base import digest_of
from mmeval.inference.prompts import read_template
from mmeval.inference.weights import adapter_digest, checkpoint_digest, holds_weights, weight_files

DOWNLOADED = ("*.json", "*.jinja", "*.txt", "*.model", "*.safetensors", "*.tiktoken")
NOWHERE = "no-adapter-here"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model's files lie. adapter: a LoRA's folder to be merged into the base."""

    folder: Path
    adapter: Path | None
    revision: str | None
    trust_remote_code: bool

    def digest(self) -> str:
        base = checkpoint_digest(self.folder, code=self.trust_remote_code)
        return base if self.adapter is None else digest_of(base, adapter_digest(self.adapter))


@dataclass(frozen=True, slots=True)
class Loaded:
    """model: on its device, in eval mode. processor: None when it reads text only. template: its chat template."""

    model: Any
    processor: Any
    tokenizer: Any
    template: str


def find(model: str, adapter: Path | None, revision: str | None, code: bool) -> Source:
    """The files of `--model` and `--adapter`; an adapter's folder given as model brings its base itself.

    A folder is an adapter's when it has adapter_config.json and no whole model's weights: trainers copy the base's
    config.json beside an adapter.
    """
    folder = _folder(model, revision, code)
    if adapter is not None:
        if not (adapter / "adapter_config.json").is_file():
            raise UsageError(
                f"--adapter {adapter}: no adapter folder (no adapter_config.json); found: {_names(adapter)}"
            )
    elif (folder / "adapter_config.json").is_file() and not holds_weights(folder):
        adapter = folder
        base = json.loads((folder / "adapter_config.json").read_text()).get("base_model_name_or_path")
        if not base:
            raise UsageError(f"{folder}: the adapter names no base model; pass --model BASE --adapter {folder}")
        beside = folder / str(base)
        folder = _folder(str(beside) if beside.is_dir() else str(base), None, code)
    if not (folder / "config.json").is_file():
        raise UsageError(
            f"--model {model}: no model folder (no config.json); found: {_names(folder)}. Pass the folder that "
            "save_pretrained wrote"
        )
    weight_files(folder)
    if adapter is not None:
        weight_files(adapter, "adapter_model")
    return Source(folder, adapter, revision, code)


def open_model(
    source: Source,
    device: str,
    dtype: torch.dtype | None,
    template: Path | str | None,
    note: Callable[[str], None],
    maker: Any = None,
) -> Loaded:
    """dtype: None for the checkpoint's own. maker: the Auto class that loads it, None for one that writes answers.

    Raises `UsageError` that says what is missing and what to pass.
    """
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    processor, tokenizer, chat = open_processor(source, template)
    if maker is None:
        _check_writes(source.folder)
        maker = AutoModelForCausalLM if processor is None else AutoModelForImageTextToText
    with _quietly():
        model = _weights(source, maker, dtype, note)
        if source.adapter is not None:
            model = _merged(model, source.adapter)
        elif (source.folder / "adapter_config.json").is_file():
            note(f"{source.folder}: holds a whole model and an adapter; the model runs, without the adapter "
                 f"(--adapter {source.folder} puts it on top)")  # fmt: skip
    return Loaded(model.to(device).eval().requires_grad_(False), processor, tokenizer, chat)


def open_processor(source: Source, template: Path | str | None) -> tuple[Any, Any, str]:
    """All of a model but its weights: processor (None when it reads text only), tokenizer and chat template.

    Raises `UsageError` as `open_model`, also for a model that can't be run at all.
    """
    from transformers import AutoConfig

    with _quietly():
        try:
            config = AutoConfig.from_pretrained(source.folder, trust_remote_code=source.trust_remote_code)
        except (OSError, ValueError, KeyError) as error:
            hint = "; if it brings its own code, pass --trust-remote-code" if _brings_code(source.folder) else ""
            raise UsageError(f"{source.folder}: transformers can't read its config: {_short(error)}{hint}") from error
        if config.is_encoder_decoder:
            raise UsageError(
                f"{source.folder}: {config.model_type} is an encoder-decoder, which mmeval doesn't run yet"
            )
        processor, tokenizer = _processor(source, reads_pictures(config))
        return processor, tokenizer, _template(source.folder, template, processor, tokenizer)


def reads_pictures(config: Any) -> bool:
    """By what the config holds, not by its name: a vision part, or a class only known as image-text-to-text."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

    if any(getattr(config, name, None) is not None for name in ("vision_config", "visual", "mm_vision_tower")):
        return True
    return type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING and type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING


def end_ids(model: Any, tokenizer: Any) -> set[int]:
    """Ids with which the checkpoint says that an answer ends, single or listed, wherever it says so."""
    said = (model.generation_config, model.config, model.config.get_text_config(decoder=True), tokenizer)
    found = [getattr(place, "eos_token_id", None) for place in said if place is not None]
    listed = [ids if isinstance(ids, (list, tuple)) else [ids] for ids in found]
    return {int(i) for ids in listed for i in ids if i is not None}


def picture_ids(config: Any) -> frozenset[int]:
    """Ids of the tokens that stand for a picture's or a film's patches, as far as the config names them."""
    names = ("image_token_id", "image_token_index", "video_token_id", "video_token_index")
    return frozenset(int(i) for name in names if (i := getattr(config, name, None)) is not None)


def architectures(folder: Path) -> list[str]:
    """Classes that a checkpoint's config names."""
    return list(json.loads((folder / "config.json").read_text()).get("architectures") or [])


def _check_writes(folder: Path) -> None:
    named = architectures(folder)
    if named and all("Classification" in name for name in named):
        raise UsageError(f"{folder}: is a {named[0]}, which writes no answers; a reward model runs with --as scalar")


def _folder(model: str, revision: str | None, code: bool) -> Path:
    local = Path(model).expanduser()
    if local.is_dir():
        return local
    if local.exists():
        raise UsageError(f"--model {model}: is a file; pass the folder that holds it")
    from huggingface_hub import snapshot_download

    patterns = [*DOWNLOADED, *(["*.py"] if code else [])]
    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=patterns))
    except Exception as error:  # offline, unknown, gated, malformed: the hub's words say which
        raise UsageError(f"--model {model}: no such folder, and the hub doesn't give it: {_short(error)}") from error


def _processor(source: Source, pictures: bool) -> tuple[Any, Any]:
    from transformers import AutoProcessor, AutoTokenizer

    loader = AutoProcessor if pictures else AutoTokenizer
    needed = "processor (preprocessor_config.json, tokenizer.json)" if pictures else "tokenizer (tokenizer.json)"
    try:
        made = loader.from_pretrained(source.folder, trust_remote_code=source.trust_remote_code)
    except ImportError as error:
        raise UsageError(f"{source.folder}: its processor needs a package that is missing: {_short(error)}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        made, reason = None, f" ({_short(error)})"
    else:
        reason = ""
    tokenizer = made if not pictures else getattr(made, "tokenizer", None)
    if tokenizer is None or (pictures and getattr(made, "image_processor", None) is None):
        raise UsageError(
            f"{source.folder}: no {needed} beside the weights{reason}; found: {_names(source.folder)}. Copy it from "
            "the base checkpoint: AutoProcessor.from_pretrained(BASE).save_pretrained(FOLDER)"
        )
    return (made if pictures else None), tokenizer


def _template(folder: Path, given: Path | str | None, processor: Any, tokenizer: Any) -> str:
    if given is not None:
        return read_template(given)
    own = getattr(processor, "chat_template", None) or getattr(tokenizer, "chat_template", None)
    if isinstance(own, dict):
        own = own.get("default")
    if not own:
        raise UsageError(
            f"{folder}: no chat template (chat_template.jinja); found: {_names(folder)}. Pass --chat-template FILE"
        )
    return str(own)


def _weights(source: Source, maker: Any, dtype: torch.dtype | None, note: Callable[[str], None]) -> Any:
    from safetensors import SafetensorError

    try:
        model, info = maker.from_pretrained(
            source.folder,
            dtype=dtype or "auto",
            trust_remote_code=source.trust_remote_code,
            use_safetensors=True,
            output_loading_info=True,
            # Else transformers puts an adapter that lies beside the weights on top, if peft happens to be installed.
            adapter_kwargs={"subfolder": NOWHERE},
        )
    except SafetensorError as error:
        raise UsageError(f"{source.folder}: its weights are broken or not all there: {_short(error)}") from error
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise UsageError(f"{source.folder}: transformers can't load it: {_short(error)}") from error
    missing = sorted([*info["missing_keys"], *(str(entry[0]) for entry in info["mismatched_keys"])])
    if missing:
        raise UsageError(
            f"{source.folder}: {len(missing)} of the model's weights are missing or of another shape and would be "
            f"random, first {missing[0]}; an adapter's folder goes to --adapter"
        )
    if info["unexpected_keys"]:
        extra = sorted(info["unexpected_keys"])
        note(f"{source.folder}: {len(extra)} tensors that {type(model).__name__} doesn't use, first {extra[0]}")
    return model


def _merged(model: Any, adapter: Path) -> Any:
    try:
        from peft import PeftModel
    except ImportError as error:
        raise UsageError("a LoRA adapter needs peft: pip install 'mmeval[adapter]'") from error
    try:
        return PeftModel.from_pretrained(model, adapter).merge_and_unload()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UsageError(f"--adapter {adapter}: does not fit the base model: {_short(error)}") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Loading tells its progress to the terminal; ours goes through notes."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), cast(bool, logging.is_progress_bar_enabled())
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _brings_code(folder: Path) -> bool:
    return "auto_map" in json.loads((folder / "config.json").read_text())


def _names(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return (", ".join(names[:12]) or "nothing") + more


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 240 else text[:237] + "..."
