# want: Plotly.newPlot
import plotly.graph_objects as go
from plotly.basedatatypes import BaseTraceType


def render(dataset, filters, params):
    """Each kind of trace there is, the gl and map kinds too."""
    kinds = [kind for kind in (getattr(go, name) for name in dir(go)) if isinstance(kind, type) and issubclass(kind, BaseTraceType)]
    names = {kind().type for kind in kinds}
    for name in "scattergl scatterpolargl parcoords splom heatmap surface mesh3d sankey choropleth waterfall candlestick ohlc indicator table".split():
        assert name in names, name
    for kind in kinds:
        assert kind().type in go.Figure(kind()).to_json()
    return "".join(go.Figure(kind(name="t") if "name" in kind()._valid_props else kind()).to_html() for kind in kinds[:8])
