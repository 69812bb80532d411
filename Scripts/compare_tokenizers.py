"""Opens a tokenizer and encodes texts with this package and with the `tokenizers` package, in turn, on one thread.

    pip install tokenizers==0.23.3
    python Scripts/compare_tokenizers.py TOKENIZER.json TEXTS.jsonl [--tinylora .build/release/tinylora] [--rounds 5]

Prints the medians of both, and checks that both made the same number of tokens.
"""

import argparse
import json
import os
import statistics
import subprocess
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer, __version__  # noqa: E402  (reads the environment when it is loaded)


def ours(arguments):
    command = [arguments.tinylora, "bench", "--tokenizer", arguments.tokenizer, "--text", arguments.texts]
    output = subprocess.run(command + ["--repeats", "1", "--json"], capture_output=True, text=True, check=True).stdout
    result = json.loads(output)
    return result["opening_seconds"], result["encoding_seconds"], result["tokens"]


def theirs(arguments, texts):
    start = time.perf_counter()
    tokenizer = Tokenizer.from_file(arguments.tokenizer)
    opened = time.perf_counter()
    tokens = sum(len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)
    return opened - start, time.perf_counter() - opened, tokens


parser = argparse.ArgumentParser()
parser.add_argument("tokenizer")
parser.add_argument("texts")
parser.add_argument("--tinylora", default=".build/release/tinylora")
parser.add_argument("--rounds", type=int, default=5)
arguments = parser.parse_args()

with open(arguments.texts, encoding="utf-8", newline="\n") as file:
    rows = [json.loads(line) for line in file if line.strip()]
texts = ["\n".join(row[key] for key in sorted(row) if isinstance(row[key], str)) for row in rows]
size = sum(len(text.encode()) for text in texts)

rounds = [(ours(arguments), theirs(arguments, texts)) for _ in range(arguments.rounds)]
assert all(mine[2] == other[2] for mine, other in rounds), "the token counts differ"
print(f"{arguments.tokenizer}: {len(texts)} texts, {size} bytes, {rounds[0][0][2]} tokens, {arguments.rounds} rounds")
for name, part in [("open", 0), ("encode", 1)]:
    mine = statistics.median(row[0][part] for row in rounds)
    other = statistics.median(row[1][part] for row in rounds)
    rate = f"  {size / mine / 1e6:6.1f} MB/s against {size / other / 1e6:.1f}" if part else ""
    print(f"{name:8} tinylora {1000 * mine:8.1f} ms   tokenizers {__version__} {1000 * other:8.1f} ms"
          f"   ratio {other / mine:5.1f}{rate}")
