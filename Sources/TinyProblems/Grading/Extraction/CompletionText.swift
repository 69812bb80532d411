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

    /// What begins a line that asks the next question of a text with examples.
    private static let questions = ["Question:", "Q:", "Problem:"].map { Array($0.utf8) }

    /// The UTF-8 bytes of a completion after its last `</think>` and before the next turn of the chat, digits of other
    /// scripts as ASCII; `nil` where `</think>` is required and missing.
    static func answerBytes(of completion: String, requiresEndOfThought: Bool) -> [UInt8]? {
        let bytes = Array(completion.withASCIIDigits.utf8)
        return requiresEndOfThought && endOfThought(in: bytes) == nil ? nil : answerBytes(in: bytes)
    }

    /// What follows the last `</think>`, where there is one, up to the next turn of the chat.
    static func answerBytes(in bytes: [UInt8]) -> [UInt8] {
        let rest = endOfThought(in: bytes).map { Array(bytes[$0...]) } ?? bytes
        return Array(rest[firstTurn(in: rest)])
    }

    /// The position behind the last `</think>`; `nil` without one.
    private static func endOfThought(in bytes: [UInt8]) -> Int? {
        let mark = Array("</think>".utf8)
        return lastPosition(of: mark, in: bytes).map { $0 + mark.count }
    }

    /// The first turn of the model that says something, up to the next question where it has answered one.
    static func firstTurn(in bytes: [UInt8]) -> Range<Int> {
        var start = 0, index = 0
        var isUser = false
        var firstAnswer: Int?
        while index < bytes.count {
            guard let length = boundaryLength(in: bytes, at: index) else {
                if bytes[index] == UInt8(ascii: "\n"),
                    questions.contains(where: { bytes[(index + 1)...].starts(with: $0) })
                {
                    let answer = firstAnswer ?? Self.firstAnswer(in: bytes)
                    firstAnswer = answer
                    if !isUser, (start..<index).contains(answer) { return start..<index }
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
