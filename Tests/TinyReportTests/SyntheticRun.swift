import Foundation
import TinyFoundation

/// A run directory with results that are known because they were chosen.
///
/// How many problems are right is exact. Which ones depends on how hard they are, the same for all runs, and on a little luck of
/// the seed, so that runs are paired as real ones are.
struct SyntheticRun {
    var method = "tinylora"
    var algorithm = "grpo"
    var parameters = 13
    var rate = 0.05
    var seed = 1
    /// Problems that are right after training; `nil` writes no test evaluation.
    var right: Int? = 340
    var untrained = 128
    var problems = 400
    var validation: Int?
    /// Number of the validation problems, and their hash in the manifest.
    var validationProblems = (count: 200, content: "cc22")
    var steps = 20
    /// Right after half of the steps, when that is evaluated too.
    var halfway: Int?
    /// Settings beside the usual ones, as JSON values.
    var settings: [String: String] = [:]
    /// The adapter that training started from, as the manifest has it.
    var initialAdapter: String?
    /// Name and hash of the training data.
    var train = (name: "abacus/train", content: "aa00")
    /// Names of the model's folder and of the test problems, whose contents are always the same.
    var model = "abacus", test = "abacus/test"
    /// Metrics of every step beside the usual ones.
    var metrics: [String: Double] = [:]
    /// Loss on the solutions of the test problems at each evaluation, as `eval_loss` measures it.
    var heldOutLoss: Double?
    /// Engines in other processes, as the manifest's schemes have them.
    var engines: [String: String] = [:]
    var hasOutcomes = true
    var hasAnswers = false

    var isSupervised: Bool { algorithm == "sft" }
    private var isEvolution: Bool { ["openes", "cma-es"].contains(algorithm) }

    /// Writes the run's files into a new directory.
    func write(to directory: URL) throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (name, text) in files {
            try Data(text.utf8).write(to: directory.appendingPathComponent(name))
        }
    }

    /// Every file by its name.
    var files: [String: String] {
        var files = [
            "configuration.json": configuration, "manifest.json": manifest, "steps.jsonl": stepLines,
            "evaluations.jsonl": evaluationLines,
        ]
        if hasAnswers { files["evaluation-samples.jsonl"] = answerLines }
        return files
    }

    private var configuration: String {
        var values = [
            "model": "null", "train": "null", "eval": "null", "method": "\"\(method)\"",
            "algorithm": "\"\(algorithm)\"", "parameters": "\(parameters)", "rank": "8", "u": "null", "tying": "null",
            "element_type": "\"bf16\"", "learning_rate": "\(rate)", "max_steps": "\(steps)", "seed": "\(seed)",
            "problems_per_step": "16", "num_generations": "8", "eval_problems": "\(problems)", "top_p": "1",
        ]
        values.merge(settings) { $1 }
        return object(values) + "\n"
    }

    private var manifest: String {
        object([
            "version": "\"0.2.0\"", "created": "\"2026-03-0\(1 + seed % 9)T10:00:00Z\"",
            "model": #"{"name":"\#(model)","content":"0123456789abcdef0123"}"#,
            "datasets":
                #"{"train":{"name":"\#(train.name)","content":"\#(train.content)"},"eval":{"name":"\#(test)","content":"bb11"}"#
                + (validation == nil
                    ? "}" : #","validation":{"name":"abacus/validation","content":"\#(validationProblems.content)"}}"#),
            "plan": "\"\(parameters) parameters\"", "trained_parameters": "\(parameters)",
            "initial_adapter": initialAdapter ?? "null",
            "schemes": object(
                ["random": "\"philox4x32-10/1\""].merging(engines.mapValues { "\"\($0)\"" }) { $1 }),
            "seed": "\(seed)",
            "machine": #"{"system":"Linux","architecture":"x86_64","processors":2,"threads":2,"instructions":"avx2"}"#,
        ]) + "\n"
    }

    private var stepLines: String {
        var stream = RandomStream(.shuffling, seed: UInt64(seed), step: parameters)
        let end = Double(right ?? untrained) / Double(problems), start = Double(untrained) / Double(problems)
        return (1...steps).map { step in
            let progress = 1 - exp(-4 * Double(step) / Double(steps))
            let level = start + (end - start) * progress, noise = (stream.uniform() - 0.5) * 0.08
            var values = [
                "step": "\(step)", "learning_rate": "\(rate)", "grad_norm": "0.03", "epoch": "0.1",
                "num_tokens": "\(step * 9000)",
                "state": #"{"parameters":[0.5],"first_moment":[],"second_moment":[],"updates":1}"#,
                "time": #"{"seconds":0.5,"rollout_seconds":0.3,"training_seconds":0.2,"tokens_per_second":9000}"#,
            ]
            if isSupervised {
                values["loss"] = "\(1.4 - level + noise)"
            } else {
                values["reward"] = "\(min(1, max(0, level + noise)))"
                values["completions/mean_length"] = "\(18 + 16 * progress + 10 * noise)"
                values["num_generated_tokens"] = "\(step * 3000 * (isEvolution ? 2 : 1))"
                if isEvolution {
                    values["evolution/step_size"] = "\(0.1 * exp(-Double(step) / Double(steps)))"
                } else {
                    values["entropy"] = "\(0.2 * exp(-2 * progress) + noise / 8)"
                    values["kl"] = "\(0.004 * progress)"
                    values["policy_loss"] = "null"
                }
            }
            values.merge(metrics.mapValues { "\($0)" }) { $1 }
            return object(values) + "\n"
        }.joined()
    }

    private var evaluationLines: String {
        var lines: [String] = []
        if let validation {
            let count = validationProblems.count
            lines.append(evaluation(step: 0, right: min(count, untrained / 2), of: count, split: "validation"))
            lines.append(evaluation(step: steps, right: validation, of: count, split: "validation"))
        }
        if let right {
            lines.append(evaluation(step: 0, right: untrained, of: problems, split: "test"))
            if let halfway { lines.append(evaluation(step: steps / 2, right: halfway, of: problems, split: "test")) }
            lines.append(evaluation(step: steps, right: right, of: problems, split: "test"))
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func evaluation(step: Int, right: Int, of problems: Int, split: String) -> String {
        var values = [
            "step": "\(step)", "split": "\"\(split)\"",
            "problem_set": "\"\(split == "test" ? test : "abacus/\(split)")\"", "problems": "\(problems)",
            "samples_per_problem": "1", "strict": "\(Double(right) / Double(problems))", "interval": "[0, 1]",
            "lenient": "\(Double(min(problems, right + problems / 20)) / Double(problems))",
            "lenient_interval": "[0, 1]",
            "well_formed": "\(min(problems, right + problems / 10))", "truncated": "0",
            "mean_completion_length": "30.5",
            "tokens": "\(problems * 30)", "time": #"{"seconds":1,"tokens_per_second":12000}"#,
        ]
        if let heldOutLoss { values["eval_loss"] = "\(heldOutLoss)" }
        if hasOutcomes { values["outcomes"] = "\"\(outcomes(right: right, of: problems, step: step))\"" }
        return object(values)
    }

    /// Exactly `right` ones: the easiest problems, as this seed sees them. The untrained model has no seed.
    func outcomes(right: Int, of problems: Int, step: Int) -> String {
        let difficulty = (0..<problems).map { problem in
            var hard = RandomStream(.corpus, seed: 5, problem: problem)
            var luck = RandomStream(.sampling, seed: UInt64(seed), step: step, problem: problem, sample: parameters)
            return hard.uniform() + (step == 0 ? 0 : 0.3 * luck.uniform())
        }
        let easiest = Set(difficulty.indices.sorted { difficulty[$0] < difficulty[$1] }.prefix(right))
        return String((0..<problems).map { easiest.contains($0) ? "1" : "0" })
    }

    private var answerLines: String {
        let cases: [(String, Int, Bool, Bool)] = [
            ("Rosa has 4 tanks with 8 fish & gives 3 away. How many <now>?", 29, false, true),
            ("A train has 8 cars with 5 people in each car. How many people?", 40, false, true),
            ("Tom had 12 coins and lost 5. How many are left?", 7, true, false),
            ("Six packs of 10 and one more?", 61, false, false), ("2 + 2?", 4, true, true),
        ]
        var lines: [String] = []
        for step in [0, steps] {
            for (question, answer, before, after) in cases {
                let isRight = step == 0 ? before : after
                let completion = isRight ? " 4*8=32. 32-3=\(answer).\\n#### \(answer)" : " #### \(answer + 11)"
                lines.append(
                    object([
                        "step": "\(step)", "question": "\"\(question)\"", "answer": "\"\(answer)\"",
                        "completion": "\"\(completion)\"", "extracted": "\"\(answer)\"", "strict": "\(isRight)",
                    ]))
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func object(_ values: [String: String]) -> String {
        "{" + values.sorted { $0.key < $1.key }.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }
}

/// Directories full of runs.
enum SyntheticSweep {
    /// The study a report is made for, in small: sizes, methods, algorithms, rates, ablations, and runs that went wrong.
    static func study() -> [String: SyntheticRun] {
        var runs: [String: SyntheticRun] = [:]
        func add(_ name: String, _ run: SyntheticRun, seeds: Int = 3, spread: Int = 6) {
            for seed in 1...seeds {
                var run = run
                run.seed = seed
                if let right = run.right { run.right = right + (seed - 2) * spread }
                if let validation = run.validation { run.validation = validation + seed }
                runs["\(name)-s\(seed)"] = run
            }
        }
        for (parameters, right) in [(1, 190), (4, 262), (13, 338), (35, 346), (140, 352)] {
            let name = "grpo-tiny-\(parameters)"
            var run = SyntheticRun(parameters: parameters, right: right, validation: right / 2, halfway: right - 40)
            run.hasAnswers = parameters == 13
            add(name, run)
            run.right = nil
            (run.rate, run.validation) = (0.01, right / 2 - 20)
            add(name + "-slow", run, seeds: 1)
            (run.rate, run.validation) = (0.2, right / 2 - 9)
            add(name + "-fast", run, seeds: 1)
        }
        add("grpo-xs-560", SyntheticRun(method: "lora-xs", parameters: 560, rate: 0.01, right: 354))
        add("grpo-xs-2240", SyntheticRun(method: "lora-xs", parameters: 2240, rate: 0.01, right: 357), seeds: 2)
        add("grpo-lora-1", SyntheticRun(method: "lora", parameters: 16_800, rate: 0.002, right: 360), seeds: 2)
        add("grpo-full", SyntheticRun(method: "full", parameters: 2_104_960, rate: 1e-5, right: 366))
        for (parameters, right) in [(1, 150), (13, 190), (140, 262)] {
            var run = SyntheticRun(algorithm: "sft", parameters: parameters, rate: 0.02, right: right)
            run.hasAnswers = parameters == 13
            add("sft-tiny-\(parameters)", run)
        }
        add("sft-lora-1", SyntheticRun(method: "lora", algorithm: "sft", parameters: 16_800, right: 340), seeds: 1)
        add(
            "sft-full", SyntheticRun(method: "full", algorithm: "sft", parameters: 2_104_960, rate: 1e-5, right: 362),
            seeds: 2)
        add("es-13", SyntheticRun(algorithm: "cma-es", parameters: 13, rate: 0.1, right: 318, halfway: 240), seeds: 2)
        add("es-35", SyntheticRun(algorithm: "cma-es", parameters: 35, rate: 0.1, right: 300, halfway: 230), seeds: 2)
        for (kind, right) in [("fp32", 345), ("fp16", 341)] {
            add(
                "grpo-tiny-13-\(kind)",
                SyntheticRun(parameters: 13, right: right, settings: ["element_type": "\"\(kind)\""]), seeds: 2)
        }
        for (subspace, right) in [("bottom", 200), ("random", 255)] {
            add(
                "grpo-tiny-13-\(subspace)",
                SyntheticRun(parameters: 13, right: right, settings: ["frozen_subspace": "\"\(subspace)\""]), seeds: 2)
        }
        return runs
    }

    static func write(_ runs: [String: SyntheticRun], to folder: URL) throws {
        for (name, run) in runs { try run.write(to: folder.appendingPathComponent(name)) }
    }
}
