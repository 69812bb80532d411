"""Loads the exported adapter with mlx-lm's loader and compares log-probabilities.

    python mlx_lora.py FOLDER

Needs mlx (or mlx-cpu) and mlx-lm, and FOLDER as `prepare.py` leaves it. Holds: the difference of a token's log-probability from
tinylora's in float32 is at most 1e-3 with the adapter and without it (mlx orders its sums otherwise).
"""

import argparse
from pathlib import Path

import mlx.core as mx
from mlx_lm import load as load_model

from shared import Report, load

parser = argparse.ArgumentParser()
parser.add_argument("folder")
options = parser.parse_args()
reference = load(options.folder)
report = Report("mlx-lm")
for name in ["base", "adapted"]:
    path = str(Path(options.folder) / "mlx") if name == "adapted" else None
    model, _ = load_model(reference["model"], adapter_path=path)
    model.set_dtype(mx.float32)
    worst = 0.0
    for case in reference["cases"]:
        ids = case[name]["ids"]
        logits = model(mx.array([ids]))[0, :-1].astype(mx.float32)
        found = mx.take_along_axis(logits - mx.logsumexp(logits, axis=-1, keepdims=True), mx.array(ids[1:])[:, None], axis=1)
        worst = max(worst, *(abs(a - b) for a, b in zip(found[:, 0].tolist(), case[name]["logprobs"]["float32"], strict=True)))
    report.line(f"{name}: largest difference of a token's log-probability, float32", f"{worst:.6f}", worst <= 1e-3)
report.end()
