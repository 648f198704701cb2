"""Charts: Vega-Lite specifications made into SVG when a page is written, so that no page carries a chart library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markupsafe import Markup

# Colours are the page's own, so that a chart follows its light and dark.
_LOOK: dict[str, Any] = {
    "background": None,
    "font": "var(--sans)",
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--line)",
        "gridColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelColor": "var(--faint)",
        "titleColor": "var(--faint)",
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
    },
    "mark": {"aria": False},  # a role on every mark, without a name, is an error for readers of the screen
    "text": {"color": "var(--ink)", "fontSize": 12},
    "line": {"color": "var(--accent)", "strokeWidth": 1.75},
    "point": {"color": "var(--accent)", "filled": True, "size": 45, "opacity": 1},
    "area": {"color": "var(--accent)", "opacity": 0.16},
    "rule": {"color": "var(--faint)"},
    "legend": {"labelColor": "var(--ink)", "titleColor": "var(--faint)", "titleFontWeight": "normal"},
}


def chart(spec: Mapping[str, Any], label: str) -> Markup:
    """An inline SVG of a Vega-Lite specification (data inside), as wide as its place on the page at most.

    label: what it shows, for those who can't see it; the figures themselves must stand in a table beside. Text in
    the data comes out escaped.
    """
    import vl_convert
    from markupsafe import Markup, escape

    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", **spec}
    whole["config"] = {**_LOOK, **spec.get("config", {})}
    svg = vl_convert.vegalite_to_svg(whole)
    return Markup(
        svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1).replace(
            'class="marks"', 'class="chart"'
        )
    )
