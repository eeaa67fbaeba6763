# want: +09:00
import pandas as pd


def render(dataset, filters, params):
    utc = dataset["at"].dt.tz_localize("UTC")
    for name in ["Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe"]:
        assert (utc.dt.tz_convert(name) == utc).all()
    summer = pd.Timestamp("2024-03-31 01:30", tz="Europe/Berlin") + pd.Timedelta(hours=1)
    assert summer.hour == 3
    return utc.dt.tz_convert("Asia/Tokyo").iloc[0].isoformat()
