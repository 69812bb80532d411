/// A prompt and the tokens after it whose log-probabilities are wanted.
///
/// In a list, consecutive sequences with the same prompt are one unit of learning, see `[ScoredSequence].units`.
public struct ScoredSequence: Sendable, Codable, Hashable {
    /// Token ids that are given; not empty.
    public var prompt: [Int]
    /// Token ids that are scored.
    public var completion: [Int]

    /// Makes a sequence from its parts.
    public init(prompt: [Int], completion: [Int]) {
        self.prompt = prompt
        self.completion = completion
    }
}

extension [ScoredSequence] {
    /// The sequences of each unit of learning: those that follow one another and have the same prompt.
    ///
    /// A unit's prompt is computed once, forward and backward, for all its completions.
    public var units: [Range<Int>] {
        var units: [Range<Int>] = []
        for index in indices {
            if index > 0, self[index].prompt == self[index - 1].prompt {
                units[units.count - 1] = units[units.count - 1].lowerBound..<index + 1
            } else {
                units.append(index..<index + 1)
            }
        }
        return units
    }
}

/// What a backward pass over some sequences yields.
///
/// Where a method trains few parameters, the gradient is kept apart for each unit of learning: a prompt with its completions. The
/// units of a step may then be divided over passes, threads or processes: joined again in their order, they sum to the same bits.
public struct LearnerGradient: Sendable {
    /// How the gradient is kept.
    public enum Parts: Sendable {
        /// One gradient `[N]` for each unit, in order, see `[ScoredSequence].units`.
        case units([[Float]])
        /// Their sum `[N]`.
        case sum([Float])
    }

    /// Log-probability of each completion token, by sequence: the same bits as while sampling, if the sampler is this engine.
    public var logprobs: [[Float]]
    /// Derivative of the weighted sum of log-probabilities with respect to each of the adapter's `N` parameters.
    public var parts: Parts

    /// Makes a result from its parts.
    public init(logprobs: [[Float]], parts: Parts) {
        self.logprobs = logprobs
        self.parts = parts
    }

    /// The gradient over all sequences, `[N]`; units are added in their order, in `Double`. Empty without sequences.
    public var gradient: [Float] {
        switch parts {
        case .sum(let gradient): return gradient
        case .units(let units):
            var sum = [Double](repeating: 0, count: units.first?.count ?? 0)
            for unit in units {
                for (index, slope) in unit.enumerated() { sum[index] += Double(slope) }
            }
            return sum.map { Float($0) }
        }
    }

    /// Joins the results of consecutive parts of a list of sequences into that of the whole list. No unit may be in two parts:
    /// the backward pass of a prompt cannot be divided by its completions.
    ///
    /// - Returns: `nil` when a part is a sum: sums of parts do not have the bits of the sum over all.
    public static func joined(_ results: [LearnerGradient]) -> LearnerGradient? {
        var all: [[Float]] = []
        for result in results {
            guard case .units(let units) = result.parts else { return nil }
            all += units
        }
        return LearnerGradient(logprobs: results.flatMap(\.logprobs), parts: .units(all))
    }
}

/// Gives log-probabilities of given tokens, and gradients of an adapter's parameters.
///
/// Results land by index and depend only on the arguments: not on batching, threads or what ran before.
public protocol Learner: Sendable {
    /// Number of an adapter's parameters, N.
    var parameterCount: Int { get }

    /// The parameters of an untrained adapter, `[N]`, which training starts from.
    var initialAdapter: [Float] { get }

    /// Most tokens of a sequence, prompt included.
    var contextLength: Int { get }

    /// Log-probabilities of the completion tokens of each sequence, logits divided by `temperature`.
    ///
    /// `adapter` is the adapter's parameters as stored, or `nil` for the base model.
    func logprobs(of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double) async throws -> [[Float]]

    /// The gradient of a weighted sum of log-probabilities with respect to the adapter's parameters.
    ///
    /// - Parameters:
    ///   - sequences: What to score.
    ///   - adapter: The adapter's parameters as stored.
    ///   - temperature: Divides the logits.
    ///   - tokenWeights: Given a sequence's index and its log-probabilities, the weight of each in the sum. A loss may so
    ///     depend on the current log-probabilities (a clipped ratio) without a second forward pass. It may be called from
    ///     any thread, in any order, once per sequence.
    func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double,
        tokenWeights: @Sendable (_ sequence: Int, _ logprobs: [Float]) -> [Float]
    ) async throws -> LearnerGradient
}
