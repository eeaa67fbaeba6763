# want: caught ValueError
import contextlib
import traceback


@contextlib.contextmanager
def opened():
    yield "x"


def numbers():
    yield from range(3)


def render(dataset, filters, params):
    with opened() as value, contextlib.suppress(KeyError):
        raise KeyError(value)
    assert sum(numbers()) == 3 and [n for n in numbers() if (half := n / 2) > 0.5] == [2]
    try:
        int("x")
    except ValueError as error:
        assert "int" in traceback.format_exc()
        return f"caught {type(error).__name__}"
