/// An answer as it grows, for text that is shown while it is generated: nothing from its first stop text on, and nothing that may
/// be the beginning of one until it is known not to be.
///
/// All that was returned, joined, is the whole answer, or what comes before its first stop text.
///
/// ```swift
/// var answer = AnswerStream(stopTexts: ["\nQuestion:"])
/// answer.append("#### 5\nQue")          // "#### 5"
/// answer.append("ry")                   // "\nQuery"
/// ```
package struct AnswerStream: Sendable {
    private let stops: StopTexts
    private var answer: [UInt8] = []
    /// Bytes of the answer that were returned.
    private var given = 0
    /// Whether a stop text was found.
    package private(set) var isStopped = false

    /// - Parameters:
    ///   - stopTexts: Texts that end the answer; empty ones are ignored.
    ///   - beginsLine: Whether the answer begins a line: a stop text that begins with a line break is also found without it there.
    package init(stopTexts: [String], beginsLine: Bool = true) {
        stops = StopTexts(stopTexts, beginsLine: beginsLine)
    }

    /// Adds whole characters and returns the text that is certain now.
    package mutating func append(_ text: String) -> String {
        guard !isStopped else { return "" }
        guard !stops.isEmpty else { return text }
        let known = answer.count
        answer += Array(text.utf8)
        if let place = stops.position(in: answer, after: known) {
            isStopped = true
            return take(upTo: place)
        }
        return take(upTo: answer.count - stops.openEnd(of: answer))
    }

    /// Returns what is left when the answer has ended.
    package mutating func finish() -> String { isStopped ? "" : take(upTo: answer.count) }

    private mutating func take(upTo end: Int) -> String {
        defer { given = end }
        return String(decoding: answer[given..<end], as: UTF8.self)
    }
}
