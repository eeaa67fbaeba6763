MOST = 200  # rows


def render(dataset, filters, params):
    note = f"<p>{len(dataset):,}</p>" if len(dataset) > MOST else ""
    return note + dataset.head(MOST).to_html(index=False, border=0)
