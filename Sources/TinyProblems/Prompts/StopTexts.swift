/// Texts that end an answer and are not part of it, found byte by byte wherever tokens begin and end.
struct StopTexts: Sendable {
    private let texts: [[UInt8]]
    private let longest: Int
    private let beginsLine: Bool

    /// Empty texts are ignored.
    ///
    /// - Parameter beginsLine: Whether an answer begins a line: a text that begins with a line break is also found without it
    ///   where an answer begins.
    init(_ texts: [String], beginsLine: Bool = true) {
        self.beginsLine = beginsLine
        self.texts = texts.map { Array($0.utf8) }.filter { !$0.isEmpty }
        longest = self.texts.map(\.count).max() ?? 0
    }

    var isEmpty: Bool { texts.isEmpty }

    /// Where the first of the texts begins in an answer.
    ///
    /// - Parameter known: Bytes at the beginning that hold no text as a whole.
    func position(in answer: [UInt8], after known: Int = 0) -> Int? {
        let start = max(0, known - longest + 1)
        let rest = Array(answer[start...])
        return texts.compactMap { text in
            if start == 0, let line = line(of: text), answer.starts(with: line) { return 0 }
            return positions(of: text, in: rest).first.map { start + $0 }
        }.min()
    }

    /// How many bytes at the end of an answer that holds no text as a whole may be the beginning of one.
    func openEnd(of answer: [UInt8]) -> Int {
        texts.map { text in
            // All of the answer, as long as it is the beginning of a line.
            if let line = line(of: text), answer.count < line.count, line.starts(with: answer) { return answer.count }
            let most = min(answer.count, text.count - 1)
            return (0...most).last { answer.suffix($0).elementsEqual(text.prefix($0)) } ?? 0
        }.max() ?? 0
    }

    /// A text without its line break, where it is also found so.
    private func line(of text: [UInt8]) -> ArraySlice<UInt8>? {
        let line = text.dropFirst()
        guard beginsLine, text[0] == lineBreak, let first = line.first, first != lineBreak else { return nil }
        return line
    }

    /// The answer before the first of the texts.
    func cut(_ answer: String) -> String {
        guard !isEmpty else { return answer }
        let bytes = Array(answer.utf8)
        return position(in: bytes).map { String(decoding: bytes[..<$0], as: UTF8.self) } ?? answer
    }
}

private let lineBreak = UInt8(ascii: "\n")

extension Prompter {
    /// Texts that end an answer to this prompter's prompts; see ``PromptStyle/stopTexts``.
    public var stopTexts: [String] {
        style.stopTexts ?? (chat == nil && !style.examples.isEmpty ? ["\n" + style.exampleStart] : [])
    }

    /// Makes a watcher of one completion: a function that is given its tokens in order and says whether the text now holds a stop
    /// text, so that sampling can end. `nil` without stop texts.
    public var stopping: (@Sendable () -> (_ token: Int) -> Bool)? {
        let stops = StopTexts(stopTexts), codec = codec
        guard !stops.isEmpty else { return nil }
        return {
            let decode = codec.streamingDecoder()
            var answer: [UInt8] = []
            return { token in
                let known = answer.count
                answer += Array(decode(token).utf8)
                return answer.count > known && stops.position(in: answer, after: known) != nil
            }
        }
    }

    /// An answer to this prompter's prompts before its first token.
    package func answerStream() -> AnswerStream { AnswerStream(stopTexts: stopTexts) }

    /// The text of a completion for grading: up to the stop token that ended it, and before the first stop text.
    public func completionText(_ tokens: [Int], endedByStopToken: Bool) -> String {
        StopTexts(stopTexts).cut(codec.completionText(tokens, endedByStopToken: endedByStopToken))
    }
}
