import TinyAdapter
import TinyCheckpoint
internal import TinyEngine
internal import TinyModel
import TinyFoundation
import TinyRecords

/// Bytes that a run needs in this process, from the sizes of the model and the settings. Each is a bound, not a measurement.
public struct MemoryEstimate: Encodable, Sendable {
    /// Packed weights, read once and never changed.
    public let weights: Int
    /// Frozen factors of the changed modules.
    public let factors: Int
    /// Keys and values of the sequences that are sampled at once, and of the beginnings that prompts share.
    public let cache: Int
    /// What the forward pass keeps for the backward pass; 0 where there is none.
    public let records: Int
    /// Trained numbers with their moments and their gradient.
    public let optimiser: Int

    /// All of it.
    public var total: Int { weights + factors + cache + records + optimiser }

    /// Adds up what a run needs. Weights, factors and trained numbers are here whoever computes.
    ///
    /// - Parameters:
    ///   - samplesHere: Whether completions are sampled in this process. Of others' it scores one at a time, where a server has not
    ///     told all of its log-probabilities.
    ///   - learnsHere: Whether gradients are computed in this process.
    /// - Throws: `CheckpointError` when the checkpoint lacks a parameter or stores one in a type that is not read.
    init(
        _ configuration: TrainingConfiguration, checkpoint: Checkpoint, design: any AdapterDesign,
        samplesHere: Bool, learnsHere: Bool
    ) throws(CheckpointError) {
        let model = checkpoint.configuration
        let stored = try checkpoint.arithmetic, arithmetic = configuration.arithmetic ?? stored
        let isFull = design.holdsAllWeights
        let rank = isFull ? 0 : configuration.adapter.rank
        // All trained weights are packed once more, in fp32.
        weights = try checkpoint.packedByteCount(arithmetic) + (isFull ? 4 * model.parameterCount : 0)
        factors = design.modules.reduce(0) { $0 + 4 * rank * ($1.inputs + $1.outputs) }
        func memory(sampled: Int, learned: Int, length: Int) -> LocalEngine.Memory {
            LocalEngine.memory(
                model, sampledSequences: sampled, learnedSequences: learned, length: min(model.contextLength, length),
                rank: isFull ? nil : rank, arithmetic: arithmetic)
        }
        let asked = configuration.sequencesSampled(numbers: design.parameterCount)
        let sampled = samplesHere ? asked : min(asked, 1)
        cache = memory(sampled: sampled, learned: 0, length: configuration.sampledLength).cache
        let (learned, length) = learnsHere ? configuration.sequencesLearned : (0, 0)
        records = memory(sampled: 0, learned: learned, length: length).records
        optimiser = 16 * design.parameterCount
    }

    /// Refuses a run that this machine has not the memory for.
    ///
    /// - Parameter memory: Bytes of the machine.
    /// - Throws: ``RunError`` with code `notEnoughMemory`.
    package func requireRoom(in memory: Int = SystemMemory.usable) throws(RunError) {
        guard total > memory else { return }
        throw RunError(
            .notEnoughMemory,
            "the run needs up to \(gigabytes(total)) of memory (weights \(gigabytes(weights)), factors "
                + "\(gigabytes(factors)), cache \(gigabytes(cache)), records \(gigabytes(records)), optimiser "
                + "\(gigabytes(optimiser))) and this machine has \(gigabytes(memory))",
            hint: "take a smaller model, fewer or shorter sequences a step, or a method with fewer numbers")
    }

    /// Warns of a run that may end in its longest step, because other programs have the memory.
    ///
    /// - Parameter available: Bytes that are free once the weights and factors are in memory; `nil` when that is not known.
    package func shortage(available: Int? = SystemMemory.available) -> String? {
        let steps = cache + records + optimiser
        guard let available, steps > available else { return nil }
        return "the longest steps take up to \(gigabytes(steps)) of memory and \(gigabytes(available)) are free now: "
            + "the system may end the run unless other programs give some up"
    }

    private func gigabytes(_ bytes: Int) -> String { "\((Double(bytes) / 1e8).rounded() / 10) GB" }

    private enum CodingKeys: String, CodingKey { case weights, factors, cache, records, optimiser, total }

    /// Writes every part and the total.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(weights, forKey: .weights)
        try container.encode(factors, forKey: .factors)
        try container.encode(cache, forKey: .cache)
        try container.encode(records, forKey: .records)
        try container.encode(optimiser, forKey: .optimiser)
        try container.encode(total, forKey: .total)
    }
}

extension TrainingConfiguration {
    /// Sequences that are sampled at once, in a step or in an evaluation; supervised runs sample in evaluations only.
    ///
    /// - Parameter numbers: Trained numbers, from which the size of a population follows unless it is set.
    fileprivate func sequencesSampled(numbers: Int) -> Int {
        let evaluated = RunProblems.hasTest(self) ? evaluation.problems ?? .max : 0
        let inSteps = algorithm == .sft ? 0 : completionsPerStep(numbers: numbers)
        return max(inSteps, evaluated, evaluation.validationProblems)
    }

    /// Most tokens of a sampled sequence. Prompts are not read yet: half the context at most, as much as a completion at least.
    fileprivate var sampledLength: Int {
        let (length, overflow) = rollout.maxTokens.multipliedReportingOverflow(by: 2)
        return overflow ? .max : length
    }

    /// Sequences of one gradient, and most tokens of each. A pack has no more tokens than the longest example may have.
    fileprivate var sequencesLearned: (count: Int, length: Int) {
        if algorithm == .sft { return (supervised.examplesPerStep, supervised.maxLength ?? .max) }
        return (algorithm.isEvolution ? 0 : completionsOfMember, sampledLength)
    }
}
