"""Exports an adapter in every layout and records what tinylora, transformers and PEFT compute with it.

    python prepare.py FOLDER --model MODEL --adapter ADAPTER [--tinylora .build/release/tinylora]

Needs torch, transformers and peft. Writes FOLDER/{peft-lora,peft-tinylora,mlx,merged}, FOLDER/padded (peft-lora of rank 8, for
servers), FOLDER/saved (what PEFT saves) and FOLDER/reference.json: greedy completions and log-probabilities of each prompt with the
adapter and without it.
Compares tinylora with transformers + PEFT, token by token: fp32, at most 1e-4. The adapter has to move a log-probability by 1e-3, or
nothing would be compared.
"""

import argparse
import gc
import json
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from shared import PROMPTS, Report, tinylora, token_ids

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--model", required=True)
parser.add_argument("--adapter", required=True)
parser.add_argument("--tinylora", default=".build/release/tinylora")
parser.add_argument("--max-tokens", type=int, default=24)
options = parser.parse_args()
folder = Path(options.folder)
folder.mkdir(parents=True, exist_ok=True)
adapter = ["--adapter", options.adapter]


def ours(*command):
    return tinylora(options.tinylora, *command, "--model", options.model)


def theirs(model, ids):
    """Log-probability of each token after the first, and how far the best of each place is above the second best."""
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, :-1].float().log_softmax(-1)
    best = logits.topk(2).values
    found = logits.gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    return found.tolist(), (best[:, 0] - best[:, 1]).tolist()


layouts = ["peft-lora", "peft-tinylora", "mlx", "merged"]
for layout in layouts:
    ours("export", options.adapter, "--to", layout, "--output", folder / layout)
ours("export", options.adapter, "--to", "peft-lora", "--rank", 8, "--type", "bf16", "--output", folder / "padded")

cases = []
for prompt in PROMPTS:
    case = {"prompt": prompt}
    for name, arguments in [("adapted", adapter), ("base", [])]:
        made = ours(
            "generate", "--prompt", prompt, "--max-tokens", options.max_tokens, "--temperature", 0, "--arithmetic",
            "bfloat16", *(arguments and ["--adapter", folder / "padded"]))
        ids = token_ids(options.tinylora, options.model, prompt) + made["tokens"]
        # Servers load the padded adapter, whose numbers are rounded to bf16: that is what bfloat16 is compared with.
        files = {"float32": arguments, "bfloat16": arguments and ["--adapter", folder / "padded"]}
        scored = {
            arithmetic: ours("score", "--tokens", ",".join(map(str, ids)), "--arithmetic", arithmetic, *files[arithmetic])["logprobs"]
            for arithmetic in ["float32", "bfloat16"]
        }
        case[name] = {"prompt": prompt, "ids": ids, "completion": made["tokens"], "logprobs": scored}
    cases.append(case)

report = Report("transformers + PEFT")
moved = max(
    max(abs(a - b) for a, b in zip(
        case["adapted"]["logprobs"]["float32"],
        ours("score", "--tokens", ",".join(map(str, case["adapted"]["ids"])), "--arithmetic", "float32")["logprobs"], strict=True))
    for case in cases[:5])
report.line("how far the adapter moves a log-probability of the first prompts, at most", f"{moved:.6f}", moved >= 1e-3)
for kind in [torch.float32, torch.bfloat16]:
    name = "float32" if kind == torch.float32 else "bfloat16"
    for layout in ["base", "peft-lora", "peft-tinylora", "merged"] if kind == torch.float32 else ["base", "peft-lora"]:
        model = AutoModelForCausalLM.from_pretrained(folder / layout if layout == "merged" else options.model, dtype=kind)
        if layout.startswith("peft"):
            model = PeftModel.from_pretrained(model, str(folder / ("padded" if kind == torch.bfloat16 else layout)))
        model.eval()
        worst = 0.0
        for case in cases:
            side = case["base" if layout == "base" else "adapted"]
            found, margins = theirs(model, side["ids"])
            if layout in ["base", "peft-lora"]:
                side.setdefault("transformers", {})[name] = found
                if kind == torch.float32:
                    side["margins"] = margins[-len(side["completion"]):]
            worst = max(worst, *(abs(a - b) for a, b in zip(found, side["logprobs"][name], strict=True)))
        label = f"{layout}, {name}: largest difference of a token's log-probability"
        if kind == torch.bfloat16:
            report.line(label, f"{worst:.6f}")
        elif layout == "merged":
            report.line(label + ", rounded weights", f"{worst:.6f}", worst <= max(0.05 * moved, 1e-4))
        else:
            report.line(label, f"{worst:.6f}", worst <= 1e-4)
        if layout.startswith("peft") and kind == torch.float32:
            # PEFT saves what it loaded: its own files, read back.
            model.save_pretrained(folder / "saved")
            worst = 0.0
            for case in cases[:5]:
                ids = case["adapted"]["ids"]
                back = ours(
                    "score", "--tokens", ",".join(map(str, ids)), "--arithmetic", name, "--adapter", folder / "saved")
                worst = max(worst, *(abs(a - b) for a, b in zip(back["logprobs"], theirs(model, ids)[0], strict=True)))
            report.line(f"{layout}, saved by PEFT and read back", f"{worst:.6f}", worst <= 1e-4)
        del model
        gc.collect()
(folder / "reference.json").write_text(json.dumps({"model": options.model, "cases": cases}))
report.end()
