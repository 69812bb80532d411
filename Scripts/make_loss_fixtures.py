#!/usr/bin/env python3
"""Makes Tests/Fixtures/TinyLearning/losses.json: what TRL's own trainers make of a small step.

    python3 -m venv venv && venv/bin/pip install -r Scripts/requirements.txt
    venv/bin/python Scripts/make_loss_fixtures.py

A run that changes the committed file ends with status 1: a new recording is never a passed check.

How the numbers are made. A `GRPOTrainer` or `RLOOTrainer` is allocated without running its `__init__`, so that no model is
loaded, and given the attributes that its code reads. What would need a model is stubbed: generation returns the completions
below, rewards are read off their first token, and `_get_per_token_logps_and_entropies` returns given log-probabilities.
TRL's own `_generate_and_score_completions` then makes advantages and importance ratios, and its own `_compute_loss` the loss
of two updates, which is differentiated with respect to the log-probabilities. Everything is float64 but for the metrics that TRL
takes from `.float()`; all log-probabilities have float32 values, so a reader has exactly the inputs that TRL had.

losses.json, lists nested as their shape says (N completions, T tokens of one):

    schema, versions        1, of Python, torch, transformers and trl
    group_size              completions of one problem
    max_completion_length   most tokens of a completion
    tokens     [N][T]       ids; 0 ends a completion; one that begins with 1 has earned 1, any other 0
    sampled    [N][T]       log-probabilities by the engine that sampled
    trained    [N][T]       the same numbers by the engine that trains; equal to `sampled` but in the cases with `foreign`
    moved      [N][T]       by the engine that trains, after the first update
    reference  [N][T]       under the base model
    cases                   name, settings (our keys, as JSON text), foreign, and what TRL found:
      advantages  [N]
      losses      [2]       of the updates
      gradients   [2][N][T] derivatives of the losses with respect to the log-probabilities
      metrics               TRL's metrics; those of losses are means over the updates
"""

import json
import math
import platform
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
import trl
from trl.rewards import get_soft_overlong_punishment
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.rloo_trainer import RLOOTrainer

OUTPUT = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "TinyLearning" / "losses.json"
GROUP_SIZE, MAX_TOKENS = 4, 7
SEED = 34  # one of those whose ratios leave every range on both sides
# Three problems. The third's completions all earned the same; the fourth of the first and the third of the second were cut
# off for want of room.
TOKENS = [
    [1, 2, 0], [2, 1, 3, 0], [0], [3, 3, 2, 1, 2, 3, 1],
    [1, 1, 0], [2, 2, 1, 2, 0], [1, 3, 1, 1, 2, 2, 2], [1, 0],
    [1, 2, 3, 0], [1, 2, 0], [1, 3, 3, 2, 3, 0], [1, 3, 0],
]
KEPT_METRICS = [
    "reward", "reward_std", "frac_reward_zero_std", "kl", "clip_ratio/region_mean", "clip_ratio/low_mean",
    "clip_ratio/low_min", "clip_ratio/high_mean", "clip_ratio/high_max", "cispo_clip_ratio",
    "sampling/sampling_logp_difference/mean", "sampling/sampling_logp_difference/max",
    "sampling/importance_sampling_ratio/min", "sampling/importance_sampling_ratio/mean",
    "sampling/importance_sampling_ratio/max", "rewards/soft_overlong/mean", "rewards/soft_overlong/std",
    "rewards/strict/mean", "rewards/strict/std",
]


def random_rows(generator: torch.Generator, mean: float, deviation: float) -> list[torch.Tensor]:
    """One row of deviates for each completion, with float32 values."""
    return [
        (mean + deviation * torch.randn(len(ids), generator=generator, dtype=torch.float64)).float().double()
        for ids in TOKENS
    ]


def moved(rows: list[torch.Tensor], by: list[torch.Tensor]) -> list[torch.Tensor]:
    return [(row + change).float().double() for row, change in zip(rows, by)]


def padded(rows: list[torch.Tensor]) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


class Accelerator(SimpleNamespace):
    """One process."""

    device = torch.device("cpu")
    process_index, num_processes, sync_gradients = 0, 1, True

    def gather(self, x):
        return x

    gather_for_metrics = gather

    def reduce(self, x, reduction="sum"):
        return x


class Model(torch.nn.Module):
    """A model of which nothing is asked but whether it trains."""

    is_gradient_checkpointing = False


def trainer(kind: type, foreign: bool, reward_functions: list, **changed):
    """A trainer with the attributes that its losses read: TRL's defaults but for `changed`."""
    made = object.__new__(kind)
    arguments = dict(
        delta=None, use_bias_correction_kl=False, steps_per_generation=1, gradient_accumulation_steps=1,
        per_device_train_batch_size=len(TOKENS), gradient_checkpointing_kwargs=None, report_to=[],
        sapo_temperature_pos=1.0, sapo_temperature_neg=1.05,
    )
    attributes = dict(
        accelerator=Accelerator(), model=Model(), ref_model=Model(), beta=0.0,
        epsilon_low=0.2, epsilon_high=0.2, loss_type="grpo", importance_sampling_level="token", scale_rewards="group",
        normalize_advantages=False, mask_truncated_completions=False, num_generations=GROUP_SIZE, num_iterations=2,
        max_completion_length=MAX_TOKENS, top_entropy_quantile=1.0, off_policy_mask_threshold=None, use_vllm=foreign,
        vllm_importance_sampling_correction=foreign, vllm_importance_sampling_mode="sequence_mask",
        vllm_importance_sampling_clip_max=3.0, vllm_importance_sampling_clip_min=None, reward_clip_range=None,
        multi_objective_aggregation="sum_then_normalize", _entropy_bonus_enabled=False, aux_loss_enabled=False,
        current_gradient_accumulation_steps=1, environment_factories=None, environments=None, tools=None, _is_vlm=False,
        pad_to_multiple_of=None, chat_template_kwargs={}, eos_token_ids=[0], _pending_extra_logs=defaultdict(list),
        _pending_metrics=defaultdict(list), _metrics={"train": defaultdict(list), "eval": defaultdict(list)},
        _tokenizer=SimpleNamespace(pad_token_id=0), log_multimodal=False,
        _logs={key: defaultdict(list) if key in ("rewards", "extra") else [] for key in (
            "prompt", "completion", "rewards", "advantages", "extra", "images")},
        reward_func_names=[name for name, _ in reward_functions],
        reward_weights=torch.ones(len(reward_functions), dtype=torch.float64),
    )
    for name, value in changed.items():
        (arguments if name in arguments else attributes)[name] = value
    made.args = SimpleNamespace(**arguments)
    for name, value in attributes.items():
        object.__setattr__(made, name, value)
    return made


def run(case: dict, data: dict) -> dict:
    """What TRL makes of the step."""
    kind = case.get("trainer", GRPOTrainer)
    foreign = case.get("foreign", False)
    functions = [("strict", lambda ids: [float(row[0] == 1) for row in ids])]
    if case.get("margin"):
        functions.append(("soft_overlong", get_soft_overlong_punishment(MAX_TOKENS, case["margin"])))
    made = trainer(kind, foreign, functions, **case["trl"])
    trained = padded(data["trained"] if foreign else data["sampled"])
    lists = [[1]] * len(TOKENS), TOKENS, [""] * len(TOKENS)
    sampled = [row.tolist() for row in data["sampled"]] if foreign else None
    answer = lists if kind is RLOOTrainer else (lists[0], lists[1], None, lists[2], sampled, {}, None, None)
    current = {}

    def logprobs(model, *_, **__):
        found = padded(data["reference"]) if model is made.ref_model else current["logprobs"]
        return found, torch.zeros_like(found), None

    stubs = dict(
        _generate=lambda prompts: answer,
        _calculate_rewards=lambda *_: torch.tensor(
            [function(completion_ids=TOKENS) if name != "strict" else function(TOKENS) for name, function in functions],
            dtype=torch.float64).T,
        _get_per_token_logps_and_entropies=logprobs,
    )
    for name, stub in stubs.items():
        object.__setattr__(made, name, stub)

    current["logprobs"] = trained
    inputs = made._generate_and_score_completions([{"prompt": ""} for _ in TOKENS])
    losses, gradients = [], []
    for rows in (trained, padded(data["moved"])):
        current["logprobs"] = rows.clone().requires_grad_(True)
        loss = made._compute_loss(made.model, inputs)
        loss.backward()
        losses.append(loss.item())
        gradients.append(
            [row[: len(ids)].tolist() for row, ids in zip(current["logprobs"].grad, TOKENS)])
    metrics = {
        name: sum(values) / len(values) for name, values in made._metrics["train"].items()
        if name in KEPT_METRICS and not math.isnan(sum(values))
    }
    if made.scale_rewards == "batch" or (kind is RLOOTrainer and made.beta):
        del metrics["frac_reward_zero_std"]  # of the whole step, or of rewards less the divergence; ours is of groups' rewards
    if made.normalize_advantages:
        # Centring leaves 1e-17 where all rewards of a group are equal, and TRL counts the clipped ratios of such noise.
        metrics = {name: value for name, value in metrics.items() if not name.startswith("clip_ratio")}
    return dict(
        name=case["name"], settings=json.dumps(case["ours"]), foreign=foreign, advantages=inputs["advantages"].tolist(),
        losses=losses, gradients=gradients, metrics=metrics)


def correction(mode: str, maximum: float | None = 3.0, minimum: float | None = None) -> tuple[dict, dict]:
    """Our keys and TRL's for one correction."""
    parts = [("mode", "correction", mode), ("clip_max", "clip_max", maximum), ("clip_min", "clip_min", minimum)]
    ours = {f"importance_sampling_{name}": value for _, name, value in parts}
    theirs = {f"vllm_importance_sampling_{name}": value for name, _, value in parts}
    return ours, theirs


def cases() -> list[dict]:
    def same(name: str, **settings) -> dict:
        """A case whose keys TRL shares but for `epsilon`, which it stores as `epsilon_low`."""
        theirs = {{"epsilon": "epsilon_low"}.get(key, key): value for key, value in settings.items()}
        return dict(name=name, ours=settings, trl=theirs)

    def foreign(name: str, bounds: tuple[dict, dict], **settings) -> dict:
        found = same(name, beta=0.04, **settings)
        return dict(found, ours=found["ours"] | bounds[0], trl=found["trl"] | bounds[1], foreign=True)

    def rloo(name: str, ours: dict, **theirs) -> dict:
        return dict(name=name, trainer=RLOOTrainer, ours=dict(algorithm="rloo") | ours, trl=theirs)

    return [
        same("grpo"),
        same("grpo with a divergence", beta=0.04),
        same("grpo, undivided, two bounds", scale_rewards="none", epsilon=0.1, epsilon_high=0.28),
        same("grpo, divided by the step's deviation", scale_rewards="batch"),
        same("two-sided clipping", delta=1.35),
        dict(same("dr_grpo"), ours=dict(algorithm="dr_grpo"), trl=dict(loss_type="dr_grpo", scale_rewards="none")),
        same("bnpo with a divergence", loss_type="bnpo", beta=0.04),
        same("dapo", loss_type="dapo", epsilon_high=0.28),
        same("truncated completions masked", loss_type="dapo", mask_truncated_completions=True, beta=0.04),
        same("truncated completions masked, mean of means", mask_truncated_completions=True, beta=0.04),
        dict(same("soft overlong penalty", loss_type="dapo"), margin=5,
             ours=dict(loss_type="dapo", soft_overlong_cache=5)),
        dict(same("gspo"), ours=dict(algorithm="gspo"), trl=dict(
            importance_sampling_level="sequence", epsilon_low=3e-4, epsilon_high=4e-4)),
        same("gspo, wide", importance_sampling_level="sequence", epsilon=0.05, epsilon_high=0.08, beta=0.04),
        dict(same("cispo"), ours=dict(algorithm="cispo"), trl=dict(
            loss_type="cispo", epsilon_high=5.0, scale_rewards="batch")),
        same("cispo, narrow", loss_type="cispo", epsilon_high=1.1),
        same("cispo of completions", loss_type="cispo", epsilon_high=1.02, importance_sampling_level="sequence"),
        rloo("rloo", dict(beta=0)),
        rloo("rloo with the divergence in the reward", {}, beta=0.05),
        rloo("rloo, normalised", dict(beta=0, scale_rewards="batch"), normalize_advantages=True),
        foreign("foreign sampler, defaults", correction("sequence_mask")),
        foreign("foreign sampler, sequence_mask", correction("sequence_mask", 1.2, 0.8), loss_type="dapo"),
        foreign("foreign sampler, sequence_truncate", correction("sequence_truncate", 1.1, 0.9), loss_type="dapo"),
        foreign("foreign sampler, token_mask", correction("token_mask", 1.1, 0.9), loss_type="dapo"),
        foreign("foreign sampler, token_truncate", correction("token_truncate", 1.1), loss_type="bnpo"),
        foreign("foreign sampler, ratios of completions", correction("token_truncate", 1.1, 0.9),
                importance_sampling_level="sequence", epsilon=0.05, epsilon_high=0.08),
    ]


def main() -> None:
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)  # TRL divides counts, which gives the default type
    generator = torch.Generator().manual_seed(SEED)
    sampled = random_rows(generator, -1.5, 0.4)
    trained = moved(sampled, random_rows(generator, 0, 0.1))
    data = dict(
        sampled=sampled, trained=trained, moved=moved(sampled, random_rows(generator, 0, 0.3)),
        reference=moved(sampled, random_rows(generator, 0, 0.5)))
    document = dict(
        schema=1, generator="Scripts/make_loss_fixtures.py", seed=SEED,
        versions=dict(
            python=platform.python_version(), torch=torch.__version__, transformers=transformers.__version__,
            trl=trl.__version__),
        group_size=GROUP_SIZE, max_completion_length=MAX_TOKENS, tokens=TOKENS,
        **{name: [row.tolist() for row in rows] for name, rows in data.items()},
        cases=[run(case, data) for case in cases()])
    rows = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in document.items() if name != "cases"]
    rows.append(' "cases": [\n' + ",\n".join("  " + json.dumps(case) for case in document["cases"]) + "\n ]")
    text = "{\n" + ",\n".join(rows) + "\n}"
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    if OUTPUT.exists() and OUTPUT.read_text() == text + "\n":
        print("the fixture is as committed")
        return
    OUTPUT.write_text(text + "\n")
    sys.exit(f"recorded a new baseline: {OUTPUT.name}")


if __name__ == "__main__":
    main()
