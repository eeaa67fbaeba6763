import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

BANDS = [(0, 250), (250, 500), (500, 1000), (1000, 2000), (2000, 6000)]  # miles
GRID = np.linspace(-30, 90, 241)  # minutes
COLOURS = ["#c08a2e", "#cf7f4f", "#b02a26", "#6d4a6b", "#24365a"]
WIDTH = 4.0  # minutes of smoothing
FEWEST = 20  # flights behind a ridge


def density(values):
    """A Gaussian kernel estimate over GRID, from one-minute counts."""
    minutes, counts = np.unique(np.clip(values, -60, 180), return_counts=True)
    kernel = np.exp(-0.5 * ((GRID[:, None] - minutes[None, :]) / WIDTH) ** 2)
    return kernel @ counts / counts.sum() / (WIDTH * np.sqrt(2 * np.pi))


def ridge(axes, level, band, values):
    curve, colour = level + density(values.to_numpy()) * 36, COLOURS[level]
    axes.fill_between(GRID, level, curve, color=colour, alpha=0.85, zorder=10 - level, lw=0)
    axes.plot(GRID, curve, color="white", lw=1.2, zorder=10 - level)
    low, high = band
    miles = f"{low:,}–{high:,} miles" if band != BANDS[-1] else f"over {low:,} miles"
    late = (values > 15).mean()
    axes.text(90, level + 0.42, miles, ha="right", color=colour, fontweight="bold", fontsize=10, zorder=20)
    axes.text(90, level + 0.16, f"{late:.0%} late of {len(values):,}", ha="right", color=colour, fontsize=9, zorder=20)


def render(dataset, filters, params):
    bands = [dataset.loc[dataset["distance_miles"].between(*band, inclusive="left"), "delay_minutes"] for band in BANDS]
    if max(map(len, bands)) < FEWEST:
        return "<p>Too few flights match these filters.</p>"
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    fig, axes = plt.subplots(figsize=(7, 4.6))
    for level, (band, values) in enumerate(zip(BANDS, bands)):
        if len(values) >= FEWEST:
            ridge(axes, level, band, values)
    axes.axvline(0, color="#1d2a44", lw=0.8, ls=":", zorder=0)
    axes.set(xlim=(-30, 90), ylim=(-0.05, len(BANDS) + 0.4), yticks=[], xlabel="minutes late")
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.set_title("Do longer flights lose more time?", loc="left", fontweight="bold", fontsize=12, color="#1d2a44")
    fig.tight_layout()
    page = io.StringIO()
    fig.savefig(page, format="svg")
    plt.close(fig)
    svg = page.getvalue()
    style = "body { margin: 0 } svg { width: 100%; height: 100vh } svg text { font-family: system-ui, sans-serif !important }"
    return f"<style>{style}</style>{svg[svg.index('<svg'):]}"
