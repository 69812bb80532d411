/// A `\boxed{…}` or `\fbox{…}` of a text, in positions of UTF-8 bytes.
struct AnswerBox: Hashable {
    /// From the backslash to the closing brace.
    let range: Range<Int>
    /// The content of the box.
    let content: Range<Int>

    /// The outermost boxes in order. A box that is never closed does not count; `\boxed 5` holds one word.
    ///
    /// Time and memory are linear in the text.
    static func all(in bytes: [UInt8]) -> [AnswerBox] {
        let commands = [Array("\\boxed".utf8), Array("\\fbox".utf8)]
        var boxes: [AnswerBox] = []
        // Open braces, each with the start of the box it opens, if any.
        var open: [Int?] = []
        var pending: Int?
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                guard let command = commands.first(where: { bytes[index...].starts(with: $0) }) else {
                    index += 2  // `\{` is no brace
                    continue
                }
                pending = index
                index += command.count
                while index < bytes.count, isSpace(bytes[index]) { index += 1 }
                guard index < bytes.count, bytes[index] != UInt8(ascii: "{") else { continue }
                if let word = bareContent(in: bytes, at: index) {
                    boxes.append(AnswerBox(range: (pending ?? index)..<word.upperBound, content: word))
                    index = word.upperBound
                }
                pending = nil
                continue
            }
            if byte == UInt8(ascii: "{") {
                open.append(pending)
            } else if byte == UInt8(ascii: "}"), let start = open.popLast(), let start {
                // Boxes inside this one were found before it.
                while let last = boxes.last, last.range.lowerBound > start { boxes.removeLast() }
                boxes.append(AnswerBox(range: start..<index + 1, content: opening(in: bytes, from: start) + 1..<index))
            }
            pending = nil
            index += 1
        }
        return boxes
    }

    /// Position of the opening brace of a box.
    private static func opening(in bytes: [UInt8], from start: Int) -> Int {
        bytes[start...].firstIndex(of: UInt8(ascii: "{")) ?? start
    }

    /// Letters, digits, points, signs and commas up to something else.
    private static func bareContent(in bytes: [UInt8], at start: Int) -> Range<Int>? {
        let end =
            bytes[start...].firstIndex { !isLetter($0) && !isDigit($0) && !"+-.,/".utf8.contains($0) } ?? bytes.count
        return end > start ? start..<end : nil
    }

    /// The contents of the last box and of the boxes before it that only separators part from it, joined by commas.
    ///
    /// So `\boxed{2} \text{ and } \boxed{3}` is one answer of two parts.
    static func lastAnswer(in bytes: [UInt8]) -> (text: String, parts: [String], range: Range<Int>)? {
        let boxes = all(in: bytes)
        guard let last = boxes.last else { return nil }
        var first = boxes.count - 1
        while first > 0, isSeparator(bytes[boxes[first - 1].range.upperBound..<boxes[first].range.lowerBound]) {
            first -= 1
        }
        let parts = boxes[first...].map { String(decoding: bytes[$0.content], as: UTF8.self) }
        return (parts.joined(separator: ", "), parts, boxes[first].range.lowerBound..<last.range.upperBound)
    }

    private static func isSeparator(_ gap: ArraySlice<UInt8>) -> Bool {
        guard gap.count <= 40 else { return false }
        var text = String(decoding: gap, as: UTF8.self)
        for word in ["\\text", "\\quad", "\\qquad", "\\mbox", "and", "or"] { text = text.replacing(word, with: " ") }
        return !gap.isEmpty && text.utf8.allSatisfy { isSpace($0) || ",;${}\\()[]".utf8.contains($0) }
    }
}
