/// Sets numbers apart from everything else: the `Digits` pre-tokenizer.
struct DigitWords: WordScanner {
    /// Whether every digit is a word of its own, rather than every run of digits.
    var areIndividual: Bool

    func endOfWord(at start: Int, limit: Int, in text: ScalarText) -> Int {
        let first = text.character(at: start)
        var end = start + first.length
        if first.kind == .number {
            return areIndividual ? end : text.end(ofRunOf: .number, from: end, limit: limit)
        }
        while end < limit {
            let next = text.character(at: end)
            guard next.kind != .number else { break }
            end += next.length
        }
        return end
    }
}
