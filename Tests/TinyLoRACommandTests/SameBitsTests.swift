import Foundation
import Testing

/// Every number that the command produces, held to the last bit.
///
/// Other tests ask whether a number is right; these only ask whether it is the one that was recorded. They notice a change
/// that should not have changed any number. `Tests/Fixtures/TinyLoRACommand/hashes.txt` says how to record.
@Suite("SameBits", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct SameBitsTests {
    @Test("a training run", arguments: TrainingCase.all)
    func training(_ run: TrainingCase) throws {
        let scratch = try Scratch()
        let adapter = try run.train(in: scratch)
        var parts = [
            "adapter": try ValueHash.hexadecimal(tensorsOf: adapter),
            "steps": try lines("run/steps.jsonl", in: scratch),
            "evaluations": try lines("run/evaluations.jsonl", in: scratch),
            "evaluation samples": try lines("run/evaluation-samples.jsonl", in: scratch),
            // Empty where a run learns from solutions.
            "samples": try lines("run/samples.jsonl", in: scratch),
        ]
        // What not every run has: a state too large for the lines of the steps, a model.
        if let state = existing("run/state-000004.safetensors", in: scratch) {
            parts["state"] = try ValueHash.hexadecimal(tensorsOf: state)
        }
        if let model = existing("run/model/model.safetensors", in: scratch) {
            parts["model"] = try ValueHash.hexadecimal(tensorsOf: model)
        } else {
            // The gradient of all weights would be two million numbers as text.
            parts["score"] = try output(
                ["score", "--adapter", adapter.path, "--gradient", "--text", TrainingCase.solution]
                    + run.threads, in: scratch)
        }
        try RecordedHashes.check(run.description, parts)
    }

    @Test("a pretraining run")
    func pretraining() throws {
        let scratch = try Scratch()
        let outcome = try Executable.run(
            [
                "pretrain", "--output", "run", "--hidden", "64", "--layers", "2", "--intermediate", "96",
                "--documents", "256", "--batch", "64", "--vocabulary", "320", "--threads", "2",
            ], in: scratch)
        expectSuccess(outcome)
        try RecordedHashes.check(
            "pretrain",
            [
                "model": try ValueHash.hexadecimal(
                    tensorsOf: scratch.folder.appendingPathComponent("run/model.safetensors")),
                "state": try ValueHash.hexadecimal(
                    tensorsOf: scratch.folder.appendingPathComponent("run/state.safetensors")),
                "steps": try lines("run/pretraining.jsonl", in: scratch),
            ])
    }

    static let evaluations = [
        ("eval greedy", ["--limit", "24", "--threads", "2"]),
        ("eval sampled", ["--limit", "12", "--samples", "4", "--temperature", "0.8", "--seed", "3", "--threads", "1"]),
        (
            "eval nucleus",
            [
                "--limit", "6", "--samples", "4", "--temperature", "1", "--top-p", "0.9", "--top-k", "20", "--threads",
                "2",
            ]
        ),
    ]

    @Test("an evaluation of the untrained model and of a trained adapter", arguments: evaluations)
    func evaluation(name: String, flags: [String]) throws {
        let scratch = try Scratch()
        let adapter = try TrainingCase.all[0].train(in: scratch)
        var parts: [String: String] = [:]
        for (policy, choice) in [("untrained", []), ("adapter", ["--adapter", adapter.path])] {
            let outcome = try Executable.run(
                ["eval", "--max-tokens", "48", "--output", policy, "--json"] + flags + choice, in: scratch)
            expectSuccess(outcome)
            guard case .object(let result) = try RecordedValue(json: Data(outcome.output.utf8)) else {
                Issue.record("not an object: \(outcome)")
                return
            }
            // The settings beside the results are not numbers that were computed.
            parts["\(policy) results"] = ValueHash.hexadecimal(try #require(result["results"]))
            parts["\(policy) samples"] = try lines("\(policy)/abacus-test.samples.jsonl", in: scratch)
        }
        try RecordedHashes.check(name, parts)
    }

    @Test("log-probabilities and gradients", arguments: Fixture.allCases)
    func score(fixture: Fixture) throws {
        let record = try JSONSerialization.jsonObject(
            with: Data(contentsOf: fixture.folder.appendingPathComponent("expected.json")))
        let sequences = try #require((record as? [String: Any])?["sequences"] as? [[String: Any]])
        var parts: [String: String] = [:]
        for sequence in sequences {
            let tokens = try #require(sequence["tokens"] as? [Int])
            guard tokens.count > 1 else { continue }
            parts["\(tokens.count) tokens"] = try output(
                [
                    "score", "--model", fixture.folder.path, "--tokens",
                    tokens.map(String.init).joined(separator: ","), "--gradient", "--threads", "2",
                ], in: try Scratch())
        }
        try RecordedHashes.check("score \(fixture.rawValue)", parts)
    }

    @Test("generated text")
    func generation() throws {
        let scratch = try Scratch()
        let question = "Tom has 12 apples. He picks 5 more. He eats 3 of them. How many apples does Tom have now?"
        let fixture = ["--model", Fixture.tied.folder.path, "--prompt", "2 + 2 =", "--max-tokens", "80"]
        try RecordedHashes.check(
            "generate",
            [
                "greedy": try output(["generate", "--question", question, "--threads", "2"], in: scratch),
                "sampled": try output(
                    ["generate", "--question", question, "--temperature", "0.8", "--seed", "5"], in: scratch),
                "fixture": try output(["generate", "--temperature", "1", "--seed", "2"] + fixture, in: scratch),
                "nucleus": try output(
                    ["generate", "--temperature", "1.2", "--top-k", "9", "--top-p", "0.8"] + fixture, in: scratch),
            ])
    }

    @Test("plans")
    func inspection() throws {
        let scratch = try Scratch()
        var parts: [String: String] = [:]
        for budget in ["1", "13", "35", "175"] {
            parts["\(budget) numbers"] = try output(["inspect", "--parameters", budget, "--modules"], in: scratch)
        }
        try RecordedHashes.check("inspect", parts)
    }

    @Test("every recorded hash is checked by a case")
    func names() throws {
        let others = ["pretrain", "generate", "inspect"] + Fixture.allCases.map { "score \($0.rawValue)" }
        try RecordedHashes.checkNames(
            Set(TrainingCase.all.map(\.description) + Self.evaluations.map { $0.0 } + others))
    }

    /// Hash of the JSON that a command prints.
    private func output(_ arguments: [String], in scratch: Scratch) throws -> String {
        let outcome = try Executable.run(arguments + ["--json"], in: scratch)
        expectSuccess(outcome)
        return ValueHash.hexadecimal(try RecordedValue(json: Data(outcome.output.utf8)))
    }

    private func lines(_ file: String, in scratch: Scratch) throws -> String {
        try ValueHash.hexadecimal(linesOf: scratch.folder.appendingPathComponent(file))
    }

    private func existing(_ file: String, in scratch: Scratch) -> URL? {
        FileManager.default.fileExists(atPath: scratch.path(file)) ? scratch.folder.appendingPathComponent(file) : nil
    }
}

/// A run of four steps on Abacus.
struct TrainingCase: Sendable, CustomTestStringConvertible {
    var name: String
    var flags: [String]
    var seed: Int

    /// Every algorithm and method, with settings under which every step changes the trained numbers, or nearly every.
    static let all =
        [
            ("grpo", ["--algorithm", "grpo"]),
            ("dapo", ["--algorithm", "dapo"]),
            ("sft", ["--algorithm", "sft", "--set", "examples_per_step=8"]),
            ("openes", ["--algorithm", "openes", "--set", "population_size=6"]),
            ("cma-es", ["--algorithm", "cma-es", "--set", "population_size=6"]),
            ("lora", ["--method", "lora", "--rank", "2", "--learning-rate", "0.002"]),
            ("lora-xs", ["--method", "lora-xs", "--rank", "4", "--learning-rate", "0.01"]),
            ("full", ["--method", "full", "--learning-rate", "0.0001"]),
        ].flatMap { name, flags in [1, 2].map { Self(name: name, flags: flags, seed: $0) } }
        // With two updates per step ratios differ from 1, so the losses differ as well.
        + [
            ("dr_grpo", ["--algorithm", "dr_grpo", "--set", "num_iterations=2"]),
            ("bnpo", ["--algorithm", "bnpo", "--set", "num_iterations=2"]),
            ("rloo", ["--algorithm", "rloo", "--set", "num_iterations=2"]),
            ("reinforce++", ["--algorithm", "reinforce++", "--set", "num_iterations=2"]),
            ("gspo", ["--algorithm", "gspo", "--set", "num_iterations=2"]),
            ("cispo", ["--algorithm", "cispo", "--set", "num_iterations=2"]),
            (
                "grpo with divergence",
                [
                    "--beta", "0.04", "--set", "num_iterations=2", "--set", "max_grad_norm=0.02", "--set",
                    "eval_steps=2", "--validation-problems", "4",
                ]
            ),
            ("random directions", ["--frozen-subspace", "random", "--type", "fp32", "--parameters", "35"]),
            ("u 3", ["--tying", "by-kind", "--u", "3", "--rank", "3", "--type", "fp16"]),
            (
                "sft lora",
                [
                    "--algorithm", "sft", "--method", "lora", "--rank", "1", "--learning-rate", "0.005", "--set",
                    "examples_per_step=8",
                ]
            ),
            (
                "sft full",
                [
                    "--algorithm", "sft", "--method", "full", "--learning-rate", "0.001", "--set", "packing=true",
                    "--set", "max_length=256", "--set", "examples_per_step=4",
                ]
            ),
        ].map { Self(name: $0.0, flags: $0.1, seed: 1) }

    /// What trained adapters score.
    static let solution =
        "Q: Tom has 12 apples. He picks 5 more. He eats 3 of them. How many apples does Tom have now?\n"
        + "A: 12+5=17. 17-3=14. #### 14"

    /// Also the name in the file of hashes.
    var description: String { "train \(name), seed \(seed)" }

    var testDescription: String { description }

    /// Results do not depend on threads, so the seeds have different numbers of them.
    var threads: [String] { ["--threads", seed == 1 ? "2" : "1"] }

    /// Trains into `run` and returns the adapter's file.
    func train(in scratch: Scratch) throws -> URL {
        let outcome = try Executable.run(
            ["train", "--steps", "4", "--batch", "4", "--eval-problems", "8", "--seed", "\(seed)", "--output", "run"]
                + (flags.contains("sft") ? [] : ["--group-size", "4"]) + threads + flags, in: scratch)
        expectSuccess(outcome)
        return scratch.folder.appendingPathComponent("run/adapter.safetensors")
    }
}
