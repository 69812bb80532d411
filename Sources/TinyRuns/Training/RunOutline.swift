internal import Foundation
internal import TinyAbacus
import TinyAdapter
import TinyCheckpoint
internal import TinyEngine
internal import TinyLearning
internal import TinyModel
internal import TinyProblems
public import TinyRecords

/// Everything about a run that is known before it starts: no weight is read.
public struct RunOutline: Encodable, Sendable {
    /// The resolved settings.
    public let configuration: TrainingConfiguration
    /// The adapter that training starts from; `nil` where it is an untrained one.
    public let initialAdapter: Fingerprint?
    /// The adapter in words.
    public let plan: String
    /// Trained parameters.
    public let trainedParameters: Int
    /// TinyLoRA's groups of modules; empty for other methods.
    public let groups: [Group]
    /// Whether there are test problems.
    public let isEvaluated: Bool
    /// Completions and tokens.
    public let estimate: RunEstimate
    /// Bytes that the run needs.
    public let memory: MemoryEstimate
    /// The base model's name.
    public let model: String
    /// Its parameters.
    public let modelParameters: Int
    /// The run's directory.
    public let output: String

    /// Modules that share parameters.
    public struct Group: Encodable, Sendable {
        /// Parameters of the group.
        public let parameters: Int
        /// Its modules.
        public let modules: Int
        /// The first module, such as `3.down_proj`.
        public let first: String
        /// The last module.
        public let last: String

        init?(_ part: AdapterPart) {
            guard let first = part.modules.first, let last = part.modules.last else { return nil }
            func short(_ module: AdaptedModule) -> String { "\(module.layer).\(module.kind.suffix)" }
            parameters = part.count
            modules = part.modules.count
            self.first = short(first)
            self.last = short(last)
        }
    }

    /// Works out what a configuration means. Cost: that of reading files and, for epochs of packs, of encoding every solution.
    ///
    /// - Parameters:
    ///   - output: The run's directory; a new one unless given.
    ///   - remote: Engines in other processes, which take their part of the memory there. None is asked for anything.
    /// - Throws: The error of a setting, a model directory or a problem file that cannot be used.
    public init(
        _ configuration: TrainingConfiguration, output: String? = nil, remote: RemoteEngines = RemoteEngines()
    ) throws {
        try GraderChoice(configuration.grader).checkProgram()
        let checkpoint = try Checkpoint(directory: configuration.model ?? AbacusFiles.directory())
        try checkpoint.requireParameters()
        var settings = try configuration.countingEpochs()
        settings.arithmetic = try settings.arithmetic ?? checkpoint.arithmetic
        let initial = try InitialAdapter(of: settings)?.source
        initialAdapter = try initial?.fingerprint()
        let sizes = checkpoint.configuration
        let design = try initial?.design(for: checkpoint) ?? settings.adapter.design(for: sizes)
        self.configuration = settings
        plan = design.description
        trainedParameters = design.parameterCount
        groups = design.groups == nil ? [] : design.parts.compactMap(Group.init)
        isEvaluated = RunProblems.hasTest(settings)
        estimate = RunEstimate(settings, numbers: design.parameterCount)
        memory = try MemoryEstimate(
            settings, checkpoint: checkpoint, design: design, samplesHere: remote.samplesHere,
            learnsHere: remote.learnsHere)
        model = configuration.model.map { URL(filePath: $0).lastPathComponent } ?? "abacus"
        modelParameters = sizes.parameterCount
        self.output =
            output ?? freeName(TrainingRun.defaultDirectory) { FileManager.default.fileExists(atPath: $0) }
    }

    private enum CodingKeys: String, CodingKey {
        case configuration, plan, groups, estimate, memory, model, output
        case initialAdapter = "initial_adapter"
        case isEvaluated = "is_evaluated"
        case trainedParameters = "trained_parameters"
        case modelParameters = "model_parameters"
    }
}
