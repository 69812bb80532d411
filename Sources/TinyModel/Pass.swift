internal import TinyCheckpoint
internal import TinyFoundation
package import TinyTensor

/// What every block of a pass shares: its rows, and the threads that compute.
struct PassRows {
    let batch: RowBatch
    let arithmetic: Arithmetic
    let team: WorkerTeam

    var rows: Int { batch.rows }
}

/// Where a backward pass adds gradients; `nil` for those that are not wanted.
struct PassGradients {
    /// `[segments, modules · rank²]`: every sequence's `dR`.
    var mixing: Matrix?
    /// `A` and `B` of the changes.
    var factors: FactorGradient?
    /// All parameters of the model.
    var weights: DenseWeights?
}

/// Rows through all layers: forward, and back again.
///
/// Without a record, one set of buffers serves every layer; with one, each layer keeps its own for the backward pass.
struct ForwardPass {
    let model: LanguageModel
    let rows: PassRows
    private let attention: [AttentionTape]
    private let feedForward: [FeedForwardTape]
    /// Output of the last layer, before the final norm, `[rows, hidden]`.
    private let stream: Matrix
    private let finalScale: Matrix

    /// Computes the rows of `segments`, appending their keys and values to the caches.
    init(_ model: LanguageModel, _ segments: [Segment], recording: Bool, team: WorkerTeam) {
        self.model = model
        let pass = PassRows(batch: RowBatch(segments, model: model), arithmetic: model.arithmetic, team: team),
            sizes = model.configuration
        rows = pass
        let rank = pass.batch.stretches.map(\.factors.rank).max(), tapeCount = recording ? model.layers.count : 1
        attention = (0..<tapeCount).map { _ in AttentionTape(sizes, rows: pass.rows, rank: rank) }
        feedForward = (0..<tapeCount).map { _ in FeedForwardTape(sizes, rows: pass.rows, rank: rank) }
        stream = Matrix(rows: pass.rows, columns: sizes.hiddenSize)
        finalScale = Matrix(rows: pass.rows, columns: 1)
        let scratch = Matrix(rows: pass.rows, columns: sizes.hiddenSize)
        let activated = Matrix(rows: pass.rows, columns: sizes.intermediateSize)
        model.embedding.forward(pass.batch.tokens, into: stream)
        for (index, layer) in model.layers.enumerated() {
            let attention = attention[recording ? index : 0], feedForward = feedForward[recording ? index : 0]
            if recording { attention.input.base.update(from: stream.base, count: stream.count) }
            layer.attention.forward(stream, tape: attention, scratch: scratch, pass)
            if recording { feedForward.input.base.update(from: stream.base, count: stream.count) }
            layer.feedForward.forward(stream, tape: feedForward, scratch: scratch, activated: activated, pass)
        }
    }

    /// The final norm of all rows, `[rows, hidden]`: what the head multiplies.
    func normalised() -> Matrix {
        let out = Matrix(rows: stream.rows, columns: stream.columns)
        model.finalNorm.forward(stream, into: out, scale: finalScale, rows.team)
        return out
    }

    /// Runs back from `dNormalised`, the gradient of ``normalised()``, to the low-rank changes or all parameters.
    ///
    /// Every segment must be a whole sequence (its cache was empty before), and the pass recorded.
    func backward(_ dNormalised: Matrix, into gradients: PassGradients) {
        let gradient = Matrix(rows: stream.rows, columns: stream.columns)
        model.finalNorm.backward(
            dNormalised, x: stream, scale: finalScale, into: gradient, weights: gradients.weights, rows.team)
        for (index, layer) in model.layers.enumerated().reversed() {
            layer.feedForward.backward(gradient, tape: feedForward[index], into: gradients, rows)
            layer.attention.backward(gradient, tape: attention[index], into: gradients, rows)
        }
        if let weights = gradients.weights {
            model.embedding.backward(gradient, tokens: rows.batch.tokens, weights: weights)
        }
    }
}

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
        let spans = pass.rows.batch.spans
        rows = zip(spans, sequences).flatMap { span, sequence in
            sequence.scored.map { span.rows.lowerBound + $0 - 1 }
        }
        targets = sequences.flatMap { $0.tokens[$0.scored] }
        hidden = pass.normalised().selecting(rows)
        let (flat, normalisers) = model.head.logprobs(
            hidden, targets: targets, inverseTemperature: inverseTemperature, team)
        self.normalisers = normalisers
        var start = 0
        logprobs = sequences.map { sequence in
            defer { start += sequence.scored.count }
            return Array(flat[start..<start + sequence.scored.count])
        }
    }

    /// For each sequence, the gradient of `Σ tokenWeights · logprobs` with respect to every module's `R`,
    /// `[modules, rank, rank]`; zeros where the sequence has no change.
    package func mixingGradients(_ tokenWeights: [[Float]]) -> [[Float]] {
        let size = sequences.compactMap { $0.change?.mixing.count }.max() ?? 0
        let mixing = Matrix(rows: sequences.count, columns: size)
        backward(tokenWeights, into: PassGradients(mixing: mixing))
        return sequences.indices.map { Array(UnsafeBufferPointer(start: mixing.row($0), count: size)) }
    }

    /// Adds the gradient of `Σ tokenWeights · logprobs` with respect to `A` and `B` of every changed module.
    ///
    /// Only sequences whose change has the gradient's factors count. Each one's gradient is added in order, so the sum does
    /// not depend on how sequences are divided into passes.
    package func addFactorGradients(_ tokenWeights: [[Float]], to gradient: FactorGradient) {
        backward(tokenWeights, into: PassGradients(factors: gradient))
    }

    /// Adds the gradient of `Σ tokenWeights · logprobs` over all sequences with respect to every weight of the model.
    ///
    /// Rows of a pass are summed together, so the bits depend on how sequences are divided into passes.
    package func addWeightGradients(_ tokenWeights: [[Float]], to gradient: DenseWeights) {
        backward(tokenWeights, into: PassGradients(weights: gradient))
    }

    private func backward(_ tokenWeights: [[Float]], into gradients: PassGradients) {
        let factors = tokenWeights.flatMap { $0 }
        precondition(factors.count == targets.count, "\(factors.count) weights for \(targets.count) scored tokens")
        let dHidden = pass.model.head.backward(
            hidden, targets: targets, factors: factors, normalisers: normalisers,
            inverseTemperature: inverseTemperature, weights: gradients.weights, pass.rows.team)
        let dNormalised = Matrix(rows: pass.rows.rows, columns: hidden.columns)
        for (index, row) in rows.enumerated() {
            dNormalised.row(row).update(from: dHidden.row(index), count: hidden.columns)
        }
        pass.backward(dNormalised, into: gradients)
    }
}
