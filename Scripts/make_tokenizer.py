"""A byte-level BPE tokenizer of 97 tokens without merges, so that the fixture models can be driven with text.

Ids 0-94 are the printable ASCII characters in order, 95 is the newline, 96 is `<|endoftext|>`.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer

END = "<|endoftext|>"


def write_tokenizer(folder: Path) -> None:
    """Writes tokenizer.json and tokenizer_config.json, and asserts that text survives a round trip."""
    # In the byte-level alphabet a space is written U+0120 and a newline U+010A; printable ASCII stands for itself.
    vocabulary = {("\u0120" if code == 32 else chr(code)): code - 32 for code in range(32, 127)}
    vocabulary["\u010a"] = 95
    pattern = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    byte_level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=False, use_regex=False)
    split = dict(type="Split", pattern=dict(Regex=pattern), behavior="Isolated", invert=False)
    added = dict(id=96, content=END, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    description = dict(
        version="1.0", truncation=None, padding=None, added_tokens=[added], normalizer=dict(type="NFC"),
        pre_tokenizer=dict(type="Sequence", pretokenizers=[split, byte_level]),
        post_processor=byte_level, decoder=byte_level,
        model=dict(
            type="BPE", dropout=None, unk_token=None, continuing_subword_prefix="", end_of_word_suffix="",
            fuse_unk=False, byte_fallback=False, vocab=vocabulary, merges=[],
        ),
    )
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    settings = dict(tokenizer_class="Qwen2Tokenizer", eos_token=END, pad_token=END, model_max_length=128)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")

    tokenizer = Tokenizer.from_file(str(path))
    text = "Tom has 3 apples.\n\nIt's 12 + 5 = 17."
    expected = [95 if character == "\n" else ord(character) - 32 for character in text] + [96]
    ids = tokenizer.encode(text + END).ids
    assert ids == expected, ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == text + END
