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
        json =
            TokenizerDocument(
                vocabulary: tokens.enumerated().map { ($1, $0) }, merges: merges,
                addedTokens: tokens.prefix(specialCount).enumerated().map { AddedToken(id: $0, content: $1) },
                preTokenizer: ByteLevelFamily.smollm.preTokenizerJSON
            ).text
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
