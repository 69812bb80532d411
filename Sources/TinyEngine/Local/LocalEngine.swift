public import TinyAdapter
internal import Synchronization
internal import TinyCheckpoint
public import TinyModel
package import TinyTensor
import TinyFoundation

/// The engine of this machine's processor: sampler and learner in one, with the same bits in both roles.
///
/// One instance serves any number of adapters; equal lists of parameters are prepared once per call or session. Learning uses
/// the method that it was made with, sampling also those that were added later.
/// Calls may come from several tasks; they take turns.
public final class LocalEngine: Sampler, Learner {
    /// The frozen model.
    public let model: LanguageModel
    /// What turns an adapter's parameters into a change of the model's weights; `nil` for the base model alone.
    public let method: (any AdapterMethod)?
    /// All methods that requests may name.
    private let methods: Mutex<Methods>
    /// Threads that compute.
    public let threads: Int
    package let team: WorkerTeam
    /// Rows that a pass of learning computes at most; `nil` for what is fast and fits into memory.
    private let learningRows: Int?
    /// Whether long passes of learning keep less and compute more.
    private let savesMemory: Bool

    /// ``method`` and those that were added, by number.
    private struct Methods {
        var known: [Int: any AdapterMethod]
        /// The number of the next one. None is used twice: keys and values that are kept belong to it.
        var next: Int
    }

    /// Makes an engine. Results depend on neither of its last two settings.
    ///
    /// - Parameters:
    ///   - threads: At least one.
    ///   - savesMemory: Whether learning from a sequence whose record would take more than 1 GiB keeps only the input of each layer and
    ///     computes the layers once more on the way back (gradient checkpointing), which costs one more forward pass.
    public convenience init(
        model: LanguageModel, method: (any AdapterMethod)?, threads: Int, savesMemory: Bool = false
    ) {
        self.init(model: model, method: method, threads: threads, learningRows: nil, savesMemory: savesMemory)
    }

    /// The same, with passes of learning that compute at most `learningRows` rows: to see that results do not depend on it.
    package init(
        model: LanguageModel, method: (any AdapterMethod)?, threads: Int, learningRows: Int?, savesMemory: Bool = false
    ) {
        precondition(threads >= 1, "LocalEngine: \(threads) threads")
        self.model = model
        self.method = method
        methods = Mutex(Methods(known: method.map { [0: $0] } ?? [:], next: method == nil ? 0 : 1))
        self.threads = threads
        self.learningRows = learningRows
        self.savesMemory = savesMemory
        team = WorkerTeam(threads: threads)
    }

    deinit { team.close() }

    /// Number of parameters of an adapter of the method; 0 without a method.
    public var parameterCount: Int { method?.parameterCount ?? 0 }

    /// The parameters of an untrained adapter of the method.
    public var initialAdapter: [Float] { method?.initialValues ?? [] }

    /// The model's `max_position_embeddings`.
    public var contextLength: Int { model.configuration.contextLength }

    /// Takes one more method, so that requests with adapters of different methods are sampled together.
    ///
    /// - Returns: Its ``CompletionRequest/method``. The engine keeps the method until it is removed; its factors are the memory
    ///   it costs.
    public func add(_ method: any AdapterMethod) -> Int {
        methods.withLock { methods in
            defer { methods.next += 1 }
            methods.known[methods.next] = method
            return methods.next
        }
    }

    /// Forgets a method. Requests that a session has taken go on with it; further ones that name it are refused.
    public func remove(_ number: Int) { _ = methods.withLock { $0.known.removeValue(forKey: number) } }

    /// Opens a session; sequences of all its requests that run on the same model weights share passes through the model. How many
    /// run at once depends on the memory that is free.
    public func session() -> any SamplingSession { session(limits: limits) }

    /// The same, with other bounds on what runs at once. They change speed and memory, never a result.
    package func session(limits: DecodingState.Limits) -> any SamplingSession { LocalSession(self, limits: limits) }

    /// Scores sequences, as many at once as the memory allows; a prompt that consecutive sequences share is computed once.
    ///
    /// - Throws: ``EngineError``.
    public func logprobs(
        of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double
    ) async throws -> [[Float]] {
        var run = try learningRun(sequences, adapter: adapter, temperature: temperature, recording: false)
        try run.score()
        return run.logprobs
    }

    /// Scores sequences and runs backward through them; costs about twice ``logprobs(of:adapter:temperature:)``.
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
        var run = try learningRun(sequences, adapter: adapter, temperature: temperature, recording: true)
        let parts = try run.differentiate(method, tokenWeights)
        return LearnerGradient(logprobs: run.logprobs, parts: parts)
    }

    private func learningRun(
        _ sequences: [ScoredSequence], adapter: [Float]?, temperature: Double, recording: Bool
    ) throws -> LearningRun {
        let (model, change) = try adapted(adapter)
        try check(sequences, temperature: temperature)
        return LearningRun(
            sequences, model: model, change: change, temperature: temperature, recording: recording,
            rows: learningRows, savesMemory: savesMemory, team: team)
    }

    /// The error for a model that gives no probabilities.
    static let notFinite = EngineError(
        .notFinite, "the model's logits are not finite numbers: its weights or its adapter have diverged")

    /// The model and the change of its weights that an adapter means; the base model for `nil`.
    private func adapted(_ adapter: [Float]?) throws -> (model: LanguageModel, change: LowRankChange?) {
        return switch try adapter.map({ try effect(of: AdapterContent(parameters: $0)) }) {
        case nil: (model, nil)
        case .change(let change): (model, change)
        case .weights(let values):
            (try LanguageModel(model.configuration, values: values, arithmetic: model.arithmetic), nil)
        }
    }

    /// What an adapter does to the model.
    ///
    /// - Throws: As ``method(of:)``.
    func effect(of adapter: AdapterContent) throws(EngineError) -> AdapterEffect {
        try method(of: adapter).effect(of: adapter.parameters)
    }

    /// The method that an adapter is for.
    ///
    /// - Throws: ``EngineError`` with code `adapterMismatch` when it has another number of parameters, or is not known.
    func method(of adapter: AdapterContent) throws(EngineError) -> any AdapterMethod {
        let method = methods.withLock { $0.known[adapter.method] }
        guard let method, method.parameterCount == adapter.parameters.count else {
            throw EngineError(
                .adapterMismatch,
                "an adapter has \(adapter.parameters.count) parameters and the engine's method "
                    + "\(method?.parameterCount ?? 0)")
        }
        return method
    }
}
