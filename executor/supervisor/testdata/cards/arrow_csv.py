# want: int64
import io

import pyarrow as pa
import pyarrow.csv as csv


def render(dataset, filters, params):
    table = csv.read_csv(io.BytesIO("a,b\n1,日本\n2,x\n".encode()))
    out = io.BytesIO()
    csv.write_csv(table, out)
    assert out.getvalue().decode().splitlines()[1].startswith("1")
    assert table.column("b").to_pylist() == ["日本", "x"]
    assert pa.table({"x": [1]}).equals(pa.Table.from_pylist([{"x": 1}]))
    return str(table.schema.field("a").type)
