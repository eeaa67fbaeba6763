# want: 3
import io

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as parquet


def render(dataset, filters, params):
    out = io.BytesIO()
    parquet.write_table(pa.table({"a": [1, 2, 3, 4]}), out, row_group_size=2)
    file = parquet.ParquetFile(io.BytesIO(out.getvalue()))
    assert file.num_row_groups == 2
    kept = ds.dataset(file.read(use_threads=False)).to_table(filter=ds.field("a") > 1, use_threads=False)
    return str(kept.num_rows)
