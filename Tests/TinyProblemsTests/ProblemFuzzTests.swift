import Testing
import TinyProblems
import TinyFoundation
import TinyTestSupport

/// Random pieces of the texts that graders and loaders must take apart.
private func randomText(_ pieces: [String], upTo count: Int, using random: inout RandomStream) -> String {
    (0..<random.below(count)).map { _ in random.pick(pieces) }.joined()
}

@Suite("Any text")
struct ProblemFuzzTests {
    @Test("is graded without a trap, strict implies lenient, and a well-formed answer reads as a number")
    func grading() {
        let pieces = [
            "#", "####", "#### ", "1", "0", "18", ",", ",080", ".", "-", "−", "+", "$", "\\$", "\\boxed{", "{", "}",
            "\n",
            "\r\n", " ", "\t", "x", "é", "日", "\u{2028}", "\0", "9999999999999999999999", "/", "%",
        ]
        var random = RandomStream(.shuffling, seed: 2)
        var wellFormed = 0
        for round in 0..<fuzzCases(20_000) {
            let completion = randomText(pieces, upTo: 14, using: &random)
            let gold = random.pick(["18", "1080", "-1", "0.5", "\\frac12", ""])
            let grade = FinalAnswerReward().grade(completion, for: Problem(id: "1", question: "?", answer: gold))
            #expect(!grade.strict || (grade.lenient && grade.isWellFormed), "\(round): \(completion.debugDescription)")
            #expect(!grade.isWellFormed || grade.extracted != nil, "\(round): \(completion.debugDescription)")
            if grade.isWellFormed, ExactNumber(gold) != nil {
                wellFormed += 1
                #expect(grade.extracted.flatMap { ExactNumber($0) } != nil, "\(round): \(completion.debugDescription)")
            }
        }
        #expect(wellFormed > 300)  // the pieces do reach the interesting branch
    }

    @Test("of a file either loads with as many problems as it has rows or is refused")
    func loading() {
        let pieces = [
            "{", "}", "\"question\"", "\"answer\"", ":", ",", "\"a\"", "\"#### 1\"", "1", "-", "null", "[", "]", "\n",
            "\r", " ", "\\", "\"", "{\"question\": \"a\", \"answer\": \"1\"}", "\u{2028}", "\u{FEFF}", "\u{0}", "1e999",
            "{\"problem\": \"a\", \"answer\": \"x #### 1\"}\n",
        ]
        var random = RandomStream(.shuffling, seed: 3)
        var loaded = 0
        for round in 0..<fuzzCases(4000) {
            let text = randomText(pieces, upTo: 8, using: &random)
            do {
                let count = try problems(in: text).count
                loaded += 1
                let rows = text.split(separator: "\n").count { $0.contains("{") }
                // An array may have several rows on a line.
                #expect(count == rows || text.contains("["), "\(round): \(text.debugDescription)")
            } catch {
                #expect(error.message.hasPrefix("rows.jsonl"), "\(round): \(text.debugDescription)")
            }
        }
        #expect(loaded > 20)
    }

    @Test("with bytes flipped at random is loaded or refused")
    func flippedBytes() {
        let valid = Array("{\"question\": \"a\", \"answer\": \"x\\n#### 1,080\", \"id\": [[1], {}]}\n".utf8)
        var random = RandomStream(.shuffling, seed: 4)
        for _ in 0..<fuzzCases(4000) {
            var bytes = valid + valid
            for _ in 0..<1 + random.below(3) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            if let set = try? ProblemSet(bytes: bytes, path: "rows.jsonl") { #expect(!set.problems.isEmpty) }
        }
    }

    @Test("nested very deeply is refused")
    func deepNesting() {
        let deep = #"{"question": "a", "answer": "# + String(repeating: "[", count: 200_000)
        #expect(throws: ProblemError.self) { try problems(in: deep) }
    }
}
