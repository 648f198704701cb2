"""Vector icons and backdrops for the rendered scenes, drawn with PIL at any pixel size.

An icon is a function that draws on a `Pen` in the unit square of its own box (x to the right, y down).
Every icon is drawn twice: once swollen in ink, which leaves an outline round the whole silhouette, and once filled.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

RGB = tuple[int, int, int]
Point = tuple[float, float]

COLOR_VALUES: dict[str, RGB] = {
    "red": (220, 50, 47),
    "green": (56, 150, 62),
    "blue": (44, 98, 214),
    "yellow": (247, 206, 40),
    "purple": (128, 62, 172),
    "pink": (246, 136, 186),
    "white": (246, 246, 244),
    "black": (62, 62, 70),
}
INK: RGB = (34, 30, 40)
PAPER: RGB = (252, 250, 244)
GLASS: RGB = (186, 222, 240)
LEAF: RGB = (92, 170, 74)
BEAK: RGB = (240, 150, 50)

_SUPERSAMPLE = 4


def _blend(a: RGB, b: RGB, share: float) -> RGB:
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


@dataclass(frozen=True)
class Pen:
    """Draws primitives given in unit coordinates of a box of `width` x `height` pixels at offset `margin`."""

    draw: ImageDraw.ImageDraw
    width: int
    height: int
    margin: int
    swell: float
    main: RGB

    @property
    def shade(self) -> RGB:
        """A second tone of the object's colour: lighter for dark colours, so that details stay visible."""
        if sum(self.main) < 240:
            return _blend(self.main, (255, 255, 255), 0.25)
        return _blend(self.main, INK, 0.22)

    def _xy(self, points: Sequence[Point]) -> list[Point]:
        return [(self.margin + x * self.width, self.margin + y * self.height) for x, y in points]

    def _fill(self, fill: RGB) -> RGB:
        return INK if self.swell else fill

    def ellipse(self, x0: float, y0: float, x1: float, y1: float, fill: RGB) -> None:
        (a, b), (c, d) = self._xy([(x0, y0), (x1, y1)])
        s = self.swell
        self.draw.ellipse((a - s, b - s, c + s, d + s), fill=self._fill(fill))

    def polygon(self, points: Sequence[Point], fill: RGB) -> None:
        xy = self._xy(points)
        self.draw.polygon(xy, fill=self._fill(fill))
        if self.swell:
            self.draw.line([*xy, xy[0], xy[1]], fill=INK, width=round(2 * self.swell), joint="curve")

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: RGB, corner: float = 0.0) -> None:
        """A rectangle; `corner` is the corner's radius in units of the box's shorter side."""
        (a, b), (c, d) = self._xy([(x0, y0), (x1, y1)])
        s = self.swell
        radius = corner * min(self.width, self.height) + s
        self.draw.rounded_rectangle((a - s, b - s, c + s, d + s), radius=radius, fill=self._fill(fill))

    def line(self, points: Sequence[Point], width: float, fill: RGB) -> None:
        """An open stroke with round ends; `width` in units of the box's shorter side."""
        xy = self._xy(points)
        w = width * min(self.width, self.height) + 2 * self.swell
        self.draw.line(xy, fill=self._fill(fill), width=max(1, round(w)), joint="curve")
        for x, y in (xy[0], xy[-1]):
            self.draw.ellipse((x - w / 2, y - w / 2, x + w / 2, y + w / 2), fill=self._fill(fill))


def _arc(cx: float, cy: float, rx: float, ry: float, start: float, stop: float, steps: int = 24) -> list[Point]:
    """Points on an ellipse from `start` to `stop` degrees, clockwise on the screen from three o'clock."""
    angles = [math.radians(start + (stop - start) * i / steps) for i in range(steps + 1)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


def _apple(p: Pen) -> None:
    p.line([(0.5, 0.24), (0.54, 0.04)], 0.06, INK)
    p.ellipse(0.56, 0.03, 0.86, 0.19, LEAF)
    p.ellipse(0.02, 0.2, 0.62, 0.96, p.main)
    p.ellipse(0.38, 0.2, 0.98, 0.96, p.main)
    p.ellipse(0.3, 0.6, 0.7, 1.0, p.main)
    p.ellipse(0.16, 0.32, 0.32, 0.52, _blend(p.main, (255, 255, 255), 0.55))


def _banana(p: Pen) -> None:
    p.polygon(_arc(0.5, 0.1, 0.48, 0.88, 0, 180) + _arc(0.5, 0.02, 0.36, 0.44, 180, 0), p.main)
    p.polygon(_arc(0.5, 0.1, 0.47, 0.8, 12, 168) + _arc(0.5, 0.1, 0.45, 0.64, 168, 12), p.shade)
    p.box(0.0, 0.0, 0.15, 0.14, INK, 0.04)
    p.box(0.87, 0.0, 0.99, 0.1, INK, 0.04)


def _bird(p: Pen) -> None:
    p.line([(0.45, 0.8), (0.42, 0.98)], 0.05, BEAK)
    p.line([(0.58, 0.8), (0.58, 0.98)], 0.05, BEAK)
    p.polygon([(0.3, 0.5), (0.0, 0.36), (0.04, 0.66)], p.shade)
    p.ellipse(0.16, 0.32, 0.8, 0.88, p.main)
    p.polygon([(0.86, 0.16), (1.0, 0.27), (0.86, 0.36)], BEAK)
    p.ellipse(0.54, 0.03, 0.92, 0.49, p.main)
    p.polygon([(0.26, 0.46), (0.62, 0.48), (0.4, 0.78)], p.shade)
    p.ellipse(0.72, 0.15, 0.83, 0.28, PAPER)
    p.ellipse(0.75, 0.18, 0.82, 0.26, INK)


def _boat(p: Pen) -> None:
    p.line([(0.5, 0.04), (0.5, 0.72)], 0.05, INK)
    p.polygon([(0.55, 0.06), (0.92, 0.62), (0.55, 0.62)], p.main)
    p.polygon([(0.45, 0.18), (0.45, 0.62), (0.12, 0.62)], PAPER)
    p.polygon([(0.0, 0.7), (1.0, 0.7), (0.82, 1.0), (0.2, 1.0)], p.main)
    p.polygon([(0.0, 0.7), (1.0, 0.7), (0.95, 0.8), (0.06, 0.8)], p.shade)


def _book(p: Pen) -> None:
    p.box(0.1, 0.05, 1.0, 1.0, PAPER, 0.05)
    p.box(0.0, 0.0, 0.9, 0.93, p.main, 0.06)
    p.box(0.0, 0.0, 0.16, 0.93, p.shade, 0.06)
    p.box(0.32, 0.18, 0.76, 0.36, PAPER, 0.03)
    p.line([(0.36, 0.5), (0.72, 0.5)], 0.04, PAPER)


def _bottle(p: Pen) -> None:
    p.box(0.32, 0.0, 0.68, 0.1, INK, 0.05)
    p.box(0.36, 0.08, 0.64, 0.36, p.main)
    p.polygon(_arc(0.5, 0.48, 0.5, 0.2, 180, 360), p.main)
    p.box(0.0, 0.42, 1.0, 1.0, p.main, 0.16)
    p.box(0.0, 0.58, 1.0, 0.8, PAPER)
    p.box(0.2, 0.65, 0.8, 0.73, p.shade, 0.05)


def _wheel(p: Pen, x: float, y: float, radius: float) -> None:
    ry = radius * p.width / p.height
    p.ellipse(x - radius, y - ry, x + radius, y + ry, INK)
    p.ellipse(x - radius * 0.45, y - ry * 0.45, x + radius * 0.45, y + ry * 0.45, (205, 205, 210))


def _car(p: Pen) -> None:
    p.polygon([(0.16, 0.48), (0.3, 0.04), (0.66, 0.04), (0.84, 0.48)], p.main)
    p.polygon([(0.25, 0.45), (0.34, 0.13), (0.47, 0.13), (0.47, 0.45)], GLASS)
    p.polygon([(0.53, 0.45), (0.53, 0.13), (0.63, 0.13), (0.75, 0.45)], GLASS)
    p.box(0.0, 0.42, 1.0, 0.82, p.main, 0.16)
    p.box(0.93, 0.5, 1.0, 0.62, (255, 236, 150), 0.04)
    _wheel(p, 0.24, 0.8, 0.12)
    _wheel(p, 0.76, 0.8, 0.12)


def _cat(p: Pen) -> None:
    p.line(_arc(0.78, 0.7, 0.18, 0.22, 90, -60), 0.1, p.main)
    p.ellipse(0.22, 0.42, 0.8, 1.0, p.main)
    p.polygon([(0.16, 0.34), (0.14, 0.0), (0.42, 0.16)], p.main)
    p.polygon([(0.7, 0.34), (0.72, 0.0), (0.44, 0.16)], p.main)
    p.ellipse(0.12, 0.1, 0.74, 0.6, p.main)
    p.ellipse(0.38, 0.66, 0.64, 0.98, p.shade)
    for x in (0.3, 0.56):
        p.ellipse(x - 0.07, 0.25, x + 0.07, 0.39, (190, 230, 120))
        p.ellipse(x - 0.03, 0.26, x + 0.03, 0.38, INK)
    p.polygon([(0.39, 0.43), (0.47, 0.43), (0.43, 0.49)], (240, 130, 150))
    if not p.swell:
        p.line([(0.02, 0.42), (0.24, 0.45)], 0.02, INK)
        p.line([(0.62, 0.45), (0.84, 0.42)], 0.02, INK)


def _chair(p: Pen) -> None:
    for x in (0.14, 0.86):
        p.line([(x, 0.6), (x, 0.97)], 0.12, p.shade)
    p.line([(0.32, 0.66), (0.32, 0.88)], 0.1, p.shade)
    p.line([(0.68, 0.66), (0.68, 0.88)], 0.1, p.shade)
    p.box(0.1, 0.0, 0.9, 0.52, p.main, 0.1)
    if not p.swell:
        p.box(0.3, 0.1, 0.42, 0.44, p.shade, 0.03)
        p.box(0.58, 0.1, 0.7, 0.44, p.shade, 0.03)
    p.box(0.0, 0.52, 1.0, 0.68, p.main, 0.08)


def _clock(p: Pen) -> None:
    p.line([(0.2, 0.86), (0.12, 0.98)], 0.09, INK)
    p.line([(0.8, 0.86), (0.88, 0.98)], 0.09, INK)
    p.ellipse(0.02, 0.0, 0.98, 0.96, p.main)
    p.ellipse(0.2, 0.18, 0.8, 0.78, PAPER)
    if not p.swell:
        for i in range(0, 360, 90):
            (x, y), *_ = _arc(0.5, 0.48, 0.25, 0.25, i, i, 1)
            p.ellipse(x - 0.025, y - 0.025, x + 0.025, y + 0.025, INK)
        p.line([(0.5, 0.48), (0.5, 0.27)], 0.05, INK)
        p.line([(0.5, 0.48), (0.66, 0.56)], 0.05, INK)


def _cup(p: Pen) -> None:
    p.line(_arc(0.74, 0.48, 0.2, 0.22, -80, 80), 0.11, p.main)
    p.polygon([(0.0, 0.12), (0.78, 0.12), (0.68, 0.94), (0.1, 0.94)], p.main)
    p.ellipse(0.1, 0.86, 0.68, 1.0, p.main)
    p.ellipse(0.0, 0.0, 0.78, 0.24, p.shade)
    p.ellipse(0.08, 0.05, 0.7, 0.2, (112, 72, 48))
    p.box(0.04, 0.46, 0.735, 0.6, PAPER)


def _dog(p: Pen) -> None:
    p.line([(0.1, 0.5), (0.02, 0.2)], 0.11, p.main)
    for x in (0.16, 0.3, 0.56, 0.7):
        p.line([(x, 0.66), (x, 0.94)], 0.13, p.main)
    p.box(0.06, 0.4, 0.76, 0.76, p.main, 0.2)
    p.box(0.52, 0.1, 0.86, 0.54, p.main, 0.18)
    p.box(0.68, 0.26, 1.0, 0.5, p.main, 0.12)
    p.ellipse(0.93, 0.24, 1.0, 0.34, INK)
    p.ellipse(0.46, 0.08, 0.64, 0.5, p.shade)
    p.ellipse(0.73, 0.17, 0.8, 0.26, INK)
    p.box(0.52, 0.52, 0.74, 0.6, (210, 60, 60) if p.main != COLOR_VALUES["red"] else GLASS, 0.03)


def _kite(p: Pen) -> None:
    p.line([(0.5, 0.66), (0.6, 0.76), (0.42, 0.86), (0.54, 0.98)], 0.05, INK)
    p.polygon([(0.5, 0.0), (1.0, 0.28), (0.5, 0.7), (0.0, 0.28)], p.main)
    p.polygon([(0.5, 0.0), (1.0, 0.28), (0.5, 0.28)], p.shade)
    p.polygon([(0.5, 0.28), (0.0, 0.28), (0.5, 0.7)], p.shade)
    for x, y in ((0.55, 0.77), (0.46, 0.88)):
        p.polygon([(x, y), (x - 0.16, y - 0.05), (x - 0.16, y + 0.05)], p.main)
        p.polygon([(x, y), (x + 0.16, y - 0.05), (x + 0.16, y + 0.05)], p.main)


def _truck(p: Pen) -> None:
    p.box(0.0, 0.0, 0.64, 0.76, p.main, 0.05)
    p.polygon([(0.66, 0.22), (0.86, 0.22), (1.0, 0.48), (1.0, 0.8), (0.66, 0.8)], p.shade)
    p.polygon([(0.72, 0.29), (0.84, 0.29), (0.93, 0.48), (0.72, 0.48)], GLASS)
    p.box(0.0, 0.74, 1.0, 0.84, INK, 0.03)
    if not p.swell:
        p.box(0.08, 0.28, 0.56, 0.4, PAPER, 0.02)
    _wheel(p, 0.17, 0.86, 0.09)
    _wheel(p, 0.47, 0.86, 0.09)
    _wheel(p, 0.82, 0.86, 0.09)


def _umbrella(p: Pen) -> None:
    p.line([(0.5, 0.1), (0.5, 0.88), *_arc(0.4, 0.88, 0.1, 0.1, 0, 180, 10)], 0.06, INK)
    p.line([(0.5, 0.0), (0.5, 0.1)], 0.06, INK)
    dome = _arc(0.5, 0.56, 0.5, 0.5, 180, 360)
    for i in range(3):
        dome += _arc(1 - 1 / 6 - i / 3, 0.56, 1 / 6, 0.09, 360, 180, 8)
    p.polygon(dome, p.main)
    if not p.swell:
        p.polygon([*_arc(0.5, 0.56, 0.17, 0.5, 180, 360), *_arc(0.5, 0.56, 0.17, 0.09, 360, 180, 8)], p.shade)


ICONS: dict[str, tuple[Callable[[Pen], None], float]] = {
    "apple": (_apple, 0.95),
    "banana": (_banana, 1.45),
    "bird": (_bird, 1.1),
    "boat": (_boat, 1.05),
    "book": (_book, 0.8),
    "bottle": (_bottle, 0.45),
    "car": (_car, 1.75),
    "cat": (_cat, 0.85),
    "chair": (_chair, 0.68),
    "clock": (_clock, 1.0),
    "cup": (_cup, 1.1),
    "dog": (_dog, 1.3),
    "kite": (_kite, 0.62),
    "truck": (_truck, 1.45),
    "umbrella": (_umbrella, 1.0),
}
"""Category name -> (drawing function, width divided by height)."""


def _layer(category: str, main: RGB, size: tuple[int, int], margin: int, swell: float) -> Image.Image:
    image = Image.new("RGBA", (size[0] + 2 * margin, size[1] + 2 * margin), (*INK, 0))
    ICONS[category][0](Pen(ImageDraw.Draw(image), size[0], size[1], margin, swell, main))
    return image


@functools.lru_cache(maxsize=4096)
def sprite(category: str, color: str, width: int, height: int) -> tuple[Image.Image, int]:
    """An icon like a paper sticker, its box `width` x `height` pixels, as RGBA.

    Returns the picture and its margin: the white rim and the shadow reach that many pixels beyond the box.
    """
    margin = max(2, round(0.14 * max(width, height)))
    scale = _SUPERSAMPLE
    size, rim = (width * scale, height * scale), margin * scale
    thick = max(size) * 0.028
    outline = _layer(category, COLOR_VALUES[color], size, rim, thick)
    filled = _layer(category, COLOR_VALUES[color], size, rim, 0.0)
    sticker = Image.alpha_composite(outline, filled)
    # A max filter costs the square of its width: the rim is grown on a quarter-size mask.
    small = sticker.getchannel("A").resize((width + 2 * margin, height + 2 * margin), Image.Resampling.BOX)
    grow = max(1, round(max(width, height) * 0.03))
    rim_mask = small.filter(ImageFilter.MaxFilter(2 * grow + 1)).filter(ImageFilter.GaussianBlur(grow * 0.35))
    shadow_mask = rim_mask.filter(ImageFilter.GaussianBlur(grow)).point([round(v * 0.35) for v in range(256)])
    out = Image.new("RGBA", small.size, (0, 0, 0, 0))
    shadow = Image.new("RGBA", small.size, (20, 20, 40, 0))
    shadow.putalpha(shadow_mask)
    out.alpha_composite(shadow.crop((0, 0, small.width - grow, small.height - grow)), (grow, grow))
    white = Image.new("RGBA", small.size, (255, 255, 255, 0))
    white.putalpha(rim_mask)
    out.alpha_composite(white)
    out.alpha_composite(sticker.resize(small.size, Image.Resampling.BOX))
    return out, margin


def _kitchen(p: Pen, shift: float) -> None:
    p.box(0, 0, 1, 1, (246, 233, 212))
    for row in range(6):
        for column in range(-1, 9):
            x, y = column / 8 + (row % 2) / 16 + shift / 8, row * 0.11
            p.box(x + 0.006, y + 0.006, x + 0.119, y + 0.104, (250, 241, 226), 0.01)
    p.box(0, 0.64, 1, 0.69, (196, 160, 120))
    p.box(0, 0.69, 1, 1, (222, 190, 152))
    for i in range(-1, 4):
        x = i / 3 + shift / 3
        p.box(x + 0.02, 0.73, x + 0.313, 0.97, (213, 178, 138), 0.02)
        p.ellipse(x + 0.155, 0.77, x + 0.18, 0.795, (168, 132, 96))


def _street(p: Pen, shift: float) -> None:
    p.box(0, 0, 1, 1, (205, 222, 236))
    for i, top in enumerate((0.2, 0.34, 0.14, 0.28, 0.22, 0.36)):
        x = i / 5 - shift / 5
        p.box(x, top, x + 0.18, 0.62, ((188, 196, 208), (198, 190, 196), (180, 190, 196))[i % 3])
        for row in range(int((0.58 - top) / 0.09)):
            for column in range(3):
                wx, wy = x + 0.025 + column * 0.05, top + 0.04 + row * 0.09
                p.box(wx, wy, wx + 0.028, wy + 0.045, (226, 226, 216))
    p.box(0, 0.62, 1, 0.7, (200, 198, 192))
    p.box(0, 0.7, 1, 1, (150, 152, 158))
    for i in range(-1, 5):
        x = i / 4 + shift / 4
        p.box(x, 0.835, x + 0.14, 0.86, (236, 232, 214))


def _park(p: Pen, shift: float) -> None:
    p.box(0, 0, 1, 1, (204, 232, 244))
    for i, (height, width) in enumerate(((0.3, 0.2), (0.2, 0.26), (0.27, 0.2), (0.22, 0.24), (0.29, 0.2))):
        x = i / 4 - shift / 4
        p.box(x + width / 2 - 0.012, 0.5 - height / 3, x + width / 2 + 0.012, 0.58, (176, 158, 136))
        p.ellipse(x, 0.52 - height, x + width, 0.52, ((170, 210, 164), (158, 202, 158))[i % 2])
    p.ellipse(-0.5, 0.5, 1.1, 1.4, (176, 218, 150))
    p.ellipse(0.1, 0.53, 1.8, 1.5, (164, 210, 140))
    p.polygon([(0.42 + shift / 6, 1.0), (0.62 + shift / 6, 1.0), (0.53, 0.62), (0.5, 0.62)], (226, 214, 186))


def _beach(p: Pen, shift: float) -> None:
    p.box(0, 0, 1, 1, (190, 226, 246))
    p.ellipse(0.06 + shift * 0.7, 0.06, 0.22 + shift * 0.7, 0.22, (255, 240, 190))
    p.box(0, 0.42, 1, 0.7, (132, 196, 220))
    for row in range(3):
        for i in range(-1, 5):
            x, y = i / 4 + (row % 2) / 8 + shift / 4, 0.46 + row * 0.06
            p.line(_arc(x + 0.06, y, 0.05, 0.012, 180, 360, 8), 0.006, (176, 220, 236))
    p.ellipse(-0.3, 0.58, 1.3, 1.7, (240, 224, 184))


BACKDROPS: dict[str, Callable[[Pen, float], None]] = {
    "kitchen": _kitchen,
    "street": _street,
    "park": _park,
    "beach": _beach,
}
VARIANTS = 5
"""How many shifts of a backdrop there are."""


@functools.lru_cache(maxsize=64)
def backdrop(name: str, variant: int, pixels: int) -> Image.Image:
    """A square RGB backdrop; `variant` in 0..VARIANTS-1 shifts its furniture."""
    side = pixels * _SUPERSAMPLE if pixels < 512 else pixels * 2
    image = Image.new("RGB", (side, side))
    BACKDROPS[name](Pen(ImageDraw.Draw(image), side, side, 0, 0.0, PAPER), variant / VARIANTS)
    return image.resize((pixels, pixels), Image.Resampling.BOX)
