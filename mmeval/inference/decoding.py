"""Runs a left-padded batch through a model: one pass over the prompts, then a token a step, or given continuations.

The loop is ours instead of transformers' `generate` so that a checkpoint's generation_config can bring in no sampling
or penalties, each row draws from its own random numbers, and rows that are done leave the batch. Positions, masks and
caches are made by the hooks that `generate` itself uses, so architectures behave as they do there.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from mmeval.inference.base import Decoding
from mmeval.inference.preprocess import PICTURE_TENSORS, Features

LEAVE_AT = 0.75  # done rows leave once no more than this share of the batch goes on: moving the cache costs a copy


@dataclass(slots=True)
class Row:
    """One answer in the making. seed: of its own random numbers. limit: most new tokens.

    stopped: looks at the tokens so far and says whether a stop string has come; None when there are none.
    """

    decoding: Decoding
    limit: int
    seed: int = 0
    stopped: Callable[[list[int]], bool] | None = None
    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def take(self, token: int, ends: frozenset[int]) -> bool:
        """Appends a token; whether the row goes on."""
        if token in ends:
            self.ended = True
            return False
        self.tokens.append(token)
        self.ended = self.stopped is not None and self.stopped(self.tokens)
        return not self.ended and len(self.tokens) < self.limit


def generate(model: Any, inputs: Features, rows: Sequence[Row], ends: frozenset[int], pad: int) -> None:
    """Fills the rows' tokens. inputs: tensors of shape [rows, longest prompt], left-padded, and their pictures'."""
    batch = Batch(model, inputs)
    live = list(rows)
    going = [True] * len(live)
    logits = batch.forward(inputs["input_ids"], first=True)
    while True:
        tokens = choose(logits[:, -1], live)
        for place, token in enumerate(tokens):
            going[place] = going[place] and live[place].take(token, ends)
        if not any(going):
            return
        fed = [token if goes else pad for token, goes in zip(tokens, going, strict=True)]
        if batch.can_leave and sum(going) <= LEAVE_AT * len(live):
            keep = [place for place, goes in enumerate(going) if goes]
            batch.select(keep)
            live, fed, going = [live[i] for i in keep], [fed[i] for i in keep], [True] * len(keep)
        logits = batch.forward(torch.tensor(fed, device=batch.device)[:, None])


def loglikelihoods(
    model: Any, inputs: Features, branches: Sequence[Sequence[Sequence[int]]], pad: int
) -> list[list[float]]:
    """Sums of log-probabilities (nats) of each row's continuations, given as tokens.

    The prompt runs once; its last position scores first tokens, and continuations of several tokens branch off its
    cache, padded behind, where padding can't be seen.
    """
    batch = Batch(model, inputs)
    first = torch.log_softmax(batch.forward(inputs["input_ids"], first=True)[:, -1].float(), dim=-1)
    sums = [[float(first[row, tokens[0]]) if tokens else 0.0 for tokens in of] for row, of in enumerate(branches)]
    long = [(row, i, tokens) for row, of in enumerate(branches) for i, tokens in enumerate(of) if len(tokens) > 1]
    if not long:
        return sums
    batch.select([row for row, _, _ in long])
    width = max(len(tokens) for _, _, tokens in long) - 1
    fed = torch.tensor([[*tokens[:-1], *[pad] * (width + 1 - len(tokens))] for _, _, tokens in long])
    logs = torch.log_softmax(batch.forward(fed.to(batch.device), keep=width).float(), dim=-1)
    for place, (row, i, tokens) in enumerate(long):
        wanted = torch.tensor(tokens[1:], device=logs.device)
        sums[row][i] += float(logs[place, torch.arange(len(wanted)), wanted].sum())
    return sums


def choose(logits: torch.Tensor, rows: Sequence[Row]) -> list[int]:
    """Each row's next token: the likeliest at temperature 0, else drawn from the top-p nucleus with the row's own
    random number, so that neighbours in the batch change nothing. logits: [rows, vocabulary]."""
    tokens: list[int] = logits.argmax(-1).tolist()
    drawn = [place for place, row in enumerate(rows) if row.decoding.temperature > 0]
    if not drawn:
        return tokens
    heat = torch.tensor([rows[i].decoding.temperature for i in drawn], device=logits.device, dtype=torch.float64)[
        :, None
    ]
    nucleus = torch.tensor([rows[i].decoding.top_p for i in drawn], device=logits.device, dtype=torch.float64)[:, None]
    chance = torch.softmax(logits[drawn].double() / heat, -1)
    sorted_chance, order = chance.sort(dim=-1, descending=True, stable=True)
    before = sorted_chance.cumsum(-1) - sorted_chance
    before[:, 0] = -1  # the likeliest token is always in the nucleus
    chance = chance.masked_fill(torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= nucleus), 0)
    # Cumulated by token id, not by rank: ranks of tokens that are nearly as likely change places with rounding.
    upto = chance.cumsum(-1)
    point = torch.tensor([rows[i].random.random() for i in drawn], device=logits.device, dtype=upto.dtype)[:, None]
    picked = (upto <= point * upto[:, -1:]).sum(-1).clamp(max=chance.shape[-1] - 1)
    for place, token in zip(drawn, picked.tolist(), strict=True):
        tokens[place] = token
    return tokens


class Batch:
    """What grows while a batch runs: tokens, masks, positions, key-value cache."""

    def __init__(self, model: Any, inputs: Features, *, plain_cache: bool = False) -> None:
        """plain_cache: keep every token in every layer, also where a layer looks back through a window only."""
        from transformers import DynamicCache

        from mmeval.inference.cache import roomy_cache

        self.model = model
        self.device = inputs["input_ids"].device
        self.ids = inputs["input_ids"][:, :0]
        accepts = inspect.signature(model.forward).parameters
        self.trims = "logits_to_keep" in accepts
        state: dict[str, Any] = {name: tensor for name, tensor in inputs.items() if name != "input_ids"}
        state["use_cache"] = True
        if model._supports_default_dynamic_cache():
            config = model.config.get_text_config(decoder=True)
            state["past_key_values"] = roomy_cache() if plain_cache else DynamicCache(config=config)
        if "position_ids" in accepts:
            state["position_ids"] = model._prepare_position_ids_for_generation(inputs["input_ids"], state)
        if bool(inputs["attention_mask"].all()):
            state["attention_mask"] = None  # lets attention take its faster unmasked path
        self.state = state

    @property
    def can_leave(self) -> bool:
        """Whether everything that is kept for a row is known here, so that rows can be taken out."""
        cache = self.state.get("past_key_values")
        known = {*ROW_STATE, *CROSS_STATE, "past_key_values", "use_cache"}
        return all(name in known for name in self.state) and all(
            hasattr(layer, "batch_select_indices") for layer in getattr(cache, "layers", [None])
        )

    def forward(self, ids: torch.Tensor, *, first: bool = False, keep: int = 1) -> torch.Tensor:
        """Logits of the last `keep` of these new tokens, shape [rows, keep, vocabulary]. ids: [rows, new]."""
        self.ids = torch.cat([self.ids, ids], -1)
        model, new = self.model, ids.shape[1]
        if not first:
            grown = {name: self.state.pop(name) for name in ("past_key_values",) if name in self.state}
            moved = model._update_model_kwargs_for_generation(
                {}, self.state, is_encoder_decoder=False, num_new_tokens=new
            )
            self.state = {**moved, **grown}
        trimmed = {"logits_to_keep": keep} if self.trims else {}
        inputs = model.prepare_inputs_for_generation(
            self.ids, next_sequence_length=new, is_first_iteration=first, **self.state, **trimmed
        )
        out = model(**inputs, return_dict=True)
        if first:
            self.state = {name: value for name, value in self.state.items() if name not in PICTURE_TENSORS}
        for name in ("past_key_values", "cache_params"):
            if out.get(name) is not None:
                self.state[name] = out[name]
        logits: torch.Tensor = out.logits[:, -keep:]
        return logits

    def select(self, places: Sequence[int]) -> None:
        """Goes on with these rows only; a place may come several times."""
        rows = torch.tensor(places, device=self.device)
        self.ids = self.ids[rows]
        self.state["past_key_values"].batch_select_indices(rows)
        for name in ROW_STATE:
            if self.state.get(name) is not None:  # [rows, tokens], or [axes, rows, tokens] for positions in space
                self.state[name] = self.state[name].index_select(-2, rows)
        for name in CROSS_STATE:
            if self.state.get(name) is not None:  # [rows, tokens, …]
                self.state[name] = self.state[name][rows]


CROSS_STATE = ("cross_attention_mask",)  # which pictures each token attends to, where they lie beside the text
ROW_STATE = ("attention_mask", "position_ids", "token_type_ids", "mm_token_type_ids")
