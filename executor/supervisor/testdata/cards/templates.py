# want: <li>東京: 10.5</li>
import html
import string
import textwrap

import jinja2


def render(dataset, filters, params):
    template = jinja2.Environment(autoescape=True).from_string("<ul>{% for r in rows %}<li>{{ r.region }}: {{ r.amount }}</li>{% endfor %}</ul>")
    page = template.render(rows=dataset.to_dict("records"))
    assert string.Template("$a").substitute(a=1) == "1" and html.escape("<") == "&lt;"
    return textwrap.dedent(page)
