"""What a request asks for, read from JSON and checked before any work is done."""

import json
from typing import NamedTuple

import torch

from .errors import LearnerError, require


class Unit(NamedTuple):
    """A prompt with its completions, computed together and apart from all other units; weights for a gradient, or None for each."""

    prompt: list[int]
    completions: list[list[int]]
    weights: list[list[float] | None]


class Request(NamedTuple):
    """Units in order, and what they are computed with. Without an adapter: the base model."""

    gradients: bool
    basis: str | None
    adapter: list[float] | None
    temperature: float
    units: list[Unit]


def read_request(body: bytes, gradients: bool, vocabulary: int, context: int | None) -> Request:
    """Reads and checks a request's JSON; `gradients` says whether it must have an adapter and weights."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise LearnerError(400, "invalid_request", f"the body is not JSON: {error}") from None
    require(isinstance(fields, dict), "the body is not a JSON object")
    basis, adapter, temperature, sequences = map(fields.get, ("basis", "adapter", "temperature", "sequences"))
    require(adapter is not None or not gradients, "adapter is missing: a gradient needs the adapter's numbers")
    if adapter is not None:
        require(isinstance(basis, str), "adapter has numbers, but basis is not the id of a basis")
        _check_numbers("adapter", adapter)
    _check_numbers("[temperature]", [temperature])
    require(temperature > 0, f"temperature is {temperature}, expected more than 0")
    require(isinstance(sequences, list) and sequences, "sequences is not a list with at least one sequence")
    for index, sequence in enumerate(sequences):
        _check_sequence(f"sequences[{index}]", sequence, vocabulary, context)
    weights = fields.get("weights") if gradients else [None] * len(sequences)
    right = isinstance(weights, list) and len(weights) == len(sequences)
    require(right, f"weights is not a list with a list for each of the {len(sequences)} sequences")
    for index, (row, sequence) in enumerate(zip(weights, sequences) if gradients else []):
        _check_numbers(f"weights[{index}]", row)
        length = len(sequence["completion"])
        require(len(row) == length, f"weights[{index}] has {len(row)} numbers, the completion has {length} tokens")
    return Request(gradients, basis, adapter, temperature, _units(sequences, weights))


def _check_numbers(name: str, values) -> None:
    """Raises unless `values` is a list of numbers that are finite as float32."""
    require(isinstance(values, list) and all(type(value) in (int, float) for value in values), f"{name} is not a list of numbers")
    largest = torch.finfo(torch.float32).max
    require(all(-largest <= value <= largest for value in values), f"{name} has a number that is not finite as float32")


def _check_sequence(name: str, sequence, vocabulary: int, context: int | None) -> None:
    """Raises unless `sequence` has a prompt with tokens and a completion, all of the vocabulary, that fit the model."""
    require(isinstance(sequence, dict), f"{name} is not an object with prompt and completion")
    for part in ("prompt", "completion"):
        ids = sequence.get(part)
        require(isinstance(ids, list) and all(type(token) is int for token in ids), f"{name}.{part} is not a list of token ids")
        outside = next((token for token in ids if not 0 <= token < vocabulary), None)
        require(outside is None, f"{name}.{part} has the token id {outside}, outside the vocabulary of {vocabulary}")
    require(sequence["prompt"], f"{name}.prompt is empty")
    read = len(sequence["prompt"]) + len(sequence["completion"]) - 1  # the last token is predicted, not read
    require(context is None or read <= context, f"{name} has {read + 1} tokens, the model's context is {context}")


def _units(sequences: list[dict], weights: list) -> list[Unit]:
    """Consecutive sequences with the same prompt become one unit."""
    units: list[Unit] = []
    for sequence, row in zip(sequences, weights):
        if not units or units[-1].prompt != sequence["prompt"]:
            units.append(Unit(sequence["prompt"], [], []))
        units[-1].completions.append(sequence["completion"])
        units[-1].weights.append(row)
    return units
