import Testing
import TinyProblems
import TinyFoundation

/// Tokens are the pieces of a text at their position in `pieces`.
private struct PieceCodec: TextCodec {
    let pieces: [[UInt8]]

    init(_ pieces: [String]) { self.pieces = pieces.map { Array($0.utf8) } }
    init(bytes text: String) { pieces = text.utf8.map { [$0] } }

    func encode(_ text: String) -> [Int] { Array(text.utf8).map(Int.init) }
    func decode(_ tokens: [Int]) -> String { String(decoding: tokens.flatMap { pieces[$0] }, as: UTF8.self) }
}

@Suite("Stop texts")
struct StopTextTests {
    private let examples = [PromptExample(question: "1 + 1?", solution: "#### 2")]

    /// How many tokens are sampled before a completion ends by its text, and what is graded.
    private func ending(_ codec: PieceCodec, stopTexts: [String]) throws -> (tokens: Int?, text: String) {
        let style = try PromptStyle(name: "own", template: "{question}", stopTexts: stopTexts)
        let prompter = Prompter(style: style, codec: codec)
        let makeWatcher = try #require(prompter.stopping)
        let watcher = makeWatcher()
        let tokens = codec.pieces.indices.map { $0 }
        let end = tokens.firstIndex { watcher($0) }
        let sampled = end.map { Array(tokens[...$0]) } ?? tokens
        let text = prompter.completionText(sampled, endedByStopToken: false)
        var answer = prompter.answerStream()
        let decode = codec.streamingDecoder()
        let shown = sampled.map { answer.append(decode($0)) }.joined()
        #expect(shown + answer.finish() == text)
        #expect(answer.isStopped == (end != nil))
        return (end.map { $0 + 1 }, text)
    }

    @Test(
        "are found across tokens and inside one, and cut off to the byte",
        arguments: [
            (["#### 5", "\n", "\n", "Question", ":", " x"], 5, "#### 5\n"),
            (["#### 5\n\nQues", "tion: What"], 2, "#### 5\n"),
            (["#### 5.\n\nQuestion: a\n#### 10"], 1, "#### 5.\n"),
            (["é", "\nQuestion", " ", ":"], nil, "é\nQuestion :"),
            (["A Question:", " in the line"], nil, "A Question: in the line"),
            (["Question:", " first"], 1, ""), (["Quest", "ion", ": first"], 3, ""),
            (["5\nQuestion", "\nQuestion:"], 2, "5\nQuestion"),
        ] as [([String], Int?, String)])
    func found(pieces: [String], count: Int?, text: String) throws {
        let found = try ending(PieceCodec(pieces), stopTexts: ["\nQuestion:"])
        #expect(found.tokens == count && found.text == text)
    }

    @Test("are found byte by byte, whatever the bytes of a character are tokens of")
    func bytes() throws {
        let text = "é→😀\n→ 5\n→→ 6"
        let found = try ending(PieceCodec(bytes: text), stopTexts: ["\n→→", "😀😀"])
        #expect(found.text == "é→😀\n→ 5")
        #expect(found.tokens == Array("é→😀\n→ 5\n→→".utf8).count)
    }

    @Test("are not shown while an answer is generated, and what may become one only once it has not")
    func streamed() {
        func shown(_ pieces: [String], beginsLine: Bool = true) -> [String] {
            var answer = AnswerStream(stopTexts: ["\nQuestion:"], beginsLine: beginsLine)
            let shown = pieces.map { answer.append($0) }
            return shown + [answer.finish()]
        }
        #expect(shown(["5\nQue", "ry", "\nQuestion", ": b", "c"]) == ["5", "\nQuery", "", "", "", ""])
        #expect(shown(["Quest", "s\n"]) == ["", "Quests", "\n"])
        #expect(shown(["Question", ": a"]) == ["", "", ""])
        #expect(shown(["Question", ": a"], beginsLine: false) == ["Question", ": a", ""])
    }

    @Test("the first in the text counts, an empty one not, and a blank line needs both breaks")
    func several() throws {
        #expect(try ending(PieceCodec(["a", "bcd", "e"]), stopTexts: ["", "d", "bc"]).text == "a")
        #expect(try ending(PieceCodec(["\n", "a", "\n\n", "b"]), stopTexts: ["\n\n"]).text == "\na")
        let style = try PromptStyle(name: "own", template: "{question}", stopTexts: [""])
        #expect(Prompter(style: style, codec: PieceCodec([])).stopping == nil)
    }

    @Test(
        "are the beginning of the next example where a prompt shows examples as plain text",
        arguments: [
            ("{question}", ["\nQuestion:"]), ("Q: {question}\nA:", ["\nQ:"]), ("[{question}]", ["\nQuestion: ["]),
            ("\n  Solve this.\nProblem: {question}\nSolution:", ["\n  Solve this."]),
        ])
    func ofStyle(template: String, expected: [String]) throws {
        struct Turns: ChatFormat {
            func text(of messages: [ChatMessage]) -> String { messages.map(\.content).joined() }
        }
        let bare = try PromptStyle(name: "own", template: template),
            style = bare.with(examples: examples, name: "own-1shot")
        let codec = PieceCodec([])
        #expect(Prompter(style: style, codec: codec).stopTexts == expected)
        #expect(Prompter(style: bare, codec: codec).stopTexts.isEmpty)
        #expect(Prompter(style: style, codec: codec, chat: Turns()).stopTexts.isEmpty)
        // Each example of the prompt begins with it, and so does the question.
        let text = "\n" + style.plainText(for: "2 + 2?")
        #expect(text.ranges(of: expected[0]).count == 2, "\(text)")
        var own = style
        own.stopTexts = ["###"]
        #expect(Prompter(style: own, codec: codec, chat: Turns()).stopTexts == ["###"])
        own.stopTexts = []
        #expect(Prompter(style: own, codec: codec).stopTexts.isEmpty)
    }

    @Test(
        "of a built-in style with examples is Question:, and Abacus has none",
        arguments: ["gsm8k-4shot", "boxed-1shot"])
    func builtIn(name: String) throws {
        #expect(Prompter(style: try PromptStyle(named: name), codec: PieceCodec([])).stopTexts == ["\nQuestion:"])
        #expect(Prompter(style: .abacus, codec: PieceCodec([])).stopping == nil)
    }
}
