import karuta


def transform(inputs, params):
    co2, warmth = inputs["co2"], inputs["temperature"]
    karuta.progress(0.5, "CO₂を年ごとにまとめています")
    yearly = co2.assign(year=co2["date"].astype("datetime64[ns]").dt.year).groupby("year", as_index=False)["co2_ppm"].mean()
    joined = yearly.merge(warmth, on="year").rename(columns={"year": "年", "co2_ppm": "CO₂ (ppm)", "anomaly_celsius": "気温の偏差 (℃)"})
    print(f"{len(joined)}年分をまとめました")
    return joined.round({"CO₂ (ppm)": 2})
