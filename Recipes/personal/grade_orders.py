#!/usr/bin/env python3
"""The shop's reward: 1 for a completion that is the order's JSON and nothing else, else 0."""
import json
import sys

for line in sys.stdin:
    row = json.loads(line)
    try:
        is_right = json.loads(row["completion"]) == json.loads(row["answer"])
    except ValueError:
        is_right = False
    print(json.dumps({"score": int(is_right)}))
