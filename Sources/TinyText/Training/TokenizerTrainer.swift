public import TinyFoundation

/// Makes a small byte-level vocabulary for a corpus.
///
/// Text is split by single digits and then as GPT-2 splits it, so that every digit is a token of its own and no token joins
/// two words. Starting from the 256 bytes, the pair of neighbouring tokens that is most frequent becomes a new token, again
/// and again; of pairs that are equally frequent the one with the smaller ids does. The result depends on nothing but the
/// texts and the two settings.
///
/// ```swift
/// let trained = try TokenizerTrainer.train(corpus, vocabularySize: 1024, specialTokens: ["<|endoftext|>"])
/// try trained.write(to: "tokenizer.json")
/// let ids = trained.tokenizer.encode("12 apples")
/// ```
///
/// Source: Sennrich et al., "Neural machine translation of rare words with subword units", arXiv:1508.07909 §3.2.
public enum TokenizerTrainer {
    /// Trains a vocabulary. Ids: the special tokens in the order given, the 256 bytes, then merges in the order found.
    ///
    /// - Parameters:
    ///   - texts: The corpus. Special tokens in it are recognised and not learned from.
    ///   - vocabularySize: The number of tokens wanted, all kinds together. The result has fewer when no pair is left.
    ///   - specialTokens: Their texts; the first is reported as ``Tokenizer/endOfTextID``.
    /// - Throws: ``TextError`` with code `invalidTrainingRequest` when the size does not leave room for the special tokens
    ///   and the bytes, or a special token is given twice, is shorter than two characters or is not printable ASCII.
    /// - Complexity: One pass over the texts; then, for each merge, time in proportion to the distinct words it occurs in.
    public static func train(
        _ texts: some Sequence<String>, vocabularySize: Int, specialTokens: [String]
    ) throws(TextError) -> TrainedTokenizer {
        try check(vocabularySize: vocabularySize, specialTokens: specialTokens)
        let alphabet = ByteAlphabet.scalars.sorted()
        var tokens = specialTokens + alphabet.map { String($0) }
        var ids = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, UInt32($0)) })
        let symbols = ByteAlphabet.scalars.map { ids[String($0)] ?? 0 }

        var learner = MergeLearner()
        for (word, count) in wordCounts(in: texts, without: specialTokens) {
            learner.add(word.map { symbols[Int($0)] }, count: count)
        }
        var merges: [MergeLearner.Pair] = []
        var known: Set<MergeLearner.Pair> = []
        while tokens.count < vocabularySize, let pair = learner.mostFrequentPair() {
            let joined = tokens[Int(pair.left)] + tokens[Int(pair.right)]
            // Two pairs may spell one token, and a pair may come back when its right half is found a second way.
            let id = ids[joined] ?? UInt32(tokens.count)
            if ids.updateValue(id, forKey: joined) == nil { tokens.append(joined) }
            if known.insert(pair).inserted { merges.append(pair) }
            learner.merge(pair, into: id)
        }
        return try TrainedTokenizer(
            tokens: tokens, specialCount: specialTokens.count,
            merges: merges.map { (tokens[Int($0.left)], tokens[Int($0.right)]) })
    }

    private static func check(vocabularySize: Int, specialTokens: [String]) throws(TextError) {
        let least = specialTokens.count + 256
        guard (least...TokenTable.largestID).contains(vocabularySize) else {
            throw TextError(
                .invalidTrainingRequest,
                "the vocabulary size is \(vocabularySize), expected at least \(least): 256 bytes and the special tokens"
            )
        }
        for (index, token) in specialTokens.enumerated() {
            // What is printable ASCII is spelled as itself, so no merge can spell a token that was recognised before.
            guard token.utf8.count >= 2, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw TextError(
                    .invalidTrainingRequest,
                    "the special token \"\(token)\" is not two or more printable ASCII characters without spaces")
            }
            guard !specialTokens[..<index].contains(token) else {
                throw TextError(.invalidTrainingRequest, "the special token \"\(token)\" is given twice")
            }
        }
    }

    /// The distinct words of the texts and how often each occurs, in the order in which they first occur.
    private static func wordCounts(
        in texts: some Sequence<String>, without specialTokens: [String]
    ) -> [(word: ArraySlice<UInt8>, count: Int)] {
        let finder = AddedTokenFinder(specialTokens.enumerated().map { AddedToken(id: $0, content: $1) })
        var words = TokenTable(capacity: 1 << 12)
        var counts: [Int] = []
        for text in texts {
            var buffer = PieceBuffer(text)
            finder.apply(to: &buffer)
            DigitWords(areIndividual: true).apply(to: &buffer)
            GPT2Words().apply(to: &buffer)
            buffer.bytes.withUnsafeBufferPointer { bytes in
                var start = 0
                for piece in buffer.pieces {
                    let word = UnsafeBufferPointer(rebasing: bytes[start..<piece.end])
                    start = piece.end
                    if piece.token != nil { continue }
                    if let index = words.id(of: word) {
                        counts[index] += 1
                    } else if words.insert(word, id: counts.count) {
                        counts.append(1)
                    }
                }
            }
        }
        return counts.enumerated().map { (words.spelling(of: $0) ?? [], $1) }
    }
}
