// Forward, backward, pages: ids in, logits and gradients out.
//
// This target does not know: text, prompts, rewards, optimisers, TinyLoRA. It knows a generic low-rank change of weights,
// `ΔW = B R A`, and its gradient.

public import TinyCheckpoint
public import TinyFoundation
package import TinyTensor

/// A decoder-only transformer with frozen, packed weights. Immutable, shared by everyone.
///
/// It is an embedding, layers of attention and feed-forward blocks, a norm and a head. Each block is one file under `Blocks`
/// with its forward and its backward pass; what families differ in is under `Families`.
public final class LanguageModel: Sendable {
    /// Sizes and constants.
    public let configuration: ModelConfiguration
    /// How products with the weights are computed.
    public let arithmetic: Arithmetic
    let embedding: Embedding
    let layers: [Layer]
    let finalNorm: Norm
    let head: Head
    let rotary: RotaryEmbedding

    /// One layer: two blocks that each add to the residual stream.
    struct Layer: Sendable {
        let attention: Attention
        let feedForward: FeedForward
    }

    /// Reads and packs a checkpoint's weights; each is checked by name and shape.
    ///
    /// - Parameter arithmetic: That of the stored type unless given, see ``Checkpoint/arithmetic``.
    /// - Throws: ``CheckpointError`` naming the tensor that is missing, has another shape or would not be used.
    public convenience init(_ checkpoint: Checkpoint, arithmetic: Arithmetic? = nil) throws(CheckpointError) {
        try checkpoint.requireParameters()
        let stored = try checkpoint.arithmetic, arithmetic = arithmetic ?? stored
        try self.init(
            checkpoint.configuration, try CheckpointSource(checkpoint: checkpoint, arithmetic: arithmetic),
            arithmetic: arithmetic)
    }

    /// Packs weights that are being trained, as they are now.
    public convenience init(
        _ configuration: ModelConfiguration, weights: DenseWeights, arithmetic: Arithmetic
    ) throws(CheckpointError) {
        try self.init(configuration, DenseSource(weights: weights), arithmetic: arithmetic)
    }

    /// Packs weights given as one list, in the order of ``ModelConfiguration/parameterShapes``; there must be as many.
    package convenience init(
        _ configuration: ModelConfiguration, values: [Float], arithmetic: Arithmetic
    ) throws(CheckpointError) {
        try self.init(
            configuration, weights: DenseWeights(configuration.parameterShapes, values: values), arithmetic: arithmetic)
    }

    /// A model that costs what a real one of this shape costs and says nothing; for benchmarks.
    package convenience init(
        randomWeightsOf configuration: ModelConfiguration, arithmetic: Arithmetic
    ) throws(CheckpointError) {
        try self.init(configuration, RandomSource(), arithmetic: arithmetic)
    }

    private init(
        _ configuration: ModelConfiguration, _ source: some WeightSource, arithmetic: Arithmetic
    ) throws(CheckpointError) {
        self.configuration = configuration
        self.arithmetic = arithmetic
        let weights = WeightReader(source: source, arithmetic: arithmetic)
        embedding = try Embedding(of: configuration, from: weights)
        head = try Head(of: configuration, embedding: embedding, from: weights)
        finalNorm = try Norm(.finalNorm, of: configuration, from: weights)
        rotary = RotaryEmbedding(of: configuration)
        var layers: [Layer] = []
        for layer in 0..<configuration.layerCount {
            layers.append(
                Layer(
                    attention: try Attention(layer: layer, of: configuration, from: weights),
                    feedForward: try FeedForward(layer: layer, of: configuration, from: weights)))
        }
        self.layers = layers
    }

    /// Bytes of the packed weights.
    public var byteCount: Int {
        layers.reduce(embedding.table.byteCount + head.byteCount) {
            $0 + $1.attention.byteCount + $1.feedForward.byteCount
        }
    }
}

extension LanguageModel {
    /// Computes the segments' rows and returns the final norm of each segment's last row, `[segments, hidden]`: what the
    /// next token is chosen from.
    package func advance(_ segments: [Segment], team: WorkerTeam) -> Matrix {
        advance(segments, everyRowOf: [], team: team).last
    }

    /// The same, with all rows of some segments, `[tokens, hidden]` each: what every next token of these follows from.
    package func advance(
        _ segments: [Segment], everyRowOf some: [Int], team: WorkerTeam
    ) -> (last: Matrix, every: [Matrix]) {
        let pass = ForwardPass(self, segments, recording: .none, team: team)
        let rows = pass.normalised(), spans = pass.rows.batch.spans
        return (rows.selecting(spans.map { $0.rows.upperBound - 1 }), some.map { rows.selecting(spans[$0].rows) })
    }

    /// Logits of every token for some rows of ``advance(_:team:)``'s result, `[rows, vocabulary]`.
    package func nextLogits(_ hidden: Matrix, rows: Range<Int>, team: WorkerTeam) -> Matrix {
        team.timed(.head) { head.logits(hidden.selecting(rows), team) }
    }

    /// Logits of every token after each position, `[tokens, vocabulary]`. For tests and small inputs.
    package func logits(_ tokens: [Int], change: LowRankChange? = nil, team: WorkerTeam) -> Matrix {
        let segment = Segment(cache: SequenceCache(for: self), tokens: tokens, change: change)
        return head.logits(ForwardPass(self, [segment], recording: .none, team: team).normalised(), team)
    }
}

extension Matrix {
    /// A matrix of some of the rows, in order.
    func selecting(_ indices: some Collection<Int>) -> Matrix {
        let some = Matrix(unsetRows: indices.count, columns: columns)
        for (place, index) in indices.enumerated() { some.row(place).update(from: row(index), count: columns) }
        return some
    }
}
