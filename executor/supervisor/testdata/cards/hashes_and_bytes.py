# want: e3b0c442
import base64
import gzip
import hashlib
import hmac
import struct
import zlib


def render(dataset, filters, params):
    assert zlib.decompress(zlib.compress(b"x" * 100)) == b"x" * 100 and gzip.decompress(gzip.compress(b"y")) == b"y"
    assert base64.b64decode(base64.b64encode(b"z")) == b"z" and struct.unpack("<I", b"\x01\0\0\0") == (1,)
    assert hmac.compare_digest(hmac.digest(b"k", b"m", "sha256"), hmac.new(b"k", b"m", "sha256").digest())
    return hashlib.sha256(b"").hexdigest()
