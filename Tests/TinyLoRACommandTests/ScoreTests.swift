import Foundation
import Testing

/// A reward that is a user's own command.
@Suite("a command that gives scores", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads)
struct ScoreTests {
    private let half = #"command:while read -r line; do echo '{"score": 0.5}'; done"#

    @Test("its mean score is shown and recorded, and every sample has its reward")
    func score() throws {
        let scratch = try Scratch()
        func json(_ file: String) throws -> [String: Any] {
            let data = try Data(contentsOf: URL(fileURLWithPath: scratch.path(file)))
            return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        }
        let outcome = try Executable.run(
            [
                "train", "--grader", half, "--steps", "1", "--batch", "2", "--group-size", "2", "--max-tokens", "4",
                "--eval-problems", "3", "--output", scratch.path("run"),
            ], in: scratch)
        expectSuccess(outcome)
        let score = "0.500 [0.500, 0.500]"
        #expect(outcome.output.contains("score      \(score) before, \(score) after"), "\(outcome)")
        #expect(outcome.errors.contains("prompts    style abacus · graded by command:while"), "\(outcome)")
        let result = try json("run/result.json")
        #expect(result["score_after"] as? Double == 0.5 && result["accuracy_after"] as? Double == 0, "\(result)")
        let manifest = try json("run/manifest.json")
        #expect(manifest["prompt_style"] as? String == "abacus" && manifest["grader"] as? String == half)
        #expect((manifest["example_prompt"] as? String)?.hasPrefix("Q: ") == true)
        let file = URL(fileURLWithPath: scratch.path("run/samples.jsonl"))
        let samples = try String(contentsOf: file, encoding: .utf8)
        #expect(samples.split(separator: "\n").allSatisfy { $0.contains(#""reward":0.5"#) }, "\(samples)")
    }

    @Test("one that fails is refused with its reason before the model is read")
    func failing() throws {
        let scratch = try Scratch()
        expectRefusal(
            try Executable.run(
                [
                    "train", "--grader", "command:echo no module named json >&2; exit 1", "--output",
                    scratch.path("run"),
                ], in: scratch),
            naming: ["failed on a trial", "status 1: no module named json", "{\"score\": number}"])
    }

    @Test("an evaluation in a run that is killed goes on with the answers that it has")
    func killed() throws {
        let scratch = try Scratch()
        let run = [
            "train", "--steps", "1", "--batch", "2", "--group-size", "2", "--max-tokens", "48", "--eval-problems",
            "320", "--output", scratch.path("run"),
        ]
        let folder = scratch.path("run")
        func answers() -> [String] {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return files.filter { $0.hasPrefix("evaluating-test-0") }
        }
        func bytes(_ name: String) -> Int {
            (try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")).count) ?? 0
        }
        let killed = try Executable.run(
            run, in: scratch,
            interruption: .signal(SIGKILL) { answers().contains(where: { bytes($0) > 0 }) })
        #expect(killed.wasKilled, "\(killed)")
        let name = try #require(answers().first)
        // What is kept is not asked again: a mark that was put into it is in the result.
        let file = URL(fileURLWithPath: "\(folder)/\(name)")
        var lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
        let first = try #require(lines.first.flatMap { $0.hasSuffix("}") ? $0 : nil })
        lines[0] = first.replacing(#""completion":""#, with: #""completion":"MARK "#)
        try Data(lines.joined(separator: "\n").utf8).write(to: file)
        expectSuccess(try Executable.run(run + ["--resume"], in: scratch))
        let samples = URL(fileURLWithPath: "\(folder)/evaluation-samples.jsonl")
        let kept = try String(contentsOf: samples, encoding: .utf8)
        #expect(kept.split(separator: "\n").first?.contains("MARK ") == true, "\(kept.prefix(300))")
        #expect(answers().isEmpty)
    }
}
