"""Random-weight miniatures of real architectures with real processors, saved as a user's checkpoint would be.

Their answers mean nothing, but they are the same code paths as the large models: a batch that mixes up pictures,
positions or padding shows here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageDraw
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

WORDS = [
    "Is there a dog in the image? Answer the question using a single word or phrase.",
    "Yes. No. A cat, two birds and a red car stand on the street in front of the house.",
    "USER: ASSISTANT: system user assistant model Describe this image in detail, please.",
]
CHAT = ("<|im_start|>", "<|im_end|>")
TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
LLAVA_TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'system' %}{% for c in m.content %}{{ c.text }}{% endfor %} "
    "{% else %}{{ m.role | upper }}: {% for c in m.content %}{% if c.type == 'image' %}<image>\n"
    "{% else %}{{ c.text }}{% endif %}{% endfor %}{% if m.role == 'assistant' %}</s>{% else %} {% endif %}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
QWEN_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for c in m.content %}{% if c.type == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ c.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
IDEFICS_TEMPLATE = (
    "<|im_start|>{% for m in messages %}{{ m.role | capitalize }}:{% for c in m.content %}{% if c.type == 'image' %}"
    "<image>{% else %}{{ c.text }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
GEMMA_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system role') }}"
    "{% endif %}<start_of_turn>{{ m.role }}\n{% for c in m.content %}{% if c.type == 'image' %}<start_of_image>"
    "{% else %}{{ c.text }}{% endif %}{% endfor %}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
TEXT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(special: tuple[str, ...] = (), named: dict[str, str] | None = None) -> PreTrainedTokenizerFast:
    """A byte-level BPE of about 400 tokens with <s>, </s>, <pad> and the special tokens given."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    listed = ["<s>", "</s>", "<pad>", *CHAT, *special]
    trainer = trainers.BpeTrainer(
        vocab_size=330 + len(listed), special_tokens=listed, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(WORDS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        padding_side="left",
        **(named or {}),
    )


def text_settings(tok: PreTrainedTokenizerFast, **more: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tok),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "bos_token_id": tok.bos_token_id,
        "eos_token_id": tok.eos_token_id,
        "pad_token_id": tok.pad_token_id,
        "initializer_range": 0.3,
        **more,
    }


def save(folder: Path, model: Any, processor: Any, seed: int = 0) -> Path:
    """Weights drawn wide enough that logits differ clearly and answers depend on the picture."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name.lower() or weight.ndim < 2:
                continue
            fan = weight[0].numel()
            weight.copy_(torch.randn(weight.shape, generator=generator) * (1.5 / fan**0.5))
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def llava(folder: Path, seed: int = 0) -> Path:
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    tok = tokenizer(("<image>",))
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**TOWER).to_dict(),
        text_config=LlamaConfig(**text_settings(tok)).to_dict(),
        image_token_index=tok.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
        vision_feature_layer=-1,
    )
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    processor = LlavaProcessor(
        images, tok, patch_size=8, vision_feature_select_strategy="default", chat_template=LLAVA_TEMPLATE,
        num_additional_image_tokens=1,
    )  # fmt: skip
    return save(folder, LlavaForConditionalGeneration(config), processor, seed)


def qwen2_vl(folder: Path, seed: int = 0) -> Path:
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration, Qwen2VLImageProcessor, Qwen2VLProcessor
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor

    tok = tokenizer(("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"))
    ids = {name: tok.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "video_pad", "vision_start")}
    config = Qwen2VLConfig(
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 4, "mlp_ratio": 2},
        text_config=text_settings(
            tok, rope_parameters={"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
        ),
        image_token_id=ids["image_pad"],
        video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"],
        tie_word_embeddings=False,
    )
    pixels = {"shortest_edge": 16 * 16, "longest_edge": 48 * 48}
    images = Qwen2VLImageProcessor(patch_size=4, size=pixels)
    processor = Qwen2VLProcessor(
        images, tok, Qwen2VLVideoProcessor(patch_size=4, size=pixels), chat_template=QWEN_TEMPLATE
    )
    return save(folder, Qwen2VLForConditionalGeneration(config), processor, seed)


def idefics3(folder: Path, seed: int = 0) -> Path:
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3ImageProcessor, Idefics3Processor

    tok, config = _idefics_parts(Idefics3Config)
    images = Idefics3ImageProcessor(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    processor = Idefics3Processor(images, tok, image_seq_len=4, chat_template=IDEFICS_TEMPLATE)
    return save(folder, Idefics3ForConditionalGeneration(config), processor, seed)


def _idefics_parts(kind: Any) -> tuple[PreTrainedTokenizerFast, Any]:
    places = tuple(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7))
    tok = tokenizer(("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>", *places))
    config = kind(
        vision_config=TOWER,
        text_config={"model_type": "llama", **text_settings(tok)},
        image_token_id=tok.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tok.pad_token_id,
        tie_word_embeddings=False,
    )
    return tok, config


def gemma3(folder: Path, seed: int = 0) -> Path:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3ImageProcessor, Gemma3Processor

    named = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    tok = tokenizer((*named.values(), "<start_of_turn>", "<end_of_turn>"), {"extra_special_tokens": named})
    config = Gemma3Config(
        vision_config={"model_type": "siglip_vision_model", **TOWER, "vision_use_head": False},
        text_config=text_settings(
            tok,
            head_dim=8,
            sliding_window=16,
            layer_types=["sliding_attention", "full_attention"],
            query_pre_attn_scalar=8,
            tie_word_embeddings=False,
        ),
        tie_word_embeddings=False,
        mm_tokens_per_image=4,
        image_token_index=tok.convert_tokens_to_ids("<image_soft_token>"),
        boi_token_index=tok.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=tok.convert_tokens_to_ids("<end_of_image>"),
    )
    images = Gemma3ImageProcessor(size={"height": 32, "width": 32})
    processor = Gemma3Processor(images, tok, image_seq_length=4, chat_template=GEMMA_TEMPLATE)
    return save(folder, Gemma3ForConditionalGeneration(config), processor, seed)


def llava_next(folder: Path, seed: int = 0) -> Path:
    """Pictures cut into tiles, as many as their shape asks for."""
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextImageProcessor,
        LlavaNextProcessor,
    )

    tok, tiles = tokenizer(("<image>",)), [[32, 64], [64, 32], [64, 64]]
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**TOWER).to_dict(),
        text_config=LlamaConfig(**text_settings(tok)).to_dict(),
        image_token_index=tok.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
        vision_feature_layer=-1,
        image_grid_pinpoints=tiles,
    )
    images = LlavaNextImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}, image_grid_pinpoints=tiles
    )
    processor = LlavaNextProcessor(
        images, tok, patch_size=8, vision_feature_select_strategy="default", chat_template=LLAVA_TEMPLATE,
        num_additional_image_tokens=1,
    )  # fmt: skip
    return save(folder, LlavaNextForConditionalGeneration(config), processor, seed)


def mistral3(folder: Path, seed: int = 0) -> Path:
    """Pictures of any size, padded behind in a batch."""
    from transformers import (
        Mistral3Config,
        Mistral3ForConditionalGeneration,
        MistralConfig,
        PixtralImageProcessor,
        PixtralProcessor,
        PixtralVisionConfig,
    )

    tok = tokenizer(("[IMG]", "[IMG_BREAK]", "[IMG_END]"))
    config = Mistral3Config(
        vision_config=PixtralVisionConfig(**{**TOWER, "image_size": 64}, head_dim=16).to_dict(),
        text_config=MistralConfig(**text_settings(tok, head_dim=8)).to_dict(),
        image_token_index=tok.convert_tokens_to_ids("[IMG]"),
        spatial_merge_size=2,
        vision_feature_layer=-1,
    )
    images = PixtralImageProcessor(size={"longest_edge": 48}, patch_size=8)
    template = LLAVA_TEMPLATE.replace("<image>", "[IMG]")
    processor = PixtralProcessor(images, tok, patch_size=8, spatial_merge_size=2, chat_template=template)
    return save(folder, Mistral3ForConditionalGeneration(config), processor, seed)


def llama(folder: Path, seed: int = 0, template: str = TEXT_TEMPLATE, special: tuple[str, ...] = ()) -> Path:
    """A model that reads text only."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tok = tokenizer(special)
    tok.chat_template = template
    return save(folder, LlamaForCausalLM(LlamaConfig(**text_settings(tok))), tok, seed)


READS_PICTURES: dict[str, Callable[..., Path]] = {
    "llava": llava,
    "qwen2_vl": qwen2_vl,
    "idefics3": idefics3,
    "gemma3": gemma3,
    "llava_next": llava_next,
    "mistral3": mistral3,
}
ALL: dict[str, Callable[..., Path]] = {**READS_PICTURES, "llama": llama}


def picture(seed: int, width: int = 40, height: int = 30) -> PIL.Image.Image:
    """A few coloured boxes, different for every seed."""
    dice = random.Random(seed)
    image = PIL.Image.new("RGB", (width, height), tuple(dice.randrange(256) for _ in range(3)))
    pen = PIL.ImageDraw.Draw(image)
    for _ in range(4):
        x, y = dice.randrange(width - 8), dice.randrange(height - 8)
        pen.rectangle((x, y, x + dice.randrange(4, 20), y + 7), fill=tuple(dice.randrange(256) for _ in range(3)))
    return image
