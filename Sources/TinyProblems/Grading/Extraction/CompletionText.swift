/// The part of a completion that can hold its answer.
enum CompletionText {
    /// What ends or starts a turn of a chat in the templates of common models.
    private static let turnMarkers = [
        "<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|eom_id|>", "<|start_header_id|>", "<|end_header_id|>",
        "<|end_of_text|>", "<|begin_of_text|>", "<|endoftext|>", "<|end|>", "<|return|>", "<|EOT|>", "<|user|>",
        "<|assistant|>", "<|system|>", "<|end_of_turn|>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "</s>",
        "<s>",
        "<eos>", "<bos>", "<end_of_turn>", "<start_of_turn>", "[/INST]", "[INST]",
    ].map { Array($0.utf8) }

    /// What begins a line of another speaker.
    private static let speakers = ["User:", "Human:", "### User", "### Instruction", "### Human"].map { Array($0.utf8) }

    /// Markers behind which the user speaks.
    private static let userMarkers: Set<String> = ["[INST]", "<|user|>", "<|system|>", "<｜User｜>"]

    /// Words that begin a line with the next question of a text with examples.
    private static let questions = ["Question", "Problem", "Q"].map { Array($0.utf8) }

    /// The UTF-8 bytes of a completion's first turn behind its thought, digits of other scripts as ASCII; `nil` where
    /// `</think>` is required and missing.
    static func answerBytes(of completion: String, requiresEndOfThought: Bool) -> [UInt8]? {
        let bytes = Array(completion.withASCIIDigits.utf8)
        let (range, hasThought) = answer(in: bytes)
        return requiresEndOfThought && !hasThought ? nil : Array(bytes[range])
    }

    /// The bytes of the first turn behind its thought.
    static func answerBytes(in bytes: [UInt8]) -> [UInt8] { Array(bytes[answer(in: bytes).range]) }

    // MARK: Thoughts

    private static let thought = Array("<think>".utf8), endOfThought = Array("</think>".utf8)

    /// The first turn behind its last `</think>`, up to the next turn, and whether it has that mark.
    ///
    /// The end of the turn is looked for behind the first `</think>`, as a thought may quote anything. A `</think>` that
    /// belongs to a turn which the model has invented, with a question of its own, is none of this answer.
    private static func answer(in bytes: [UInt8]) -> (range: Range<Int>, hasThought: Bool) {
        let turn = firstTurn(in: bytes)
        guard let end = firstPosition(of: endOfThought, in: bytes), !isInvented(end, behind: turn, in: bytes) else {
            return (turn, false)
        }
        let start = end + endOfThought.count
        let rest = Array(bytes[start...])
        let answer = firstTurn(in: rest)
        let last = lastPosition(of: endOfThought, in: rest[answer]).map { $0 + endOfThought.count }
        return (start + (last ?? answer.lowerBound)..<start + answer.upperBound, true)
    }

    /// Whether a `</think>` is of another turn than the first one, which is not cut by what its own thought quotes.
    private static func isInvented(_ end: Int, behind turn: Range<Int>, in bytes: [UInt8]) -> Bool {
        guard end >= turn.upperBound else { return false }
        if let start = lastPosition(of: thought, in: bytes[..<end]) { return start >= turn.upperBound }
        // The prompt may have opened the thought. It has no marker of a chat inside it.
        let next = bytes[turn.upperBound...].drop(while: isSpace)
        return turnMarkers.contains { next.starts(with: $0) }
    }

    private static func firstPosition(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...bytes.count - pattern.count).first { bytes[$0..<$0 + pattern.count].elementsEqual(pattern) }
    }

    // MARK: Turns

    /// The first turn of the model that says something, up to the next question where it has answered one.
    static func firstTurn(in bytes: [UInt8]) -> Range<Int> {
        var start = 0, index = 0
        var isUser = false
        var firstAnswer: Int?
        var asked: Set<Int> = []
        while index < bytes.count {
            guard let length = boundaryLength(in: bytes, at: index) else {
                let isLineEnd = bytes[index] == UInt8(ascii: "\n")
                if index == 0 || isLineEnd, let number = question(in: bytes, at: isLineEnd ? index + 1 : 0) {
                    // Behind `Question 1`, `Question 2` is the next part of an answer.
                    let isPart = asked.contains(number - 1) && number > 1
                    asked.insert(number)
                    let answer = firstAnswer ?? Self.firstAnswer(in: bytes)
                    firstAnswer = answer
                    if !isUser, !isPart, (start..<index).contains(answer) { return start..<index }
                }
                index += 1
                continue
            }
            var turn = trimmed(start..<index, in: bytes)
            let lineEnd = bytes[turn].firstIndex(of: UInt8(ascii: "\n")) ?? turn.upperBound
            switch String(decoding: bytes[turn.lowerBound..<lineEnd], as: UTF8.self) {
            case "user", "system": isUser = true
            case "assistant", "model", "final":
                isUser = false
                turn = trimmed(lineEnd..<turn.upperBound, in: bytes)
            default: break
            }
            if !turn.isEmpty, !isUser { return turn }
            if !turn.isEmpty, lineEnd < turn.upperBound { isUser = false }
            let marker = String(decoding: bytes[index..<index + length], as: UTF8.self)
            if userMarkers.contains(marker) {
                isUser = true
            } else if marker == "[/INST]" || marker == "<|assistant|>" {
                isUser = false
            }
            index += length
            start = index
        }
        return isUser ? start..<start : start..<bytes.count
    }

    /// The position of the first box or announcement; past the end without one.
    private static func firstAnswer(in bytes: [UInt8]) -> Int {
        let box = AnswerBox.all(in: bytes).first?.range.lowerBound ?? bytes.count
        let phrase = AnswerPhrase.announcements(in: bytes).first?.start ?? bytes.count
        return min(box, phrase, firstMarker(in: bytes) ?? bytes.count)
    }

    /// The number of a line that asks a question: `Problem 2:`, `### Question 2`; 0 for `Question:` and `**Q:**`; `nil` for
    /// any other line.
    private static func question(in bytes: [UInt8], at start: Int) -> Int? {
        let line = bytes[start...].prefix { $0 != UInt8(ascii: "\n") }
        let text = line.drop { "#*_ ".utf8.contains($0) }
        guard text.startIndex - start <= 8, let word = questions.first(where: text.starts) else { return nil }
        var rest = text.dropFirst(word.count).drop { $0 == UInt8(ascii: " ") }
        let digits = rest.prefix(while: isDigit)
        rest = rest.dropFirst(digits.count).drop { "*_".utf8.contains($0) }
        let isHeading = text.startIndex > start && !digits.isEmpty
        guard rest.first == UInt8(ascii: ":") || isHeading && rest.allSatisfy(isSpace) else { return nil }
        return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self))
    }

    private static func boundaryLength(in bytes: [UInt8], at index: Int) -> Int? {
        switch bytes[index] {
        case UInt8(ascii: "<"), UInt8(ascii: "["):
            turnMarkers.first { bytes[index...].starts(with: $0) }?.count
        case UInt8(ascii: "\n"): speakers.first { bytes[(index + 1)...].starts(with: $0) }.map { $0.count + 1 }
        default: nil
        }
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
