internal import CTinyKernels

package typealias Floats = UnsafeMutablePointer<Float>
package typealias ConstantFloats = UnsafePointer<Float>

/// The door to the row kernels. Shapes are the caller's duty; work is split over rows where it repays a thread.
package enum Kernels {
    /// Elements of one row operation that are worth another thread: about 5 microseconds.
    private static let leastElements = 1 << 14

    /// Splits rows of `columns` elements over the team.
    private static func split(_ rows: Int, _ columns: Int, _ team: WorkerTeam, _ body: (Range<Int>) -> Void) {
        team.split(rows, least: max(1, leastElements / max(columns, 1)), body)
    }

    /// `y = x · rstd · weight`, row by row; `rstd` receives one number per row.
    package static func rmsNorm(
        _ x: Floats, weight: ConstantFloats, rows: Int, columns: Int, epsilon: Float, into y: Floats, rstd: Floats,
        team: WorkerTeam
    ) {
        split(rows, columns, team) { part in
            let at = part.lowerBound
            tk_rmsnorm(y + at * columns, rstd + at, x + at * columns, weight, part.count, columns, epsilon)
        }
    }

    /// `dx +=` the gradient of ``rmsNorm(_:weight:rows:columns:epsilon:into:rstd:team:)``.
    package static func rmsNormBackward(
        _ dy: Floats, x: Floats, weight: ConstantFloats, rstd: Floats, rows: Int, columns: Int, into dx: Floats,
        team: WorkerTeam
    ) {
        split(rows, columns, team) { part in
            let at = part.lowerBound
            tk_rmsnorm_backward(
                dx + at * columns, dy + at * columns, x + at * columns, weight, rstd + at, part.count, columns)
        }
    }

    /// `dw += Σ rows dy · x · rstd`.
    package static func rmsNormWeightBackward(
        _ dy: Floats, x: Floats, rstd: Floats, rows: Int, columns: Int, into dw: Floats
    ) {
        tk_rmsnorm_weight_backward(dw, dy, x, rstd, rows, columns)
    }

    /// `y = silu(gate) · up` for rows `[gate | up]` of `2 · columns`.
    package static func swiglu(_ gateUp: Floats, rows: Int, columns: Int, into y: Floats, team: WorkerTeam) {
        split(rows, columns, team) { part in
            let at = part.lowerBound
            tk_swiglu(y + at * columns, gateUp + at * 2 * columns, part.count, columns)
        }
    }

    /// The gradient with respect to `[gate | up]`; may be written over `gateUp`.
    package static func swigluBackward(
        _ dy: Floats, gateUp: Floats, rows: Int, columns: Int, into dGateUp: Floats, team: WorkerTeam
    ) {
        split(rows, columns, team) { part in
            let at = part.lowerBound
            tk_swiglu_backward(
                dGateUp + at * 2 * columns, dy + at * columns, gateUp + at * 2 * columns, part.count, columns)
        }
    }

    /// `y += x`.
    package static func add(_ x: Floats, count: Int, to y: Floats, team: WorkerTeam) {
        team.split(count, least: leastElements) { part in tk_add(y + part.lowerBound, x + part.lowerBound, part.count) }
    }

    /// Adds `bias` to every row of `y`.
    package static func addBias(
        _ bias: ConstantFloats, rows: Int, columns: Int, to y: Floats, stride: Int, team: WorkerTeam
    ) {
        split(rows, columns, team) { part in
            tk_add_bias(y + part.lowerBound * stride, stride, bias, part.count, columns)
        }
    }

    /// `sum += Σ rows x`, in ascending order.
    package static func sumRows(_ x: Floats, stride: Int, rows: Int, columns: Int, into sum: Floats) {
        tk_sum_rows(sum, x, stride, rows, columns)
    }

    /// Rotates `heads` heads of one row by the angles whose cosines and sines are given.
    package static func rotate(
        _ x: Floats, cosine: ConstantFloats, sine: ConstantFloats, heads: Int, width: Int, inverse: Bool
    ) {
        tk_rotary(x, cosine, sine, heads, width, inverse ? 1 : 0)
    }

    /// `out[columns, rows] = x[rows, columns]ᵀ`.
    package static func transpose(
        _ x: ConstantFloats, stride: Int, rows: Int, columns: Int, into out: Floats, team: WorkerTeam
    ) {
        split(columns, rows, team) { part in
            tk_transpose(out + part.lowerBound * rows, rows, x + part.lowerBound, stride, rows, part.count)
        }
    }
}

// Low-rank changes: t = A x, s = R t, y += B s, and back.
extension Kernels {
    /// `s = R t` for rows that share `R[rank, rank]`; `Rᵀ t` with `transposed`.
    package static func mix(
        _ t: ConstantFloats, stride: Int, by r: ConstantFloats, rows: Int, rank: Int, transposed: Bool, into s: Floats,
        outputStride: Int
    ) {
        tk_mix(s, outputStride, t, stride, r, rows, rank, transposed ? 1 : 0)
    }

    /// `dR += Σ rows ds ⊗ t`.
    package static func mixGradient(
        _ ds: ConstantFloats, stride: Int, t: ConstantFloats, inputStride: Int, rows: Int, rank: Int, into dr: Floats
    ) {
        tk_mix_gradient(dr, ds, stride, t, inputStride, rows, rank)
    }

    /// `y[row] += Σ_j s[row, j] · b[j]` with `b[rank, columns]`.
    package static func expand(
        _ s: ConstantFloats, stride: Int, by b: ConstantFloats, rows: Int, columns: Int, rank: Int, into y: Floats,
        outputStride: Int
    ) {
        tk_expand(y, outputStride, s, stride, b, rows, columns, rank)
    }

    /// `g[height, columns] += Σ rows s[row] ⊗ x[row]`: the gradient of a factor. Rows in ascending order, 256 at a time.
    package static func outer(
        _ s: ConstantFloats, stride: Int, _ x: ConstantFloats, inputStride: Int, rows: Int, height: Int, columns: Int,
        into g: Floats, outputStride: Int
    ) {
        for first in Swift.stride(from: 0, to: rows, by: 256) {
            tk_outer(
                g, outputStride, s + first * stride, stride, x + first * inputStride, inputStride,
                min(256, rows - first), height, columns)
        }
    }
}

// Ends of the language-model head.
extension Kernels {
    /// Largest of `logits · inverseTemperature` and the sum of `exp(… - largest)`, which replace the logits in `exps`.
    package static func chunkExp(
        _ logits: ConstantFloats, count: Int, inverseTemperature: Float, exps: Floats
    ) -> (largest: Float, sum: Float) {
        var sums: (Float, Float) = (0, 0)
        withUnsafeMutableBytes(of: &sums) { raw in
            tk_chunk_exp(exps, raw.assumingMemoryBound(to: Float.self).baseAddress, logits, count, inverseTemperature)
        }
        return (sums.0, sums.1)
    }

    /// Turns logits into `factor` times the gradient of the log-probability of `target` (`nil`: not in this chunk).
    package static func chunkGradient(
        _ logits: Floats, count: Int, target: Int?, factor: Float, inverseTemperature: Float, largest: Float,
        inverseSum: Float
    ) {
        tk_chunk_gradient(logits, count, target ?? -1, factor, inverseTemperature, largest, inverseSum)
    }

    /// `exp` of one number, the same bits as in every kernel.
    package static func exp(_ x: Float) -> Float {
        var input = x
        var output: Float = 0
        tk_exp(&output, &input, 1)
        return output
    }
}

/// What AdamW needs to know for one step.
package struct AdamWStep: Sendable {
    package var rate: Float
    package var beta1: Float
    package var beta2: Float
    package var epsilon: Float
    package var decay: Float
    package var correction1: Float
    package var correction2: Float
    package var gradientScale: Float

    /// - Parameter count: Steps taken, this one included; at least 1.
    package init(
        rate: Float, beta1: Float, beta2: Float, epsilon: Float, decay: Float, count: Int, gradientScale: Float
    ) {
        self.rate = rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.decay = decay
        self.gradientScale = gradientScale
        func correction(_ beta: Float) -> Float {
            var power = 1.0  // by multiplication: `pow` differs between C libraries
            for _ in 0..<count { power *= Double(beta) }
            return Float(1 / (1 - power))
        }
        correction1 = correction(beta1)
        correction2 = correction(beta2)
    }
}

extension Kernels {
    /// One AdamW step on `count` weights.
    package static func adamW(
        _ w: Floats, first: Floats, second: Floats, gradient: Floats, count: Int, step: AdamWStep, team: WorkerTeam
    ) {
        team.split(count, least: leastElements) { part in
            let at = part.lowerBound
            tk_adamw(
                w + at, first + at, second + at, gradient + at, part.count, step.rate, step.beta1, step.beta2,
                step.epsilon, step.decay, step.correction1, step.correction2, step.gradientScale)
        }
    }

    /// `Σ x²` in double precision: ascending within blocks of 65536, blocks added in ascending order.
    package static func sumOfSquares(_ x: Floats, count: Int, team: WorkerTeam) -> Double {
        let block = 1 << 16, blocks = (count + block - 1) / block
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: blocks) { sums in
            let target = sums.baseAddress!
            team.run(chunks: blocks) { index in
                target[index] = tk_sum_squares(x + index * block, min(block, count - index * block))
            }
            return sums.reduce(0, +)
        }
    }
}

/// The limits of this machine, measured now: the yardstick of the benchmarks.
package enum MachineLimits {
    /// Whether the vector kernels run here.
    package static var isVectorized: Bool { tk_vectorized() == 1 }

    /// Runs 384 flop per round on the calling thread. The result only keeps the work from being removed.
    package static func multiplyAdd(rounds: Int) -> Float { tk_peak(rounds) }

    /// Reads `count` floats once on the calling thread.
    package static func read(_ x: ConstantFloats, count: Int) -> Float { tk_read(x, count) }
}
