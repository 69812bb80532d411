/// The candidate answers of a completion, the most reliable first.
///
/// | part | strict | lenient, where there is no better |
/// |---|---|---|
/// | `\boxed{…}`, `\fbox{…}` (the last, with those joined to it) | yes | yes, unless an announcement follows it |
/// | the line after the last `####` | yes | yes |
/// | the whole completion, when it is one short answer | yes | yes |
/// | what "the answer is", "final answer:" … announce | no | yes |
/// | the last `$…$`, or a number after it | no | yes |
///
/// Text before the last `</think>` is ignored. Time is linear in the completion.
struct ExtractedAnswers {
    /// A whole completion longer than this is never one short answer.
    static let maximumShort = 400

    /// The answer in the requested format; `nil` when there is none.
    private(set) var strict: String?
    /// Whether ``strict`` is marked (boxed or after `####`) and not just the whole completion.
    private(set) var isMarked = false
    /// The other candidates. The first that can be parsed counts.
    private(set) var lenient: [String] = []
    /// The chosen letter, for multiple-choice gold answers.
    var choice: Character? { ChoiceLetter.chosen(in: bytes)?.letter }
    private let bytes: [UInt8]

    init(_ completion: String, options: GradingOptions) {
        let found = Self.afterThought(
            Array(completion.withASCIIDigits.utf8), isNeeded: options.requiresEndOfThought)
        bytes = found ?? []
        guard let bytes = found else { return }
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

        let box = AnswerBox.lastAnswer(in: bytes).flatMap { $0.text.trimmingSpaces.isEmpty ? nil : $0 }
        let line = markedLine(in: bytes).flatMap { $0.isEmpty ? nil : $0 }
        switch options.answerFormat {
        case .any: strict = Self.later(box, line, text)
        case .boxed: strict = box?.text
        case .marked: strict = line.map(text)
        case .bracketed: strict = Self.lastBracket(in: bytes).map(text)
        }
        isMarked = strict != nil
        let isShort = bytes.count <= Self.maximumShort
        if strict == nil, isShort, !text(0..<bytes.count).trimmingSpaces.isEmpty { strict = text(0..<bytes.count) }
        if options.answerFormat != .any, let marked = Self.later(box, line, text) { lenient.append(marked) }

        // Only text after a marked answer can correct it.
        let mark = isMarked ? max(box?.range.upperBound ?? 0, line?.upperBound ?? 0) : 0
        let announced = AnswerPhrase.lastAnnounced(in: bytes, from: mark)
        if let announced {
            if announced.isEmpty { return }
            lenient.append(Self.withoutOrnaments(text(announced)))
            if let span = LastMathematics.lastSpan(in: Array(bytes[announced])) {
                lenient.append(text(announced.lowerBound + span.lowerBound..<announced.lowerBound + span.upperBound))
            } else if let number = LastMathematics.number(in: bytes, range: announced, last: false) {
                lenient.append(text(number))
            }
        }
        guard !isMarked, lenient.count < 2, Self.hasWords(bytes) else { return }
        let span = LastMathematics.lastSpan(in: bytes)
        let number = LastMathematics.number(in: bytes, range: (span?.upperBound ?? 0)..<bytes.count, last: true)
        if let range = number ?? span { lenient.append(text(range)) }
    }

    /// The text after the last `</think>`; all of it without one, unless that is needed.
    private static func afterThought(_ bytes: [UInt8], isNeeded: Bool) -> [UInt8]? {
        let end = Array("</think>".utf8)
        guard let mark = lastPosition(of: end, in: bytes) else { return isNeeded ? nil : bytes }
        return Array(bytes[(mark + end.count)...])
    }

    /// The box or the marked line, whichever is later.
    private static func later(
        _ box: (text: String, range: Range<Int>)?, _ line: Range<Int>?, _ text: (Range<Int>) -> String
    ) -> String? {
        guard let line else { return box?.text }
        guard let box, box.range.lowerBound >= line.lowerBound else { return text(line) }
        return box.text
    }

    private static func lastBracket(in bytes: [UInt8]) -> Range<Int>? {
        guard let end = bytes.lastIndex(of: UInt8(ascii: "]")),
            let start = bytes[..<end].lastIndex(of: UInt8(ascii: "[")), start + 1 < end
        else { return nil }
        return start + 1..<end
    }

    private static func withoutOrnaments(_ text: String) -> String {
        let ornaments: Set<Character> = ["*", "\"", " ", ":", "_", "`"]
        var part = Substring(text)
        while let first = part.first, ornaments.contains(first) { part = part.dropFirst() }
        while let last = part.last, ornaments.contains(last) || ".,;".contains(last) { part = part.dropLast() }
        return String(part)
    }

    /// Whether a text is prose with mathematics in it, not an expression: two words outside commands and `$…$`, or letters
    /// of a script without spaces.
    static func hasWords(_ bytes: [UInt8]) -> Bool {
        var words = 0, run = 0, others = 0
        var isCommand = false
        for byte in bytes + [UInt8(ascii: " ")] {
            if isLetter(byte) {
                run += 1
            } else {
                if run >= 2 && !isCommand { words += 1 }
                run = 0
                isCommand = byte == UInt8(ascii: "\\")
                if byte >= 0xC3 { others += 1 }
            }
            if words >= 2 || others >= 6 { return true }
        }
        return false
    }
}

extension String {
    /// The zeros of Arabic, Persian, Devanagari, Bengali, Thai and full-width digits; nine more follow each.
    private static let otherZeros: [UInt32] = [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0xFF10]

    /// The text with the digits of these scripts, and the marks that Arabic puts between them, as ASCII.
    fileprivate var withASCIIDigits: String {
        guard utf8.contains(where: { $0 >= 0xD9 }) else { return self }
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            let zero = Self.otherZeros.first { scalar.value >= $0 && scalar.value <= $0 + 9 }
            switch scalar {
            case "\u{066B}": scalars.append(".")
            case "\u{066C}": scalars.append(",")
            default: scalars.append(zero.flatMap { Unicode.Scalar(0x30 + scalar.value - $0) } ?? scalar)
            }
        }
        return String(scalars)
    }
}
