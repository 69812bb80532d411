internal import TinyCheckpoint
internal import TinyTensor

/// The table of token embeddings `[vocabulary, hidden]`; the head uses the same one when it is tied.
struct Embedding: Sendable {
    let table: PackedMatrix

    init(of configuration: ModelConfiguration, from weights: WeightReader) throws(CheckpointError) {
        table = try weights.packed([
            ParameterShape(.embedding, [configuration.vocabularySize, configuration.hiddenSize])
        ])
    }

    /// Writes the embedding of each token to its row.
    func forward(_ tokens: [Int], into stream: Matrix) {
        for (row, token) in tokens.enumerated() { table.copyRow(token, into: stream.row(row)) }
    }

    /// Adds each row's gradient to its token's embedding, rows in ascending order.
    func backward(_ gradient: Matrix, tokens: [Int], weights: DenseWeights) {
        let target = weights.pointer(.embedding)
        for (row, token) in tokens.enumerated() {
            Kernels.sumRows(gradient.view.rows(row..<row + 1), into: target + token * gradient.columns)
        }
    }
}
