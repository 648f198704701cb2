"""Data blocks of pages: plain JSON while it is small, deflated where a run is large."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from mmeval.reporting.rendering import embedded_json

if TYPE_CHECKING:
    from markupsafe import Markup

PLAIN = 500_000  # characters, below which unpacking would cost more than it saves


def data_block(value: Any, id: str) -> Markup:
    """A <script> element that holds JSON data and does not run; reports/data.js reads both kinds.

    Deflated without header (RFC 1951) and in base64: a page of many answers is a third of its size.
    """
    from markupsafe import Markup

    plain = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(plain) < PLAIN:
        return Markup('<script type="application/json" id="{}">{}</script>').format(id, embedded_json(value))
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = base64.b64encode(packer.compress(plain.encode("utf-8", "replace")) + packer.flush()).decode()
    return Markup('<script type="application/x-deflate" id="{}">{}</script>').format(id, packed)
