# want: 30.5
import pyarrow as pa
import pyarrow.compute as pc


def render(dataset, filters, params):
    table = pa.Table.from_pandas(dataset, preserve_index=False)
    sums = table.group_by("region", use_threads=False).aggregate([("amount", "sum"), ("count", "mean")])
    kept = table.filter(pc.field("amount") > 5).sort_by([("amount", "descending")])
    assert kept.num_rows == 2 and pc.sum(table["amount"]).as_py() == 36.5
    assert pc.strftime(table["at"], format="%Y").to_pylist()[0] == "2001"
    return str(sums.to_pydict())
