import TinyFoundation

/// A `tokenizer.json` with a byte-pair model, to be written. The `tokenizers` library reads it too.
struct TokenizerDocument {
    /// The model's tokens and their ids.
    var vocabulary: [(token: String, id: Int)]
    /// Pairs of tokens, the first to merge first.
    var merges: [(left: String, right: String)]
    var addedTokens: [AddedToken] = []
    /// The JSON of components.
    var normalizer = "null", preTokenizer = "null", postProcessor = "null", decoder = Self.byteLevelDecoder
    /// Stands for characters that no tokens spell.
    var unknownToken: String?
    /// Whether characters without a token are spelled in tokens for single bytes.
    var fallsBackToBytes = false
    /// Whether a word that is a token as a whole is that token even when the merges would not build it.
    var ignoresMerges = false

    static let byteLevelDecoder =
        #"{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}"#

    /// The text. Ends in a line break.
    var text: String {
        let added = addedTokens.map { token in
            """
                {"id": \(token.id), "content": \(jsonString(token.content)), "single_word": \(token.isSingleWord), \
            "lstrip": \(token.stripsLeft), "rstrip": \(token.stripsRight), "normalized": \(token.isNormalized), \
            "special": \(token.isSpecial)}
            """
        }
        let tokens = vocabulary.map { "      \(jsonString($0.token)): \($0.id)" }
        let pairs = merges.map { "      [\(jsonString($0.left)), \(jsonString($0.right))]" }
        return """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [\(lines(added))  ],
              "normalizer": \(normalizer),
              "pre_tokenizer": \(preTokenizer),
              "post_processor": \(postProcessor),
              "decoder": \(decoder),
              "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": \(unknownToken.map(jsonString) ?? "null"),
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": \(unknownToken != nil),
                "byte_fallback": \(fallsBackToBytes),
                "ignore_merges": \(ignoresMerges),
                "vocab": {\(lines(tokens))    },
                "merges": [\(lines(pairs))    ]
              }
            }

            """
    }
}

/// The elements of a list, each on its own line.
private func lines(_ elements: [String]) -> String {
    elements.isEmpty ? "" : "\n" + elements.joined(separator: ",\n") + "\n"
}

/// Several components that work one after the other.
func jsonSequence(_ components: [String], listedAs list: String) -> String {
    """
    {
        "type": "Sequence",
        "\(list)": [
          \(components.joined(separator: ",\n      "))
        ]
      }
    """
}

/// A text as a JSON string, quotes included.
func jsonString(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        if scalar.value < 0x20 {
            quoted += scalar.value < 0x10 ? "\\u000" : "\\u00"
            quoted += String(scalar.value, radix: 16)
            continue
        }
        if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
        quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
}
