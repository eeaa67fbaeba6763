# want: Plotly.addFrames
import plotly.express as px
import plotly.graph_objects as go


def render(dataset, filters, params):
    moving = px.scatter(dataset.dropna(), x="count", y="amount", animation_frame="region", range_y=[0, 30])
    own = go.Figure(go.Scatter(x=[1], y=[1]), frames=[go.Frame(data=[go.Scatter(x=[n], y=[n])], name=str(n)) for n in range(3)])
    assert len(moving.frames) == 2 and len(own.frames) == 3
    return moving.to_html(include_plotlyjs=False) + own.to_html(include_plotlyjs=False)
