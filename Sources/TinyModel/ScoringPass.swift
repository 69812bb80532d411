internal import TinyCheckpoint
package import TinyTensor

/// A sequence whose tokens from `scored.lowerBound` on are to be scored.
package struct ScoredTokens {
    package let tokens: [Int]
    /// Positions of the tokens whose log-probability is wanted; starts at 1 or later.
    package let scored: Range<Int>
    package let change: LowRankChange?

    package init(tokens: [Int], scored: Range<Int>, change: LowRankChange?) {
        precondition(scored.lowerBound >= 1 && scored.upperBound <= tokens.count, "scored \(scored) of \(tokens.count)")
        self.tokens = tokens
        self.scored = scored
        self.change = change
    }
}

/// Whole sequences through the model: log-probabilities forward, and gradients of their weighted sum backward.
package struct ScoringPass {
    private let pass: ForwardPass
    private let head: VocabularyHead
    private let sequences: [ScoredTokens]
    private let inverseTemperature: Float
    /// The rows of the final norm that predict a scored token, and which rows they are.
    private let hidden: Matrix
    private let rows: [Int]
    private let targets: [Int]
    private let normalisers: [Normaliser]
    /// Log-probability of each scored token, by sequence.
    package let logprobs: [[Float]]

    /// Scores `sequences`.
    ///
    /// - Parameter recording: Keep what ``mixingGradients(_:)``, ``addFactorGradients(_:to:)`` and
    ///   ``addWeightGradients(_:to:)`` need.
    package init(
        _ model: LanguageModel, _ sequences: [ScoredTokens], temperature: Double = 1, recording: Bool, team: WorkerTeam
    ) {
        self.sequences = sequences
        inverseTemperature = Float(1 / temperature)
        let segments = sequences.map {
            Segment(cache: SequenceCache(for: model), tokens: $0.tokens, change: $0.change)
        }
        pass = ForwardPass(model, segments, recording: recording, team: team)
        head = VocabularyHead(model: model, team: team)
        let spans = pass.batch.spans
        rows = zip(spans, sequences).flatMap { span, sequence in
            sequence.scored.map { span.rows.lowerBound + $0 - 1 }
        }
        targets = sequences.flatMap { $0.tokens[$0.scored] }
        let normalised = pass.normalised()
        hidden = Matrix(rows: rows.count, columns: normalised.columns)
        for (index, row) in rows.enumerated() {
            hidden.row(index).update(from: normalised.row(row), count: normalised.columns)
        }
        let (flat, normalisers) = head.logprobs(hidden, targets: targets, inverseTemperature: inverseTemperature)
        self.normalisers = normalisers
        var start = 0
        logprobs = sequences.map { sequence in
            defer { start += sequence.scored.count }
            return Array(flat[start..<start + sequence.scored.count])
        }
    }

    /// For each sequence, the gradient of `Σ weights · logprobs` with respect to every module's `R`,
    /// `[modules, rank, rank]`; zeros where the sequence has no change.
    package func mixingGradients(_ weights: [[Float]]) -> [[Float]] {
        let size = sequences.compactMap { $0.change?.mixing.count }.max() ?? 0
        let mixing = Matrix(rows: sequences.count, columns: size)
        backward(weights, mixing: mixing)
        return sequences.indices.map { Array(UnsafeBufferPointer(start: mixing.row($0), count: size)) }
    }

    /// Adds the gradient of `Σ weights · logprobs` with respect to `A` and `B` of every changed module.
    ///
    /// Only sequences whose change has the gradient's factors count. Each one's gradient is added in order, so the sum does
    /// not depend on how sequences are divided into passes.
    package func addFactorGradients(_ weights: [[Float]], to gradient: FactorGradient) {
        backward(weights, factorGradients: gradient)
    }

    /// Adds the gradient of `Σ weights · logprobs` over all sequences with respect to every weight of the model.
    ///
    /// Rows of a pass are summed together, so the bits depend on how sequences are divided into passes.
    package func addWeightGradients(_ weights: [[Float]], to gradient: DenseWeights) {
        backward(weights, weightGradients: gradient)
    }

    private func backward(
        _ weights: [[Float]], mixing: Matrix? = nil, factorGradients: FactorGradient? = nil,
        weightGradients: DenseWeights? = nil
    ) {
        let factors = weights.flatMap { $0 }
        precondition(factors.count == targets.count, "\(factors.count) weights for \(targets.count) scored tokens")
        let model = pass.model
        let headName = model.configuration.tiesEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"
        let dHidden = head.backward(
            hidden, targets: targets, factors: factors, normalisers: normalisers,
            inverseTemperature: inverseTemperature, weightGradient: weightGradients?.pointer(headName))
        let dNormalised = Matrix(rows: pass.batch.rows, columns: hidden.columns)
        for (index, row) in rows.enumerated() {
            dNormalised.row(row).update(from: dHidden.row(index), count: hidden.columns)
        }
        BackwardPass(pass: pass, mixing: mixing, factors: factorGradients, weights: weightGradients).run(dNormalised)
    }
}

extension LanguageModel {
    /// Logits of every token after each position, `[tokens, vocabulary]`. For tests and small inputs.
    package func logits(_ tokens: [Int], change: LowRankChange? = nil, team: WorkerTeam) -> Matrix {
        let segment = Segment(cache: SequenceCache(for: self), tokens: tokens, change: change)
        let pass = ForwardPass(self, [segment], recording: false, team: team)
        return VocabularyHead(model: self, team: team).logits(pass.normalised())
    }
}
