"""What the scripts of this folder share: calls of tinylora, prompts, and the comparison of two programs' tokens."""

import json
import subprocess
import sys
from pathlib import Path

# Short prompts of several kinds, as a model of plain text would continue them.
PROMPTS = [
    "The capital of France is", "Q: Tom has 3 apples and buys 5 more. How many apples does he have?\nA:",
    "def fibonacci(n):\n", "Once upon a time, there was a", "Water boils at a temperature of",
    "1, 2, 4, 8, 16,", "The three primary colors are", "To make a cup of tea, first", "In 1969, the first man",
    "A triangle has three", "Q: What is 12 times 12?\nA:", "The opposite of hot is", "List of fruits:\n- apple\n-",
    "The largest planet in the solar system is", "My favorite season is spring because", "import numpy as",
    "Q: A box holds 6 eggs. How many eggs are in 4 boxes?\nA:", "The sum of the angles of a triangle is",
    "Dear Sir or Madam,\n", "Roses are red, violets are",
]
# Two tokens whose log-probabilities are closer than this may change places between programs.
TIE = 0.25


def tinylora(program, *command):
    """The result of a command as JSON; ends this script when the command fails."""
    output = subprocess.run([program, *map(str, command), "--json"], capture_output=True, text=True)
    if output.returncode != 0:
        sys.exit(f"{program} {' '.join(map(str, command))}\n{output.stderr}")
    return json.loads(output.stdout)


def token_ids(program, model, text):
    """The ids of a text."""
    output = subprocess.run(
        [program, "tokenize", "--model", model, "--jsonl"], input=json.dumps({"text": text}), capture_output=True, text=True)
    if output.returncode != 0:
        sys.exit(output.stderr)
    return json.loads(output.stdout)["ids"]


def load(folder):
    """What `prepare.py` wrote."""
    return json.loads((Path(folder) / "reference.json").read_text())


def first_difference(case, tokens):
    """The first place where another program's greedy tokens differ although ours were no tie; None where there is none.

    `case["margins"]` says for each of our tokens how far its log-probability is above that of the next best one. Tokens that the other
    program lacks at the end are a difference.
    """
    for place, mine in enumerate(case["completion"]):
        if place == len(tokens):
            return place
        if case["margins"][place] < TIE:
            return None
        if mine != tokens[place]:
            return place
    return None


class Report:
    """A table of checks, and whether all of them held."""

    def __init__(self, title):
        self.failed = False
        print(title, flush=True)

    def line(self, name, value, holds=None):
        verdict = "" if holds is None else "ok" if holds else "FAILED"
        self.failed |= holds is False
        print(f"  {name:66}{value:>12}  {verdict}".rstrip(), flush=True)

    def greedy(self, name, cases, tokens):
        wrong = [case["prompt"] for case, other in zip(cases, tokens, strict=True) if first_difference(case, other) is not None]
        self.line(f"{name}: prompts with the same greedy tokens up to a tie", f"{len(cases) - len(wrong)}/{len(cases)}", not wrong)
        for prompt in wrong:
            print(f"    differs: {prompt!r}")

    def end(self):
        sys.exit(1 if self.failed else 0)
