import plotly.graph_objects as go

X, Y = "@value@", "@other@"
MOST = 2000  # points; more make a page slow


def render(dataset, filters, params):
    points = dataset.dropna(subset=[X, Y])
    points = points.sample(min(len(points), MOST), random_state=1)
    figure = go.Figure(go.Scatter(x=points[X], y=points[Y], mode="markers", marker_opacity=0.6))
    figure.update_layout(xaxis_title=X, yaxis_title=Y, margin_t=24)
    return figure.to_html()
