"""Makes GGUF files with SentencePiece vocabularies, and what llama.cpp makes of texts and ids with them.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3 gguf==0.19.0 cyllama==0.2.18, then python make_scored.py

scored-llama.gguf  in the layout of Llama 2: a space before a text, a beginning token, tokens for single bytes
scored-gemma.gguf  in the layout of Gemma: no space before a text, white space and markup as user-defined tokens
scored-ties.gguf   the first with scores in another order that many tokens share
*.cases.jsonl      text, ids (beginning included, special tokens recognised), decoded (special tokens left out)
*.ids.jsonl        ids, decoded (special tokens left out; U+FFFD for what is not UTF-8)

Ids of texts without special tokens and marks must also be those of SentencePiece, except where scores are shared.
"""

import io
import json
import tempfile
from pathlib import Path

import numpy
import sentencepiece
from cyllama.llama.llama_cpp import LlamaModel, LlamaModelParams
from gguf import GGUFWriter

from make import more_texts, random_ids

MARK = "\u2581"
GEMMA_TOKENS = ["\n", "\n\n", "\n\n\n", "\t", "  ", "   ", "    ", "<table>", "</table>"]
WIDTH, LAYER = 32, {
    "attn_norm": 1, "attn_q": 2, "attn_k": 2, "attn_v": 2, "attn_output": 2, "ffn_norm": 1, "ffn_gate": 2, "ffn_up": 2, "ffn_down": 2}
UNKNOWN, CONTROL, USER_DEFINED, BYTE = 2, 3, 4, 6


def train(size, **options):
    with open("corpus.txt", encoding="utf-8") as corpus:
        lines = corpus.read().split("\n")[:-1]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=size, model_type="bpe", byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.999, num_threads=1,
        minloglevel=2, **options)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def write(path, model, adds_prefix, shares_scores, has_tensors):
    """The vocabulary alone, or with the weights that llama.cpp needs to open the file."""
    size = model.get_piece_size()
    tokens = [model.id_to_piece(index) for index in range(size)]
    scores = [model.get_score(index) for index in range(size)]
    kinds = [1] * size
    for index in range(size):
        if model.is_unknown(index):
            kinds[index] = UNKNOWN
        elif model.is_control(index):
            kinds[index] = CONTROL
        elif model.is_byte(index):
            kinds[index] = BYTE
        elif not adds_prefix and tokens[index].replace(MARK, " ") in GEMMA_TOKENS:
            kinds[index] = USER_DEFINED
            tokens[index] = tokens[index].replace(MARK, " ")  # as llama.cpp's converter does it
    if shares_scores:
        scores = [-float(index % 3) for index in range(size)]
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(model.bos_id())
    writer.add_eos_token_id(model.eos_id())
    writer.add_unk_token_id(model.unk_id())
    if not adds_prefix:  # both keys have defaults
        writer.add_add_bos_token(True)
        writer.add_add_space_prefix(False)
    if has_tensors:
        shapes = {f"blk.0.{name}": (WIDTH,) * rank for name, rank in LAYER.items()}
        for name, shape in (shapes | {"token_embd": (size, WIDTH), "output_norm": (WIDTH,)}).items():
            writer.add_tensor(name + ".weight", numpy.zeros(shape, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(name, model, adds_prefix, shares_scores=False):
    write(name + ".gguf", model, adds_prefix, shares_scores, has_tensors=False)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.gguf")
        write(path, model, adds_prefix, shares_scores, has_tensors=True)
        opened = LlamaModel(path, LlamaModelParams(), verbose=False)
        record(name, model, opened.get_vocab(), adds_prefix, shares_scores)


def record(name, model, vocabulary, adds_prefix, shares_scores):
    letter = next(index for index in range(model.get_piece_size()) if model.id_to_piece(index) == "a")

    def decode(ids):
        # The wrapper strips white space before the text: a letter keeps it, and llama.cpp's own rule is applied here.
        text = vocabulary.detokenize([letter] + [index for index in ids if index != model.bos_id()], 1 << 16, False, False)[1:]
        return text.removeprefix(" ") if adds_prefix else text

    special = ["<s>", "</s>", "<unk>", MARK]
    with open(name + ".cases.jsonl", "w", encoding="utf-8") as file:
        for text in more_texts():
            if "\0" in text:
                continue  # the wrapper ends a text there
            ids = vocabulary.tokenize(text, True, True)
            if not shares_scores and not any(token in text for token in special):
                assert ids[1:] == model.encode(text), (text, ids, model.encode(text))
            file.write(json.dumps({"text": text, "ids": ids, "decoded": decode(ids)}) + "\n")
    if shares_scores:
        return  # decoding does not depend on scores
    with open(name + ".ids.jsonl", "w", encoding="utf-8") as file:
        pieces = {model.id_to_piece(index): index for index in range(model.get_piece_size())}
        for ids in random_ids(len(pieces), lambda text: [pieces[f"<0x{byte:02X}>"] for byte in text]):
            ids = [index for index in ids if index > 2]
            file.write(json.dumps({"ids": ids, "decoded": decode(ids)}) + "\n")


if __name__ == "__main__":
    llama, gemma = train(420), train(430, add_dummy_prefix=False, user_defined_symbols=[token.replace(" ", MARK) for token in GEMMA_TOKENS])
    make("scored-llama", llama, adds_prefix=True)
    make("scored-ties", llama, adds_prefix=True, shares_scores=True)
    make("scored-gemma", gemma, adds_prefix=False)
