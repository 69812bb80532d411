"""Makes the fixtures of this folder with the reference implementation: pip install tokenizers==0.23.3, then python make.py

trained.json  what `tokenizers` learns from corpus.txt, one text a line
flags.json    NFC, the split of Llama 3, added tokens with every flag, a template, merges as lists, whole words first
missing.json  a space before the text, runs of digits, bytes that are not in the vocabulary, merges as strings
sentence.json characters with tokens for single bytes, spaces as marks, in the layout of Llama 2's files
marks.json    characters without tokens for bytes, a Metaspace pre-tokenizer that splits and marks the first piece only
mistral.json  as sentence.json with the Metaspace pre-tokenizer of Mistral's files instead of normalizers
gemma.json    no mark before a text, a Split behind spaces, white space and markup as added tokens, in the layout of Gemma's files
holes.json    half of the tokens for bytes, unknown characters one by one, added tokens that are normalised
*.cases.jsonl what each makes of some texts: text, ids (template included), decoded (special tokens left out)
*.ids.jsonl   what those with tokens for bytes make of random ids: ids, decoded (special tokens left out)
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


def with_bytes(vocabulary, count=256):
    return vocabulary | {f"<0x{byte:02X}>": len(vocabulary) + byte for byte in range(count)}


def like_llama2():
    vocabulary, merges = train_marked(200)
    vocabulary = with_bytes(vocabulary)
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


def like_mistral():
    vocabulary, merges = train_marked(200)
    tokenizer = Tokenizer(
        models.BPE(vocab=with_bytes(vocabulary), merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", "[INST]", "[/INST]"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def like_gemma():
    vocabulary, merges = train_marked(200)
    marks = ["\u2581" * count for count in (2, 3, 4)]
    for mark in marks:
        vocabulary[mark] = len(vocabulary)
        merges.append((mark[1:], "\u2581"))
    tokenizer = Tokenizer(
        models.BPE(vocab=with_bytes(vocabulary), merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", "<start_of_turn>", "<end_of_turn>"])
    plain = marks + ["\n", "\n\n", "\n\n\n", "\t", "<table>", "</table>"]
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in plain])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def with_holes():
    vocabulary, merges = train_marked(120)
    tokenizer = Tokenizer(
        models.BPE(vocab=with_bytes(vocabulary, 128 + 64), merges=merges, unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(Regex(" "), "\u2581")])
    tokenizer.pre_tokenizer = pre_tokenizers.Split("e", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_tokens([AddedToken("<s>", normalized=True), AddedToken("two words", normalized=True)])
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


def more_texts():
    """For tokenizers with tokens for bytes."""
    chosen = [
        "  two", "two  ", " ", "   ", "    ", "a    b", "\n", "\n\n\n\n", " \n ", "\t\t", "\r\n", "\0", "a\0b", "\ufffd", "\ufeffx",
        "\u2581", "\u2581a", "a \u2581\u2581b", "<0x41>", "<0xE4>", "<s>", " <s> a", "a<s>b", "a <s>", "</s></s>", "<unk>", "x <unk> y",
        "[INST] 12 [/INST]", "<table> a</table>", "<start_of_turn>a\n<end_of_turn>\n", "\u4e2d\u6587 \u4e2d", "\uac00\u1100\u1161",
        "e\u0301 \u00e9 n\u0303\u0303", "\U0001f600\U0001f468\u200d\U0001f469 \U0001f3fd", "\u00a0 \u3000", "zq\u4e2dAzq\u00e9zz",
        "\u4e2dz\u4e2dz", "a" * 70, " " * 70, "ab" * 40, "12 apples " * 20,
    ]
    random.seed(2)
    pieces = chosen + list("aeinostqz 17.,'\n\t") + [" the", " answer", "\u00e9", "\u4e2d", "\U0001f600", "  "]
    return texts() + chosen + ["".join(random.choices(pieces, k=random.randint(2, 9))) for _ in range(60)]


def random_ids(size, bytes_of):
    """Runs of any tokens and of tokens for bytes: single bytes, whole characters, beginnings of characters.

    bytes_of gives the ids of the tokens for some bytes, those that exist.
    """
    random.seed(3)
    rows = [[]]
    for _ in range(200):
        row = []
        for _ in range(random.randint(1, 6)):
            character = random.choice("a \u00e9\u4e2d\U0001f600").encode()
            row += random.choice([
                [random.randrange(size)], bytes_of(character), bytes_of(character[: random.randint(1, 4)]),
                bytes_of([random.randrange(256)])])
        rows.append(row)
    return rows


def write(name, tokenizer, merges_as_text=False, has_bytes=False, cases=texts):
    record = json.loads(tokenizer.to_str())
    if merges_as_text:
        record["model"]["merges"] = [" ".join(pair) for pair in record["model"]["merges"]]
    with open(name + ".json", "w", encoding="utf-8") as file:
        json.dump(record, file, ensure_ascii=merges_as_text)  # both ways to write a string
        file.write("\n")
    tokenizer = Tokenizer.from_file(name + ".json")
    with open(name + ".cases.jsonl", "w", encoding="utf-8") as file:
        for text in cases():
            ids = tokenizer.encode(text).ids
            decoded = tokenizer.decode(ids, skip_special_tokens=True)
            file.write(json.dumps({"text": text, "ids": ids, "decoded": decoded}) + "\n")

    if not has_bytes:
        return
    names = [tokenizer.token_to_id(f"<0x{byte:02X}>") for byte in range(256)]
    with open(name + ".ids.jsonl", "w", encoding="utf-8") as file:
        size = tokenizer.get_vocab_size() + 1
        for ids in random_ids(size, lambda text: [names[byte] for byte in text if names[byte] is not None]):
            decoded = tokenizer.decode(ids, skip_special_tokens=True)
            file.write(json.dumps({"ids": ids, "decoded": decoded}) + "\n")


if __name__ == "__main__":
    trained = train()
    write("trained", trained)
    write("flags", with_flags(*parts(trained)))
    write("sentence", like_llama2(), merges_as_text=True, has_bytes=True)
    write("marks", with_marks())
    write("missing", with_missing_bytes(*parts(trained)), merges_as_text=True)
    write("mistral", like_mistral(), has_bytes=True, cases=more_texts)
    write("gemma", like_gemma(), has_bytes=True, cases=more_texts)
    write("holes", with_holes(), merges_as_text=True, has_bytes=True, cases=more_texts)
