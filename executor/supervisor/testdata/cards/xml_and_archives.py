# want: 二
import io
import xml.etree.ElementTree as tree
import zipfile


def render(dataset, filters, params):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", "<r><x n='1'>一</x><x n='2'>二</x></r>")
    with zipfile.ZipFile(out) as archive:
        return tree.fromstring(archive.read("a.xml")).find("x[@n='2']").text
