import Foundation
public import TinyFoundation

/// What ``TokenizerTrainer`` made: a tokenizer, and the file that describes it.
public struct TrainedTokenizer: Sendable {
    /// The tokenizer, read back from ``json``.
    public let tokenizer: Tokenizer
    /// The text of a `tokenizer.json` that the `tokenizers` library reads too. Ends in a line break.
    public let json: String

    /// - Parameters:
    ///   - tokens: All tokens by id, the special ones first.
    ///   - specialCount: How many are special.
    ///   - merges: Pairs of tokens, the first to merge first.
    init(tokens: [String], specialCount: Int, merges: [(left: String, right: String)]) throws(TextError) {
        let added = tokens.prefix(specialCount).enumerated().map { id, token in
            """
                {"id": \(id), "content": \(jsonString(token)), "single_word": false, "lstrip": false, "rstrip": false, \
            "normalized": false, "special": true}
            """
        }
        let vocabulary = tokens.enumerated().map { id, token in "      \(jsonString(token)): \(id)" }
        let pairs = merges.map { "      [\(jsonString($0.left)), \(jsonString($0.right))]" }
        json = """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [\(lines(added))  ],
              "normalizer": null,
              "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                  {"type": "Digits", "individual_digits": true},
                  {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
                ]
              },
              "post_processor": null,
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": null,
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": false,
                "byte_fallback": false,
                "ignore_merges": false,
                "vocab": {\(lines(vocabulary))    },
                "merges": [\(lines(pairs))    ]
              }
            }

            """
        tokenizer = try Tokenizer(
            json: json.utf8, named: "the trained tokenizer", endOfText: specialCount > 0 ? tokens.first : nil)
    }

    /// Writes ``json`` to a file, replacing what was there.
    ///
    /// - Throws: ``TextError`` with code `unwritableFile`.
    public func write(to path: String) throws(TextError) {
        do {
            try AtomicFile.write(Data(json.utf8), to: path)
        } catch {
            throw TextError(.unwritableFile, error)
        }
    }
}

/// The elements of a list, each on its own line.
private func lines(_ elements: [String]) -> String {
    elements.isEmpty ? "" : "\n" + elements.joined(separator: ",\n") + "\n"
}

/// A JSON string of text without control characters, which tokens in the byte alphabet never have.
private func jsonString(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
        quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
}
