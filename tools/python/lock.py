"""Turns pip's installation reports (one for each platform) into a lock file
with hashes: names, versions and the digests of the wheels, and no addresses."""

import json
import sys

wheels = {}
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as report:
        for item in json.load(report)["install"]:
            name = item["metadata"]["name"].lower().replace("_", "-")
            pin = f"{name}=={item['metadata']['version']}"
            wheels.setdefault(pin, set()).add(item["download_info"]["archive_info"]["hashes"]["sha256"])

print("# Written by tools/python/lock.sh from requirements.txt; do not edit.")
for pin, digests in sorted(wheels.items()):
    print(" \\\n".join([pin, *(f"    --hash=sha256:{digest}" for digest in sorted(digests))]))
