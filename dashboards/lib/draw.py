"""A dashboard as a picture, by matplotlib: the panels where Grafana has them, each with the real
result of its query."""

import math
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import FancyBboxPatch  # noqa: E402

from .panels import COLUMNS, Row  # noqa: E402

PAGE, CARD, EDGE, INK, FAINT = "#111217", "#181b1f", "#2c3235", "#d8d9da", "#8e9297"
GRAFANA = {"green": "#73bf69", "red": "#f2495c", "blue": "#6ea6ff"}
LINES = ["#73bf69", "#f2cc0c", "#6ea6ff", "#ff9830", "#f2495c", "#b877d9", "#5794f2", "#8ab8ff",
         "#ffa6b0", "#c0d8ff"]
NOTE = "drawn from Prometheus by dashboards/render; not Grafana"
UNIT_PX, WIDTH_PX, DPI = 34, 1600, 100


def draw(board, prometheus, interval, start, end, path):
    placed = list(board.placed())
    height = max(y + (1 if isinstance(p, Row) else p.height) for p, _, y in placed)
    figure = plt.figure(figsize=(WIDTH_PX / DPI, (height * UNIT_PX + 60) / DPI), dpi=DPI)
    figure.patch.set_facecolor(PAGE)
    page = Page(figure, height, prometheus, interval, start, end)
    page.heading(board.title)
    for panel, x, y in placed:
        if isinstance(panel, Row):
            page.row(panel.title, y)
        else:
            page.panel(panel, x, y)
    figure.savefig(path, facecolor=PAGE)
    plt.close(figure)
    optimise(path)


def optimise(path):
    """Fewer colours, if Pillow is there: a third of the size."""
    try:
        from PIL import Image
    except ImportError:
        return
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(128, method=Image.Quantize.MEDIANCUT, dither=0)
    few.save(path, optimize=True)


class Page:
    def __init__(self, figure, height, prometheus, interval, start, end):
        self.figure, self.prometheus, self.interval = figure, prometheus, interval
        self.start, self.end = start, end
        self.px = height * UNIT_PX + 60
        self.unit = UNIT_PX / self.px

    def box(self, x, y, width, height, gap=4):
        """Left, bottom, width, height in parts of the picture."""
        left = (x / COLUMNS) + gap / WIDTH_PX
        bottom = 1 - 56 / self.px - (y + height) * self.unit + gap / self.px
        return left, bottom, width / COLUMNS - 2 * gap / WIDTH_PX, height * self.unit - 2 * gap / self.px

    def heading(self, title):
        y = 1 - 30 / self.px
        self.figure.text(0.006, y, title, color=INK, size=15, weight="bold", va="center")
        when = time.strftime("%H:%M:%S", time.localtime(self.end))
        self.figure.text(0.994, y, f"{NOTE}   ·   at {when}", color=FAINT, size=9, va="center", ha="right")

    def row(self, title, y):
        left, bottom, _, height = self.box(0, y, COLUMNS, 1)
        self.figure.text(left + 0.002, bottom + height / 2, title, color=INK, size=11, weight="bold",
                         va="center")

    def panel(self, panel, x, y):
        left, bottom, width, height = self.box(x, y, panel.width, panel.height)
        card = FancyBboxPatch(
            (left, bottom), width, height, boxstyle="square,pad=0", facecolor=CARD, edgecolor=EDGE,
            linewidth=0.8, transform=self.figure.transFigure, zorder=-1,
        )
        self.figure.add_artist(card)
        top = bottom + height - 13 / self.px
        self.figure.text(left + 7 / WIDTH_PX, top, panel.title, color=INK, size=9.5,
                         va="center")
        inner = (left, bottom, width, height)
        if panel.kind == "stat":
            self.stat(panel, inner)
        elif panel.kind == "timeseries":
            self.series(panel, inner)

    def stat(self, panel, inner):
        left, bottom, width, height = inner
        found = self.prometheus.query(self.prometheus.fill(panel.targets[0].expr, self.interval), self.end)
        values = [float(s["value"][1]) for s in found if s["value"][1] != "NaN"]
        if not values:
            told = "none" if panel.title == "Alerts" else "–"
            color = GRAFANA["green"] if panel.title == "Alerts" else FAINT
        elif len(values) > 1 or panel.title == "Alerts":
            told = "\n".join(sorted(s["metric"].get("alertname", "?") for s in found))
            color = GRAFANA["red"]
        else:
            told, color = shown(values[0], panel.unit, panel.decimals), step(panel, values[0])
        size = 26 if len(told) < 9 else 20 if len(told) < 13 else 9
        self.figure.text(left + width / 2, bottom + (height - 22 / self.px) / 2, told, color=color,
                         size=size, ha="center", va="center")

    def series(self, panel, inner):
        left, bottom, width, height = inner
        pad = (46 / WIDTH_PX, 48 / self.px, 12 / WIDTH_PX, 28 / self.px)
        axes = self.figure.add_axes((
            left + pad[0], bottom + pad[1], width - pad[0] - pad[2], height - pad[1] - pad[3]))
        axes.set_facecolor(CARD)
        curves = self.curves(panel)
        colors = [LINES[i % len(LINES)] for i in range(len(curves))]
        times = [t - self.start for t in range(int(self.start), int(self.end) + 1)]
        if panel.stack and curves:
            filled = [[0 if math.isnan(v) else v for v in values] for _, values in curves]
            axes.stackplot(times, filled, colors=colors, alpha=0.45, linewidth=0)
            total = [0] * len(times)
            for color, values in zip(colors, filled):
                total = [a + b for a, b in zip(total, values)]
                axes.plot(times, total, color=color, linewidth=1)
        else:
            for color, (_, values) in zip(colors, curves):
                axes.plot(times, values, color=color, linewidth=1.4)
                axes.fill_between(times, values, color=color, alpha=0.07)
        if panel.line_at and panel.thresholds:
            axes.axhline(panel.thresholds[-1][0], color=GRAFANA["red"], linewidth=0.9, linestyle="--")
        self.dress(axes, panel, curves, colors, inner)

    def curves(self, panel):
        """Each curve: its name and a value a second, nan where there is none."""
        seconds = range(int(self.start), int(self.end) + 1)
        curves = []
        for target in panel.targets:
            expr = self.prometheus.fill(target.expr, self.interval)
            for found in self.prometheus.range(expr, int(self.start), int(self.end), "1"):
                at = {int(t): float(v) for t, v in found["values"]}
                name = target.legend
                for label, value in found["metric"].items():
                    name = name.replace("{{" + label + "}}", value)
                curves.append((name or panel.title, [at.get(t, math.nan) for t in seconds]))
        peak = lambda curve: max((v for v in curve[1] if not math.isnan(v)), default=0)  # noqa: E731
        if panel.stack:
            curves = [curve for curve in curves if peak(curve) > 0] or curves[:1]
        return curves

    def dress(self, axes, panel, curves, colors, inner):
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(EDGE)
        axes.grid(axis="y", color=EDGE, linewidth=0.6)
        axes.tick_params(colors=FAINT, labelsize=7.5, length=0, pad=3)
        axes.set_xlim(0, self.end - self.start)
        if panel.minimum is not None:
            axes.set_ylim(bottom=panel.minimum)
        top = axes.get_ylim()[1]
        if all(math.isnan(v) or v == 0 for _, values in curves for v in values):
            top = 1
        axes.set_ylim(top=min(top, panel.maximum * 1.02) if panel.maximum else top)
        axes.yaxis.set_major_locator(plt.MaxNLocator(5))
        axes.yaxis.set_major_formatter(lambda value, _: shown(value, panel.unit, None))
        axes.xaxis.set_major_locator(plt.MaxNLocator(max(2, panel.width * 3 // 4 - 1), integer=True))
        axes.xaxis.set_major_formatter(
            lambda value, _: time.strftime("%H:%M:%S", time.localtime(self.start + value)))
        if not curves:
            axes.text(0.5, 0.5, "No data", color=FAINT, ha="center", va="center", size=9,
                      transform=axes.transAxes)
            return
        handles = [plt.Line2D([], [], color=color, linewidth=2.5) for color in colors]
        axes.legend(
            handles, [name for name, _ in curves], loc="center left",
            bbox_to_anchor=(inner[0] + 6 / WIDTH_PX, inner[1] + 14 / self.px),
            bbox_transform=self.figure.transFigure, ncols=min(len(curves), 5), frameon=False, fontsize=7.5, labelcolor=INK, handlelength=1,
            columnspacing=1.2, borderaxespad=0,
        )


def step(panel, value):
    color = None
    for bound, name in [(None, None), *sorted(panel.thresholds)]:
        if bound is None:
            color = GRAFANA["green"] if panel.thresholds else GRAFANA["blue"]
        elif value >= bound:
            color = GRAFANA.get(name, name)
    return color


def shown(value, unit, decimals):
    """A value as Grafana writes it, near enough."""
    if unit == "percentunit":
        return number(value * 100, decimals) + " %"
    if unit == "s":
        for bound, factor, name in [(1e-3, 1e6, "µs"), (1, 1e3, "ms"), (math.inf, 1, "s")]:
            if abs(value) < bound or bound == math.inf:
                return "0" if value == 0 else f"{number(value * factor, decimals)} {name}"
    if unit == "dtdurations":
        whole = int(abs(value))
        clock = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
        return ("-" if value < 0 else "") + clock
    if unit in ("bytes", "Bps"):
        for bound, name in [(1024, "B"), (1024**2, "KiB"), (1024**3, "MiB"), (math.inf, "GiB")]:
            if abs(value) < bound:
                per = "/s" if unit == "Bps" else ""
                return f"{number(value / (bound / 1024 if bound != math.inf else 1024**3), 1 if decimals is None else decimals)} {name}{per}"
    return number(value, decimals) + ("/s" if unit == "ops" else "")


def number(value, decimals):
    for bound, name in [(1e6, "M"), (1e4, "k")]:
        if abs(value) >= bound:
            return trim(value / (1e6 if name == "M" else 1e3), 2) + f" {name}"
    return trim(value, (0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2) if decimals is None else decimals)


def trim(value, decimals):
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
