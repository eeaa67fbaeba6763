import io

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

WARMTH = LinearSegmentedColormap.from_list("warmth", ["#08306b", "#6aa5c9", "#f3eee4", "#d9776a", "#67000d"])


def draw(axes, years, warmth):
    scale = TwoSlopeNorm(vmin=-0.9, vcenter=0, vmax=1.2)
    axes.bar(years, 1, width=1, color=WARMTH(scale(warmth)), transform=axes.get_xaxis_transform())
    axes.plot(years, warmth, color="white", lw=3.2, alpha=0.9)
    axes.plot(years, warmth, color="#1d2a44", lw=1.4)
    axes.set(xlim=(years[0] - 0.5, years[-1] + 0.5), ylim=(-0.7, 1.4))
    axes.set_yticks([-0.5, 0, 0.5, 1], ["−0.5 °C", "0 °C", "+0.5 °C", "+1 °C"])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=10, colors="#586178")


def name_warmest(axes, year, warmth):
    axes.annotate(
        f"{year}: {warmth:+.2f} °C", (year, warmth), xytext=(-14, 2), textcoords="offset points",
        ha="right", va="bottom", fontweight="bold", fontsize=11, color="#1d2a44",
        bbox=dict(boxstyle="round,pad=0.3", fc="white", ec="none", alpha=0.85),
    )


def render(dataset, filters, params):
    if dataset.empty:
        return "<p>No years match these filters.</p>"
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    rows = dataset.sort_values("year")
    years, warmth = rows["year"].to_numpy(), rows["anomaly_celsius"].to_numpy()
    fig, axes = plt.subplots(figsize=(7.6, 4.4))
    draw(axes, years, warmth)
    name_warmest(axes, years[warmth.argmax()], warmth.max())
    title = f"The Earth's temperature {years[0]}–{years[-1]}, against the mean of 1951–1980"
    axes.set_title(title, loc="left", fontweight="bold", fontsize=12, color="#1d2a44", pad=10)
    fig.tight_layout()
    page = io.StringIO()
    fig.savefig(page, format="svg")
    plt.close(fig)
    svg = page.getvalue()
    style = "body { margin: 0 } svg { width: 100%; height: 100vh } svg text { font-family: system-ui, sans-serif !important }"
    return f"<style>{style}</style>{svg[svg.index('<svg'):]}"
