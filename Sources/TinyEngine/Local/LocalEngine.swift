public import TinyAdapter
internal import TinyCheckpoint
public import TinyModel
internal import TinyTensor
import TinyFoundation

/// The engine of this machine's processor: sampler and learner in one, with the same bits in both roles.
///
/// One instance serves any number of adapters of one method; equal lists of parameters are prepared once per call or session.
/// Calls may come from several tasks; they take turns.
public final class LocalEngine: Sampler, Learner {
    /// The frozen model.
    public let model: LanguageModel
    /// What turns an adapter's parameters into a change of the model's weights; `nil` for the base model alone.
    public let method: (any AdapterMethod)?
    /// Threads that compute.
    public let threads: Int
    let team: WorkerTeam

    /// Makes an engine with at least one thread. Results do not depend on their number.
    public init(model: LanguageModel, method: (any AdapterMethod)?, threads: Int) {
        precondition(threads >= 1, "LocalEngine: \(threads) threads")
        self.model = model
        self.method = method
        self.threads = threads
        team = WorkerTeam(threads: threads)
    }

    deinit { team.close() }

    /// Number of parameters of an adapter of the method; 0 without a method.
    public var parameterCount: Int { method?.parameterCount ?? 0 }

    /// The parameters of an untrained adapter of the method.
    public var initialAdapter: [Float] { method?.initialValues ?? [] }

    /// The model's `max_position_embeddings`.
    public var contextLength: Int { model.configuration.contextLength }

    /// Opens a session; sequences of all its requests that run on the same model weights share passes through the model.
    public func session() -> any SamplingSession { LocalSession(self) }

    /// Scores whole sequences, as many at once as the memory allows.
    ///
    /// - Throws: ``EngineError``.
    public func logprobs(
        of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double
    ) async throws -> [[Float]] {
        let (model, change) = try adapted(adapter)
        var logprobs: [[Float]] = []
        try eachPass(
            of: sequences, model: model, change: change, temperature: temperature, recording: false
        ) { pass, _ in logprobs += pass.logprobs }
        return logprobs
    }

    /// Scores whole sequences and runs backward through them; costs about twice ``logprobs(of:adapter:temperature:)``.
    ///
    /// Where a method trains few parameters or factors, the gradient does not depend on how sequences are divided into passes;
    /// that of all weights does, and the division depends on nothing but the model and the sequences' lengths.
    ///
    /// - Throws: ``EngineError``.
    public func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double,
        tokenWeights: @Sendable (_ sequence: Int, _ logprobs: [Float]) -> [Float]
    ) async throws -> LearnerGradient {
        guard let method else {
            throw EngineError(.adapterMismatch, "gradients were asked of an engine without an adapter method")
        }
        let (model, change) = try adapted(adapter)
        var collected = CollectedGradient(method, change: change, model: model)
        var logprobs: [[Float]] = []
        try eachPass(
            of: sequences, model: model, change: change, temperature: temperature, recording: true
        ) { pass, range in
            let weights = try zip(range, pass.logprobs).map { index, logprobs in
                let weights = tokenWeights(index, logprobs)
                guard weights.count == logprobs.count else {
                    throw EngineError(
                        .weightCount,
                        "sequence \(index) has \(logprobs.count) scored tokens and was given \(weights.count) weights")
                }
                return weights
            }
            collected.add(pass, tokenWeights: weights)
            logprobs += pass.logprobs
        }
        return LearnerGradient(logprobs: logprobs, parts: collected.parts)
    }

    // MARK: Passes

    /// Runs sequences through the model, as many at once as the memory allows. Log-probabilities do not depend on the
    /// division.
    private func eachPass(
        of sequences: [ScoredSequence], model: LanguageModel, change: LowRankChange?, temperature: Double,
        recording: Bool, _ body: (ScoringPass, Range<Int>) throws -> Void
    ) throws {
        try check(sequences, temperature: temperature)
        let most = Self.learningRows(model.configuration, rank: change?.factors.rank)
        var start = 0
        while start < sequences.count {
            var end = start, rows = 0
            while end < sequences.count {
                let length = sequences[end].prompt.count + sequences[end].completion.count
                if end > start && rows + length > most { break }
                rows += length
                end += 1
            }
            let scored = sequences[start..<end].map { sequence in
                let length = sequence.prompt.count + sequence.completion.count
                return ScoredTokens(
                    tokens: sequence.prompt + sequence.completion, scored: sequence.prompt.count..<length,
                    change: change)
            }
            let pass = ScoringPass(model, scored, temperature: temperature, recording: recording, team: team)
            guard pass.logprobs.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { throw Self.notFinite }
            try body(pass, start..<end)
            start = end
        }
    }

    /// The error for a model that gives no probabilities.
    static let notFinite = EngineError(
        .notFinite, "the model's logits are not finite numbers: its weights or its adapter have diverged")

    /// The model and the change of its weights that an adapter means; the base model for `nil`.
    private func adapted(_ adapter: [Float]?) throws -> (model: LanguageModel, change: LowRankChange?) {
        var adapters = PreparedAdapters(method)
        return switch try adapters.effect(of: adapter) {
        case nil: (model, nil)
        case .change(let change): (model, change)
        case .weights(let values):
            (try LanguageModel(model.configuration, values: values, arithmetic: model.arithmetic), nil)
        }
    }
}

/// The gradient of an adapter's parameters, collected over passes.
private struct CollectedGradient {
    private enum Target {
        /// Each sequence's gradient, folded to the parameters.
        case units(fold: @Sendable ([Float]) -> [Float], [[Float]])
        /// The sum of the sequences' folded gradients, in `Double`.
        case mixing(fold: @Sendable ([Float]) -> [Float], sum: [Double])
        case factors(FactorGradient)
        case weights(DenseWeights)
    }
    private var target: Target

    /// Most parameters for which each sequence's gradient is kept; beyond it a step's would take more memory than its records.
    private static let mostUnitParameters = 4096

    /// Zeros.
    init(_ method: any AdapterMethod, change: LowRankChange?, model: LanguageModel) {
        switch (method.gradient, change) {
        case (.mixing(let fold), _) where method.parameterCount <= Self.mostUnitParameters:
            target = .units(fold: fold, [])
        case (.mixing(let fold), _):
            target = .mixing(fold: fold, sum: [Double](repeating: 0, count: method.parameterCount))
        case (.factors, let change?): target = .factors(FactorGradient(of: change.factors))
        case (.weights, _), (.factors, nil): target = .weights(DenseWeights(model.configuration.parameterShapes))
        }
    }

    /// Adds the gradient of a pass's weighted log-probabilities.
    mutating func add(_ pass: ScoringPass, tokenWeights: [[Float]]) {
        switch target {
        case .units(let fold, let units):
            target = .units(fold: fold, units + pass.mixingGradients(tokenWeights).map(fold))
        case .mixing(let fold, var sum):
            for mixing in pass.mixingGradients(tokenWeights) {
                for (index, slope) in fold(mixing).enumerated() { sum[index] += Double(slope) }
            }
            target = .mixing(fold: fold, sum: sum)
        case .factors(let gradient): pass.addFactorGradients(tokenWeights, to: gradient)
        case .weights(let gradient): pass.addWeightGradients(tokenWeights, to: gradient)
        }
    }

    /// What was collected, in the order of the adapter's parameters.
    var parts: LearnerGradient.Parts {
        switch target {
        case .units(_, let units): .units(units)
        case .mixing(_, let sum): .sum(sum.map { Float($0) })
        case .factors(let gradient): .sum(gradient.values)
        case .weights(let gradient): .sum(gradient.values)
        }
    }
}
