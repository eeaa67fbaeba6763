"""Writes data/*.csv.gz from an unpacked copy of the npm package vega-datasets 3.2.1.

    npm pack vega-datasets@3.2.1 && tar xzf vega-datasets-3.2.1.tgz
    python3 internal/app/demo/prepare.py package/data

Values stay as they are; SOURCES.md says what was left out and renamed. The
census table is not made here: it is its own source.
"""

import csv
import gzip
import io
import json
import sys
from pathlib import Path

SOURCE = Path(sys.argv[1])
TARGET = Path(__file__).parent / "data"
REGIONS = [
    "South Asia",
    "Europe & Central Asia",
    "Sub-Saharan Africa",
    "Americas",
    "East Asia & Pacific",
    "Middle East & North Africa",
]
HEALTH_REGIONS = {
    "south_asia": REGIONS[0],
    "europe_central_asia": REGIONS[1],
    "sub_saharan_africa": REGIONS[2],
    "america": REGIONS[3],
    "east_asia_pacific": REGIONS[4],
    "middle_east_north_africa": REGIONS[5],
}
STRIKES = {
    "flight_date": "Flight Date",
    "airport": "Airport Name",
    "state": "Origin State",
    "operator": "Aircraft Airline Operator",
    "phase": "Phase of flight",
    "wildlife_size": "Wildlife Size",
    "species": "Wildlife Species",
    "damage": "Effect Amount of damage",
    "cost_usd": "Cost Total $",
}


def write(name, header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    packed = gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0)
    (TARGET / f"{name}.csv.gz").write_bytes(packed)
    print(f"{name}: {len(packed) / 1000:.0f} kB")


def read_csv(name):
    with open(SOURCE / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_json(name):
    return json.loads((SOURCE / name).read_text(encoding="utf-8"))


def flights():
    rows = sorted(read_json("flights-20k.json"), key=lambda r: r["date"])
    header = ["departed_at", "origin", "destination", "distance_miles", "delay_minutes"]
    write("flights", header, (
        [r["date"].replace("/", "-"), r["origin"], r["destination"], r["distance"], r["delay"]] for r in rows
    ))


def strikes():
    rows = [r for r in read_csv("birdstrikes.csv") if r["Flight Date"] >= "1995"]
    write("bird_strikes", STRIKES, ([r[old] for old in STRIKES.values()] for r in rows))


def climate():
    carbon = read_csv("co2-concentration.csv")
    write("co2", ["date", "co2_ppm", "seasonally_adjusted_ppm"], (r.values() for r in carbon))
    warmth = read_csv("global-temp.csv")
    write("global_temperature", ["year", "anomaly_celsius"], (r.values() for r in warmth))


def world():
    write("life_expectancy", ["year", "country", "region", "population", "life_expectancy", "children_per_woman"], (
        [r["year"], r["country"], REGIONS[r["cluster"]], r["pop"], r["life_expect"], r["fertility"]]
        for r in read_json("gapminder.json")
    ))
    write("health_and_income", ["country", "region", "income_per_person", "life_expectancy", "population"], (
        [r["country"], HEALTH_REGIONS[r["region"]], r["income"], r["health"], r["population"]]
        for r in read_csv("gapminder-health-income.csv")
    ))


if __name__ == "__main__":
    flights()
    strikes()
    climate()
    world()
