import Foundation
import Testing

/// `tinylora train --algorithm sft` on a fixture.
@Suite("a supervised run", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct SupervisedRunTests {
    private let recipe = """
        {"algorithm": "sft", "prompt_style": "plain", "max_completion_length": 8, "examples_per_step": 3,
         "checkpoint_steps": 2, "eval_steps": 2}
        """

    private let rows = [
        #"{"question": "2 + 3 =", "answer": "5", "solution": "2 + 3 = 5. #### 5"}"#,
        #"{"question": "4 + 4 =", "answer": "8", "solution": "4 + 4 = 8. #### 8"}"#,
        #"{"question": "9 - 2 =", "answer": "7", "solution": "9 - 2 = 7. #### 7"}"#,
        #"{"question": "6 / 2 =", "answer": "3", "solution": "6 / 2 = 3. #### 3"}"#,
    ]

    @Test("learns from solutions, and its records say so under TRL's names")
    func learns() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let outcome = try train(model, output: "run", in: scratch)
        expectSuccess(outcome)
        #expect(outcome.errors.contains("SFT · 5 steps of 3 solutions"), "\(outcome)")
        let steps = try records("run/steps.jsonl", in: scratch),
            evaluations = try records("run/evaluations.jsonl", in: scratch)
        #expect(steps.count == 5 && evaluations.compactMap { $0["step"] as? Int } == [0, 2, 4, 5])
        for key in ["loss", "grad_norm", "learning_rate", "num_tokens", "epoch"] {
            #expect(steps.allSatisfy { $0[key] is NSNumber }, "\(key)")
        }
        #expect(steps.allSatisfy { $0["reward"] == nil })
        let losses = evaluations.compactMap { $0["eval_loss"] as? Double }
        #expect(losses.count == 4 && losses[3] < losses[0], "\(losses)")
    }

    @Test("is measured on the same test as a run by reinforcement, so that a report compares the two")
    func sharesTheTest() throws {
        let scratch = try Scratch()
        func datasets(_ algorithm: String) throws -> [String: [String: String]] {
            expectSuccess(
                try Executable.run(
                    ["train", "--algorithm", algorithm, "--steps", "1", "--eval-problems", "4", "--output", algorithm],
                    in: scratch))
            let manifest = try Data(contentsOf: URL(fileURLWithPath: scratch.path("\(algorithm)/manifest.json")))
            let record = try #require(JSONSerialization.jsonObject(with: manifest) as? [String: Any])
            return try #require(record["datasets"] as? [String: [String: String]])
        }
        let supervised = try datasets("sft"), reinforced = try datasets("grpo")
        #expect(supervised["eval"] == reinforced["eval"])
        // What was learnt from, and what the held-out loss was measured on, are told apart.
        #expect(supervised["train"] != reinforced["train"])
        #expect(supervised["eval_solutions"] != nil && reinforced["eval_solutions"] == nil)
        let outcome = try Executable.run(["report", ".", "--json"], in: scratch)
        #expect((try outcome.json()["sections"] as? [Any])?.count == 1, "\(outcome)")
    }

    @Test("refuses a row without a solution by its name")
    func refusesMissingSolution() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let more = rows + [#"{"question": "1 + 1 =", "answer": "2", "id": "unsolved"}"#]
        expectRefusal(
            try train(model, output: "run", rows: more, in: scratch),
            naming: ["problem unsolved has no worked solution"])
    }

    @Test(
        "of thousands of numbers resumes from its state file, or the beginning, to the same bytes",
        arguments: ["configuration.json", "state-"])
    func resumes(killedOnce file: String) throws {
        let scratch = try Scratch(), model = try scratch.model()
        let many = ["--tying", "none", "--u", "400"]  // 14 modules
        expectSuccess(try train(model, output: "whole", and: many, steps: 20, in: scratch))
        let path = scratch.path("killed")
        let killed = try train(
            model, output: "killed", and: many, steps: 20,
            interruption: .signal(SIGKILL) {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
                return names.contains { $0.hasPrefix(file) && !$0.hasSuffix(".tmp") }
            }, in: scratch)
        #expect(killed.wasKilled, "\(killed)")
        expectSuccess(try train(model, output: "killed", and: many + ["--resume"], steps: 20, in: scratch))
        for name in ["adapter.safetensors", "state-000020.safetensors"] {
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: scratch.path("whole/\(name)")))
                    == Data(contentsOf: URL(fileURLWithPath: scratch.path("killed/\(name)"))))
        }
        #expect(try records("whole/steps.jsonl", in: scratch).allSatisfy { $0["state"] == nil })
    }

    private func train(
        _ model: ModelFolder, output: String, and rest: [String] = [], rows: [String]? = nil, steps: Int = 5,
        interruption: Executable.Interruption? = nil, in scratch: Scratch
    ) throws -> Outcome {
        let data = try scratch.file("rows.jsonl", (rows ?? self.rows).joined(separator: "\n") + "\n")
        return try Executable.run(
            [
                "train", "--config", try scratch.file("recipe.json", recipe), "--model", model.path, "--train", data,
                "--eval", data, "--steps", "\(steps)", "--output", scratch.path(output),
            ] + rest, in: scratch, interruption: interruption)
    }

    private func records(_ name: String, in scratch: Scratch) throws -> [[String: Any]] {
        try String(contentsOfFile: scratch.path(name), encoding: .utf8).split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }
}
