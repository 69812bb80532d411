"""What changed in the answers of runs that write orders as JSON: the format, the values, or both.

    python3 Scripts/order_answers.py Documentation/RealModel/real-orders/*

Reads the greedy answers that an evaluation keeps (the first 50 problems, evaluation-samples.jsonl) and the sampled ones that training keeps
(the first four of each step, samples.jsonl). For each run:

- bare: answers without a code block, before and after training;
- values: answers whose JSON is the order's once a code block is removed;
- right: both, which is what the reward asks;
- one line: the JSON is written in one line, as the solutions of Recipes/personal/orders-train.jsonl are;
- what became of each answer that was wrong before and is right after: the block alone went, or values changed too;
- blocks: sampled answers with a code block in the first and the last five steps.

Only the standard library is needed.
"""

import argparse
import json
import os
import re

BLOCK = re.compile(r"\s*```(?:json)?\s*(.*?)\s*(?:```\s*)?", re.DOTALL)


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


class Answer:
    def __init__(self, row):
        text, order = row["completion"], json.loads(row["answer"])
        block = BLOCK.fullmatch(text) if "```" in text else None
        inner = block[1] if block else text
        self.bare = "```" not in text
        self.values = parsed(inner) == order
        self.right = row["strict"]
        self.one_line = parsed(inner) is not None and "\n" not in inner.strip()


def counts(answers):
    return [sum(getattr(answer, name) for answer in answers) for name in ("bare", "values", "right", "one_line")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+", help="directories of runs")
    arguments = parser.parse_args()
    print(f"{'run':36} answers    bare  values   right  one line   wrong to right: block alone, values too   values lost   blocks")
    for run in arguments.runs:
        kept = rows(f"{run}/evaluation-samples.jsonl")
        first, last = min(row["step"] for row in kept), max(row["step"] for row in kept)
        before = {row["problem"]: Answer(row) for row in kept if row["step"] == first}
        after = {row["problem"]: Answer(row) for row in kept if row["step"] == last}
        if first == last or before.keys() != after.keys():
            raise SystemExit(f"{run}: two evaluations of the same problems are needed")
        gained = [problem for problem in before if after[problem].right and not before[problem].right]
        block_alone = sum(before[problem].values for problem in gained)
        lost = sum(before[problem].values and not after[problem].values for problem in before)
        sampled = ""
        if os.path.exists(f"{run}/samples.jsonl"):
            samples = rows(f"{run}/samples.jsonl")
            steps = max(row["step"] for row in samples)
            early = [not Answer(row).bare for row in samples if row["step"] <= 5]
            late = [not Answer(row).bare for row in samples if row["step"] > steps - 5]
            sampled = f"{sum(early)}/{len(early)} to {sum(late)}/{len(late)}"
        name = os.path.basename(os.path.normpath(run))
        pairs = [f"{old}->{new}" for old, new in zip(counts(before.values()), counts(after.values()))]
        print(
            f"{name:36} {len(before):7} {pairs[0]:>7} {pairs[1]:>7} {pairs[2]:>7} {pairs[3]:>9}"
            f" {block_alone:>28}, {len(gained) - block_alone:<12} {lost:>11}   {sampled}"
        )


if __name__ == "__main__":
    main()
