internal import TinyAdapter
internal import TinyCheckpoint
public import TinyFoundation
public import TinyRecords

/// The adapter that training starts from, and the only place that turns it into settings.
///
/// The adapter decides every setting of ``AdapterSettings``. A recipe takes them, and the arithmetic, as defaults; whoever sets
/// one must set what the adapter has.
struct InitialAdapter: Sendable {
    /// The opened adapter.
    let source: AdapterSource
    /// What the adapter has.
    let settings: AdapterSettings

    /// Opens what the key `initial_adapter` names.
    ///
    /// - Throws: ``RunError`` when it cannot be read or holds all weights of a model.
    init(_ argument: String) throws(RunError) {
        do {
            source = try AdapterSource(argument)
        } catch let error as any ExplainedError {
            throw RunError(
                .unreadable, "initial_adapter cannot be used: \(error.message)", hint: error.hint, underlying: error)
        } catch {
            throw RunError(.unreadable, "initial_adapter cannot be used: \(error)", underlying: error)
        }
        guard !source.design.holdsAllWeights else {
            throw RunError(
                .invalidValue,
                "initial_adapter is \(source.name), which holds all weights of a model; full fine-tuning cannot start from an adapter",
                hint: "the run that made it has a directory `model`, which `model` (--model) takes")
        }
        settings = AdapterSettings(source.design, elementType: source.elementType)
    }

    /// The initial adapter of a complete configuration; `nil` where training starts from an untrained one.
    ///
    /// - Throws: As ``init(_:)`` and ``requireAgreement(of:setting:)``.
    init?(of configuration: TrainingConfiguration) throws(RunError) {
        guard let argument = configuration.initialAdapter else { return nil }
        try self.init(argument)
        try requireAgreement(of: configuration)
    }

    /// Checks that every setting of the adapter is what the file has.
    ///
    /// - Parameter setting: What set a key, for the message.
    /// - Throws: ``RunError`` with code `invalidValue` naming the first key that differs, both values and the file.
    func requireAgreement(
        of configuration: TrainingConfiguration, setting: (_ key: String) -> Setting? = { _ in nil }
    ) throws(RunError) {
        var asked = configuration, held = configuration
        asked.adapter.targetModules = asked.adapter.targetModules.ordered
        held.adapter = settings
        // Nothing of a LoRA is drawn from this seed, nor of stored factors and projections.
        if source.design.frozenParts?.seed == nil { held.adapter.projectionSeed = asked.adapter.projectionSeed }
        guard let difference = asked.firstDifference(from: held) else { return }
        let theirs = difference.theirs == "null" ? "none" : difference.theirs
        let sentence =
            "\(difference.key) is \(difference.mine), but the initial adapter \(source.name) has \(theirs)"
        throw RunError(
            .invalidValue, setting(difference.key)?.placed(sentence) ?? sentence,
            hint: "leave \(difference.key) out: initial_adapter decides it")
    }
}

extension TrainingConfiguration {
    /// Makes training start from an adapter: sets ``initialAdapter``, the adapter's own settings and the arithmetic of its training
    /// where it is known.
    ///
    /// ```swift
    /// var configuration = TrainingConfiguration.demonstration
    /// try configuration.start(from: "runs/first")
    /// ```
    ///
    /// - Parameter argument: An adapter file, the directory of a run or one of PEFT, or an adapter code.
    /// - Throws: ``RunError`` when it cannot be read or holds all weights of a model.
    public mutating func start(from argument: String) throws(RunError) {
        start(from: try InitialAdapter(argument))
        initialAdapter = argument
    }

    /// Takes the settings of an adapter, and the arithmetic of its training where it is known.
    mutating func start(from initial: InitialAdapter) {
        adapter = initial.settings
        arithmetic = initial.source.arithmetic ?? arithmetic
    }
}
