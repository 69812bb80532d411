#!/usr/bin/env python3
"""Makes Tests/Fixtures/gguf: what ggml's Python package `gguf` makes of random blocks, and a small model in a GGUF file.

    venv/bin/pip install -r Scripts/requirements.txt
    venv/bin/python Scripts/make_gguf_fixtures.py

  blocks.json      for each quantised type: random blocks and the numbers that `gguf.quants.dequantize` decodes, both as base64
  model.gguf       a random Qwen2 model with tensors of all types, a tokenizer and a chat template, written by `gguf.GGUFWriter`
  model/           the same model as a directory: weights decoded by `gguf` and rounded to bf16

A run that changes a committed file ends with status 1 and names the files.
"""

import base64
import json
import sys
from pathlib import Path

import numpy
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as Type, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize

FIXTURES = Path(__file__).parent.parent / "Tests" / "Fixtures"
FOLDER = FIXTURES / "gguf"
# Where the halves (d, and m or the second scale) are in a block.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0],
}
# Scales that rounding, signs and subnormal numbers of both precisions depend on.
EDGES = [0.0, -0.0, 6e-8, -6e-8, 6.1e-5, 65504.0, -65504.0, 1.0]
BLOCKS = 16
VOCABULARY, WIDTH, HEADS, KEY_VALUE_HEADS, FEED_FORWARD, LAYERS = 97, 32, 2, 1, 256, 3
TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def random_blocks(type_name, count, random, scale):
    """Random bytes whose halves are finite: any other byte is valid in any place."""
    size = GGML_QUANT_SIZES[Type[type_name]][1]
    blocks = random.integers(0, 256, (count, size), dtype=numpy.uint8)
    for place in HALVES[type_name]:
        halves = (random.standard_normal(count) * scale).astype(numpy.float16)
        blocks[:, place : place + 2] = halves.view(numpy.uint8).reshape(count, 2)
    return blocks


def blocks_fixture():
    recorded = {}
    for index, name in enumerate(HALVES):
        random = numpy.random.default_rng(index)
        blocks = random_blocks(name, BLOCKS, random, 1.0)
        for block, edge in enumerate(EDGES):
            place = HALVES[name][block % len(HALVES[name])]
            blocks[block, place : place + 2] = numpy.array([edge], numpy.float16).view(numpy.uint8)
        values = dequantize(blocks.reshape(-1), Type[name]).astype("<f4")
        recorded[name] = {
            "blocks": base64.b64encode(blocks.tobytes()).decode(),
            "values": base64.b64encode(values.tobytes()).decode(),
        }
    return json.dumps(recorded, indent=1) + "\n"


def model_tensors():
    """Name in the GGUF file, name in a directory, type and shape of every tensor."""
    yield "token_embd.weight", "model.embed_tokens.weight", "Q8_0", (VOCABULARY, WIDTH)
    yield "output_norm.weight", "model.norm.weight", "F32", (WIDTH,)
    yield "output.weight", "lm_head.weight", "F16", (VOCABULARY, WIDTH)
    key_value = KEY_VALUE_HEADS * WIDTH // HEADS
    types = [
        ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "Q8_0", "Q2_K"],
        ["BF16", "F16", "F32", "IQ4_NL", "Q4_0", "Q4_1", "Q4_K"],
        ["Q5_0", "Q8_0", "BF16", "F16", "Q5_1", "F32", "Q6_K"],
    ]
    parts = [
        ("attn_q", "self_attn.q_proj", (WIDTH, WIDTH)), ("attn_k", "self_attn.k_proj", (key_value, WIDTH)),
        ("attn_v", "self_attn.v_proj", (key_value, WIDTH)), ("attn_output", "self_attn.o_proj", (WIDTH, WIDTH)),
        ("ffn_gate", "mlp.gate_proj", (FEED_FORWARD, WIDTH)), ("ffn_up", "mlp.up_proj", (FEED_FORWARD, WIDTH)),
        ("ffn_down", "mlp.down_proj", (WIDTH, FEED_FORWARD)),
    ]
    for layer in range(LAYERS):
        here, there = f"blk.{layer}.", f"model.layers.{layer}."
        yield here + "attn_norm.weight", there + "input_layernorm.weight", "F32", (WIDTH,)
        yield here + "ffn_norm.weight", there + "post_attention_layernorm.weight", "F32", (WIDTH,)
        for (own, other, shape), kind in zip(parts, types[layer]):
            yield here + own + ".weight", there + other + ".weight", kind, shape
            if own in ("attn_q", "attn_k", "attn_v"):
                yield here + own + ".bias", there + other + ".bias", "F32", shape[:1]


def stored(name, kind, shape, random):
    """The bytes of a random tensor, as an array that the writer takes."""
    if kind in HALVES and (kind.endswith("_K") or kind == "IQ4_NL"):  # the package decodes these and does not encode them
        block, size = GGML_QUANT_SIZES[Type[kind]]
        scale = {"Q2_K": 0.02, "Q4_K": 0.001, "Q6_K": 0.0001, "IQ4_NL": 0.004}[kind]
        return random_blocks(kind, shape[0] * shape[1] // block, random, scale).reshape(shape[0], shape[1] // block * size)
    values = random.normal(0, 0.2, shape).astype(numpy.float32) + ("norm" in name)
    return quantize(values.astype(numpy.float32), Type[kind])


def write_model(path):
    random = numpy.random.default_rng(7)
    tokenizer = json.loads((FIXTURES / "qwen2-tied" / "tokenizer.json").read_text())
    vocabulary = dict(tokenizer["model"]["vocab"])
    vocabulary.update({token["content"]: token["id"] for token in tokenizer["added_tokens"]})
    tokens = sorted(vocabulary, key=vocabulary.get)
    special = {token["id"] for token in tokenizer["added_tokens"]}
    writer = GGUFWriter(path, "qwen2")
    writer.add_name("fixture")
    writer.add_block_count(LAYERS)
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_VALUE_HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if id in special else 1 for id in range(len(tokens))])
    writer.add_token_merges([])
    writer.add_eos_token_id(96)
    writer.add_chat_template(TEMPLATE)
    for name, other, kind, shape in model_tensors():
        data = stored(name, kind, shape, random)
        writer.add_tensor(name, data, raw_dtype=Type[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def rounded(values):
    """To bf16, to nearest with ties to even, as patterns."""
    bits = numpy.ascontiguousarray(values, numpy.float32).view(numpy.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def directory_files(path):
    """The model directory: names and bytes of its files, from what the package reads in the GGUF file."""
    names = {name: other for name, other, _, _ in model_tensors()}
    header, data, offset = {}, [], 0
    for tensor in sorted(GGUFReader(path).tensors, key=lambda tensor: names[tensor.name]):
        shape = [int(length) for length in reversed(tensor.shape)]
        values = dequantize(tensor.data, tensor.tensor_type).reshape(shape)
        data.append(rounded(values).tobytes())
        header[names[tensor.name]] = {
            "dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + len(data[-1])]}
        offset += len(data[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    configuration = {
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": VOCABULARY, "hidden_size": WIDTH,
        "intermediate_size": FEED_FORWARD, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_VALUE_HEADS, "max_position_embeddings": 128, "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0, "tie_word_embeddings": False, "eos_token_id": 96, "dtype": "bfloat16",
    }
    template = {"chat_template": TEMPLATE, "eos_token": "<|endoftext|>"}
    return {
        "model.safetensors": len(text).to_bytes(8, "little") + text + b"".join(data),
        "config.json": (json.dumps(configuration, indent=1) + "\n").encode(),
        "tokenizer.json": (FIXTURES / "qwen2-tied" / "tokenizer.json").read_bytes(),
        "tokenizer_config.json": (json.dumps(template, indent=1) + "\n").encode(),
    }


def main():
    (FOLDER / "model").mkdir(parents=True, exist_ok=True)
    before = {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    (FOLDER / "blocks.json").write_text(blocks_fixture())
    write_model(FOLDER / "model.gguf")
    for name, contents in directory_files(FOLDER / "model.gguf").items():
        (FOLDER / "model" / name).write_bytes(contents)
    after = {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    changed = sorted(str(path.relative_to(FIXTURES)) for path in after if before.get(path) != after[path])
    for name in changed:
        print(f"recorded {name}")
    sys.exit(1 if changed else 0)


main()
