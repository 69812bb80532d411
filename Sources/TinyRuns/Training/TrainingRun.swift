import Foundation
public import TinyAdapter
internal import TinyAbacus
import TinyEngine
internal import TinyFoundation
public import TinyLearning
internal import TinyModel
import TinyProblems
public import TinyRecords
internal import TinyTensor
import TinyCheckpoint

/// What happens during a run, in the order in which it happens.
public enum RunEvent: Sendable {
    /// An event of training itself.
    case training(TrainingEvent)
    /// An evaluation on a set of problems has advanced.
    case evaluating(EvaluationProgress, of: String)
    /// Something the user should know, as a sentence.
    case warning(String)
}

/// A training run, prepared: every setting, file and directory is checked, the model is loaded and the directory is locked.
///
/// ```swift
/// var configuration = TrainingConfiguration.demonstration
/// configuration.steps = 4
/// let run = try await TrainingRun(configuration, in: "runs/first")
/// let trained = try await run.train { event in … }
/// trained.summary.accuracyAfter
/// ```
public struct TrainingRun: Sendable {
    /// How a run is computed and where it writes. But for other engines, none of it changes a result.
    public struct Options: Sendable {
        /// Threads that compute.
        public var threads = ProcessInfo.processInfo.activeProcessorCount
        /// Whether a run that is already in the directory is resumed.
        public var isResuming = false
        /// Directory where answers of the untrained model are kept for other runs; `nil` keeps none.
        public var untrainedCache: String?
        /// Where frozen factors are kept; `nil` computes them for each run.
        public var factorCache = FactorCache.standard()
        /// Called after each matrix that had to be factorised, and with 0 before the first.
        public var factorising: (@Sendable (_ done: Int, _ total: Int) -> Void)?
        /// Engines in other processes.
        public var remote = RemoteEngines()

        /// All cores, a new run, the standard cache, no other process.
        public init() {}
    }

    /// The resolved settings: epochs are steps, and the arithmetic is named.
    public let configuration: TrainingConfiguration
    /// The run's directory.
    public let directory: RunDirectory
    /// The base model.
    public let model: LoadedModel
    /// What is trained and evaluated on.
    public let problems: RunProblems
    /// The adapter that training starts from; `nil` where it is an untrained one.
    public let initialAdapter: AdapterSource?
    /// What the manifest says of it.
    public let initialFingerprint: Fingerprint?
    /// Sizes and settings of the adapter.
    public let design: any AdapterDesign
    /// Threads that compute.
    public let threads: Int
    /// Who samples and who learns.
    public let engines: RunEngines
    /// How training problems are asked.
    public var promptStyle: String { prompter.style.name }
    /// Who grades training problems: a method's name, or a command.
    public let grader: String
    private let prompter: Prompter
    private let trainer: any Trainer
    private let progress: RunProgress
    private let untrained: UntrainedCache?

    /// Prepares a run, or finds where to resume one.
    ///
    /// - Parameters:
    ///   - configuration: The settings.
    ///   - path: The run's directory; a new one under `runs`, named by the time, unless given.
    ///   - options: Threads, caches, resuming.
    /// - Throws: The first error found; it is recorded in the directory's `failure.json` if there is a directory. A finished run
    ///   stays finished, and settings that a run there was not made with are not recorded as its failure.
    public init(
        _ configuration: TrainingConfiguration, in path: String? = nil, options: Options = Options()
    ) async throws {
        let directory = try RunDirectory(
            preparing: path ?? RunDirectory.claim(Self.defaultDirectory), resuming: options.isResuming)
        do {
            self = try await Self(preparing: configuration, in: directory, options: options)
        } catch {
            if (error as? RunError)?.code != .differentSettings { directory.record(failure: error) }
            throw error
        }
    }

    private init(
        preparing configuration: TrainingConfiguration, in directory: RunDirectory, options: Options
    ) async throws {
        let grader = try GraderChoice(configuration.grader)
        try grader.checkProgram()
        initialAdapter = try InitialAdapter(of: configuration)?.source
        initialFingerprint = try initialAdapter?.fingerprint()
        let savesMemory = try Self.savesMemory(configuration, initialAdapter, options.remote)
        problems = try RunProblems(configuration)
        if let first = problems.training.problems.first {
            try grader.tryCommand(on: first, limit: .seconds(configuration.graderTimeout))
        }
        model = try LoadedModel(directory: configuration.model, arithmetic: configuration.arithmetic)
        var configuration = configuration
        configuration.arithmetic = model.arithmetic
        let initial = try initialAdapter.map(model.adapter(from:))
        design = try initial?.design ?? configuration.adapter.design(for: model.checkpoint.configuration)
        let task = try RunTask(configuration, on: problems, of: model)
        prompter = task.prompter
        self.grader = grader.resolvedName(
            for: problems.training.problems, answerFormat: prompter.style.answerFormat)
        let method = try model.method(
            design, initialSeed: configuration.seed, threads: options.threads, cache: options.factorCache,
            progress: options.factorising)
        untrained = options.untrainedCache.map(UntrainedCache.init)
        threads = options.threads
        engines = try await RunEngines(
            options.remote,
            local: LocalEngine(
                model: model.model, method: method, threads: options.threads, savesMemory: savesMemory),
            method: method, model: model, probe: prompter.prompt(for: "1 + 1 = ?").tokens, in: directory)
        configuration = try task.resolvingEpochs(configuration, contextLength: engines.learner.contextLength)
        trainer = try Self.trainer(configuration, engines, startingAt: initial?.values, task: task.training)
        self.configuration = configuration
        self.directory = directory
        progress = try directory.begin(
            configuration: configuration,
            manifest: try Self.manifest(
                configuration, model, problems, design, engines, initialAdapter: initialFingerprint,
                prompter: prompter, grader: self.grader, threads: options.threads))
    }

    /// Refuses a run that does not fit into memory before its weights are read. A model without all of its parameters and an
    /// adapter that does not fit the model are left to the checks that follow.
    ///
    /// - Returns: Whether there is room only if layers are computed twice.
    private static func savesMemory(
        _ configuration: TrainingConfiguration, _ initial: AdapterSource?, _ remote: RemoteEngines
    ) throws -> Bool {
        let checkpoint = try Checkpoint(directory: configuration.model ?? AbacusFiles.directory())
        let design: (any AdapterDesign)? =
            if let initial { try? initial.design(for: checkpoint) } else {
                try configuration.adapter.design(for: checkpoint.configuration)
            }
        guard let design,
            let memory = try? MemoryEstimate(
                configuration, checkpoint: checkpoint, design: design, samplesHere: remote.samplesHere,
                learnsHere: remote.learnsHere)
        else { return false }
        try memory.requireRoom()
        return memory.savesMemory
    }

    /// Trains, evaluates and writes the adapter.
    ///
    /// - Parameter report: Called with everything that happens, from any thread.
    /// - Throws: ``TrainingError``, whatever the engine throws, or `CancellationError`. Every finished step is in the directory.
    public func train(report: @escaping @Sendable (RunEvent) -> Void = { _ in }) async throws -> TrainedRun {
        directory.forgetFailure()
        do {
            let trained = try await trained(report)
            await engines.close()
            return trained
        } catch {
            directory.record(failure: error)
            await engines.close()
            throw error
        }
    }

    private func trained(_ report: @escaping @Sendable (RunEvent) -> Void) async throws -> TrainedRun {
        if model.stopTokens.isEmpty {
            report(.warning("the model has no end-of-text token: completions end at the token limit"))
        }
        if let weakness = directory.lockWeakness { report(.warning(weakness)) }
        for warning in progress.warnings { report(.warning(warning)) }
        let memory = try MemoryEstimate(
            configuration, checkpoint: model.checkpoint, design: design, samplesHere: engines.samplesHere,
            learnsHere: engines.learnsHere)
        if let shortage = memory.shortage() { report(.warning(shortage)) }
        for overlap in problems.overlaps { report(.warning("\(overlap)")) }
        let evaluations = try RunEvaluations(
            of: configuration, engines, prompter: prompter, model: model, untrained: untrained, run: directory,
            report: report)
        let result = try await TrainingLoop(
            trainer, evaluation: problems.test.map { try evaluations.evaluation(of: $0, .test) },
            validation: problems.validation.map { try evaluations.evaluation(of: $0, .validation) }
        ) { report(.training($0)) }
        .run(in: directory, from: progress)
        var details = ["seed": "\(configuration.seed)", "steps": "\(configuration.steps)"]
        details["initial_adapter"] = initialFingerprint?.description
        let adapter = try AdapterFile(
            design: design, baseModel: AdapterFile.BaseModel(name: model.name, fingerprint: model.fingerprint),
            values: result.state.parameters, elementType: configuration.adapter.elementType,
            arithmetic: model.arithmetic, toolVersion: "tinylora \(TinyLoRAVersion.current)",
            details: details)
        let path = directory.path + "/" + AdapterFile.name
        try adapter.write(to: path)
        if design.holdsAllWeights { try model.write(adapter, asModel: directory.path + "/model") }
        let summary = TrainingSummary(
            adapter: adapter, path: path, run: directory.path, result: result,
            overlap: problems.overlaps.first { $0.role == "eval" && $0.otherRole == "train" }?.shared,
            times: try directory.steps.read().map(\.time))
        try summary.write(to: directory.result)  // written last: a run that has it is finished
        return TrainedRun(
            summary: summary, adapter: adapter, result: result, before: evaluations.result(after: 0),
            after: evaluations.result(after: configuration.steps))
    }

    /// The trainer of an algorithm.
    ///
    /// - Parameter start: The numbers to start from; those of an untrained adapter unless given.
    private static func trainer(
        _ configuration: TrainingConfiguration, _ engines: RunEngines, startingAt start: [Float]?, task: TrainingTask
    ) throws -> any Trainer {
        switch configuration.algorithm {
        case .sft: try SFTTrainer(learner: engines.learner, startingAt: start, task: task, configuration: configuration)
        case .openES, .cmaES:
            try EvolutionTrainer(
                sampler: engines.sampler, startingAt: start ?? engines.local.initialAdapter, task: task,
                configuration: configuration)
        case .grpo, .drGRPO, .bnpo, .dapo, .rloo, .reinforcePlusPlus, .gspo, .cispo:
            try GRPOTrainer(
                sampler: engines.sampler, learner: engines.learner, startingAt: start, task: task,
                configuration: configuration)
        }
    }

    private static func manifest(
        _ configuration: TrainingConfiguration, _ model: LoadedModel, _ problems: RunProblems,
        _ design: any AdapterDesign, _ engines: RunEngines, initialAdapter: Fingerprint?, prompter: Prompter,
        grader: String, threads: Int
    ) throws -> RunManifest {
        let isSupervised = configuration.algorithm == .sft
        var datasets = ["train": fingerprint(problems.training, solutions: isSupervised)]
        // Solutions do not affect accuracy: the same questions and answers are the same test for every method.
        datasets["eval"] = problems.test.map { fingerprint($0) }
        datasets["validation"] = problems.validation.map { fingerprint($0) }
        if configuration.measuresHeldOutLoss {
            datasets["eval_solutions"] = problems.test.map { fingerprint($0, solutions: true) }
            datasets["validation_solutions"] = problems.validation.map { fingerprint($0, solutions: true) }
        }
        let overlaps = Dictionary(
            problems.overlaps.map { ("\($0.role) in \($0.otherRole)", $0.shared) }, uniquingKeysWith: { $1 })
        let example = problems.training.problems.first
        return try RunManifest(
            version: TinyLoRAVersion.current, created: Date().ISO8601Format(),
            model: Fingerprint(name: model.name, content: model.fingerprint), datasets: datasets,
            inputs: problems.inputs(
                prompter, stopTokens: model.stopTokens,
                includesRows: GraderChoice(configuration.grader).isCommand), promptStyle: prompter.style.name,
            grader: grader, examplePrompt: example.map { try prompter.prompt(for: $0).text },
            initialAdapter: initialAdapter, overlaps: overlaps.isEmpty ? nil : overlaps,
            plan: design.description, trainedParameters: design.parameterCount,
            schemes: [
                "random": RandomStream.scheme, "normal": RandomStream.normalScheme,
                RunManifest.gradientScheme: "prompt-units/1", "arithmetic": model.arithmetic.rawValue,
            ].merging(design.schemes) { first, _ in first }.merging(engines.schemes) { first, _ in first },
            engines: engines.names, seed: configuration.seed, machine: MachineRecord(threads: threads))
    }

    /// A hash of the questions and answers, and of the solutions where those have a part.
    static func fingerprint(_ set: ProblemSet, solutions: Bool = false) -> Fingerprint {
        var hash = SHA256()
        for problem in set.problems {
            hash.update(Array("\(problem.question)\u{0}\(problem.answer)\u{0}".utf8))
            if solutions { hash.update(Array("\(problem.solution ?? "")\u{0}".utf8)) }
        }
        return Fingerprint(name: set.name, content: hash.finish().hexadecimal)
    }

    /// What a new run's directory is named unless its user names it: by the time, under `runs`. Other runs may have it.
    static var defaultDirectory: String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyyMMdd-HHmmss"
        return "runs/" + formatter.string(from: Date())
    }
}

/// A finished run.
public struct TrainedRun: Sendable {
    /// The numbers of `result.json`.
    public let summary: TrainingSummary
    /// The trained adapter, as it was written.
    public let adapter: AdapterFile
    /// State, metrics and evaluations of every step.
    public let result: TrainingResult
    /// Answers to the test problems before training; `nil` where they were not sampled in this call.
    public let before: EvaluationResult?
    /// Answers to the test problems after training.
    public let after: EvaluationResult?
}

extension MachineRecord {
    /// This machine.
    fileprivate init(threads: Int) {
        #if arch(x86_64)
            let architecture = "x86_64"
        #elseif arch(arm64)
            let architecture = "arm64"
        #else
            let architecture = "other"
        #endif
        let process = ProcessInfo.processInfo
        self.init(
            system: process.operatingSystemVersionString, architecture: architecture,
            processors: process.activeProcessorCount, threads: threads,
            instructions: InstructionSet.active.rawValue)
    }
}

extension RunDirectory {
    /// Records in `failure.json` why a run failed. What goes wrong after a run has its result is no failure of it.
    fileprivate func record(failure error: any Error) {
        guard !isFinished else { return }
        let facts = (error as? any ExplainedError).map { ($0.message, $0.hint) } ?? ("\(error)", nil)
        // When even this cannot be written, the error itself is what counts.
        try? record(FailureRecord(error: facts.0, hint: facts.1, step: finishedSteps, exit: "1"))
    }
}
