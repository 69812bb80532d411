"""Compares greedy completions with transformers', both in fp32.

    python greedy.py --model MODEL [--tinylora .build/release/tinylora]

Needs torch and transformers. Holds: at every place of 20 completions our token is the one that transformers would take, or one whose
log-probability is within 1e-3 of that.
"""

import argparse

import torch
from transformers import AutoModelForCausalLM

from shared import PROMPTS, Report, tinylora, token_ids

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--tinylora", default=".build/release/tinylora")
parser.add_argument("--max-tokens", type=int, default=24)
options = parser.parse_args()
model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
report = Report(f"greedy completions of {options.model}, fp32")
same, ties, places = 0, 0, 0
for prompt in PROMPTS:
    made = tinylora(
        options.tinylora, "generate", "--model", options.model, "--prompt", prompt, "--max-tokens", options.max_tokens,
        "--temperature", 0, "--arithmetic", "float32")["tokens"]
    ids = token_ids(options.tinylora, options.model, prompt)
    with torch.no_grad():
        logprobs = model(torch.tensor([ids + made])).logits[0, len(ids) - 1 : -1].log_softmax(-1)
    best = logprobs.max(-1).values
    behind = (best - logprobs.gather(1, torch.tensor(made)[:, None])[:, 0]).tolist()
    places += len(made)
    ties += sum(0 < gap <= 1e-3 for gap in behind)
    same += all(gap <= 1e-3 for gap in behind)
report.line(f"prompts with the same greedy tokens ({places} tokens, {ties} of them ties)", f"{same}/{len(PROMPTS)}", same == len(PROMPTS))
report.end()
