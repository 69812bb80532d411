import Foundation
import Testing

/// The command against PyTorch, from outside.
@Suite("tinylora score", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct ScoreTests {
    @Test("agrees with PyTorch in float32", arguments: Fixture.allCases)
    func agreesWithPyTorch(fixture: Fixture) throws {
        let scratch = try Scratch()
        let expected = try SafetensorsFile(contentsOf: fixture.folder.appendingPathComponent("expected.safetensors"))
        let record = try JSONSerialization.jsonObject(
            with: Data(contentsOf: fixture.folder.appendingPathComponent("expected.json")))
        let sequences = try #require((record as? [String: Any])?["sequences"] as? [[String: Any]])
        for (index, sequence) in sequences.enumerated() {
            let tokens = try #require(sequence["tokens"] as? [Int])
            guard tokens.count > 1 else { continue }
            let outcome = try Executable.run(
                [
                    "score", "--model", fixture.folder.path, "--tokens",
                    tokens.map(String.init).joined(separator: ","), "--arithmetic", "float32", "--json",
                ], in: scratch)
            expectSuccess(outcome)
            let result = try outcome.json()
            #expect(result["tokens"] as? [Int] == tokens)
            let logprobs = try #require(result["logprobs"] as? [Double], "\(outcome)")
            let reference = try expected.tensor("sequences.\(index).logprobs").floats.map(Double.init)
            try #require(logprobs.count == reference.count)
            // The promise is 1e-4 of the largest magnitude; Tests/Fixtures/README.md shows what float32 needs of it.
            let bound = 1e-4 * (reference.map(abs).max() ?? 0)
            for (position, (mine, theirs)) in zip(logprobs, reference).enumerated() {
                #expect(abs(mine - theirs) <= bound, "token \(position + 1) of sequence \(index), \(fixture.rawValue)")
            }
        }
    }

    @Test(
        "refuses what has no token after the first",
        arguments: [("", "the text has no tokens"), ("2", "1 token, and the first has no log-probability")])
    func refusesTooLittle(text: String, reason: String) throws {
        let scratch = try Scratch(), model = try scratch.model()
        expectRefusal(
            try Executable.run(["score", "--model", model.path, "--text", text], in: scratch), naming: [reason])
    }

    @Test("reads text as its tokens")
    func readsText() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let outcome = try Executable.run(
            ["score", "--model", model.path, "--text", "Is 2 < 3?\nYes.", "--json"], in: scratch)
        expectSuccess(outcome)
        let tokens = "Is 2 < 3?\nYes.".unicodeScalars.map { $0 == "\n" ? 95 : Int($0.value) - 32 }
        #expect(try outcome.json()["tokens"] as? [Int] == tokens)
    }
}
