#!/usr/bin/env python3
"""Makes Tests/Fixtures/TinyLearning/cma.json: what pycma makes of the same populations.

    python3 -m venv venv && venv/bin/pip install -r Scripts/requirements.txt
    venv/bin/python Scripts/make_evolution_fixtures.py

A run that changes the committed file ends with status 1: a new recording is never a passed check.

How the numbers are made. The update is that of `cma.purecma.CMAES`. It is given populations of our own making,
`m + s √C z` with the symmetric root from numpy and standard normal `z`, and updates its eigensystem in every generation.
Its constants are replaced where they differ from the tutorial (arXiv:1604.00772): the rate of the rank-mu update and the
damping. So is the last line of its update, the new step size, for which purecma takes the square of the path's length.
Its test for a stalled path is not replaced; the script asserts that the tutorial's gives the same answer every time.

cma.json: schema; versions; for each case
    function, numbers, population_size, start, sigma
    constants      weights [M], mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, worked out here in the tutorial's words
    pycma          those of `cma.CMAEvolutionStrategy` that follow the tutorial: weights, mu_eff, c_c, c_1, c_mu
    generations    z [M][N], fitness [M] (more is better), and after the update mean [N], sigma, covariance [N][N]
"""

import json
import math
import platform
import sys
from pathlib import Path

import cma
import numpy
from cma import purecma
from cma.recombination_weights import RecombinationWeights

OUTPUT = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "TinyLearning" / "cma.json"
FUNCTIONS = {
    "ellipsoid": lambda x: -sum(1e4 ** (i / (len(x) - 1)) * v * v for i, v in enumerate(x)),
    "rosenbrock": lambda x: -sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1)),
}


def tutorial(numbers, size):
    n, raw = numbers, [math.log((size + 1) / 2) - math.log(i) for i in range(1, size + 1)]
    mu = size // 2
    mass = lambda w: sum(w) ** 2 / sum(v * v for v in w)
    eff, negative = mass(raw[:mu]), mass(raw[mu:])
    c_sigma = (eff + 2) / (n + eff + 5)
    d_sigma = 1 + 2 * max(0, math.sqrt((eff - 1) / (n + 1)) - 1) + c_sigma
    c_c = (4 + eff / n) / (n + 4 + 2 * eff / n)
    c_1 = 2 / ((n + 1.3) ** 2 + eff)
    c_mu = min(1 - c_1, 2 * (0.25 + eff + 1 / eff - 2) / ((n + 2) ** 2 + eff))
    limit = min(1 + c_1 / c_mu, 1 + 2 * negative / (eff + 2), (1 - c_1 - c_mu) / (n * c_mu))
    positive_sum, negative_sum = sum(raw[:mu]), -sum(raw[mu:])
    weights = [w / positive_sum if w >= 0 else limit * w / negative_sum for w in raw]
    return dict(weights=weights, mu_eff=eff, c_sigma=c_sigma, d_sigma=d_sigma, c_c=c_c, c_1=c_1, c_mu=c_mu)


def case(function, numbers, size, sigma, generations, seed):
    random = numpy.random.default_rng(seed)
    start = [round(float(v), 3) for v in random.normal(size=numbers)]
    constants = tutorial(numbers, size)
    search = purecma.CMAES(start, sigma, popsize=size)
    parameters = purecma.CMAESParameters(numbers, size, RecombinationWeights)
    parameters.cmu, parameters.damps, parameters.lazy_gap_evals = constants["c_mu"], constants["d_sigma"], 0
    parameters.weights = RecombinationWeights(size)
    parameters.weights.finalize_negative_weights(numbers, parameters.c1, parameters.cmu)
    search.params = parameters
    reference = cma.CMAEvolutionStrategy(start, sigma, dict(popsize=size, verbose=-9, seed=1)).sp
    expected_norm = math.sqrt(numbers) * (1 - 1 / (4 * numbers) + 1 / (21 * numbers**2))
    recorded = []
    for generation in range(generations):
        z = random.normal(size=(size, numbers))
        values, vectors = numpy.linalg.eigh(numpy.array([list(row) for row in search.C]))
        root = vectors @ numpy.diag(numpy.sqrt(values)) @ vectors.T
        x = [[m + search.sigma * y for m, y in zip(search.xmean, root @ row)] for row in z]
        fitness = [FUNCTIONS[function](member) for member in x]
        before = search.sigma
        search.C.update_eigensystem(search.counteval, 0)
        search.tell(x, [-f for f in fitness])
        length = math.sqrt(sum(v * v for v in search.ps))
        filled = 1 - (1 - parameters.cs) ** (2 * (generation + 1))
        ours = length / math.sqrt(filled) < (1.4 + 2 / (numbers + 1)) * expected_norm
        theirs = length**2 / numbers / filled < 2 + 4 / (numbers + 1)
        assert ours == theirs, f"{function}: generation {generation} stalls by one rule only"
        search.sigma = before * math.exp(min(1, constants["c_sigma"] / constants["d_sigma"] * (length / expected_norm - 1)))
        recorded.append(
            dict(z=z.tolist(), fitness=fitness, mean=list(search.xmean), sigma=search.sigma,
                 covariance=[list(row) for row in search.C]))
    return dict(
        function=function, numbers=numbers, population_size=size, start=start, sigma=sigma, constants=constants,
        pycma=dict(weights=list(reference.weights), mu_eff=reference.weights.mueff, c_c=reference.cc, c_1=reference.c1,
                   c_mu=reference.cmu),
        generations=recorded)


def main():
    document = dict(
        schema=1, versions=dict(python=platform.python_version(), numpy=numpy.__version__, cma=cma.__version__),
        cases=[case("ellipsoid", 3, 8, 0.5, 12, 1), case("rosenbrock", 5, 9, 0.3, 8, 2)])
    text = json.dumps(document) + "\n"
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    before = OUTPUT.read_text() if OUTPUT.exists() else None
    OUTPUT.write_text(text)
    if text != before:
        sys.exit(f"recorded a new {OUTPUT.name}")


if __name__ == "__main__":
    main()
