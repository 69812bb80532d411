import Foundation
import TinyLoRA

/// One run of `tinylora train`: everything resolved and checked, then trained, then told.
struct TrainingRun {
    var configuration: TrainingConfiguration
    let threads: Int
    let directory: String?
    let resuming: Bool
    let untrained: UntrainedCache?
    let console: Console

    /// Trains in the run's directory; a failure is told there too.
    func start() async throws {
        let run = try RunDirectory(preparing: directory ?? Self.freshDirectory(), resuming: resuming)
        run.forgetFailure()
        do {
            try await train(in: run)
        } catch {
            let (sentence, hint) = facts(of: error)
            // When even this cannot be written, the error itself is what counts.
            try? run.record(FailureRecord(error: sentence, hint: hint, step: run.finishedSteps, exit: "1"))
            throw error
        }
    }

    private func train(in run: RunDirectory) async throws {
        let loaded = try LoadedModel(directory: configuration.model)
        let heldOut = try evaluationSet(loaded)
        let (training, validationSet) = try trainingSets(loaded)
        let configuration = try resolvingEpochs(training)
        let design = try configuration.adapter.design(for: loaded.checkpoint.configuration)
        let method = try loaded.method(
            design, initialSeed: configuration.seed, threads: threads, cache: factorCache()
        ) { done, total in if done == total { factorNote(total) } }
        let engine = LocalEngine(model: loaded.model, method: method, threads: threads)
        let prompter = try loaded.prompter(style: configuration.promptStyle.map { try PromptStyle(named: $0) })
        let display = TrainingDisplay(configuration: configuration, console: console)
        let evaluations = try RunEvaluations(
            of: configuration, engine: engine, prompter: prompter, loaded: loaded, untrained: untrained, run: run,
            display: display, console: console)
        if loaded.stopTokens.isEmpty {
            console.warn("the model names no end-of-text token: completions end at the token limit")
        }
        let task = TrainingTask(
            problems: training.problems, prompter: prompter, stopTokens: loaded.stopTokens, endToken: loaded.endToken,
            reward: evaluations.reward(for: training.problems))
        let trainer = try trainer(configuration, engine: engine, task: task)
        let progress = try run.begin(
            configuration: configuration, manifest: manifest(loaded, training, heldOut, validationSet, design))
        display.header(loaded: loaded, training: training, heldOut: heldOut, design: design, threads: threads)
        let result = try await TrainingLoop(
            trainer, evaluation: heldOut.map { try evaluations.evaluation(of: $0, .test) },
            validation: validationSet.map { try evaluations.evaluation(of: $0, .validation) }
        ) { event in display.show(event) }
        .run(in: run, from: progress)

        let adapter = try AdapterFile(
            design: design, baseModel: AdapterFile.BaseModel(name: loaded.name, fingerprint: loaded.fingerprint),
            values: result.state.parameters, elementType: configuration.adapter.elementType,
            toolVersion: "tinylora \(TinyLoRAVersion.current)",
            details: ["seed": "\(configuration.seed)", "steps": "\(configuration.steps)"])
        let path = run.path + "/adapter.safetensors"
        try adapter.write(to: path)
        if design is FullDesign { try loaded.write(adapter, asModel: run.path + "/model") }
        let summary = TrainingSummary(
            adapter: adapter, path: path, run: run.path, result: result, seconds: try trainingSeconds(run))
        display.finish(
            summary, before: evaluations.result(after: 0), after: evaluations.result(after: configuration.steps))
        // Written last: a run that has it is finished.
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        try AtomicFile.write(try encoder.encode(summary) + Data("\n".utf8), to: run.path + "/result.json")
        try console.result(summary)
    }

    // MARK: Pieces

    /// The trainer of an algorithm.
    private func trainer(
        _ configuration: TrainingConfiguration, engine: LocalEngine, task: TrainingTask
    ) throws -> any Trainer {
        switch configuration.algorithm {
        case .sft: try SFTTrainer(learner: engine, task: task, configuration: configuration)
        case .openES, .cmaES:
            try EvolutionTrainer(
                sampler: engine, startingAt: engine.initialAdapter, task: task, configuration: configuration)
        case .grpo, .drGRPO, .bnpo, .dapo, .rloo, .reinforcePlusPlus, .gspo, .cispo:
            try GRPOTrainer(sampler: engine, learner: engine, task: task, configuration: configuration)
        }
    }

    /// The settings with epochs turned into steps.
    func resolvingEpochs(_ training: ProblemSet) throws -> TrainingConfiguration {
        guard configuration.epochs != nil else { return configuration }
        let resolved = configuration.resolvingEpochs(problems: training.problems.count)
        let broken = resolved.violations()
        guard broken.isEmpty else { throw UsageError(broken.joined(separator: "; ")) }
        return resolved
    }

    /// Problems to train on and, where settings are chosen by some, those; no problem is in both.
    func trainingSets(_ loaded: LoadedModel) throws -> (training: ProblemSet, validation: ProblemSet?) {
        let solutions = configuration.supervised.solutions
        var training = try problemSet(
            file: configuration.train, loaded: loaded, training: true, count: nil, solutions: solutions)
        let count = configuration.evaluation.validationProblems
        guard count > 0 else { return (training, nil) }
        if let file = configuration.evaluation.validationFile {
            return (training, try problemSet(file: file, loaded: loaded, training: false, count: count))
        }
        if configuration.train == nil {
            return (training, abacusValidation(count, solutions: solutions))
        }
        guard training.problems.count > count else {
            throw UsageError(
                "validation_problems is \(count), but \(training.name) has only \(training.problems.count) problems to "
                    + "train on and choose by")
        }
        let name = "\(training.name), the last \(count)"
        let last = ProblemSet(name: name, problems: Array(training.problems.suffix(count)), path: training.path)
        training.problems.removeLast(count)
        return (training, last)
    }

    func evaluationSet(_ loaded: LoadedModel) throws -> ProblemSet? {
        guard configuration.evaluation.problems != 0 else { return nil }
        guard configuration.model == nil || configuration.eval != nil else { return nil }
        return try problemSet(
            file: configuration.eval, loaded: loaded, training: false, count: configuration.evaluation.problems,
            solutions: configuration.supervised.solutions)
    }

    private func manifest(
        _ loaded: LoadedModel, _ training: ProblemSet, _ heldOut: ProblemSet?, _ validation: ProblemSet?,
        _ design: any AdapterDesign
    ) -> RunManifest {
        let isSupervised = configuration.algorithm == .sft
        var datasets = ["train": fingerprint(training, solutions: isSupervised)]
        // Solutions have no part in accuracy: the same questions and answers are the same test, whatever is trained.
        datasets["eval"] = heldOut.map { fingerprint($0) }
        datasets["validation"] = validation.map { fingerprint($0) }
        if isSupervised, configuration.supervised.measuresHeldOutLoss {
            datasets["eval_solutions"] = heldOut.map { fingerprint($0, solutions: true) }
            datasets["validation_solutions"] = validation.map { fingerprint($0, solutions: true) }
        }
        let machine = MachineRecord(
            system: ProcessInfo.processInfo.operatingSystemVersionString, architecture: Self.architecture,
            processors: ProcessInfo.processInfo.activeProcessorCount, threads: threads,
            instructions: MachineLimits.isVectorized ? Self.vectors : "none")
        return RunManifest(
            version: TinyLoRAVersion.current, created: Date().ISO8601Format(),
            model: Fingerprint(name: loaded.name, content: loaded.fingerprint), datasets: datasets,
            plan: design.description, trainedParameters: design.parameterCount,
            schemes: ["random": RandomStream.scheme, "normal": RandomStream.normalScheme]
                .merging(design.schemes) { first, _ in first }, seed: configuration.seed, machine: machine)
    }

    /// A hash of the questions and answers, and of the solutions where those have a part.
    private func fingerprint(_ set: ProblemSet, solutions: Bool = false) -> Fingerprint {
        var hash = SHA256()
        for problem in set.problems {
            hash.update(Array("\(problem.question)\u{0}\(problem.answer)\u{0}".utf8))
            if solutions { hash.update(Array("\(problem.solution ?? "")\u{0}".utf8)) }
        }
        return Fingerprint(name: set.name, content: hash.finish().hexadecimal)
    }

    /// Seconds of all steps, those before an interruption included.
    private func trainingSeconds(_ run: RunDirectory) throws -> Double {
        let lines = try String(contentsOfFile: run.path + "/steps.jsonl", encoding: .utf8).split(separator: "\n")
        return try lines.reduce(0) { $0 + (try StepRecord(json: String($1))).time.seconds }
    }

    /// A directory under `runs` that no other run has, named by the time.
    static func freshDirectory() -> String {
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

/// The sentence of an error, and the hint where it has one apart.
private func facts(of error: any Error) -> (sentence: String, hint: String?) {
    (error as? any ExplainedError).map { ($0.message, $0.hint) } ?? ("\(error)", nil)
}
