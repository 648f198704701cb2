"""AlignBench's questions: their kinds, what is looked at in answers to each kind, and THUDM/AlignBench's files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmeval.answers import Answers, answer_text, collect, file_rows
from mmeval.errors import DataError
from mmeval.samples import Sample
from mmeval.sources import Row, Source, official

# Subcategories of questions: config/subcategory_question_mapping.json.
_FACTS = """常识知识 阅读理解 文本分类 信息抽取 字词理解 文化理解
物理 化学 计算机 生物医学 经济 天文 历史 音乐 法律 体育 地理 文学 其他"""
_WORKS = """翻译 实用文体写作 创意文体写作 专业文体写作 其他写作类
现实生活类 游戏娱乐类 功能类 现实名人类 （虚拟）恋爱类"""  # noqa: RUF001
SUBCATEGORIES: Mapping[str, tuple[str, ...]] = {  # by the kind of answer that they ask for
    "事实与解释型回答": tuple(_FACTS.split()),
    "逻辑推理型回答": ("证明", "推理", "初等数学", "高等数学", "应用数学"),
    "生成型回答": tuple(_WORKS.split()),
    "建议型回答": ("观点表达", "寻求建议"),
}
KIND_OF = {subcategory: kind for kind, subcategories in SUBCATEGORIES.items() for subcategory in subcategories}
# Kind of answer -> dimensions that are graded besides the whole: config/dimension_set.json.
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "事实与解释型回答": ("事实正确性", "满足用户需求", "清晰度", "完备性"),
    "逻辑推理型回答": ("事实正确性", "满足用户需求", "逻辑连贯性", "完备性"),
    "生成型回答": ("事实正确性", "满足用户需求", "逻辑连贯性", "创造性", "丰富度"),
    "建议型回答": ("事实正确性", "满足用户需求", "公平与可负责程度", "创造性"),
}
# Total -> categories whose means it is the mean of: show_result.py.
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "reasoning": ("数学计算", "逻辑推理"),
    "language": ("基本任务", "中文理解", "综合问答", "文本写作", "角色扮演", "专业能力"),
}


def release(name: str) -> Source:
    """The question file of that name, by itself or in a clone's data/."""
    return official(name, below="alignbench") | official(f"data/{name}", below="alignbench")


def kind(row: Row) -> str:
    """The kind of answer that the question asks for. Raises `DataError` for an unknown category or subcategory."""
    known = {"category": {one for some in CATEGORIES.values() for one in some}, "subcategory": KIND_OF.keys()}
    for field, names in known.items():
        if row[field] not in names:
            raise DataError(f"{row.where}: unknown {field} {row[field]!r} (there are: {', '.join(names)})")
    return KIND_OF[row["subcategory"]]


def judgments(path: Path, samples: list[Sample]) -> Answers:
    """data/judgment/MODEL.jsonl: a model's answers and what the judge said of each."""
    rows = file_rows(path)
    said = [(str(row["question_id"]), answer_text(row, "answer") if "answer" in row else None, row) for row in rows]
    replies = [(str(row["question_id"]), answer_text(row, "judgment"), row) for row in rows]
    verdicts = ((id, None if reply is None else (reply,), row) for id, reply, row in replies)
    return Answers(collect("alignbench", said, samples, path), collect("alignbench", verdicts, samples, path))
