# want: JST
import datetime
import zoneinfo

from dateutil import parser, relativedelta


def render(dataset, filters, params):
    tokyo = zoneinfo.ZoneInfo("Asia/Tokyo")
    moment = datetime.datetime(2024, 7, 1, 12, tzinfo=tokyo)
    assert moment.astimezone(zoneinfo.ZoneInfo("America/Los_Angeles")).hour == 20
    assert len(zoneinfo.available_timezones()) > 400
    assert parser.parse("2024-07-01T12:00+09:00") == moment
    assert (datetime.date(2024, 1, 31) + relativedelta.relativedelta(months=1)).day == 29
    return moment.tzname()
