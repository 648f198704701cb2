"""Writes models/descriptions.json: how the `demo` checkpoint describes the demo suite's scenes, for demo_preference.

python models/describe.py
"""

from __future__ import annotations

import json
from pathlib import Path

from mmeval.catalog import builtin
from mmeval.demo import picture, scenes
from mmeval.inference import Decoding, Request, open_engine
from mmeval.samples import ask


def main() -> None:
    task = builtin("demo/demo_preference")
    engine = open_engine("demo", device="cpu", dtype="float32")
    decoding = Decoding(task.demo_preference.max_new_tokens)
    asked = [Request(str(scene.seed), ask(picture(scene), task.PROMPT), decoding) for scene in scenes(task.SCENES)]
    said = {response.id: response.text for response in engine.run(asked)}
    text = json.dumps({request.id: said[request.id] for request in asked}, indent=1, ensure_ascii=False)
    (Path(__file__).parent / "descriptions.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
