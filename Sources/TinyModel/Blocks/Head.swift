internal import TinyCheckpoint
package import TinyTensor
import TinyFoundation

/// What turns a logit into a log-probability: the largest logit of a row and the sum of `exp(logit - largest)`.
///
/// Chunks of 2048 tokens are reduced on their own and combined in ascending order, in double precision, so that sampling
/// (which has all logits) and training (which has one chunk at a time) get the same bits.
struct Normaliser {
    let largest: Float
    let sum: Double

    init(chunks: some Collection<(largest: Float, sum: Float)>) {
        // NaN in one chunk is NaN for all.
        let largest = chunks.reduce(-Float.infinity) { $1.largest > $0 || $1.largest.isNaN ? $1.largest : $0 }
        self.largest = largest
        sum = chunks.reduce(0) { $0 + Double($1.sum) * Double(Kernels.exp($1.largest - largest)) }
    }

    /// Whether the row was made of numbers.
    var isFinite: Bool { sum.isFinite && sum > 0 && largest.isFinite }

    /// Natural logarithm of the probability of a token whose logit, already divided by the temperature, is given.
    func logprob(_ scaledLogit: Float) -> Float { Float(Double(scaledLogit - largest) - exactLog(sum)) }
}

/// The language-model head in tiles. Logits of all rows and all tokens exist at once only where a pass keeps them.
struct Head: Sendable {
    private let weights: PackedMatrix
    private let arithmetic: Arithmetic
    private let vocabulary: Int
    /// The parameter that the weights are: a tied head is the embedding.
    private let role: ParameterRole

    /// Tokens reduced at a time. Part of the order of sums: never change it.
    static let chunk = 2048
    /// Rows of a tile: with 2048 tokens, 2 MiB of logits.
    private static let rowBlock = 256

    init(
        of configuration: ModelConfiguration, embedding: Embedding, from weights: WeightReader
    ) throws(CheckpointError) {
        vocabulary = configuration.vocabularySize
        role = configuration.tiesEmbeddings ? .embedding : .head
        arithmetic = weights.arithmetic
        self.weights =
            configuration.tiesEmbeddings
            ? embedding.table : try weights.packed([ParameterShape(.head, [vocabulary, configuration.hiddenSize])])
    }

    /// Bytes of the weights, where they are not the embedding's.
    var byteCount: Int { role == .embedding ? 0 : weights.byteCount }

    /// Log-probability of `targets[i]` after row i of `rows`, logits multiplied by `inverseTemperature`.
    ///
    /// - Parameter kept: Receives the logits, `[rows, vocabulary]`, where the backward pass shall not compute them again.
    func logprobs(
        _ rows: Matrix, targets: [Int], inverseTemperature: Float, kept: Matrix?, _ team: WorkerTeam
    ) -> ([Float], [Normaliser]) {
        precondition(rows.rows == targets.count, "\(rows.rows) rows, \(targets.count) targets")
        let chunks = (vocabulary + Self.chunk - 1) / Self.chunk
        var reduced = [(largest: Float, sum: Float)](repeating: (0, 0), count: chunks * rows.rows)
        var targetLogits = [Float](repeating: 0, count: rows.rows)
        reduced.withUnsafeMutableBufferPointer { reduced in
            targetLogits.withUnsafeMutableBufferPointer { targetLogits in
                nonisolated(unsafe) let reduced = reduced, targetLogits = targetLogits
                eachTile(rows, in: kept, computing: true, team) { block, tokens, logits in
                    team.split(block.count, least: 8) { part in
                        withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.chunk) { exps in
                            guard let exps = exps.baseAddress else { return }
                            for index in part {
                                let row = block.lowerBound + index, values = logits.row(index)
                                if tokens.contains(targets[row]) {
                                    targetLogits[row] = values[targets[row] - tokens.lowerBound] * inverseTemperature
                                }
                                reduced[row * chunks + tokens.lowerBound / Self.chunk] = Kernels.chunkExp(
                                    values, count: tokens.count, inverseTemperature: inverseTemperature, exps: exps)
                            }
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
    /// - Parameters:
    ///   - kept: The logits that the forward pass kept; they are overwritten.
    ///   - dense: Where the gradient of the head's weights is added, if wanted.
    func backward(
        _ rows: Matrix, targets: [Int], factors: [Float], normalisers: [Normaliser], inverseTemperature: Float,
        kept: Matrix?, weights dense: DenseWeights?, _ team: WorkerTeam
    ) -> Matrix {
        let gradient = Matrix(unsetRows: rows.rows, columns: rows.columns)
        eachTile(rows, in: kept, computing: kept == nil, team) { block, tokens, tile in
            team.split(block.count, least: 8) { part in
                for index in part {
                    let row = block.lowerBound + index
                    Kernels.chunkGradient(
                        tile.row(index), count: tokens.count,
                        target: tokens.contains(targets[row]) ? targets[row] - tokens.lowerBound : nil,
                        factor: factors[row], inverseTemperature: inverseTemperature,
                        largest: normalisers[row].largest, inverseSum: Float(1 / normalisers[row].sum))
                }
            }
            weights.multiplyTransposed(
                arithmetic.rows(tile, team: team), into: gradient.view.rows(block), range: tokens,
                adding: tokens.lowerBound > 0, team: team)
            if let dense {
                addOuterProduct(
                    tile, rows.view.rows(block), to: dense.pointer(role) + tokens.lowerBound * rows.columns, team: team)
            }
        }
        return gradient
    }

    /// Logits of every token after each of `rows`, `[rows, vocabulary]`: for sampling, a few rows at a time.
    func logits(_ rows: Matrix, _ team: WorkerTeam) -> Matrix {
        let logits = Matrix(unsetRows: rows.rows, columns: vocabulary)
        weights.multiply(arithmetic.rows(rows.view, team: team), into: logits.view, team: team)
        return logits
    }

    /// Visits logits tile by tile: for every block of rows, all chunks of tokens in ascending order.
    ///
    /// - Parameters:
    ///   - all: All logits, `[rows, vocabulary]`; `nil` for one tile at a time in memory of its own.
    ///   - computing: Whether the logits are computed first.
    private func eachTile(
        _ rows: Matrix, in all: Matrix?, computing: Bool, _ team: WorkerTeam,
        _ body: (_ rows: Range<Int>, _ tokens: Range<Int>, _ logits: MatrixView) -> Void
    ) {
        let own = all ?? Matrix(unsetRows: min(Self.rowBlock, rows.rows), columns: min(Self.chunk, vocabulary))
        for first in stride(from: 0, to: rows.rows, by: Self.rowBlock) {
            let block = first..<min(rows.rows, first + Self.rowBlock)
            let input = computing ? arithmetic.rows(rows.view.rows(block), team: team) : nil
            for token in stride(from: 0, to: vocabulary, by: Self.chunk) {
                let tokens = token..<min(vocabulary, token + Self.chunk)
                let tile =
                    all.map { $0.view.rows(block).columns(from: token, count: tokens.count) }
                    ?? own.view.rows(0..<block.count).columns(from: 0, count: tokens.count)
                if let input { weights.multiply(input, into: tile, range: tokens, team: team) }
                body(block, tokens, tile)
            }
        }
        withExtendedLifetime(own) {}
    }
}

/// Chooses the next token from a row of logits.
///
/// Temperature divides the logits; `topK` then keeps the most likely tokens, and `topP` the fewest of those whose
/// probabilities reach it, in Hugging Face's order. The log-probability reported is that of the whole distribution at the
/// temperature, the quantity that training computes again.
package struct TokenSampler: Sendable {
    package let temperature: Double
    package let topK: Int?
    package let topP: Double

    package init(temperature: Double, topK: Int?, topP: Double) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
    }

    /// A token with its log-probability.
    package typealias Scored = (token: Int, logprob: Float)
    /// The same, with the most likely tokens at its place, the most likely first.
    package typealias ScoredWithOthers = (chosen: Scored, alternatives: [Scored])

    /// A token and its log-probability; `nil` when the logits are not numbers.
    ///
    /// - Parameters:
    ///   - logits: `count` of them; left as they are.
    ///   - uniform: A number in `[0, 1)`; unused at temperature 0.
    package func choose(_ logits: ConstantFloats, count: Int, uniform: Double) -> Scored? {
        choose(logits, count: count, uniform: uniform, alternatives: 0)?.chosen
    }

    /// The same, with the most likely tokens at this place, the most likely first.
    ///
    /// - Parameter alternatives: How many of these.
    package func choose(
        _ logits: ConstantFloats, count: Int, uniform: Double, alternatives: Int
    ) -> ScoredWithOthers? {
        scored(logits, count: count, alternatives: alternatives) { distribution in
            if temperature == 0 { return Ranking(logits, count: count).largest(1)[0] }
            if topK != nil || topP < 1 { return filtered(logits, distribution, uniform: uniform) }
            return distribution.token(at: uniform * distribution.normaliser.sum)
        }
    }

    /// The log-probability of a token that is given, with the most likely ones, as ``choose(_:count:uniform:alternatives:)`` has
    /// them.
    package func score(
        _ token: Int, _ logits: ConstantFloats, count: Int, alternatives: Int
    ) -> ScoredWithOthers? {
        scored(logits, count: count, alternatives: alternatives) { _ in token }
    }

    private func scored(
        _ logits: ConstantFloats, count: Int, alternatives: Int, _ choose: (Distribution) -> Int
    ) -> ScoredWithOthers? {
        let inverse = temperature == 0 ? 1 : Float(1 / temperature)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { scratch in
            let exps = scratch.baseAddress!
            var chunks: [(largest: Float, sum: Float)] = []
            for start in stride(from: 0, to: count, by: Head.chunk) {
                chunks.append(
                    Kernels.chunkExp(
                        logits + start, count: min(Head.chunk, count - start), inverseTemperature: inverse,
                        exps: exps + start))
            }
            let normaliser = Normaliser(chunks: chunks)
            guard normaliser.isFinite else { return nil }
            let distribution = Distribution(exps: exps, count: count, chunks: chunks, normaliser: normaliser)
            let token = choose(distribution)
            func scored(_ token: Int) -> Scored { (token, normaliser.logprob(logits[token] * inverse)) }
            let others = alternatives > 0 ? Ranking(logits, count: count).largest(min(alternatives, count)) : []
            return (scored(token), others.map(scored))
        }
    }

    /// Samples among the tokens that `topK` and `topP` keep.
    private func filtered(_ logits: ConstantFloats, _ distribution: Distribution, uniform: Double) -> Int {
        let count = distribution.count, limit = min(topK ?? count, count)
        let ranking = Ranking(logits, count: count)
        // The kept set is usually small: look at the 256 best first, and at more only when they do not suffice.
        for size in [min(256, limit), min(4096, limit), limit] {
            let best = ranking.largest(size)
            let total = topK == nil ? distribution.normaliser.sum : best.reduce(0) { $0 + distribution.weight($1) }
            guard size == limit || topK == nil else { continue }  // with topK, its whole set is the total
            var kept = 0, mass = 0.0
            while kept < best.count, kept == 0 || mass < topP * total {
                mass += distribution.weight(best[kept])
                kept += 1
            }
            guard mass >= topP * total || size == limit else { continue }
            var remaining = uniform * mass
            for token in best.prefix(kept) {
                remaining -= distribution.weight(token)
                if remaining < 0 { return token }
            }
            return best[kept - 1]
        }
        return ranking.largest(1)[0]
    }
}

/// Unnormalised probabilities of all tokens, in chunks with their own largest logit.
private struct Distribution {
    let exps: Floats
    let count: Int
    let chunks: [(largest: Float, sum: Float)]
    let normaliser: Normaliser

    private func factor(_ chunk: Int) -> Double {
        Double(Kernels.exp(chunks[chunk].largest - normaliser.largest))
    }

    /// Weight of a token; all weights sum to about ``Normaliser/sum``.
    func weight(_ token: Int) -> Double { Double(exps[token]) * factor(token / Head.chunk) }

    /// The token at which the cumulative weight, in order of ids, passes `target`.
    func token(at target: Double) -> Int {
        var before = 0.0, last = 0
        for chunk in chunks.indices {
            let factor = factor(chunk), weight = Double(chunks[chunk].sum) * factor
            let start = chunk * Head.chunk, end = min(count, start + Head.chunk)
            guard before + weight > target || chunk == chunks.count - 1 else {
                before += weight
                continue
            }
            for token in start..<end where exps[token] > 0 {
                before += Double(exps[token]) * factor
                last = token
                if before > target { return token }
            }
        }
        return last  // rounding left the target just above the sum
    }
}

/// Tokens by logit, the largest first; equal ones by id.
private struct Ranking {
    private let logits: ConstantFloats
    private let count: Int

    init(_ logits: ConstantFloats, count: Int) {
        self.logits = logits
        self.count = count
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool { logits[a] > logits[b] || (logits[a] == logits[b] && a < b) }

    /// The `size` first tokens. A heap of that size passes over all tokens once.
    func largest(_ size: Int) -> [Int] {
        guard size > 1 else {
            return [(1..<max(count, 1)).reduce(0) { precedes($1, $0) ? $1 : $0 }]
        }
        guard size < count else { return (0..<count).sorted(by: precedes) }
        var heap = Array(0..<size)  // the last in order at the root
        func sink(_ start: Int) {
            var parent = start
            while true {
                var worst = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < size && precedes(heap[worst], heap[child]) {
                    worst = child
                }
                guard worst != parent else { return }
                heap.swapAt(parent, worst)
                parent = worst
            }
        }
        for start in stride(from: size / 2 - 1, through: 0, by: -1) { sink(start) }
        for token in size..<count where precedes(token, heap[0]) {
            heap[0] = token
            sink(0)
        }
        return heap.sorted(by: precedes)
    }
}
