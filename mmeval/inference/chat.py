"""What goes over the wire to a server with OpenAI's chat API, and what its replies mean."""

from __future__ import annotations

import base64
import email.utils
import io
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mmeval.samples import Image, Message

if TYPE_CHECKING:
    import httpx

FORMATS = {b"\xff\xd8\xff": "jpeg", b"\x89PNG": "png", b"RIFF": "webp", b"GIF8": "gif"}


def count_of(used: object, name: str) -> int:
    """A number of tokens, 0 where the server gives none: what is only counted must not cost an answer."""
    number = used.get(name) if isinstance(used, Mapping) else None
    return number if isinstance(number, int) and 0 <= number < 1 << 40 else 0


def message_of(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": data_url(part)}}
        for part in message.content
    ]
    return {"role": message.role, "content": parts}


def data_url(image: Image) -> str:
    """The picture as it is stored where servers read its format, else as PNG; never made smaller."""
    encoded = b"" if image.draw is not None else image.encoded()
    kind = next((name for start, name in FORMATS.items() if encoded.startswith(start)), None)
    if kind is None:
        buffer = io.BytesIO()
        image.open().save(buffer, "PNG")
        encoded, kind = buffer.getvalue(), "png"
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the header Retry-After, a number or a date (RFC 9110, 10.2.3); None without one."""
    said = headers.get("retry-after")
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
        except ValueError:
            return None


def words_of(reply: httpx.Response) -> str:
    """What the server says about an error, without anything else."""
    with suppress(Exception):  # whatever it is, its text will do
        error = reply.json()["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    return json.dumps(reply.text[:10_000])
