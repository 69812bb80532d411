import TinyLoRA

/// Bytes that a run needs, from the sizes of the model and the settings. Each is a bound, not a measurement.
struct MemoryEstimate: Encodable {
    /// Packed weights, read once and never changed.
    let weights: Int
    /// Frozen factors of the changed modules.
    let factors: Int
    /// Keys and values of the sequences that are sampled at once.
    let cache: Int
    /// What the forward pass keeps for the backward pass.
    let records: Int
    /// Trained numbers with their moments and their gradient.
    let optimiser: Int

    var total: Int { weights + factors + cache + records + optimiser }

    init(_ configuration: TrainingConfiguration, model: ModelConfiguration, design: any AdapterDesign) {
        let isFull = design is FullDesign
        let rank = isFull ? 0 : configuration.adapter.rank
        // All trained weights are packed once more, in fp32.
        weights = (isFull ? 6 : 2) * model.parameterCount
        factors = design.modules.reduce(0) { $0 + 4 * rank * ($1.inputs + $1.outputs) }
        // Prompts are not read yet: half the context at most, as much as a completion at least.
        let (length, overflow) = configuration.rollout.maxTokens.multipliedReportingOverflow(by: 2)
        let positions = min(model.contextLength, overflow ? .max : length)
        let rollout = configuration.rollout
        let completions = rollout.problemsPerStep.multipliedReportingOverflow(by: rollout.groupSize)
        let learned = completions.overflow ? .max : completions.partialValue
        let memory = LocalEngine.memory(
            model, sampledSequences: max(learned, configuration.evaluation.problems ?? .max),
            learnedSequences: learned, length: positions, rank: isFull ? nil : rank)
        cache = memory.cache
        records = memory.records
        optimiser = 16 * design.parameterCount
    }

    var lines: [String] {
        [
            "memory     about \(Self.text(total)): weights \(Self.text(weights)) · factors \(Self.text(factors)) · "
                + "cache \(Self.text(cache)) · records \(Self.text(records)) · optimiser \(Self.text(optimiser))"
        ]
    }

    /// `1.5 MB`; decimal units.
    static func text(_ bytes: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = Double(bytes), unit = 0
        while value >= 1000, unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(bytes) B" : column(value, 0, places: value < 10 ? 1 : 0) + " " + units[unit]
    }

    private enum CodingKeys: String, CodingKey { case weights, factors, cache, records, optimiser, total }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(weights, forKey: .weights)
        try container.encode(factors, forKey: .factors)
        try container.encode(cache, forKey: .cache)
        try container.encode(records, forKey: .records)
        try container.encode(optimiser, forKey: .optimiser)
        try container.encode(total, forKey: .total)
    }
}
