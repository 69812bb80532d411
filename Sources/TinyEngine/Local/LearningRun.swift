internal import TinyAdapter
internal import TinyModel
internal import TinyTensor
import TinyFoundation

/// One call of the learner: sequences through the model, and back again where a gradient is wanted.
struct LearningRun {
    typealias TokenWeights = (_ sequence: Int, _ logprobs: [Float]) -> [Float]

    private let sequences: [ScoredSequence]
    private let model: LanguageModel
    private let change: LowRankChange?
    private let temperature: Double
    private let team: WorkerTeam
    private let plan: LearningPlan
    /// Log-probability of each completion token, by sequence.
    private(set) var logprobs: [[Float]]

    /// - Parameters:
    ///   - recording: Whether a gradient is wanted: ``differentiate(_:_:)`` follows, otherwise ``score()``.
    ///   - rows: Rows of a pass at most; `nil` for what is fast and fits into memory.
    ///   - savesMemory: Whether long passes keep less and compute more.
    init(
        _ sequences: [ScoredSequence], model: LanguageModel, change: LowRankChange?, temperature: Double,
        recording: Bool, rows: Int?, savesMemory: Bool, team: WorkerTeam
    ) {
        self.sequences = sequences
        self.model = model
        self.change = change
        self.temperature = temperature
        self.team = team
        plan = LearningPlan(
            sequences,
            limits: recording
                ? .init(model.configuration, rank: change?.factors.rank, rows: rows, savesMemory: savesMemory)
                : .init(scoringRows: rows))
        logprobs = [[Float]](repeating: [], count: sequences.count)
    }

    /// Fills in ``logprobs``.
    mutating func score() throws {
        let prefix = sharedPrefix()
        for block in plan.blocks {
            let prompts = try promptPass(block, after: prefix, recording: false)
            for part in block.completions { _ = try completionPass(part, of: block, after: prompts, recording: false) }
        }
    }

    /// Fills in ``logprobs`` and runs back through the passes: those of a block's completions, then that of its prompts.
    mutating func differentiate(
        _ method: any AdapterMethod, _ tokenWeights: TokenWeights
    ) throws -> LearnerGradient.Parts {
        var collected = CollectedGradient(method, change: change, model: model, units: plan.units.count)
        for block in plan.blocks {
            let prompts = try promptPass(block, recording: true)
            var weights: [Int: [Float]] = [:]
            for part in block.completions {
                let pass = try completionPass(part, of: block, after: prompts, recording: true)
                let ofPart = try part.map { try self.weights(of: $0, tokenWeights) }
                for (sequence, weight) in zip(part, ofPart) { weights[sequence] = weight }
                collected.add(
                    .completions, of: pass, tokenWeights: ofPart.map { Array($0.dropFirst()) },
                    units: part.map(plan.unit(of:)))
            }
            let firsts = try block.units.map { unit in
                try plan.units[unit].map { try (weights[$0] ?? self.weights(of: $0, tokenWeights))[0] }
            }
            collected.add(.prompts, of: prompts, tokenWeights: firsts, units: Array(block.units))
        }
        return collected.parts
    }

    /// A beginning that all prompts share, computed once.
    private struct Prefix {
        let count: Int
        let pass: ScoringPass
    }

    private func sharedPrefix() -> Prefix? {
        let prompts = plan.units.map { sequences[$0.lowerBound].prompt }
        guard prompts.count > 1, let first = prompts.first else { return nil }
        let count = prompts.dropFirst().reduce(first.count - 1) { min($0, sharedCount(first, $1), $1.count - 1) }
        guard count >= PrefixCache.leastTokens else { return nil }
        let tokens = ScoredTokens(prompt: Array(first.prefix(count)), firstTokens: [], change: change)
        return Prefix(
            count: count,
            pass: ScoringPass(model, [tokens], temperature: temperature, recording: .none, team: team))
    }

    /// The prompts of a block's units; scores the first token of every completion.
    private mutating func promptPass(
        _ block: LearningPlan.Block, after prefix: Prefix? = nil, recording: Bool
    ) throws -> ScoringPass {
        let prompts = block.units.map { unit in
            ScoredTokens(
                prompt: Array(sequences[plan.units[unit].lowerBound].prompt.dropFirst(prefix?.count ?? 0)),
                after: prefix.map { _ in 0 }, firstTokens: plan.units[unit].map { sequences[$0].completion[0] },
                change: change)
        }
        let pass = ScoringPass(
            model, prompts, continuing: prefix?.pass, temperature: temperature,
            recording: record(prompts, isWanted: recording), team: team)
        for (unit, logprobs) in zip(block.units, pass.logprobs) {
            for (sequence, logprob) in zip(plan.units[unit], logprobs) { self.logprobs[sequence] = [logprob] }
        }
        try requireNumbers(pass)
        return pass
    }

    /// The rest of some completions.
    private mutating func completionPass(
        _ part: [Int], of block: LearningPlan.Block, after prompts: ScoringPass, recording: Bool
    ) throws -> ScoringPass {
        let completions = part.map { sequence in
            ScoredTokens(
                completion: sequences[sequence].completion, after: plan.unit(of: sequence) - block.units.lowerBound,
                change: change)
        }
        let pass = ScoringPass(
            model, completions, continuing: prompts, temperature: temperature,
            recording: record(completions, isWanted: recording), team: team)
        for (sequence, logprobs) in zip(part, pass.logprobs) { self.logprobs[sequence] += logprobs }
        try requireNumbers(pass)
        return pass
    }

    /// What a pass keeps, where a gradient is wanted.
    private func record(_ sequences: [ScoredTokens], isWanted: Bool) -> PassRecord {
        isWanted ? plan.limits.record(ofRows: sequences.reduce(0) { $0 + $1.tokens.count }) : .none
    }

    private func requireNumbers(_ pass: ScoringPass) throws(EngineError) {
        guard pass.logprobs.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { throw LocalEngine.notFinite }
    }

    /// The caller's weights of a sequence whose log-probabilities are known.
    private func weights(of sequence: Int, _ tokenWeights: TokenWeights) throws(EngineError) -> [Float] {
        let weights = tokenWeights(sequence, logprobs[sequence])
        guard weights.count == logprobs[sequence].count else {
            throw EngineError(
                .weightCount,
                "sequence \(sequence) has \(logprobs[sequence].count) scored tokens and was given \(weights.count) weights"
            )
        }
        return weights
    }
}
