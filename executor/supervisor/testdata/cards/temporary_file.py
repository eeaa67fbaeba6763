# want: kept
import tempfile


def render(dataset, filters, params):
    with tempfile.TemporaryFile() as file:
        file.write(b"kept")
        file.seek(0)
        first = file.read().decode()
    with tempfile.SpooledTemporaryFile(mode="w+") as file:
        file.write("x")
    return first
