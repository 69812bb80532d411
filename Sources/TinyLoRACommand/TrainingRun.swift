import Foundation
import Synchronization
import TinyLoRA

/// One run of `tinylora train`: everything resolved and checked, then trained, then told.
struct TrainingRun {
    let configuration: TrainingConfiguration
    let threads: Int
    let directory: String?
    let resuming: Bool
    let console: Console

    /// Shows what would be done.
    func describe() throws {
        let checkpoint = try Checkpoint(directory: configuration.model ?? AbacusFiles.directory())
        let design = try configuration.adapter.design(for: checkpoint.configuration)
        console.say("adapter    \(design.description)")
        console.say(try configuration.jsonDocument().trimmingCharacters(in: .newlines))
        try console.result(configuration)
    }

    func start() async throws {
        let run = try RunDirectory(preparing: directory ?? Self.freshDirectory(), resuming: resuming)
        let loaded = try LoadedModel(directory: configuration.model)
        let tokenizer = try loaded.requireTokenizer()
        let training = try problemSet(
            file: configuration.train, loaded: loaded, training: true, count: nil,
            solutions: configuration.supervised.solutions)
        let heldOut = try evaluationSet(loaded)
        let design = try configuration.adapter.design(for: loaded.checkpoint.configuration)
        let method = try loaded.method(
            design, initialSeed: configuration.seed, threads: threads, cache: factorCache()
        ) { done, total in if done == total { factorNote(total) } }
        let policy = LocalPolicy(model: loaded.model, method: method, threads: threads)
        let style = try configuration.promptStyle.map { try PromptStyle(named: $0) } ?? loaded.naturalStyle
        let display = TrainingDisplay(configuration: configuration, console: console)
        let results = Mutex<[Int: EvaluationResult]>([:])
        let stopTokens = loaded.stopTokens
        if stopTokens.isEmpty {
            console.warn("the model names no end-of-text token: completions end at the token limit")
        }

        let evaluation: TrainingLoop.Evaluation? = try heldOut.map { set in
            let evaluator = Evaluator(
                policy: policy, codec: tokenizer, style: style,
                sampling: SamplingParameters(
                    temperature: 0, maxTokens: configuration.rollout.maxTokens, stopTokens: stopTokens))
            let loss = try heldOutLoss(set, policy: policy, style: style, codec: tokenizer, loaded: loaded)
            return { step, values in
                let result = try await evaluator.evaluate(set, adapter: values) { display.evaluating($0) }
                results.withLock { $0[step] = result }
                var record = result.record(step: step)
                record.loss = try await loss?.measured(at: values)
                return record
            }
        }
        let trainer: any Trainer =
            switch configuration.algorithm {
            case .sft:
                try SFTTrainer(
                    policy: policy, configuration: configuration, problems: training.problems, style: style,
                    codec: tokenizer, endToken: loaded.endToken)
            case .openES, .cmaES:
                try EvolutionTrainer(
                    policy: policy, configuration: configuration, problems: training.problems, style: style,
                    codec: tokenizer, stopTokens: stopTokens, reward: FinalAnswerReward())
            case .grpo, .drGRPO, .bnpo, .dapo, .rloo, .reinforcePlusPlus, .gspo, .cispo:
                try GRPOTrainer(
                    policy: policy, configuration: configuration, problems: training.problems, style: style,
                    codec: tokenizer, stopTokens: stopTokens, reward: FinalAnswerReward())
            }
        let progress = try run.begin(
            configuration: configuration, manifest: manifest(loaded, training, heldOut, design))
        display.header(loaded: loaded, training: training, heldOut: heldOut, design: design, threads: threads)
        let result = try await TrainingLoop(trainer, evaluation: evaluation) { event in display.show(event) }
            .run(in: run, from: progress)

        let adapter = try AdapterFile(
            design: design, baseModel: AdapterFile.BaseModel(name: loaded.name, fingerprint: loaded.fingerprint),
            values: result.state.parameters, elementType: configuration.adapter.elementType.elementType,
            toolVersion: "tinylora \(TinyLoRAVersion.current)",
            details: ["seed": "\(configuration.seed)", "steps": "\(configuration.steps)"])
        let path = run.path + "/adapter.safetensors"
        try adapter.write(to: path)
        if design is FullDesign { try loaded.write(adapter, asModel: run.path + "/model") }
        let summary = TrainingSummary(
            adapter: adapter, path: path, run: run.path, result: result, seconds: try trainingSeconds(run))
        display.finish(
            summary, before: results.withLock { $0[0] }, after: results.withLock { $0[configuration.steps] })
        try console.result(summary)
    }

    // MARK: Pieces

    private func evaluationSet(_ loaded: LoadedModel) throws -> ProblemSet? {
        guard configuration.evaluation.problems != 0 else { return nil }
        guard configuration.model == nil || configuration.eval != nil else { return nil }
        return try problemSet(
            file: configuration.eval, loaded: loaded, training: false, count: configuration.evaluation.problems,
            solutions: configuration.supervised.solutions)
    }

    /// The loss on held-out solutions, where it is asked for and there are any.
    private func heldOutLoss(
        _ set: ProblemSet, policy: LocalPolicy, style: PromptStyle, codec: Tokenizer, loaded: LoadedModel
    ) throws -> HeldOutLoss? {
        guard configuration.algorithm == .sft, configuration.supervised.measuresHeldOutLoss else { return nil }
        return try HeldOutLoss(
            policy: policy, settings: configuration.supervised, problems: set.problems, style: style, codec: codec,
            endToken: loaded.endToken)
    }

    private func manifest(
        _ loaded: LoadedModel, _ training: ProblemSet, _ heldOut: ProblemSet?, _ design: any AdapterDesign
    ) -> RunManifest {
        var datasets = ["train": fingerprint(training)]
        datasets["eval"] = heldOut.map(fingerprint)
        let machine = MachineRecord(
            system: ProcessInfo.processInfo.operatingSystemVersionString, architecture: Self.architecture,
            processors: ProcessInfo.processInfo.activeProcessorCount, threads: threads,
            instructions: MachineLimits.isVectorized ? Self.vectors : "none")
        return RunManifest(
            version: TinyLoRAVersion.current, created: Date().ISO8601Format(),
            model: Fingerprint(name: loaded.name, content: loaded.fingerprint), datasets: datasets,
            plan: design.description,
            trainedParameters: design.parameterCount,
            schemes: ["random": RandomStream.scheme, "normal": RandomStream.normalScheme]
                .merging(design.schemes) { first, _ in first }, seed: configuration.seed, machine: machine)
    }

    private func fingerprint(_ set: ProblemSet) -> Fingerprint {
        var hash = SHA256()
        for problem in set.problems {
            hash.update(Array("\(problem.question)\u{0}\(problem.answer)\u{0}".utf8))
            if configuration.algorithm == .sft { hash.update(Array("\(problem.solution ?? "")\u{0}".utf8)) }
        }
        return Fingerprint(name: set.name, content: hash.finish().hexadecimal)
    }

    /// Seconds of all steps, those before an interruption included.
    private func trainingSeconds(_ run: RunDirectory) throws -> Double {
        let lines = try String(contentsOfFile: run.path + "/steps.jsonl", encoding: .utf8).split(separator: "\n")
        return try lines.reduce(0) { $0 + (try StepRecord(json: String($1))).time.seconds }
    }

    /// A directory under `runs` that no other run has, named by the time.
    private static func freshDirectory() -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyyMMdd-HHmmss"
        let name = "runs/" + formatter.string(from: Date())
        var candidate = name, number = 2
        while FileManager.default.fileExists(atPath: candidate) {
            candidate = "\(name)-\(number)"
            number += 1
        }
        return candidate
    }

    #if arch(x86_64)
        private static let architecture = "x86_64", vectors = "avx2"
    #elseif arch(arm64)
        private static let architecture = "arm64", vectors = "neon"
    #else
        private static let architecture = "other", vectors = "none"
    #endif
}

/// What `tinylora train --json` prints.
struct TrainingSummary: Encodable {
    let trainedParameters: Int
    let adapterBytes: Int
    let accuracyBefore: Double?
    let accuracyAfter: Double?
    let intervalBefore: [Double]?
    let intervalAfter: [Double]?
    let lenientBefore: Double?
    let lenientAfter: Double?
    let problems: Int?
    let trainingSeconds: Double
    let tokensPerSecond: Double
    let adapter: String
    let run: String

    init(adapter: AdapterFile, path: String, run: String, result: TrainingResult, seconds: Double) {
        let before = result.evaluations.first { $0.step == 0 }, after = result.evaluations.last { $0.step != 0 }
        trainedParameters = adapter.design.parameterCount
        adapterBytes = adapter.valuesByteCount
        accuracyBefore = before?.strict
        accuracyAfter = after?.strict
        intervalBefore = before?.interval
        intervalAfter = after?.interval
        lenientBefore = before?.lenient
        lenientAfter = after?.lenient
        problems = after?.problems
        trainingSeconds = seconds
        tokensPerSecond = seconds > 0 ? Double(result.metrics.last?.numTokens ?? 0) / seconds : 0
        self.adapter = path
        self.run = run
    }

    enum CodingKeys: String, CodingKey {
        case problems, adapter, run
        case trainedParameters = "trained_parameters"
        case adapterBytes = "adapter_bytes"
        case accuracyBefore = "accuracy_before"
        case accuracyAfter = "accuracy_after"
        case intervalBefore = "interval_before"
        case intervalAfter = "interval_after"
        case lenientBefore = "lenient_before"
        case lenientAfter = "lenient_after"
        case trainingSeconds = "training_seconds"
        case tokensPerSecond = "tokens_per_second"
    }
}
