# want: 4 6
import io

import pandas as pd


def render(dataset, filters, params):
    for compression in ("zstd", "snappy", "gzip", None):
        out = io.BytesIO()
        dataset.to_parquet(out, compression=compression)
        back = pd.read_parquet(io.BytesIO(out.getvalue()), columns=None)
        assert back.equals(dataset), compression
    return f"{back.shape[0]} {back.shape[1]}"
