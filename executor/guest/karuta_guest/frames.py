"""What a run says to the supervisor: records with a length before them.

A record is JSON; the last one, when a card succeeded, is followed by the HTML.
The supervisor believes none of it more than it must.
"""

import json
import os
import struct

MAX_HTML = 16 << 20

_LENGTH = struct.Struct("<I")


class Answer:
    """Holds its own references, so that a card which replaces builtins harms its own answer alone."""

    def __init__(self, descriptor, write=os.write, dumps=json.dumps, pack=_LENGTH.pack, end=os._exit):
        self._descriptor = descriptor
        self._write = write
        self._dumps = dumps
        self._pack = pack
        self._exit = end

    def started(self, rows, read_ms):
        self._record({"kind": "started", "rows": rows, "read_ms": read_ms})

    def succeeded(self, html, used_columns, filter_applicable):
        self._record(
            {"kind": "ok", "used_columns": used_columns, "filter_applicable": filter_applicable, "size": len(html)}
        )
        self._all(html)

    def written(self, size):
        """A transform's table lies in its file, with so many bytes."""
        self._record({"kind": "table", "size": size})

    def progress(self, fraction, text):
        """Short enough to be written as a whole, whatever other threads write."""
        self._record({"kind": "progress", "fraction": fraction, "text": text})

    def failed(self, reason, detail="", message="", frames=()):
        self._record({"kind": "error", "reason": reason, "detail": detail, "message": message, "frames": frames})

    def absent(self):
        """The card wants columns that it was not given; ends the run, whatever the code does."""
        self._record({"kind": "absent"})
        self._exit(0)

    def out_of_memory(self):
        self._record({"kind": "memory"})

    def _record(self, record):
        body = self._dumps(record).encode()
        self._all(self._pack(len(body)) + body)

    def _all(self, data):
        rest = memoryview(data)
        while rest:
            rest = rest[self._write(self._descriptor, rest) :]
