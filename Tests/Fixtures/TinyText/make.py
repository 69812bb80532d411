"""Makes the fixtures of this folder with the reference implementation: pip install tokenizers==0.23.3, then python make.py

trained.json  what `tokenizers` learns from corpus.txt, one text a line
flags.json    NFC, the split of Llama 3, added tokens with every flag, a template, merges as lists, whole words first
missing.json  a space before the text, runs of digits, bytes that are not in the vocabulary, merges as strings
sentence.json characters with tokens for single bytes, spaces as marks, in the layout of Llama 2's files
marks.json    characters without tokens for bytes, a Metaspace pre-tokenizer that splits and marks the first piece only
*.cases.jsonl what each makes of some texts: text, ids (template included), decoded (special tokens left out)
"""

import json
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|pad|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    with open("corpus.txt", encoding="utf-8") as corpus:
        tokenizer.train_from_iterator(corpus.read().split("\n")[:-1], trainer)
    return tokenizer


def parts(tokenizer):
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def with_flags(vocabulary, merges):
    vocabulary = dict(vocabulary)
    vocabulary["Ġhow"] = len(vocabulary)  # a whole word that no merge builds
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>", "<bos>", "<eos>", AddedToken("<left>", lstrip=True)])
    tokenizer.add_tokens(
        [
            AddedToken("<right>", rstrip=True, normalized=False),
            AddedToken("word", single_word=True, normalized=False),
            AddedToken("<both>", lstrip=True, rstrip=True, normalized=False),
            AddedToken("<bo", normalized=False),
            AddedToken("\u1100\u1161\u4e2d", normalized=True),
            AddedToken("two words", normalized=True),
            AddedToken("\n", normalized=False),
        ]
    )
    bos, eos = tokenizer.token_to_id("<bos>"), tokenizer.token_to_id("<eos>")
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single="<bos> $A <eos>", special_tokens=[("<bos>", bos), ("<eos>", eos)]),
        ]
    )
    return tokenizer


def with_missing_bytes(vocabulary, merges):
    absent = set("qQzZĊ") | {"Ã"}
    tokens = [token for token in vocabulary if not absent & set(token)]
    vocabulary = {token: index for index, token in enumerate(tokens + ["<unk>"])}
    merges = [pair for pair in merges if "".join(pair) in vocabulary]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.ByteLevel(add_prefix_space=True)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def train_marked(vocabulary_size):
    """A vocabulary of characters in which a mark stands for a space."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
    with open("corpus.txt", encoding="utf-8") as corpus:
        tokenizer.train_from_iterator(corpus.read().split("\n")[:-1], trainer)
    return parts(tokenizer)


def like_llama2():
    vocabulary, merges = train_marked(200)
    vocabulary = dict(vocabulary)
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def with_marks():
    vocabulary, merges = train_marked(150)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", "<|endoftext|>"])
    return tokenizer


def texts():
    chosen = [
        "", " ", "12 apples", "How many days are there?", " how", "<|endoftext|>", "a<|endoftext|><|pad|>b",
        "x  <left> y", "x <right>  y", "a <both> \n <both> b", "<bo<bos><both>", "word words sword a word. 1word word",
        "\u1100\u1161\u4e2d \uac00\u4e2d cafe\u0301", "two words", "\n<right>\n\n<left>\n", "e\u0301 \u1100\u1161\u11a8 \u212b \u0958",
        "I'LL don't 'Re'\u017f we'Ve", "\r\n\r\n  x \t\n", "quartz zzz \u00e9q", "\U0001f468\u200d\U0001f469 \U0001f600!",
        "1234567 \u0664\u0665\u0666\u0667 \u00bd\u2160", "\u3000\u3000x\u00a0\u00a0y\u2028z",
    ]
    random.seed(1)
    pieces = chosen + list("aeinostq 17.,'\n\t") + [" the", " answer", " is", "\u00e9", "e\u0301", "\u4e2d", "\U0001f600"]
    return chosen + ["".join(random.choices(pieces, k=random.randint(2, 9))) for _ in range(60)]


def write(name, tokenizer, merges_as_text=False):
    record = json.loads(tokenizer.to_str())
    if merges_as_text:
        record["model"]["merges"] = [" ".join(pair) for pair in record["model"]["merges"]]
    with open(name + ".json", "w", encoding="utf-8") as file:
        json.dump(record, file, ensure_ascii=merges_as_text)  # both ways to write a string
        file.write("\n")
    tokenizer = Tokenizer.from_file(name + ".json")
    with open(name + ".cases.jsonl", "w", encoding="utf-8") as file:
        for text in texts():
            ids = tokenizer.encode(text).ids
            decoded = tokenizer.decode(ids, skip_special_tokens=True)
            file.write(json.dumps({"text": text, "ids": ids, "decoded": decoded}) + "\n")


trained = train()
write("trained", trained)
write("flags", with_flags(*parts(trained)))
write("sentence", like_llama2(), merges_as_text=True)
write("marks", with_marks())
write("missing", with_missing_bytes(*parts(trained)), merges_as_text=True)
