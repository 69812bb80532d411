"""The frozen part of an adapter method that is linear in its numbers.

Shapes: r rank · u numbers of one group · N numbers of the adapter. For every adapted linear layer

    ΔW = B · (Σᵢ v[group·u + i] P[i]) · A        A [r, inputs] · B [outputs, r] · P [u, r, r] · v [N]

ΔW is never formed: a layer adds B (M (A x)). For any type of the model, A, B, M and their products are float32: x is cast to
float32, and the sum of the layer's output and the product is cast back to the output's type.
"""

import hashlib
import json
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import safetensors.torch
import torch

from .errors import LearnerError


class Basis(NamedTuple):
    """The adapted linear layers of one file, each with its group, A, B and P. `id` is the file's SHA-256 in hexadecimal digits."""

    id: str
    parameters: int
    layers: list[tuple[torch.nn.Linear, int, torch.Tensor, torch.Tensor, torch.Tensor]]

    @contextmanager
    def applied(self, v: torch.Tensor):
        """Until the end of the `with` block the model computes with the adapter of numbers `v` [N]."""
        groups = v.view(-1, len(self.layers[0][4])).unbind(0)
        with ExitStack() as stack:
            for module, group, a, b, p in self.layers:
                m = (groups[group][:, None, None] * p).sum(0)
                stack.callback(module.register_forward_hook(partial(_add, a, b, m)).remove)
            yield


def _add(a: torch.Tensor, b: torch.Tensor, m: torch.Tensor, module, inputs, output: torch.Tensor) -> torch.Tensor:
    """A linear layer's output with B (M (A x)) added."""
    return (output.float() + inputs[0].float() @ a.T @ m.T @ b.T).to(output.dtype)


def read_basis(body: bytes, model: torch.nn.Module) -> Basis:
    """Reads and checks a basis in safetensors format, and moves its matrices to the model's device.

    Metadata: `modules` and `groups`, JSON lists of module names and of each one's group, and `parameters`, N as text. Tensors:
    `NAME.A`, `NAME.B`, `NAME.P` for every module. Raises LearnerError with the code `invalid_basis`.
    """
    try:
        tensors = safetensors.torch.load(body)
        metadata = json.loads(body[8 : 8 + int.from_bytes(body[:8], "little")])["__metadata__"]
        names, groups = json.loads(metadata["modules"]), json.loads(metadata["groups"])
        parameters = int(metadata["parameters"])
        expected = {f"{name}.{part}" for name in names for part in "ABP"}
    except Exception as error:
        raise _invalid(f"the body is no safetensors file with metadata modules, groups and parameters ({error!r})") from None
    for name in sorted(expected ^ tensors.keys()):
        raise _invalid(f"tensor {name} is {'missing' if name in expected else 'of no module in the list modules'}")
    if 3 * len(names) != len(expected) or not names:
        raise _invalid("the metadata modules is empty or has a name twice")
    if len(groups) != len(names):
        raise _invalid(f"the metadata has {len(groups)} groups for {len(names)} modules")
    width = _rows(tensors[f"{names[0]}.P"])
    if not set(groups) == set(range(len(set(groups)))) or parameters != len(set(groups)) * width:
        raise _invalid(f"{len(set(groups))} groups (numbered 0, 1, …) of {width} numbers do not make {parameters} parameters")
    layers = [_layer(model, name, group, width, tensors) for name, group in zip(names, groups)]
    return Basis(hashlib.sha256(body).hexdigest(), parameters, layers)


def _layer(model: torch.nn.Module, name: str, group: int, width: int, tensors: dict) -> tuple:
    """An entry of `Basis.layers`, checked."""
    module = dict(model.named_modules()).get(name)
    if not isinstance(module, torch.nn.Linear):
        raise _invalid(f"the model has no linear layer {name}")
    a, b, p = (tensors[f"{name}.{part}"] for part in "ABP")
    rank = _rows(a)
    _check(f"{name}.A", a, torch.float32, [rank, module.in_features])
    _check(f"{name}.B", b, torch.float32, [module.out_features, rank])
    _check(f"{name}.P", p, torch.float32, [width, rank, rank])
    return module, group, *(tensor.to(module.weight.device) for tensor in (a, b, p))


def _rows(tensor: torch.Tensor) -> int:
    return tensor.shape[0] if tensor.dim() else 0


def _check(name: str, tensor: torch.Tensor, dtype: torch.dtype, shape: list[int]) -> None:
    """Raises unless a tensor has this type and shape, is not empty, and is finite."""
    if tensor.dtype != dtype or list(tensor.shape) != shape or 0 in shape:
        raise _invalid(f"{name} is {tensor.dtype} {list(tensor.shape)}, expected {dtype} {shape} and no empty tensor")
    if not tensor.isfinite().all():
        raise _invalid(f"{name} has a number that is not finite")


def _invalid(message: str) -> LearnerError:
    return LearnerError(400, "invalid_basis", message)
