import Foundation
import Testing
import TinyProblems
import TinyRuns

@Suite("The prompt style of a user's own problems")
struct NaturalStyleTests {
    @Test(
        "is the question alone where a command grades, else asks for a number after ####; Abacus has its own",
        arguments: [
            (nil, false, "gsm8k"), ("math", false, "gsm8k"), ("command:cat", false, "plain"),
            ("command:cat", true, "abacus"),
        ])
    func style(grader: String?, isAbacus: Bool, expected: String) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(#"{"question": "q", "answer": "a"}"#.utf8).write(to: file)
        var problems = EvaluatedProblems()
        problems.file = file.path
        problems.grader = grader
        #expect(try problems.sets(isAbacus: isAbacus).map(\.benchmark.promptStyle) == [expected])
    }
}
