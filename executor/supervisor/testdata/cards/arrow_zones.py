# want: Asia/Tokyo
import pyarrow as pa
import pyarrow.compute as pc


def render(dataset, filters, params):
    zoned = pc.assume_timezone(pa.array(dataset["at"]), "Asia/Tokyo")
    assert pc.hour(zoned).to_pylist()[0] == 1
    return str(zoned.type)
