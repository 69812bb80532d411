#!/usr/bin/env python3
"""Compares `tinylora grade` with the Python package math-verify on MATH500's gold answers.

    python3 -m venv venv && venv/bin/pip install 'math-verify[antlr4_13_2]==0.9.0' sympy==1.14.0
    swift build -c release
    venv/bin/python Scripts/compare_graders.py ../shared/data/math500/test.jsonl

Every gold answer meets predictions of four kinds: the same answer in other notation, one digit changed, the sign changed,
and the answer of another problem. Both graders see the same strings, boxed, in one run; times are wall-clock time per
pair on one core, of `tinylora` with its start and its JSON, of math-verify with neither.

Prints a table of agreement as Markdown and every pair on which the two disagree.
"""

import argparse
import json
import random
import re
import subprocess
import time
from importlib.metadata import version

from math_verify import parse, verify


def same_answers(gold: str) -> list[str]:
    """Other ways to write an answer that leave its meaning alone."""
    braced = re.sub(r"\\frac\s*(\d)\s*(\d)(?!\d)", r"\\frac{\1}{\2}", gold)
    forms = {
        gold.replace("\\frac", "\\dfrac"),
        gold.replace("\\frac", "\\tfrac").replace(" ", ""),
        braced,
        re.sub(r"(?<!\d)\\frac\{(\w+)\}\{(\w+)\}", r"\1/\2", braced) if gold.count("\\frac") == 1 else gold,
        re.sub(r"\\sqrt\s*(\d)(?!\d)", r"\\sqrt{\1}", gold),
        re.sub(r"(\d)\s*\\sqrt", r"\1 \\cdot \\sqrt", gold),
        re.sub(r"(\d)\s*\\pi", r"\1 \\times \\pi", gold),
        gold.replace("(", "\\left(").replace(")", "\\right)") if "\\left" not in gold and "text" not in gold else gold,
        gold.replace("\\left", "").replace("\\right", ""),
        gold.replace("^\\circ", "^{\\circ}"),
        gold.replace("pmatrix", "bmatrix"),
        re.sub(r"_(\d)$", r"_{\1}", gold),
        re.sub(r"\\(text|mbox)\{([^}]*)\}", r"\2", gold) if re.fullmatch(r"\\text\{\w+\}", gold) else gold,
        re.sub(r"\\(text|mbox)\{[^}]*\}(\^\d)?", "", gold) if re.match(r"[\d.\\]+\S* ?\\(text|mbox)", gold) else gold,
        gold.replace(",\\!", "").replace("\\$", "").replace(" ", "") if ",\\!" in gold else gold,
    }
    if re.fullmatch(r"-?\d+", gold):
        forms |= {gold + ".0", f"{int(gold):,}", f"x = {gold}", f"\\frac{{{2 * int(gold)}}}{{2}}", f"{gold}\\text{{ units}}"}
    if re.fullmatch(r"-?\d+(, ?-?\d+)+", gold) and not re.fullmatch(r"\d{1,3}(,\d{3})+", gold):
        forms.add(", ".join(reversed(gold.replace(" ", "").split(","))))
    forms.discard(gold)
    return sorted(forms)


def wrong_answers(gold: str, others: list[str], rng: random.Random) -> list[tuple[str, str]]:
    """Answers that mean something else, each with its kind."""
    found = []
    digits = [index for index, letter in enumerate(gold) if letter.isdigit()]
    for index in rng.sample(digits, min(3, len(digits))):
        digit = rng.choice([letter for letter in "123456789" if letter != gold[index]])
        found.append(("digit", gold[:index] + digit + gold[index + 1:]))
    if re.fullmatch(r"[-\d.\\{}a-z ]+", gold) and "text" not in gold and gold != "0":
        found.append(("sign", gold[1:].strip() if gold.startswith("-") else "-" + gold))
    for other in rng.sample(others, 2):
        if other.replace(" ", "") != gold.replace(" ", ""):
            found.append(("other", other))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="MATH500 as JSON lines with the key answer")
    parser.add_argument("--command", default=".build/release/tinylora", help="the built tinylora")
    parser.add_argument("--limit", type=int, help="take so many gold answers only")
    arguments = parser.parse_args()

    with open(arguments.data, encoding="utf-8") as file:
        golds = [json.loads(line)["answer"] for line in file][: arguments.limit]
    rng = random.Random(13)
    pairs = []
    for gold in golds:
        pairs += [("notation", text, gold) for text in same_answers(gold)]
        pairs += [(kind, text, gold) for kind, text in wrong_answers(gold, golds, rng)]
    pairs = [(kind, f"Thus the answer is $\\boxed{{{text}}}$.", gold) for kind, text, gold in pairs]

    lines = "".join(json.dumps({"prediction": text, "gold": gold}) + "\n" for _, text, gold in pairs)
    start = time.perf_counter()
    output = subprocess.run(
        [arguments.command, "grade", "--jsonl"], input=lines, capture_output=True, text=True, check=True
    ).stdout
    ours_time = (time.perf_counter() - start) / len(pairs)
    ours = [json.loads(line)["strict"] for line in output.splitlines()]

    start = time.perf_counter()
    theirs = [
        verify(parse(f"${gold}$", parsing_timeout=None), parse(text, parsing_timeout=None), timeout_seconds=None)
        for _, text, gold in pairs
    ]
    theirs_time = (time.perf_counter() - start) / len(pairs)

    print(f"math-verify {version('math-verify')}, sympy {version('sympy')}, {len(golds)} gold answers, {len(pairs)} pairs\n")
    print("| predictions | pairs | both accept | both refuse | only tinylora accepts | only math-verify accepts |")
    print("|---|---:|---:|---:|---:|---:|")
    for kind in ("notation", "digit", "sign", "other"):
        rows = [(a, b) for (name, _, _), a, b in zip(pairs, ours, theirs) if name == kind]
        counts = [rows.count(pair) for pair in ((True, True), (False, False), (True, False), (False, True))]
        print(f"| {kind} | {len(rows)} | " + " | ".join(map(str, counts)) + " |")
    print(f"\ntime per pair: tinylora {ours_time * 1e6:.0f} µs, math-verify {theirs_time * 1e6:.0f} µs", end="")
    print(f", {theirs_time / ours_time:.0f} times\n")
    for (kind, text, gold), a, b in zip(pairs, ours, theirs):
        if a != b:
            box = text[len("Thus the answer is $\\boxed{"):-len("}$.")]
            print(f"- {kind}: gold `{gold}`, prediction `{box}`: tinylora {a}, math-verify {b}")


if __name__ == "__main__":
    main()
