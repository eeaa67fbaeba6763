# want: 2024-01
import numpy as np


def render(dataset, filters, params):
    records = np.array([(1, "a"), (2, "b")], dtype=[("n", "i4"), ("s", "U5")])
    assert records["n"].sum() == 3 and np.where(records["n"] > 1)[0].tolist() == [1]
    masked = np.ma.masked_invalid([1.0, np.nan])
    assert masked.mean() == 1 and np.unique([3, 1, 3], return_counts=True)[1].tolist() == [1, 2]
    return str(np.datetime64("2024-01-15", "M"))
