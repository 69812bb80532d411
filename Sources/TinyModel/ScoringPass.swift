internal import TinyCheckpoint
package import TinyTensor

/// Tokens of one sequence that a pass computes, and the tokens whose log-probability it gives.
package struct ScoredTokens {
    /// A token to score.
    package struct Target {
        /// The row, counted from the first of ``ScoredTokens/tokens``, that predicts it.
        package let row: Int
        package let token: Int
    }

    package let tokens: [Int]
    package let targets: [Target]
    package let change: LowRankChange?
    /// Which sequence of an earlier pass these tokens continue; `nil` for a beginning.
    package let prompt: Int?

    /// A whole sequence.
    ///
    /// - Parameter scored: Positions of the tokens whose log-probability is wanted; starts at 1 or later.
    package init(tokens: [Int], scored: Range<Int>, change: LowRankChange?) {
        precondition(scored.lowerBound >= 1 && scored.upperBound <= tokens.count, "scored \(scored) of \(tokens.count)")
        self.tokens = tokens
        self.change = change
        targets = scored.map { Target(row: $0 - 1, token: tokens[$0]) }
        prompt = nil
    }

    /// A prompt that completions continue; the first token of each is scored.
    ///
    /// - Parameter beginning: Which sequence of an earlier pass the tokens continue; `nil` where they are the whole prompt.
    package init(prompt: [Int], after beginning: Int? = nil, firstTokens: [Int], change: LowRankChange?) {
        tokens = prompt
        self.change = change
        targets = firstTokens.map { Target(row: prompt.count - 1, token: $0) }
        self.prompt = beginning
    }

    /// A completion of two tokens or more after a prompt of an earlier pass; all but the first token are scored. The last
    /// predicts nothing that is wanted, and has no row.
    package init(completion: [Int], after prompt: Int, change: LowRankChange?) {
        precondition(completion.count >= 2, "a completion of \(completion.count)")
        tokens = completion.dropLast()
        self.change = change
        targets = (1..<completion.count).map { Target(row: $0 - 1, token: completion[$0]) }
        self.prompt = prompt
    }
}

/// Sequences through the model: log-probabilities forward, and gradients of their weighted sum backward.
///
/// A pass may continue the sequences of another, its prompts: completions attend to the prompt's keys and values, which are
/// computed once. Backward runs the other way: the passes of the completions first, in order, then that of their prompts. What
/// is added up in between does not depend on how the completions are divided into passes.
package struct ScoringPass {
    private let pass: ForwardPass
    private let sequences: [ScoredTokens]
    private let inverseTemperature: Float
    private let caches: [SequenceCache]
    /// Where passes that continue this one add the gradient of its keys and values.
    private let later: KeyValueGradient
    private let earlier: EarlierKeysAndValues?
    /// The rows of the final norm that predict a scored token, and which rows they are.
    private let hidden: Matrix
    private let rows: [Int]
    private let targets: [Int]
    private let normalisers: [Normaliser]
    /// The logits, where they fit into ``ModelConfiguration/keptLogitBytes``: without them the backward pass computes the
    /// head's product once more.
    private let logits: Matrix?
    /// A backward pass overwrites what was kept for it, so there is one.
    private let backwardPasses = Counter()
    /// Log-probability of each scored token, by sequence.
    package let logprobs: [[Float]]

    /// Scores `sequences`.
    ///
    /// - Parameters:
    ///   - prompts: The pass whose sequences these continue, where they name one.
    ///   - record: What is kept for ``mixingGradients(_:)``, ``addFactorGradients(_:to:)`` or ``addWeightGradients(_:to:)``.
    ///   - keptLogitBytes: Keep the logits for the backward pass where they take no more.
    package init(
        _ model: LanguageModel, _ sequences: [ScoredTokens], continuing prompts: ScoringPass? = nil,
        temperature: Double = 1, recording record: PassRecord, keptLogitBytes: Int = ModelConfiguration.keptLogitBytes,
        team: WorkerTeam
    ) {
        self.sequences = sequences
        inverseTemperature = Float(1 / temperature)
        caches = sequences.map { sequence in
            guard let prompt = sequence.prompt, let prompts else { return SequenceCache(for: model) }
            return prompts.caches[prompt].fork()
        }
        let segments = zip(caches, sequences).map { Segment(cache: $0, tokens: $1.tokens, change: $1.change) }
        pass = ForwardPass(model, segments, recording: record, team: team)
        let sizes = model.configuration, spans = pass.rows.batch.spans
        later = KeyValueGradient(
            layers: sizes.layerCount, rows: pass.rows.rows,
            columns: 2 * sizes.keyValueHeadCount * sizes.headDimension)
        earlier = prompts.map { prompts in
            EarlierKeysAndValues(
                gradient: prompts.later,
                rows: sequences.map { $0.prompt.map { prompts.pass.rows.batch.spans[$0].rows } ?? 0..<0 })
        }
        rows = zip(spans, sequences).flatMap { span, sequence in sequence.targets.map { span.rows.lowerBound + $0.row }
        }
        targets = sequences.flatMap { $0.targets.map(\.token) }
        hidden = pass.normalised().selecting(rows)
        logits =
            record != .none && 4 * rows.count * sizes.vocabularySize <= keptLogitBytes
            ? Matrix(unsetRows: rows.count, columns: sizes.vocabularySize) : nil
        let (flat, normalisers) = team.timed(.head) { [hidden, targets, inverseTemperature, logits] in
            model.head.logprobs(
                hidden, targets: targets, inverseTemperature: inverseTemperature, kept: logits, team)
        }
        self.normalisers = normalisers
        var start = 0
        logprobs = sequences.map { sequence in
            defer { start += sequence.targets.count }
            return Array(flat[start..<start + sequence.targets.count])
        }
    }

    // One of the following, once: it overwrites what the forward pass kept.

    /// For each sequence, the gradient of `Σ tokenWeights · logprobs` with respect to every module's `R`,
    /// `[modules, rank, rank]`; zeros where the sequence has no change.
    package func mixingGradients(_ tokenWeights: [[Float]]) -> [[Float]] {
        let size = sequences.compactMap { $0.change?.mixing.count }.max() ?? 0
        let mixing = Matrix(rows: sequences.count, columns: size)
        backward(tokenWeights, into: PassGradients(mixing: mixing, earlier: earlier, later: later))
        return sequences.indices.map { Array(UnsafeBufferPointer(start: mixing.row($0), count: size)) }
    }

    /// Adds the gradient of `Σ tokenWeights · logprobs` with respect to `A` and `B` of every changed module.
    ///
    /// Only sequences whose change has the gradient's factors count. Each one's gradient is added in order, so the sum does
    /// not depend on how sequences are divided into passes.
    package func addFactorGradients(_ tokenWeights: [[Float]], to gradient: FactorGradient) {
        backward(tokenWeights, into: PassGradients(factors: gradient, earlier: earlier, later: later))
    }

    /// Adds the gradient of `Σ tokenWeights · logprobs` over all sequences with respect to every weight of the model.
    ///
    /// Rows of a pass are summed together, so the bits depend on how sequences are divided into passes.
    package func addWeightGradients(_ tokenWeights: [[Float]], to gradient: DenseWeights) {
        backward(tokenWeights, into: PassGradients(weights: gradient, earlier: earlier, later: later))
    }

    private final class Counter { var count = 0 }

    private func backward(_ tokenWeights: [[Float]], into gradients: PassGradients) {
        precondition(backwardPasses.count == 0, "ScoringPass: a second backward pass")
        backwardPasses.count += 1
        let factors = tokenWeights.flatMap { $0 }
        precondition(factors.count == targets.count, "\(factors.count) weights for \(targets.count) scored tokens")
        let dHidden = pass.rows.team.timed(.head) {
            pass.model.head.backward(
                hidden, targets: targets, factors: factors, normalisers: normalisers,
                inverseTemperature: inverseTemperature, kept: logits, weights: gradients.weights, pass.rows.team)
        }
        let dNormalised = Matrix(rows: pass.rows.rows, columns: hidden.columns)
        // A prompt's last row predicts the first token of each of its completions.
        for (index, row) in rows.enumerated() {
            Kernels.add(dHidden.row(index), to: dNormalised.row(row), count: hidden.columns)
        }
        pass.backward(dNormalised, into: gradients)
    }
}
