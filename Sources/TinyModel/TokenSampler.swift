package import TinyTensor

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

    /// A token and its log-probability; `nil` when the logits are not numbers.
    ///
    /// - Parameters:
    ///   - logits: `count` of them; left as they are.
    ///   - uniform: A number in `[0, 1)`; unused at temperature 0.
    package func choose(_ logits: ConstantFloats, count: Int, uniform: Double) -> (token: Int, logprob: Float)? {
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
            let token: Int
            if temperature == 0 {
                token = Ranking(logits, count: count).largest(1)[0]
            } else if topK != nil || topP < 1 {
                token = filtered(logits, distribution, uniform: uniform)
            } else {
                token = distribution.token(at: uniform * normaliser.sum)
            }
            return (token, normaliser.logprob(logits[token] * inverse))
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
