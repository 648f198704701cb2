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
DRAWN = ("class_embedding", "image_newline", "gate", "gate_attn", "gate_ffn")
TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
QWEN_TOWER = {
    "depth": 2,
    "hidden_size": 32,
    "out_hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 2,
    "patch_size": 4,
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
INTERNVL_TEMPLATE = QWEN_TEMPLATE.replace("<|vision_start|><|image_pad|><|vision_end|>", "<IMG_CONTEXT>\n")
PALIGEMMA_TEMPLATE = (
    "{% for m in messages %}{% for c in m.content %}{% if c.type == 'image' %}<image>{% endif %}{% endfor %}"
    "{% endfor %}{% for m in messages %}{% for c in m.content %}{% if c.type == 'text' %}{{ c.text }}{% endif %}"
    "{% endfor %}{% if not loop.last %}\n{% endif %}{% endfor %}"
)
MLLAMA_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n\n{% for c in m.content %}"
    "{% if c.type == 'image' %}<|image|>{% else %}{{ c.text }}{% endif %}{% endfor %}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n\n{% endif %}"
)
TEXT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(special: tuple[str, ...] = (), named: dict[str, Any] | None = None) -> PreTrainedTokenizerFast:
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
    """Weights drawn wide enough that logits differ clearly and answers depend on the picture; the same ones for a seed.

    Single vectors stay as they are made, but for those that are made at random or as zeros that shut pictures out.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name.lower():
                continue
            if name.endswith("bias"):
                weight.zero_()
            elif weight.ndim > 1 or name.endswith(DRAWN):
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
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration, Qwen2VLProcessor
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor

    tower = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 4, "mlp_ratio": 2}
    tok, config = _qwen_parts(Qwen2VLConfig, tower)
    processor = _qwen_processor(Qwen2VLProcessor, tok, Qwen2VLVideoProcessor)
    return save(folder, Qwen2VLForConditionalGeneration(config), processor, seed)


def qwen2_5_vl(folder: Path, seed: int = 0) -> Path:
    """Patches see those of their own window, of two by two merged patches, in the tower's first layer."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor

    tok, config = _qwen_parts(Qwen2_5_VLConfig, {**QWEN_TOWER, "window_size": 16, "fullatt_block_indexes": [1]})
    processor = _qwen_processor(Qwen2_5_VLProcessor, tok, Qwen2VLVideoProcessor)
    return save(folder, Qwen2_5_VLForConditionalGeneration(config), processor, seed)


def qwen3_vl(folder: Path, seed: int = 0) -> Path:
    """Pictures enter the decoder's first layers as well as its input."""
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLProcessor, Qwen3VLVideoProcessor

    tower = {**QWEN_TOWER, "depth": 3, "num_position_embeddings": 36, "deepstack_visual_indexes": [0, 1]}
    tok, config = _qwen_parts(Qwen3VLConfig, tower, sections=[2, 1, 1], head_dim=8, num_hidden_layers=3)
    processor = _qwen_processor(Qwen3VLProcessor, tok, Qwen3VLVideoProcessor)
    return save(folder, Qwen3VLForConditionalGeneration(config), processor, seed)


def _qwen_parts(
    kind: Any, tower: dict[str, Any], sections: list[int] | None = None, **text: Any
) -> tuple[PreTrainedTokenizerFast, Any]:
    """sections: how many of a head's four frequencies go by time, height and width; given, they are interleaved."""
    tok = tokenizer(("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"))
    ids = {name: tok.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "video_pad", "vision_start")}
    rope = {"rope_type": "default", "mrope_section": sections or [1, 1, 2], "rope_theta": 10000.0}
    config = kind(
        vision_config=tower,
        text_config=text_settings(
            tok, rope_parameters={**rope, **({"mrope_interleaved": True} if sections else {})}, **text
        ),
        image_token_id=ids["image_pad"],
        video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"],
        vision_end_token_id=tok.convert_tokens_to_ids("<|vision_end|>"),
        tie_word_embeddings=False,
    )
    return tok, config


def _qwen_processor(kind: Any, tok: PreTrainedTokenizerFast, films: Any) -> Any:
    from transformers import Qwen2VLImageProcessor

    how = {"patch_size": 4, "size": {"shortest_edge": 16 * 16, "longest_edge": 48 * 48}}
    return kind(Qwen2VLImageProcessor(**how), tok, films(**how), chat_template=QWEN_TEMPLATE)


def idefics3(folder: Path, seed: int = 0) -> Path:
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3ImageProcessor, Idefics3Processor

    tok, config = _idefics_parts(Idefics3Config)
    images = Idefics3ImageProcessor(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    processor = Idefics3Processor(images, tok, image_seq_len=4, chat_template=IDEFICS_TEMPLATE)
    return save(folder, Idefics3ForConditionalGeneration(config), processor, seed)


def smolvlm(folder: Path, seed: int = 0) -> Path:
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )
    from transformers.models.smolvlm import processing_smolvlm

    # Its processor refuses to be made or loaded without the package, which only spells out how many frames a film has.
    processing_smolvlm.num2words = processing_smolvlm.num2words or str
    tok, config = _idefics_parts(SmolVLMConfig)
    how = {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 32}}
    sampling = {"max_frames": 2, "fps": 1, "video_size": {"longest_edge": 32}}
    films = SmolVLMVideoProcessor(max_image_size={"longest_edge": 32}, video_sampling=sampling)
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(**how), tok, films, image_seq_len=4, chat_template=IDEFICS_TEMPLATE
    )
    return save(folder, SmolVLMForConditionalGeneration(config), processor, seed)


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


def gemma3(folder: Path, seed: int = 0, rates: bool = False) -> Path:
    """rates: as a sequence classifier with one label."""
    from transformers import (
        Gemma3Config,
        Gemma3ForConditionalGeneration,
        Gemma3ForSequenceClassification,
        Gemma3ImageProcessor,
        Gemma3Processor,
    )

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
    if rates:
        config.num_labels = 1
    maker = Gemma3ForSequenceClassification if rates else Gemma3ForConditionalGeneration
    return save(folder, maker(config), processor, seed)


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


def llava_onevision(folder: Path, seed: int = 0) -> Path:
    """One picture is cut into tiles, scaled down when they are many; several are shown whole."""
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    tok, size = tokenizer(("<image>", "<video>")), {"height": 32, "width": 32}
    tiles = [[high, wide] for high in (32, 64, 96) for wide in (32, 64, 96)]
    config = LlavaOnevisionConfig(
        vision_config={"model_type": "siglip_vision_model", **TOWER, "vision_use_head": False},
        text_config={"model_type": "qwen2", **text_settings(tok)},
        image_token_index=tok.convert_tokens_to_ids("<image>"),
        video_token_index=tok.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=tiles,
        vision_aspect_ratio="anyres_max_3",
    )
    images = LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=tiles)
    processor = LlavaOnevisionProcessor(
        images, tok, LlavaOnevisionVideoProcessor(size=size), num_image_tokens=16,
        vision_feature_select_strategy="full", vision_aspect_ratio="anyres_max_3", chat_template=LLAVA_TEMPLATE,
    )  # fmt: skip
    return save(folder, LlavaOnevisionForConditionalGeneration(config), processor, seed)


def internvl(folder: Path, seed: int = 0) -> Path:
    from transformers import (
        GotOcr2ImageProcessor,
        InternVLConfig,
        InternVLForConditionalGeneration,
        InternVLProcessor,
        InternVLVideoProcessor,
    )

    named = {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>"}
    named["video_token"] = "<video>"
    tok, size = tokenizer(tuple(named.values()), {"extra_special_tokens": named}), {"height": 32, "width": 32}
    config = InternVLConfig(
        vision_config=TOWER,
        text_config={"model_type": "qwen2", **text_settings(tok)},
        image_token_id=tok.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        tie_word_embeddings=False,
    )
    images = GotOcr2ImageProcessor(size=size, crop_to_patches=True, max_patches=4)
    films = InternVLVideoProcessor(size=size)
    processor = InternVLProcessor(images, tok, films, image_seq_length=4, chat_template=INTERNVL_TEMPLATE)
    return save(folder, InternVLForConditionalGeneration(config), processor, seed)


def paligemma(folder: Path, seed: int = 0) -> Path:
    """Pictures in front; all of a prompt sees all of it."""
    from transformers import (
        PaliGemmaConfig,
        PaliGemmaForConditionalGeneration,
        PaliGemmaProcessor,
        SiglipImageProcessor,
    )

    tok = tokenizer(("<image>",), {"extra_special_tokens": {"image_token": "<image>"}})
    images = SiglipImageProcessor(size={"height": 32, "width": 32})
    images.image_seq_length = 16
    processor = PaliGemmaProcessor(images, tok, chat_template=PALIGEMMA_TEMPLATE)  # adds tokens for places
    config = PaliGemmaConfig(
        vision_config={"model_type": "siglip_vision_model", **TOWER, "vision_use_head": False},
        text_config={"model_type": "gemma", **text_settings(tok, head_dim=8)},
        image_token_index=tok.convert_tokens_to_ids("<image>"),
        projection_dim=32,
        hidden_size=32,
        tie_word_embeddings=False,
    )
    return save(folder, PaliGemmaForConditionalGeneration(config), processor, seed)


def mllama(folder: Path, seed: int = 0) -> Path:
    """Pictures beside the tokens: two of its layers attend to them. Their token can't be answered."""
    from transformers import MllamaConfig, MllamaForConditionalGeneration, MllamaImageProcessor, MllamaProcessor

    tok = tokenizer((), {"extra_special_tokens": {"image_token": "<|image|>"}})
    image = tok.convert_tokens_to_ids("<|image|>")
    tower = {name: value for name, value in TOWER.items() if name != "num_attention_heads"}
    config = MllamaConfig(
        vision_config={
            **tower,
            "attention_heads": 2,
            "num_global_layers": 1,
            "vision_output_dim": 64,
            "intermediate_layers_indices": [0],
        },
        text_config=text_settings(
            tok,
            vocab_size=image,
            num_hidden_layers=4,
            cross_attention_layers=[1, 3],
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        ),
        image_token_index=image,
    )
    images = MllamaImageProcessor(size={"height": 32, "width": 32}, max_image_tiles=4)
    processor = MllamaProcessor(images, tok, chat_template=MLLAMA_TEMPLATE)
    return save(folder, MllamaForConditionalGeneration(config), processor, seed)


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


def llama_that_rates(folder: Path, seed: int = 0, template: str = TEXT_TEMPLATE, **settings: Any) -> Path:
    """A sequence classifier with one label, unless the config's settings say otherwise."""
    from transformers import LlamaConfig, LlamaForSequenceClassification

    tok = tokenizer()
    tok.chat_template = template
    config = LlamaConfig(**text_settings(tok, **{"num_labels": 1, **settings}))
    return save(folder, LlamaForSequenceClassification(config), tok, seed)


def with_value_head(folder: Path, seed: int = 0, width: int = 32) -> Path:
    """Puts a value head beside a model's weights, as LLaMA-Factory does."""
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(seed)
    head = {"v_head.summary.weight": torch.randn(1, width, generator=generator), "v_head.summary.bias": torch.ones(1)}
    save_file(head, folder / "value_head.safetensors")
    return folder


READS_PICTURES: dict[str, Callable[..., Path]] = {
    "llava": llava,
    "qwen2_vl": qwen2_vl,
    "idefics3": idefics3,
    "gemma3": gemma3,
    "llava_next": llava_next,
    "mistral3": mistral3,
    "llava_onevision": llava_onevision,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "smolvlm": smolvlm,
    "internvl": internvl,
    "paligemma": paligemma,
    "mllama": mllama,
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
