#!/usr/bin/env python3
"""Makes Tests/Fixtures: small random models of each family and what PyTorch says about them.

    python3 -m venv venv && venv/bin/pip install -r Scripts/requirements.txt
    venv/bin/python Scripts/make_fixtures.py            # rebuilds Tests/Fixtures

The layout of what it writes is described in Tests/Fixtures/README.md.

A run that changes a committed file ends with status 1 and names the files: a new recording is never a passed check.

How the numbers are made. The models are transformers' `Qwen2ForCausalLM` and its like. Expected values come from float64, with the
two places where transformers drops to float32 (RMSNorm and the rotary tables) replaced by float64 versions (scaled rotary
frequencies are transformers' own, in float32), and are rounded to float32 once, when stored. Before anything is written the script asserts that
  - the untouched float32 model agrees with the float64 one,
  - gradients agree with central differences in float64,
  - PEFT's TinyLoRA, given our factors in its tensors, agrees with the functional low-rank change, gradients included,
  - PEFT's LoRA, given our A and B, agrees with the functional W + alpha/r · B·A, gradients included.

Shape suffixes: T tokens · V vocabulary · M modules · G groups of modules that share numbers · U numbers per group ·
R rank · O outputs of a module · I inputs of a module.
"""

import argparse
import hashlib
import json
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy
import peft
import safetensors
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from torch.func import functional_call

from make_tokenizer import write_tokenizer

KINDS = [
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
]
RANK, NUMBERS_PER_GROUP, TEMPERATURE = 2, 2, 0.7
LORA_RANK, LORA_ALPHA = 3, 4.5  # another rank than the frozen factors', and a scale that is not 1
LENGTHS = [1, 5, 33, 70]  # one token; inside one page of 64 positions; across its edge
SCALE = 0.2  # standard deviation of the weights: large enough that the next token is far from uniform


@dataclass
class Recipe:
    """One model of the fixtures."""

    name: str
    seed: int
    shape: dict
    groups: str  # "tiled": runs of four neighbouring modules; "kind": one group for each of the seven kinds
    dtype: torch.dtype = torch.float32
    max_shard_size: str = "1GB"
    old_config: bool = False  # write config.json with the keys of transformers 4
    weight_gradients: bool = True
    family: str = "Qwen2"  # of transformers' classes


TIED = dict(
    vocab_size=97, hidden_size=64, num_attention_heads=4, num_key_value_heads=2, intermediate_size=112,
    num_hidden_layers=2, tie_word_embeddings=True, rope_theta=1e6, eos_token_id=96,
)
UNTIED = dict(
    vocab_size=130, hidden_size=48, num_attention_heads=3, num_key_value_heads=1, intermediate_size=80,
    num_hidden_layers=3, tie_word_embeddings=False, rope_theta=1e4, eos_token_id=129,
)
# Small ones, with what sets each family apart; the original contexts of scaled rotary embeddings are shorter than the sequences.
SMALL = dict(
    vocab_size=61, hidden_size=24, num_attention_heads=3, num_key_value_heads=1, intermediate_size=40,
    num_hidden_layers=2, bos_token_id=None, pad_token_id=None, eos_token_id=[60, 7],
)
LLAMA = SMALL | dict(
    tie_word_embeddings=False, attention_bias=True, mlp_bias=True, head_dim=12, rope_parameters=dict(
        rope_type="llama3", rope_theta=1e4, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=64),
)
QWEN3 = SMALL | dict(
    tie_word_embeddings=True, num_attention_heads=4, num_key_value_heads=2, head_dim=10, rope_parameters=dict(
        rope_type="yarn", rope_theta=1e4, factor=4.0, original_max_position_embeddings=64),
)
SMOLLM3 = SMALL | dict(
    tie_word_embeddings=True, no_rope_layer_interval=2, rope_parameters=dict(rope_type="default", rope_theta=2e6))
MISTRAL = SMALL | dict(
    tie_word_embeddings=False, sliding_window=96, rope_parameters=dict(rope_type="linear", rope_theta=1e4, factor=2.0))
RECIPES = [
    Recipe("qwen2-tied", 1, TIED, "tiled"),
    Recipe("qwen2-untied", 2, UNTIED, "kind", max_shard_size="100KB", old_config=True),
    Recipe("qwen2-tied-bf16", 1, TIED, "tiled", dtype=torch.bfloat16, weight_gradients=False),
    Recipe("llama", 3, LLAMA, "tiled", family="Llama"),
    Recipe("qwen3", 4, QWEN3, "kind", family="Qwen3", old_config=True),
    Recipe("smollm3", 5, SMOLLM3, "tiled", family="SmolLM3"),
    Recipe("mistral", 6, MISTRAL, "kind", family="Mistral", old_config=True),
]


def class_of(config) -> type:
    """The model's class."""
    return getattr(transformers, config.architectures[0])


def make_model(recipe: Recipe) -> torch.nn.Module:
    """A float32 model whose parameters are drawn here, in order of name, from one seeded generator."""
    config = getattr(transformers, f"{recipe.family}Config")(
        **recipe.shape, max_position_embeddings=128, rms_norm_eps=1e-6, initializer_range=SCALE, use_cache=False
    )
    config.architectures = [f"{recipe.family}ForCausalLM"]
    model = class_of(config)(config).float().eval()
    generator = torch.Generator().manual_seed(recipe.seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + SCALE * noise if "norm" in name else SCALE * noise)
    return model


def save_model(model: torch.nn.Module, recipe: Recipe, folder: Path) -> None:
    """Writes the checkpoint as transformers does."""
    model.to(recipe.dtype).save_pretrained(folder, max_shard_size=recipe.max_shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if recipe.old_config:
        path = folder / "config.json"
        config = json.loads(path.read_text())
        rope = config.pop("rope_parameters")
        config["rope_theta"] = rope.pop("rope_theta")
        if rope["rope_type"] != "default":
            config["rope_scaling"] = rope
        config["torch_dtype"] = config.pop("dtype")
        config["transformers_version"] = "4.46.0"
        config.pop("layer_types", None)
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


class ExactNorm(torch.nn.Module):
    """RMSNorm in the type of its input."""

    def __init__(self, original: torch.nn.Module):
        super().__init__()
        self.weight, self.epsilon = original.weight, original.variance_epsilon

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon))


class ExactRotary(torch.nn.Module):
    """Cosines and sines of the rotary embedding in float64."""

    def __init__(self, original: torch.nn.Module, config, head_width: int):
        super().__init__()
        exponents = torch.arange(0, head_width, 2, dtype=torch.float64) / head_width
        self.frequencies = config.rope_parameters["rope_theta"] ** -exponents
        if config.rope_parameters["rope_type"] != "default":
            self.frequencies = original.inv_freq.double()
        self.scale = original.attention_scaling

    def forward(self, x, position_ids):
        angles = position_ids[..., None].double() * self.frequencies
        angles = torch.cat((angles, angles), dim=-1)
        return (angles.cos() * self.scale).to(x.dtype), (angles.sin() * self.scale).to(x.dtype)


def exact_copy(model: torch.nn.Module) -> torch.nn.Module:
    """The same model in float64 throughout."""
    config = model.config
    copy = class_of(config)(config).double().eval()
    copy.load_state_dict(model.state_dict())
    for parent in list(copy.modules()):
        for name, child in list(parent.named_children()):
            if type(child).__name__.endswith("RMSNorm"):
                setattr(parent, name, ExactNorm(child))
    head_width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    copy.model.rotary_emb = ExactRotary(model.model.rotary_emb, config, head_width)
    return copy


def logits_of(model, tokens: list[int], parameters: dict | None = None) -> torch.Tensor:
    """Logits [T, V] of one sequence, with the parameters named in `parameters` replaced."""
    ids = torch.tensor([tokens])
    return functional_call(model, parameters or {}, (), dict(input_ids=ids, use_cache=False)).logits[0]


def logprobs_of(logits: torch.Tensor, tokens: list[int], temperature: float = 1.0) -> torch.Tensor:
    """Natural log-probability of each token after the first: [T-1]."""
    table = torch.log_softmax(logits[:-1] / temperature, dim=-1)
    return table.gather(1, torch.tensor(tokens[1:], dtype=torch.long)[:, None])[:, 0]


@dataclass
class LowRank:
    """Frozen factors, projections and numbers of a TinyLoRA change; all values are exact in float32."""

    modules: list[str]  # [M] names, layer by layer
    group_of: list[int]  # [M]
    a: list[torch.Tensor]  # M x [R, I]
    b: list[torch.Tensor]  # M x [O, R]
    singular_values: torch.Tensor  # [M, R]
    projections: torch.Tensor  # [M, U, R, R]
    v: torch.Tensor  # [G, U]

    def mixing(self, v: torch.Tensor) -> torch.Tensor:
        """R of every module: [M, R, R]."""
        return torch.einsum("mu,mujk->mjk", v[self.group_of], self.projections)

    def parameters(self, model, mixing: torch.Tensor) -> dict:
        """The changed weights W + B R A by name."""
        weights = dict(model.named_parameters())
        return {
            f"{name}.weight": weights[f"{name}.weight"] + self.b[m] @ mixing[m] @ self.a[m]
            for m, name in enumerate(self.modules)
        }


def rounded(x: torch.Tensor) -> torch.Tensor:
    """Float64 with the value that float32 stores."""
    return x.detach().float().double()


def make_low_rank(model, recipe: Recipe, generator: torch.Generator) -> LowRank:
    """Factors B = U·Σ and A = Vᵀ of every module; the largest entry of each row of A is positive."""
    layers = model.config.num_hidden_layers
    modules = [f"model.layers.{layer}.{kind}" for layer in range(layers) for kind in KINDS]
    group_of = [m // 4 if recipe.groups == "tiled" else m % len(KINDS) for m in range(len(modules))]
    weights = dict(model.named_parameters())
    a, b, singular_values = [], [], []
    for name in modules:
        u, s, vt = torch.linalg.svd(weights[f"{name}.weight"].detach().double(), full_matrices=False)
        u, s, vt = u[:, :RANK], s[:RANK], vt[:RANK]
        signs = vt.gather(1, vt.abs().argmax(1, keepdim=True)).sign()
        a.append(rounded(vt * signs))
        b.append(rounded(u * signs.T * s))
        singular_values.append(rounded(s))
    draw = dict(generator=generator, dtype=torch.float64)
    projections = torch.randn(len(modules), NUMBERS_PER_GROUP, RANK, RANK, **draw) / RANK**0.5
    v = 0.1 * torch.randn(max(group_of) + 1, NUMBERS_PER_GROUP, **draw)
    return LowRank(modules, group_of, a, b, torch.stack(singular_values), rounded(projections), rounded(v))


def differentiate(exact, low_rank: LowRank, tokens, weights, temperature):
    """Log-probabilities under the change, and the weighted sum's gradients for v [G, U] and for R [M, R, R]."""
    v = low_rank.v.clone().requires_grad_()
    mixing = low_rank.mixing(v)
    logits = logits_of(exact, tokens, low_rank.parameters(exact, mixing))
    logprobs = logprobs_of(logits, tokens, temperature)
    of_v, of_mixing = torch.autograd.grad((weights * logprobs).sum(), [v, mixing])
    return logprobs.detach(), of_v, of_mixing


def assert_close(what: str, got: torch.Tensor, expected: torch.Tensor, relative: float) -> None:
    """Compares whole tensors: largest difference against the largest expected magnitude."""
    difference = (got.double() - expected.double()).abs().max().item()
    bound = relative * expected.abs().max().item()
    print(f"    {what:<58} {difference:.1e} of at most {bound:.1e}")
    if not difference <= bound:
        sys.exit(f"error: {what} differs by {difference:.3e}, bound {bound:.3e}")


def check_finite_differences(exact, low_rank: LowRank, tokens, weights) -> None:
    """Central differences in float64 for every entry of v."""
    _, gradient, _ = differentiate(exact, low_rank, tokens, weights, TEMPERATURE)

    def objective(v):
        logits = logits_of(exact, tokens, low_rank.parameters(exact, low_rank.mixing(v)))
        return (weights * logprobs_of(logits, tokens, TEMPERATURE)).sum()

    step, differences = 1e-6, torch.zeros_like(gradient)
    with torch.no_grad():
        for index in numpy.ndindex(*gradient.shape):
            offset = torch.zeros_like(gradient)
            offset[index] = step
            differences[index] = (objective(low_rank.v + offset) - objective(low_rank.v - offset)) / (2 * step)
    assert_close("gradient of v: central differences against autograd", differences, gradient, 1e-6)


def check_peft(model, low_rank: LowRank, tokens, weights, expected_logprobs, expected_gradient) -> None:
    """PEFT with untied modules and every frozen tensor overwritten must be the same function of v.

    PEFT splits Σ evenly between its two factors, but applies B·R·A with whatever its tensors hold, so UΣ and Vᵀ can be
    put there; with one group per module, module m carries the v of its group.
    """
    base = class_of(model.config)(model.config).float().eval()
    base.load_state_dict(model.state_dict())
    config = peft.TinyLoraConfig(
        r=RANK, u=NUMBERS_PER_GROUP, weight_tying=0.0, target_modules=[kind.split(".")[1] for kind in KINDS]
    )
    wrapped = peft.get_peft_model(base, config).eval()
    targets = dict(wrapped.named_modules())
    shared = wrapped.base_model.tinylora_v["default"]
    with torch.no_grad():
        for m, name in enumerate(low_rank.modules):
            layer = targets[f"base_model.model.{name}"]
            layer.tinylora_A["default"].copy_(low_rank.a[m])
            layer.tinylora_B["default"].copy_(low_rank.b[m])
            layer.tinylora_P["default"].copy_(low_rank.projections[m])
            shared[str(m)].copy_(low_rank.v[low_rank.group_of[m]])
    logits = wrapped(input_ids=torch.tensor([tokens]), use_cache=False).logits[0]
    logprobs = logprobs_of(logits, tokens)
    (weights.float() * logprobs).sum().backward()
    gradient = torch.zeros_like(low_rank.v)
    for m, group in enumerate(low_rank.group_of):
        gradient[group] += shared[str(m)].grad
    assert_close("log-probabilities: PEFT TinyLoRA (float32) against ours", logprobs.detach(), expected_logprobs, 1e-5)
    assert_close("gradient of v: PEFT TinyLoRA (float32) against ours", gradient, expected_gradient, 1e-4)


def make_lora(model, modules: list[str], recipe: Recipe) -> dict:
    """A and B of every module by PEFT's name, far from PEFT's start where B is zero; exact in float32."""
    generator = torch.Generator().manual_seed(2000 + recipe.seed)
    weights = dict(model.named_parameters())
    factors = {}
    for name in modules:
        outputs, inputs = weights[f"{name}.weight"].shape
        draw = dict(generator=generator, dtype=torch.float64)
        factors[f"{name}.lora_A"] = rounded(torch.randn(LORA_RANK, inputs, **draw) / inputs**0.5)
        factors[f"{name}.lora_B"] = rounded(0.1 * torch.randn(outputs, LORA_RANK, **draw))
    return factors


def differentiate_lora(exact, modules: list[str], factors: dict, sequences, weights):
    """Log-probabilities of each sequence, and the gradient of the weighted sum over all of them for every A and B."""
    factors = {name: value.clone().requires_grad_() for name, value in factors.items()}
    base, scale = dict(exact.named_parameters()), LORA_ALPHA / LORA_RANK
    changed = {
        f"{name}.weight": base[f"{name}.weight"] + scale * factors[f"{name}.lora_B"] @ factors[f"{name}.lora_A"]
        for name in modules
    }
    logprobs = [logprobs_of(logits_of(exact, tokens, changed), tokens) for tokens in sequences]
    total = sum((w * l).sum() for w, l in zip(weights, logprobs))
    gradients = torch.autograd.grad(total, list(factors.values()))
    return [l.detach() for l in logprobs], dict(zip(factors, gradients))


def check_peft_lora(model, factors: dict, sequences, weights, expected_logprobs, expected_gradients) -> None:
    """PEFT's LoRA in float32 with our A and B."""
    base = class_of(model.config)(model.config).float().eval()
    base.load_state_dict(model.state_dict())
    targets = [kind.split(".")[1] for kind in KINDS]
    wrapped = peft.get_peft_model(base, peft.LoraConfig(r=LORA_RANK, lora_alpha=LORA_ALPHA, target_modules=targets))
    wrapped.eval()
    parameters = {
        name.removeprefix("base_model.model.").removesuffix(".default.weight"): parameter
        for name, parameter in wrapped.named_parameters() if "lora_" in name
    }
    with torch.no_grad():
        for name, value in factors.items():
            parameters[name].copy_(value)
    logprobs = [logprobs_of(wrapped(input_ids=torch.tensor([t]), use_cache=False).logits[0], t) for t in sequences]
    sum((w.float() * l).sum() for w, l in zip(weights, logprobs)).backward()
    found, expected = torch.cat(logprobs).detach(), torch.cat(expected_logprobs)
    assert_close("log-probabilities: PEFT LoRA (float32)", found, expected, 1e-5)
    for name, gradient in expected_gradients.items():
        assert_close(f"gradient of {name}: PEFT LoRA (float32)", parameters[name].grad, gradient, 1e-4)


def make_expectations(model, recipe: Recipe) -> tuple[dict, dict]:
    """Everything PyTorch says about one model: scalars and ids for JSON, arrays for safetensors."""
    exact = exact_copy(model)
    generator = torch.Generator().manual_seed(1000 + recipe.seed)
    vocabulary = model.config.vocab_size
    sequences = [torch.randint(vocabulary, (length,), generator=generator).tolist() for length in LENGTHS]
    weights = [rounded(torch.randn(length - 1, generator=generator)) for length in LENGTHS]
    low_rank = make_low_rank(model, recipe, generator)
    record = dict(
        schema=1, model=recipe.name, temperature=TEMPERATURE, rank=RANK, numbersPerGroup=NUMBERS_PER_GROUP,
        groups=low_rank.v.shape[0], loraRank=LORA_RANK, loraAlpha=LORA_ALPHA, modules=[], sequences=[],
    )
    record["modules"] = [
        dict(name=name, group=group, outputs=b.shape[0], inputs=a.shape[1])
        for name, group, a, b in zip(low_rank.modules, low_rank.group_of, low_rank.a, low_rank.b)
    ]
    arrays = {
        "lowRank.singularValues": low_rank.singular_values, "lowRank.projections": low_rank.projections,
        "lowRank.v": low_rank.v, "lowRank.mixing": low_rank.mixing(low_rank.v),
    }
    for name, a, b in zip(low_rank.modules, low_rank.a, low_rank.b):
        arrays[f"lowRank.A.{name}"], arrays[f"lowRank.B.{name}"] = a, b

    exact.zero_grad()
    total = 0.0
    for index, (tokens, w) in enumerate(zip(sequences, weights)):
        key = f"sequences.{index}"
        logits = logits_of(exact, tokens)
        with torch.no_grad():
            assert_close(f"logits of {len(tokens)} tokens: float32 against float64", logits_of(model, tokens), logits, 1e-5)
        arrays[f"{key}.logits"] = logits
        entry = dict(tokens=tokens)
        if len(tokens) > 1:
            logprobs = logprobs_of(logits, tokens)
            objective = (w * logprobs).sum()
            objective.backward()
            total += objective.item()
            entry["objective"] = objective.item()
            arrays[f"{key}.weights"] = w
            arrays[f"{key}.logprobs"] = logprobs
            arrays[f"{key}.cooledLogprobs"] = logprobs_of(logits, tokens, TEMPERATURE)
            for prefix, temperature in [("", 1.0), ("cooled", TEMPERATURE)]:
                changed, of_v, of_mixing = differentiate(exact, low_rank, tokens, w, temperature)
                names = ["logprobs", "gradientOfV", "gradientOfMixing"]
                for name, value in zip(names, [changed, of_v, of_mixing]):
                    name = prefix + name[0].upper() + name[1:] if prefix else name
                    arrays[f"{key}.lowRank.{name}"] = value
                entry["cooledLowRankObjective" if prefix else "lowRankObjective"] = (w * changed).sum().item()
        record["sequences"].append(entry)
    record["objective"] = total
    gradients = {name: p.grad.clone() for name, p in exact.named_parameters()}
    if recipe.weight_gradients:
        arrays |= {f"gradients.{name}": gradient for name, gradient in gradients.items()}

    factors = make_lora(exact, low_rank.modules, recipe)
    logprobs, of_factors = differentiate_lora(exact, low_rank.modules, factors, sequences[1:], weights[1:])
    arrays |= {f"lora.{name}": value for name, value in factors.items()}
    arrays |= {f"lora.gradients.{name}": value for name, value in of_factors.items()}
    arrays |= {f"sequences.{index}.lora.logprobs": value for index, value in enumerate(logprobs, 1)}
    check_peft_lora(model, factors, sequences[1:], weights[1:], logprobs, of_factors)

    tokens, w = sequences[2], weights[2]
    check_finite_differences(exact, low_rank, tokens, w)
    expected = arrays["sequences.2.lowRank.logprobs"], arrays["sequences.2.lowRank.gradientOfV"]
    check_peft(model, low_rank, tokens, w, *expected)
    check_float32_gradients(model, sequences, weights, gradients)
    return record, {name: value.detach().float().contiguous() for name, value in arrays.items()}


def check_float32_gradients(model, sequences, weights, expected: dict) -> None:
    """Gradients of all weights from the untouched float32 model."""
    model.zero_grad()
    for tokens, w in zip(sequences[1:], weights[1:]):
        (w.float() * logprobs_of(logits_of(model, tokens), tokens)).sum().backward()
    got = dict(model.named_parameters())
    worst = max(expected, key=lambda name: ((got[name].grad - expected[name]).abs().max() / expected[name].abs().max()))
    assert_close(f"gradient of {worst.removeprefix('model.')}: float32", got[worst].grad, expected[worst], 1e-4)


def build(root: Path) -> None:
    """Writes every fixture below `root`."""
    for recipe in RECIPES:
        print(recipe.name)
        folder = root / recipe.name
        save_model(make_model(recipe), recipe, folder)
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        record, arrays = make_expectations(model, recipe)
        (folder / "expected.json").write_text(json.dumps(record, indent=1) + "\n")
        save_file(arrays, folder / "expected.safetensors")
        if recipe.shape is TIED:
            write_tokenizer(folder)


def write_manifest(root: Path) -> None:
    """Who made the files, and their hashes."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".md")
    manifest = dict(
        schema=1, generator="Scripts/make_fixtures.py",
        command="venv/bin/python Scripts/make_fixtures.py",
        seeds={recipe.name: recipe.seed for recipe in RECIPES},
        versions=dict(
            python=platform.python_version(), torch=torch.__version__, transformers=transformers.__version__,
            peft=peft.__version__, safetensors=safetensors.__version__, tokenizers=tokenizers.__version__,
            numpy=numpy.__version__,
        ),
        sha256={
            path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        },
    )
    (root / "MANIFEST.json").write_text(json.dumps(manifest, indent=1) + "\n")


def install(fresh: Path, root: Path) -> list[str]:
    """Replaces the committed files by the fresh ones and returns the names of those that differ.

    Folders that hold none of the fresh files belong to other scripts and are left alone.
    """
    names = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    owned = {name.parts[0] for name in names}
    old = {path.relative_to(root) for path in root.rglob("*") if path.is_file() and path.suffix != ".md"}
    old = {name for name in old if name.parts[0] in owned}
    changed = sorted(n for n in names if n not in old or (root / n).read_bytes() != (fresh / n).read_bytes())
    for name in changed:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(fresh / name, root / name)
    for name in old - names:
        (root / name).unlink()
    return [str(name) for name in changed + sorted(old - names)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Rebuilds the fixtures of the tests.")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).resolve().parent.parent / "Tests" / "Fixtures",
        help="folder to write to (default: Tests/Fixtures)")
    output = parser.parse_args().output
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "fixtures"
        build(fresh)
        write_manifest(fresh)
        changed = install(fresh, output)
    if changed:
        sys.exit("recorded a new baseline:\n" + "\n".join(f"  {name}" for name in changed))
    print("every fixture is as committed")


if __name__ == "__main__":
    main()
