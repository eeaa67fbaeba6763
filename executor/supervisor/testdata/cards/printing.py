# want: 見えません
import contextlib
import io
import logging
import pprint
import sys


def render(dataset, filters, params):
    print("見えます", file=sys.stderr)
    pprint.pprint(dataset.dtypes.to_dict())
    logging.getLogger("card").warning("記録")
    with contextlib.redirect_stdout(io.StringIO()) as held:
        print("見えません")
    return held.getvalue()
