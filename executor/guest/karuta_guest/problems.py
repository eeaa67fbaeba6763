"""Describes an exception for the author of a card."""

import errno
import socket
import traceback

_REFUSED = {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOSYS}
_MAX_MESSAGE = 2000
_MAX_FRAMES = 40


def describe(error, file):
    """Reason, detail, message and the frames of the author's own code, outermost first."""
    frames = frames_of(error, file)
    if isinstance(error, SyntaxError) and error.filename == file:
        frames.append({"line": max(error.lineno or 0, 0), "function": "<module>", "text": _text(file, error.lineno)})
    reason, detail = _reason(error)
    return reason, detail, _message(error), frames


def frames_of(error, file):
    frames = [
        {"line": max(line or 0, 0), "function": entry.f_code.co_name, "text": _text(file, line)}
        for entry, line in traceback.walk_tb(error.__traceback__)
        if entry.f_code.co_filename == file
    ]
    if len(frames) > _MAX_FRAMES:
        frames = frames[:5] + frames[5 - _MAX_FRAMES :]
    return frames


def _text(file, line):
    import linecache

    return linecache.getline(file, line or 0).strip()[:200]


def _message(error):
    try:
        text = "".join(traceback.format_exception_only(error)[-1:]).strip()
    except Exception:  # noqa: BLE001  a __str__ of the author's that fails
        text = type(error).__name__
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"


def _reason(error):
    if isinstance(error, SyntaxError):
        return "syntax", ""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return "missing_library", error.name.partition(".")[0]
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        return "exit", ""
    if any(_refused(each) for each in _chain(error)):
        return "not_allowed", ""
    return "exception", ""


def _refused(error):
    if isinstance(error, socket.gaierror):
        return True
    return isinstance(error, OSError) and error.errno in _REFUSED


def _chain(error):
    """The exception, what it wraps (urllib) and what it was raised from; cycles end after eight."""
    for _ in range(8):
        if not isinstance(error, BaseException):
            return
        yield error
        wrapped = getattr(error, "reason", None)
        error = wrapped if isinstance(wrapped, BaseException) else error.__cause__ or error.__context__
