"""Log-probabilities of both arithmetics beside those of transformers, in fp32 and in bf16.

    pip install torch==2.13.0 transformers==5.23.0
    python Scripts/compare_log_probabilities.py MODEL gsm8k/test.jsonl [--tokens 2500] [--tinylora .build/release/tinylora]

Scores whole texts (question and answer of each line) until there are enough tokens, and prints how far each is from
transformers' fp32: the mean and the largest difference of a token's log-probability.
"""

import argparse
import json
import subprocess

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def texts(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["question"] + "\n" + row["answer"]


def ours(arguments, sequences, arithmetic):
    found = []
    for ids in sequences:
        command = [arguments.tinylora, "score", "--model", arguments.model, "--tokens", ",".join(map(str, ids))]
        output = subprocess.run(
            command + ["--arithmetic", arithmetic, "--json"], capture_output=True, text=True, check=True).stdout
        found += json.loads(output)["logprobs"]
    return found


def theirs(arguments, sequences, dtype):
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=dtype).eval()
    found = []
    with torch.no_grad():
        for ids in sequences:
            logits = model(torch.tensor([ids])).logits[0, :-1].float()
            found += logits.log_softmax(-1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0].tolist()
    return found


parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("texts")
parser.add_argument("--tokens", type=int, default=2500)
parser.add_argument("--longest", type=int, default=256, help="tokens of a text at most")
parser.add_argument("--tinylora", default=".build/release/tinylora")
arguments = parser.parse_args()

tokenizer = AutoTokenizer.from_pretrained(arguments.model)
sequences = []
for text in texts(arguments.texts):
    if sum(len(ids) - 1 for ids in sequences) >= arguments.tokens:
        break
    sequences.append(tokenizer(text)["input_ids"][: arguments.longest])

reference = theirs(arguments, sequences, torch.float32)
print(f"{arguments.model}: {len(reference)} tokens of {len(sequences)} texts, distance from transformers in fp32")
print(f"{'':24}{'mean':>12}{'largest':>12}")
for name, found in [
    ("transformers, bf16", theirs(arguments, sequences, torch.bfloat16)),
    ("tinylora, bfloat16", ours(arguments, sequences, "bfloat16")),
    ("tinylora, float32", ours(arguments, sequences, "float32")),
]:
    distances = [abs(a - b) for a, b in zip(found, reference, strict=True)]
    print(f"{name:24}{sum(distances) / len(distances):12.6f}{max(distances):12.6f}")
