public import TinyCheckpoint
public import TinyModel
public import TinyFoundation

/// Full fine-tuning: every weight of the model is trained, embeddings and norms included.
///
/// An untrained adapter holds the checkpoint's weights. A file keeps them under their own names, so it is a
/// `model.safetensors` too.
public struct FullDesign: AdapterDesign {
    /// The method's name.
    public static let method = "full"
    /// The model's sizes.
    public let configuration: ModelConfiguration

    /// Trains all weights of a model of these sizes.
    public init(configuration: ModelConfiguration) { self.configuration = configuration }

    /// The number of weights, a tied head counted once.
    public var parameterCount: Int { configuration.parameterCount }

    /// All modules of the model.
    public var modules: [AdaptedModule] { configuration.modules }

    /// None: these are the weights themselves.
    public var parts: [AdapterPart] { [] }

    /// All weights.
    public var holdsAllWeights: Bool { true }

    /// As shown to people: `2,104,960 parameters · all weights`.
    public var description: String { "\(counted(parameterCount, "parameter")) · all weights" }

    /// None.
    public var schemes: [String: String] { [:] }

    /// Finds the checkpoint's weights; they are read by ``AdapterMethod/initialValues``.
    public func prepared(_ preparation: AdapterPreparation) throws -> any AdapterMethod {
        let checkpoint = preparation.checkpoint
        let found = checkpoint.configuration.parameterShapes
        for (expected, weight) in zip(tensors, found) where expected != weight {
            throw AdapterError(
                .invalidPlan,
                "the adapter has \(expected.name) \(expected.shape), \(checkpoint.directory) \(weight.name) "
                    + "\(weight.shape)")
        }
        guard tensors.count == found.count else {
            throw AdapterError(
                .invalidPlan, "the adapter has \(tensors.count) weights, \(checkpoint.directory) has \(found.count)")
        }
        return FullMethod(
            design: self, weights: try tensors.map { try checkpoint.tensor($0.name, $0.shape) },
            isRounded: try checkpoint.isRounded)
    }

    /// The weights under their own names.
    public var tensors: [ParameterShape] { configuration.parameterShapes }

    /// The model's configuration as JSON.
    public var notes: [String: String] {
        get throws {
            [AdapterNotes.configuration: try AdapterNotes.json(configuration)]
        }
    }

    /// Reads the model's configuration.
    public init(notes: AdapterNotes) throws(AdapterError) {
        configuration = try notes.json(AdapterNotes.configuration, as: ModelConfiguration.self)
        let problems = configuration.violations()
        guard problems.isEmpty else {
            throw AdapterError(
                .malformedFile, "the configuration in \(notes.path) is impossible: \(problems.joined(separator: "; "))")
        }
    }

    /// The number of parameters is enough to tell designs apart.
    public func hash(into hasher: inout Hasher) { hasher.combine(parameterCount) }
}

/// Full fine-tuning of one model.
struct FullMethod: AdapterMethod {
    let design: FullDesign
    let weights: [CheckpointTensor]
    /// Whether the checkpoint's own arithmetic takes them rounded to bf16.
    let isRounded: Bool

    var initialValues: [Float] {
        let values = weights.flatMap { $0.floats() }
        return isRounded ? values.map(ElementType.bfloat16.rounded) : values
    }

    var gradient: AdapterGradient { .weights }

    func effect(of values: [Float]) -> AdapterEffect { .weights(values) }
}
