import Foundation
import Testing

/// `tinylora filter` on an evaluation of the model in the box.
@Suite("filter", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads)
struct FilterTests {
    private let rows = (1...4).map {
        #"{"question": "Tom has \#($0) apples. He picks 5 more. How many now?", "answer": \#($0 + 5)}"#
    }

    @Test("keeps rows of a sampled evaluation, counts without an output, and refuses what has no rates")
    func filters() throws {
        let scratch = try Scratch(), file = try scratch.file("own.jsonl", rows.joined(separator: "\n") + "\n")
        let evaluation = ["eval", "--problems", file, "--max-tokens", "24", "--samples", "2", "--temperature", "1"]
        expectSuccess(try Executable.run(evaluation + ["--output", "sampled"], in: scratch))
        let all = try Executable.run(
            ["filter", "sampled", "--problems", file, "--pass-rate", "0...1", "--output", "all.jsonl", "--json"],
            in: scratch)
        expectSuccess(all)
        #expect(try all.json()["kept"] as? Int == 4)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: scratch.path("all.jsonl")))
                == Data(contentsOf: URL(fileURLWithPath: file)))
        let counts = try Executable.run(["filter", "sampled", "--problems", file], in: scratch)
        expectSuccess(counts)
        for word in ["kept", "too easy", "too hard", "4 problems of 2 samples, strict"] {
            #expect(counts.output.contains(word), "\(counts)")
        }
        for range in ["0.8...0.2", "20...80", "0.5", "a...b"] {
            expectRefusal(
                try Executable.run(["filter", "sampled", "--problems", file, "--pass-rate", range], in: scratch),
                naming: ["--pass-rate", "0.2...0.8"])
        }
        expectSuccess(try Executable.run(Array(evaluation.prefix(5)) + ["--output", "greedy"], in: scratch))
        expectRefusal(
            try Executable.run(["filter", "greedy", "--problems", file], in: scratch), naming: ["greedy", "--samples"])
        expectRefusal(
            try Executable.run(["filter", "none", "--problems", file], in: scratch), naming: ["the directory none"])
    }
}
