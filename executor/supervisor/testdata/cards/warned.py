# want: 1
import warnings


def render(dataset, filters, params):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("気をつけて", stacklevel=1)
    warnings.warn("seen in the log", UserWarning, stacklevel=1)
    return str(len(caught))
