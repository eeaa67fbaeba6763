# want: (20, 10)
import io

from PIL import Image, ImageDraw


def render(dataset, filters, params):
    image = Image.new("RGB", (20, 10), "white")
    ImageDraw.Draw(image).rectangle([2, 2, 8, 8], fill="red")
    for kind in ("png", "jpeg", "webp", "gif"):
        out = io.BytesIO()
        image.save(out, kind)
        assert Image.open(io.BytesIO(out.getvalue())).size == (20, 10), kind
    return str(image.size)
