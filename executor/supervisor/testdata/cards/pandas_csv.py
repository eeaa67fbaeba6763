# want: region,amount
import io

import pandas as pd


def render(dataset, filters, params):
    text = dataset.to_csv(index=False)
    for engine in ("c", "python", "pyarrow"):
        back = pd.read_csv(io.StringIO(text), engine=engine)
        assert back["amount"].sum() == 36.5, engine
    assert len(pd.read_csv(io.BytesIO("列\n値\n".encode("cp932")), encoding="cp932")) == 1
    return text.splitlines()[0]
