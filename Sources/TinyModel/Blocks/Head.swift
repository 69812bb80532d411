internal import TinyCheckpoint
internal import TinyTensor
import TinyFoundation

/// What turns a logit into a log-probability: the largest logit of a row and the sum of `exp(logit - largest)`.
///
/// Chunks of 2048 tokens are reduced on their own and combined in ascending order, in double precision, so that sampling
/// (which has all logits) and training (which has one chunk at a time) get the same bits.
struct Normaliser {
    let largest: Float
    let sum: Double

    init(chunks: some Collection<(largest: Float, sum: Float)>) {
        let largest = chunks.reduce(-Float.infinity) { max($0, $1.largest) }
        self.largest = largest
        sum = chunks.reduce(0) { $0 + Double($1.sum) * Double(Kernels.exp($1.largest - largest)) }
    }

    /// Whether the row was made of numbers.
    var isFinite: Bool { sum.isFinite && sum > 0 && largest.isFinite }

    /// Natural logarithm of the probability of a token whose logit, already divided by the temperature, is given.
    func logprob(_ scaledLogit: Float) -> Float { Float(Double(scaledLogit - largest) - exactLog(sum)) }
}

/// The language-model head in tiles: logits of all rows and all tokens never exist at once.
struct Head: Sendable {
    private let weights: PackedMatrix
    private let vocabulary: Int
    /// The parameter that the weights are: a tied head is the embedding.
    private let role: ParameterRole

    /// Tokens reduced at a time. Part of the order of sums: never change it.
    static let chunk = 2048
    /// Rows of a tile: with 2048 tokens, 2 MiB of logits.
    private static let rowBlock = 256

    init(
        of configuration: ModelConfiguration, embedding: Embedding, from source: some WeightSource
    ) throws(CheckpointError) {
        vocabulary = configuration.vocabularySize
        role = configuration.tiesEmbeddings ? .embedding : .head
        weights =
            configuration.tiesEmbeddings
            ? embedding.table : try source.packed([ParameterShape(.head, [vocabulary, configuration.hiddenSize])])
    }

    /// Bytes of the weights, where they are not the embedding's.
    var byteCount: Int { role == .embedding ? 0 : weights.byteCount }

    /// Log-probability of `targets[i]` after row i of `rows`, logits multiplied by `inverseTemperature`.
    func logprobs(
        _ rows: Matrix, targets: [Int], inverseTemperature: Float, _ team: WorkerTeam
    ) -> ([Float], [Normaliser]) {
        precondition(rows.rows == targets.count, "\(rows.rows) rows, \(targets.count) targets")
        let chunks = (vocabulary + Self.chunk - 1) / Self.chunk
        var reduced = [(largest: Float, sum: Float)](repeating: (0, 0), count: chunks * rows.rows)
        var targetLogits = [Float](repeating: 0, count: rows.rows)
        reduced.withUnsafeMutableBufferPointer { reduced in
            targetLogits.withUnsafeMutableBufferPointer { targetLogits in
                nonisolated(unsafe) let reduced = reduced, targetLogits = targetLogits
                eachTile(rows, team) { block, tokens, logits in
                    team.split(block.count, least: 8) { part in
                        for index in part {
                            let row = block.lowerBound + index, values = logits.row(index)
                            if tokens.contains(targets[row]) {
                                targetLogits[row] = values[targets[row] - tokens.lowerBound] * inverseTemperature
                            }
                            reduced[row * chunks + tokens.lowerBound / Self.chunk] = Kernels.chunkExp(
                                values, count: tokens.count, inverseTemperature: inverseTemperature, exps: values)
                        }
                    }
                }
            }
        }
        let normalisers = targets.indices.map { Normaliser(chunks: reduced[$0 * chunks..<($0 + 1) * chunks]) }
        return (zip(normalisers, targetLogits).map { $0.logprob($1) }, normalisers)
    }

    /// Gradient of `Σ factors[i] · logprob(targets[i])` with respect to the rows.
    ///
    /// - Parameter dense: Where the gradient of the head's weights is added, if wanted.
    func backward(
        _ rows: Matrix, targets: [Int], factors: [Float], normalisers: [Normaliser], inverseTemperature: Float,
        weights dense: DenseWeights?, _ team: WorkerTeam
    ) -> Matrix {
        let gradient = Matrix(rows: rows.rows, columns: rows.columns)
        eachTile(rows, team) { block, tokens, logits in
            team.split(block.count, least: 8) { part in
                for index in part {
                    let row = block.lowerBound + index
                    Kernels.chunkGradient(
                        logits.row(index), count: tokens.count,
                        target: tokens.contains(targets[row]) ? targets[row] - tokens.lowerBound : nil,
                        factor: factors[row], inverseTemperature: inverseTemperature,
                        largest: normalisers[row].largest, inverseSum: Float(1 / normalisers[row].sum))
                }
            }
            let tile = logits.view.rows(0..<block.count)
            weights.multiplyTransposed(
                tile, into: gradient.view.rows(block), range: tokens, adding: tokens.lowerBound > 0, team: team)
            if let dense {
                addOuterProduct(
                    tile.columns(from: 0, count: tokens.count), rows.view.rows(block),
                    to: dense.pointer(role) + tokens.lowerBound * rows.columns, team: team)
            }
        }
        return gradient
    }

    /// Logits of every token after each of `rows`, `[rows, vocabulary]`: for sampling, a few rows at a time.
    func logits(_ rows: Matrix, _ team: WorkerTeam) -> Matrix {
        let logits = Matrix(rows: rows.rows, columns: vocabulary)
        weights.multiply(rows.view, into: logits.view, team: team)
        return logits
    }

    /// Computes logits tile by tile: for every block of rows, all chunks of tokens in ascending order.
    private func eachTile(
        _ rows: Matrix, _ team: WorkerTeam,
        _ body: (_ rows: Range<Int>, _ tokens: Range<Int>, _ logits: Matrix) -> Void
    ) {
        let logits = Matrix(rows: min(Self.rowBlock, rows.rows), columns: min(Self.chunk, vocabulary))
        for first in stride(from: 0, to: rows.rows, by: Self.rowBlock) {
            let block = first..<min(rows.rows, first + Self.rowBlock)
            for token in stride(from: 0, to: vocabulary, by: Self.chunk) {
                let tokens = token..<min(vocabulary, token + Self.chunk)
                weights.multiply(
                    rows.view.rows(block), into: logits.view.rows(0..<block.count), range: tokens, team: team)
                body(block, tokens, logits)
            }
        }
    }
}
