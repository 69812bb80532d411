/// Finds phrases that announce an answer: "the answer is", "Final answer:", and the same in other languages.
enum AnswerPhrase {
    private static let phrases: [[UInt8]] = [
        "answer is", "answer:", "answer :", "answer =", "answer**:", "answer: **", "result is", "solution is",
        "solutions are", "answers are", "answer is:", "答案是", "答案：", "答案:", "答案为", "réponse est", "réponse :",
        "respuesta es", "antwort ist", "antwort:", "risposta è", "resposta é", "ответ:", "ответ —", "الجواب هو",
        "الإجابة هي", "उत्तर है", "答えは", "정답은",
    ].map { Array($0.utf8) }

    /// What follows the last phrase at or after a position, up to the end of its sentence; `nil` without a phrase, and
    /// empty where the phrase is followed by "not".
    static func lastAnnounced(in bytes: [UInt8], from lowest: Int = 0) -> Range<Int>? {
        var best: Int?
        for phrase in phrases {
            if let start = lastPosition(of: phrase, in: bytes, from: lowest, isSame: { lowered($0) == $1 }),
                start + phrase.count > best ?? 0
            {
                best = start + phrase.count
            }
        }
        guard var start = best else { return nil }
        while start < bytes.count, isSpace(bytes[start]) || ":*=\"".utf8.contains(bytes[start]) { start += 1 }
        if bytes[start...].starts(with: Array("not ".utf8)) { return start..<start }
        return start < bytes.count ? start..<endOfSentence(in: bytes, from: start) : nil
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// The end of the line, or the point before white space that ends a sentence outside mathematics.
    private static func endOfSentence(in bytes: [UInt8], from start: Int) -> Int {
        var isMathematics = false
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "$"): isMathematics.toggle()
            case UInt8(ascii: "\n"): if !isMathematics { return index }
            case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"):
                let isLast = index + 1 >= bytes.count || isSpace(bytes[index + 1])
                if isLast && !isMathematics { return index }
            default: if bytes[index...].starts(with: [0xE3, 0x80, 0x82]) { return index }  // U+3002
            }
            index += 1
        }
        return bytes.count
    }
}
