#!/usr/bin/env python3
"""Makes Tests/Fixtures/peft: adapters that PEFT trained and saved, and what PEFT computes with them.

    python3 -m venv venv && venv/bin/pip install -r Scripts/requirements.txt
    venv/bin/python Scripts/make_peft_fixtures.py            # rebuilds Tests/Fixtures/peft

Made with torch 2.13.0, transformers 5.23.0 and peft 0.21.2. The base model is Tests/Fixtures/llama. Every adapter is trained for a
few steps of AdamW on random tokens, so that none of its numbers is where it began, and saved by `save_pretrained`; only the order
of `target_modules`, which PEFT takes from a set, is made the same each time. A run that changes a committed file ends with status 1:
a new recording is never a passed check. Beside each adapter is `expected.json`:

    tokens        ids of one sequence
    logprobs      natural log-probabilities of the tokens after the first, loaded anew in float32
    gradient      TinyLoRA: derivative of the mean negative log-probability for v, [groups, u]
"""

import json
import os
import shutil
import sys
from pathlib import Path

import peft
import torch
import transformers

ROOT = Path(__file__).resolve().parent.parent
BASE, FOLDER = "Tests/Fixtures/llama", "Tests/Fixtures/peft"
LENGTH, STEPS = 24, 8

ADAPTERS = {
    # Two ranks, whose scales 6/4 and 6/2 are a factor of two apart.
    "lora": peft.LoraConfig(
        r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"], rank_pattern={"down_proj": 2}),
    "rslora-bf16": peft.LoraConfig(
        r=3, lora_alpha=5, target_modules=r".*\.(k_proj|gate_proj|up_proj)", use_rslora=True),
    # 14 modules in groups of 4, 4 and 6.
    "tinylora": peft.TinyLoraConfig(
        r=2, u=3, weight_tying=1 - 3 / 14, projection_seed=7, init_weights="uniform", target_modules=[
            "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
}


def base_model():
    return transformers.AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()


def logprobs(model, tokens):
    table = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, :-1].log_softmax(-1)
    return table.gather(1, torch.tensor(tokens[1:])[:, None])[:, 0]


def train(model, tokens):
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05)
    for _ in range(STEPS):
        optimiser.zero_grad()
        (-logprobs(model, tokens).mean()).backward()
        optimiser.step()


def make(name, config, seed):
    torch.manual_seed(seed)
    tokens = torch.randint(0, 60, (LENGTH,)).tolist()
    folder = Path(FOLDER) / name
    model = peft.get_peft_model(base_model(), config)
    train(model, tokens)
    if name.endswith("bf16"):
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(torch.bfloat16)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    saved = json.loads(path.read_text())
    if isinstance(saved["target_modules"], list):
        saved["target_modules"].sort()
    path.write_text(json.dumps(saved, indent=2, sort_keys=True) + "\n")

    loaded = peft.PeftModel.from_pretrained(base_model(), folder, is_trainable=True).eval()
    found = logprobs(loaded, tokens)
    moved = (found - logprobs(base_model(), tokens)).abs().max().item()
    assert moved > 0.05, f"{name} moves the model by {moved} only"
    expected = {"tokens": tokens, "logprobs": found.tolist()}
    if "tinylora" in name:
        (-found.mean()).backward()
        groups = loaded.base_model.tinylora_v["default"]
        expected["gradient"] = [x for g in range(len(groups)) for x in groups[str(g)].grad.tolist()]
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    print(f"{name}: moves log-probabilities by up to {moved:.3f}")


def contents():
    return {path: path.read_bytes() for path in Path(FOLDER).rglob("*") if path.is_file()}


def main():
    os.chdir(ROOT)  # the configuration names the base model by its path
    transformers.utils.logging.disable_progress_bar()
    before = contents()
    shutil.rmtree(FOLDER, ignore_errors=True)
    for seed, (name, config) in enumerate(ADAPTERS.items()):
        make(name, config, seed)
    if contents() != before:
        sys.exit("recorded a new baseline: git diff shows what changed")


if __name__ == "__main__":
    main()
