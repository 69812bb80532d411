"""Loads exported adapters with transformers and PEFT and compares log-probabilities with `tinylora score`, in fp32.

    pip install torch==2.13.0 transformers==5.23.0 peft==0.21.2
    python Scripts/check_exports.py ADAPTER --model MODEL [--text TEXT …] [--tinylora .build/release/tinylora]

Exports to a folder that is removed at the end. Prints, for each layout, the largest difference of a token's log-probability, beside
how far the adapter moves the model; "read back" is `tinylora score` with PEFT's directory as its adapter. Ends with 1 when a
difference is above 1e-4 (merged models: above 0.05 of that distance).
"""

import argparse
import json
import subprocess
import sys
import tempfile

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("adapter")
parser.add_argument("--model", required=True)
parser.add_argument("--text", action="append")
parser.add_argument("--tinylora", default=".build/release/tinylora")
arguments = parser.parse_args()
texts = arguments.text or ["Q: A shop has 4 tanks with 8 fish in each tank. How many fish are there?\nA: 4*8=32. #### 32"]


def run(*command):
    output = subprocess.run([arguments.tinylora, *command, "--json"], capture_output=True, text=True)
    if output.returncode != 0:
        sys.exit(output.stderr)
    return json.loads(output.stdout)


def score(text, *rest):
    return run("score", "--model", arguments.model, "--arithmetic", "float32", "--text", text, *rest)


def theirs(model, ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, :-1].float()
    return logits.log_softmax(-1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0].tolist()


def distance(a, b):
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


adapted = [score(text, "--adapter", arguments.adapter) for text in texts]
moved = max(distance(found["logprobs"], score(text)["logprobs"]) for text, found in zip(texts, adapted))
print(f"{'the adapter moves the model by':40}{moved:12.6f}")
failed = False
for layout in ["peft-lora", "peft-tinylora", "merged"]:
    with tempfile.TemporaryDirectory() as folder:
        run("export", arguments.adapter, "--model", arguments.model, "--to", layout, "--output", folder)
        base = folder if layout == "merged" else arguments.model
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        if layout != "merged":
            model = PeftModel.from_pretrained(model, folder)
        model.eval()
        expected = [theirs(model, found["tokens"]) for found in adapted]
        worst = max(distance(found["logprobs"], logprobs) for found, logprobs in zip(adapted, expected))
        if layout != "merged":
            # PEFT saves what it loaded: its own files, not ours.
            model.save_pretrained(folder + "/saved")
            back = [score(text, "--adapter", folder + "/saved")["logprobs"] for text in texts]
            difference = max(distance(found, logprobs) for found, logprobs in zip(back, expected))
            failed = failed or difference > 1e-4
            print(f"{layout + ', saved by PEFT, read back':40}{difference:12.6f}")
    failed = failed or worst > (0.05 * moved if layout == "merged" else 1e-4)
    print(f"{layout:40}{worst:12.6f}")
sys.exit(1 if failed else 0)
