"""How much of a step's gradient is chance, from the records of a run trained with AdamW.

    python Scripts/gradient_noise.py Documentation/RealModel/real-13-grpo/grpo-lr0.004-seed1

steps.jsonl keeps AdamW's first moment after each step, m' = b m + (1 - b) g, so the gradients g follow from it. The mean of N
gradients has a squared length of G² + S²/N on average, with G the gradient that all steps share and S² the sum of the
variances of one step's. Printed are each number's mean gradient with its standard error, G and S (without bias in their squares), and
S²/G²: so many steps together have as much signal as chance (the simple noise scale of McCandlish et al. 2018,
arXiv:1812.06162, in steps). The test flips the signs of whole steps at random: how often is the mean then as far from zero as it was?

A gradient that changes during the run counts as chance, so a run that learns quickly may show no shared gradient. Gradients longer than
max_grad_norm are seen after clipping. Only the standard library is needed.
"""

import argparse
import json
import math
import random
import statistics


def gradients(directory):
    with open(f"{directory}/configuration.json", encoding="utf-8") as file:
        settings = json.load(file)
    if settings["algorithm"] in ("sft", "openes", "cma-es") or settings["num_iterations"] != 1:
        raise SystemExit(f"{directory}: only runs by reward with one AdamW update a step can be read")
    beta = settings["adam_beta1"]
    moment, found = None, []
    with open(f"{directory}/steps.jsonl", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if "state" not in row:
                raise SystemExit(f"{directory}: steps.jsonl has no optimiser state, which is in a file of its own")
            after = row["state"]["first_moment"]
            moment = moment or [0.0] * len(after)
            found.append([(new - beta * old) / (1 - beta) for new, old in zip(after, moment)])
            moment = after
    return found, settings["problems_per_step"] * settings["num_generations"]


def distance(steps):
    """Sum over numbers of (mean / standard error)²."""
    total = 0.0
    for values in zip(*steps):
        variance = statistics.variance(values)
        total += statistics.mean(values) ** 2 / (variance / len(values)) if variance else 0.0
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", help="directory of a run")
    parser.add_argument("--flips", type=int, default=4000, help="random choices of signs (default: 4000)")
    arguments = parser.parse_args()
    steps, completions = gradients(arguments.run)
    count = len(steps)
    if count < 3:
        parser.error(f"{arguments.run} has {count} steps, and three are needed")
    signal, noise = 0.0, 0.0
    print("number      mean   standard error")
    for index, values in enumerate(zip(*steps)):
        mean, variance = statistics.mean(values), statistics.variance(values)
        print(f"{index:6} {mean:+9.5f}   {math.sqrt(variance / count):.5f}")
        signal += mean * mean - variance / count
        noise += variance
    chance = random.Random(0)
    seen = distance(steps)
    flipped = 0
    for _ in range(arguments.flips):
        signs = [chance.choice((-1, 1)) for _ in steps]
        flipped += distance([[sign * g for g in step] for sign, step in zip(signs, steps)]) >= seen
    print(f"steps            {count} of {completions} completions")
    print(f"shared gradient  {math.sqrt(max(0.0, signal)):.5f}" + ("" if signal > 0 else " (the estimated square is negative)"))
    print(f"chance, a step   {math.sqrt(noise):.5f}")
    if signal > 0:
        print(f"noise scale      {noise / signal:.0f} steps, {noise / signal * completions:,.0f} completions")
    print(f"p                {(flipped + 1) / (arguments.flips + 1):.3f}")


if __name__ == "__main__":
    main()
