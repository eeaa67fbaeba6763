# want: choropleth
import plotly.graph_objects as go


def render(dataset, filters, params):
    figure = go.Figure(go.Choropleth(locations=["JPN", "FRA"], z=[1, 2]))
    figure.add_trace(go.Scattergeo(lon=[139.7], lat=[35.7], text=["東京"]))
    return figure.to_html()
