/// A gold answer, without its box, marker or dollar signs. Of a worked solution, its own final answer.
struct GoldAnswer {
    private let answer: ParsedAnswer
    /// Its reading as a number with a decimal comma: `3,5` is also 3.5. Compared exactly: within 0.5 of 1.2, the list `1,2` would
    /// be 1.
    private let decimal: ParsedAnswer?
    /// Its letter, where it is a multiple-choice answer.
    let choice: Character?
    /// The value that the letter labels, where both are given: `(C) 12`.
    private let value: ParsedAnswer?
    /// Whether it is a number written with a decimal comma.
    let hasDecimalComma: Bool
    /// Whether it is words, or nothing that can be parsed.
    var isWords: Bool { !answer.isReadable || answer.isOnlyWords }
    /// How many parts it has, where it is a list, a set or a tuple.
    var partCount: Int? { answer.partCount }

    init(_ text: String) {
        let bytes = Array(text.utf8)
        let content: String
        if let box = AnswerBox.lastAnswer(in: bytes) {
            content = box.text
        } else if let line = markedLine(in: bytes), !line.isEmpty {
            content = String(decoding: bytes[line], as: UTF8.self)
        } else {
            content = Self.announced(in: text, bytes) ?? text
        }
        answer = ParsedAnswer(content, isGold: true)
        hasDecimalComma = content.utf8.contains(UInt8(ascii: ",")) && ParsedAnswer.isDecimal(content)
        decimal = hasDecimalComma ? ParsedAnswer(content.replacing(",", with: "."), isGold: true) : nil
        let labelled = ChoiceLetter.labelled(content)
        choice = ChoiceLetter.ofGold(content) ?? labelled?.letter
        value = labelled.map { ParsedAnswer($0.value, isGold: true) }
    }

    /// What a worked solution announces as its answer; `nil` where the text is an answer itself.
    private static func announced(in text: String, _ bytes: [UInt8]) -> String? {
        guard ExtractedAnswers.hasWords(bytes), let start = AnswerPhrase.announcements(in: bytes).last?.start,
            start < bytes.count
        else { return nil }
        let content = String(decoding: bytes[start..<Sentences.end(from: start, in: bytes)], as: UTF8.self)
        let candidates = ExtractedAnswers.candidates(of: content, hasDecimalComma: ParsedAnswer.isDecimal(content))
        return candidates.first { ParsedAnswer($0).isReadable } ?? candidates.first
    }

    /// Whether a prediction is equivalent: as a whole, or each of its alternatives, as in `\frac12 \text{ or } 0.5`.
    func accepts(_ prediction: ParsedAnswer, options: GradingOptions) -> Bool {
        if acceptsWhole(prediction, options: options) { return true }
        let alternatives = Alternatives.of(prediction.text)
        return !alternatives.isEmpty && alternatives.allSatisfy { acceptsWhole(ParsedAnswer($0), options: options) }
    }

    private func acceptsWhole(_ prediction: ParsedAnswer, options: GradingOptions) -> Bool {
        if answer.accepts(prediction, options: options)
            || decimal?.accepts(prediction, options: options.withoutTolerance) == true
        {
            return true
        }
        // Labelled parts and a bare list: in the same order.
        if answer.hasPartLabels != prediction.hasPartLabels, prediction.partCount ?? 2 == answer.partCount ?? 2 {
            let (a, b) = (ParsedAnswer("(\(answer.text))", isGold: true), ParsedAnswer("(\(prediction.text))"))
            if (answer.hasPartLabels ? answer : a).accepts(prediction.hasPartLabels ? prediction : b, options: options)
            {
                return true
            }
        }
        return acceptsChoice(prediction, options: options)
    }

    /// Whether a prediction with a choice letter, or without one where this answer has one, means the same.
    ///
    /// The letter stands for `(D) Alina`, and so does the value; where both answers have both, both must agree.
    private func acceptsChoice(_ prediction: ParsedAnswer, options: GradingOptions) -> Bool {
        guard let labelled = ChoiceLetter.labelled(prediction.text) else {
            if value?.accepts(prediction, options: options) == true { return true }
            return choice != nil && ChoiceLetter.ofAnswer(prediction.text) == choice
        }
        let labelledValue = ParsedAnswer(labelled.value)
        guard let choice else { return answer.accepts(labelledValue, options: options) }
        guard labelled.letter == choice else { return false }
        return value?.accepts(labelledValue, options: options) ?? (prediction.text.utf8.count <= 40)
    }
}
