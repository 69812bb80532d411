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
        _ x: Matrix, weight: Matrix, epsilon: Float, into y: Matrix, rstd: Matrix, team: WorkerTeam
    ) {
        split(x.rows, x.columns, team) { part in
            let first = part.lowerBound
            activeKernels.rmsnorm(
                y.row(first), rstd.row(first), x.row(first), weight.base, part.count, x.columns, epsilon)
        }
    }

    /// The same for `rows` neighbouring rows of `columns` numbers, such as the heads of one position.
    package static func rmsNorm(
        _ x: ConstantFloats, rows: Int, columns: Int, weight: Matrix, epsilon: Float, into y: Floats, rstd: Floats
    ) {
        activeKernels.rmsnorm(y, rstd, x, weight.base, rows, columns, epsilon)
    }

    /// `dx +=` the gradient of ``rmsNorm(_:rows:columns:weight:epsilon:into:rstd:)``.
    package static func rmsNormBackward(
        _ dy: ConstantFloats, x: ConstantFloats, rows: Int, columns: Int, weight: Matrix, rstd: ConstantFloats,
        into dx: Floats
    ) {
        activeKernels.rmsnorm_backward(dx, dy, x, weight.base, rstd, rows, columns)
    }

    /// `dw += Σ rows dy · x · rstd`, in ascending order.
    package static func rmsNormWeightBackward(
        _ dy: ConstantFloats, x: ConstantFloats, rows: Int, columns: Int, rstd: ConstantFloats, into dw: Floats
    ) {
        tk_rmsnorm_weight_backward(dw, dy, x, rstd, rows, columns)
    }

    /// `dx +=` the gradient of ``rmsNorm(_:weight:epsilon:into:rstd:team:)``.
    package static func rmsNormBackward(
        _ dy: Matrix, x: Matrix, weight: Matrix, rstd: Matrix, into dx: Matrix, team: WorkerTeam
    ) {
        split(x.rows, x.columns, team) { part in
            let first = part.lowerBound
            activeKernels.rmsnorm_backward(
                dx.row(first), dy.row(first), x.row(first), weight.base, rstd.row(first), part.count, x.columns)
        }
    }

    /// `dw += Σ rows dy · x · rstd`.
    package static func rmsNormWeightBackward(_ dy: Matrix, x: Matrix, rstd: Matrix, into dw: Floats) {
        tk_rmsnorm_weight_backward(dw, dy.base, x.base, rstd.base, x.rows, x.columns)
    }

    /// `y = silu(gate) · up` for rows `[gate | up]` of twice the columns of `y`.
    package static func swiglu(_ gateUp: Matrix, into y: Matrix, team: WorkerTeam) {
        split(y.rows, y.columns, team) { part in
            activeKernels.swiglu(y.row(part.lowerBound), gateUp.row(part.lowerBound), part.count, y.columns)
        }
    }

    /// The gradient with respect to `[gate | up]`; may be written over `gateUp`.
    package static func swigluBackward(_ dy: Matrix, gateUp: Matrix, into dGateUp: Matrix, team: WorkerTeam) {
        split(dy.rows, dy.columns, team) { part in
            let first = part.lowerBound
            activeKernels.swiglu_backward(dGateUp.row(first), dy.row(first), gateUp.row(first), part.count, dy.columns)
        }
    }

    /// `y += x`.
    package static func add(_ x: Matrix, to y: Matrix, team: WorkerTeam) {
        team.split(x.count, least: leastElements) { part in
            add(x.base + part.lowerBound, to: y.base + part.lowerBound, count: part.count)
        }
    }

    /// `y += x` for `count` numbers.
    package static func add(_ x: ConstantFloats, to y: Floats, count: Int) { tk_add(y, x, count) }

    /// Adds `bias` to every row of `y`.
    package static func addBias(_ bias: ConstantFloats, to y: MatrixView) {
        tk_add_bias(y.base, y.stride, bias, y.rows, y.columns)
    }

    /// `sum += Σ rows x`, in ascending order.
    package static func sumRows(_ x: MatrixView, into sum: Floats) {
        tk_sum_rows(sum, x.base, x.stride, x.rows, x.columns)
    }

    /// Rotates `heads` heads of one row by the angles whose cosines and sines are given.
    package static func rotate(
        _ x: Floats, cosine: ConstantFloats, sine: ConstantFloats, heads: Int, width: Int, inverse: Bool
    ) {
        tk_rotary(x, cosine, sine, heads, width, inverse ? 1 : 0)
    }

    /// `out[columns, rows] = x[rows, columns]ᵀ`.
    package static func transpose(_ x: MatrixView, into out: Matrix, team: WorkerTeam) {
        split(x.columns, x.rows, team) { part in
            tk_transpose(out.row(part.lowerBound), x.rows, x.base + part.lowerBound, x.stride, x.rows, part.count)
        }
    }
}

// Low-rank changes: t = A x, s = R t, y += B s, and back.
extension Kernels {
    /// `s = R t` for rows that share `R[rank, rank]`; `Rᵀ t` with `transposed`.
    package static func mix(_ t: MatrixView, by r: ConstantFloats, transposed: Bool, into s: MatrixView) {
        tk_mix(s.base, s.stride, t.base, t.stride, r, t.rows, t.columns, transposed ? 1 : 0)
    }

    /// `dR += Σ rows ds ⊗ t`.
    package static func mixGradient(_ ds: MatrixView, t: MatrixView, into dr: Floats) {
        tk_mix_gradient(dr, ds.base, ds.stride, t.base, t.stride, t.rows, t.columns)
    }

    /// `y[row] += Σ_j s[row, j] · b[j]` with `b[rank, columns]`.
    package static func expand(_ s: MatrixView, by b: MatrixView, into y: MatrixView) {
        activeKernels.expand(y.base, y.stride, s.base, s.stride, b.base, b.stride, s.rows, b.columns, s.columns)
    }

    /// `g[height, columns] += Σ rows s[row] ⊗ x[row]`: the gradient of a factor. Rows in ascending order, 256 at a time.
    package static func outer(_ s: MatrixView, _ x: MatrixView, into g: MatrixView) {
        for first in Swift.stride(from: 0, to: x.rows, by: 256) {
            activeKernels.outer(
                g.base, g.stride, s.row(first), s.stride, x.row(first), x.stride, min(256, x.rows - first), s.columns,
                x.columns)
        }
    }
}

// Ends of the language-model head.
extension Kernels {
    /// Largest of `logits · inverseTemperature`, which is NaN where one of them is, and the sum of `exp(… - largest)`, which
    /// replace the logits in `exps`.
    package static func chunkExp(
        _ logits: ConstantFloats, count: Int, inverseTemperature: Float, exps: Floats
    ) -> (largest: Float, sum: Float) {
        var sums: (Float, Float) = (0, 0)
        withUnsafeMutableBytes(of: &sums) { raw in
            activeKernels.chunk_exp(
                exps, raw.assumingMemoryBound(to: Float.self).baseAddress, logits, count, inverseTemperature)
        }
        return (sums.0, sums.1)
    }

    /// Turns logits into `factor` times the gradient of the log-probability of `target` (`nil`: not in this chunk).
    package static func chunkGradient(
        _ logits: Floats, count: Int, target: Int?, factor: Float, inverseTemperature: Float, largest: Float,
        inverseSum: Float
    ) {
        activeKernels.chunk_gradient(logits, count, target ?? -1, factor, inverseTemperature, largest, inverseSum)
    }

    /// `exp` of one number, the same bits as in every kernel.
    package static func exp(_ x: Float) -> Float {
        var input = x
        var output: Float = 0
        activeKernels.exponential(&output, &input, 1)
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
    /// Flop of one round of ``multiplyAdd(rounds:)``.
    package static let flopPerRound = Int(TK_PEAK_FLOP)

    /// Computes on the calling thread. The result only keeps the work from being removed.
    package static func multiplyAdd(rounds: Int) -> Float { activeKernels.peak(rounds) }

    /// The same with the instructions that products of ``Arithmetic/bfloat16`` use.
    package static func tileMultiplyAdd(rounds: Int) -> Float { activeKernels.peak_bf16(rounds) }

    /// Reads `count` floats once on the calling thread.
    package static func read(_ x: ConstantFloats, count: Int) -> Float { activeKernels.read_memory(x, count) }
}

/// The door to the attention kernels: one sequence, one key/value head at a time.
package enum AttentionKernels {
    /// Positions of one page.
    package static let pageLength = Int(TK_PAGE)

    /// Bytes of one key/value head in one page.
    package static func pageBytes(format: WeightFormat, width: Int) -> Int { tk_page_bytes(format.kernel, width) }

    /// Keys and values of one sequence and one key/value head, and the query heads that share it.
    package struct Head {
        /// Addresses of this head's part of each page.
        package let pages: UnsafePointer<UnsafeRawPointer?>
        /// How keys and values are stored.
        package let format: WeightFormat
        /// Position of the first row.
        package let start: Int
        /// Query heads.
        package let group: Int
        package let width: Int

        package init(
            pages: UnsafePointer<UnsafeRawPointer?>, format: WeightFormat, start: Int, group: Int, width: Int
        ) {
            self.pages = pages
            self.format = format
            self.start = start
            self.group = group
            self.width = width
        }

        fileprivate var kernel: tk_head {
            tk_head(
                pages: pages, format: format.kernel, start: start, group: group, width: width,
                scale: 1 / Float(width).squareRoot())
        }
    }

    /// What the forward pass read and made, `[rows, …]`; `stats` has the largest score and `1 / Σ exp` per row and head.
    package struct Attended {
        package let q: MatrixView
        package let out: MatrixView
        package let stats: MatrixView

        package init(q: MatrixView, out: MatrixView, stats: MatrixView) {
            self.q = q
            self.out = out
            self.stats = stats
        }
    }

    /// Gradients of the rows' queries, keys and values, and what the rows add to those of the keys and values of earlier
    /// positions, `[start, width]`.
    package struct Gradient {
        package let q: MatrixView
        package let key: MatrixView
        package let value: MatrixView
        package let earlierKey: MatrixView
        package let earlierValue: MatrixView

        package init(
            q: MatrixView, key: MatrixView, value: MatrixView, earlierKey: MatrixView, earlierValue: MatrixView
        ) {
            self.q = q
            self.key = key
            self.value = value
            self.earlierKey = earlierKey
            self.earlierValue = earlierValue
        }

        fileprivate var kernel: tk_attention_gradient {
            tk_attention_gradient(
                q: q.output, key: key.output, value: value.output, earlier_key: earlierKey.output,
                earlier_value: earlierValue.output)
        }
    }

    /// Writes the key and value of one position, rounded to the page's format.
    package static func store(
        key: ConstantFloats, value: ConstantFloats, slot: Int, width: Int, format: WeightFormat,
        into page: UnsafeMutableRawPointer
    ) {
        tk_page_store(page, format.kernel, key, value, slot, width)
    }

    /// Floats of scratch that ``forward(_:_:scratch:)`` needs.
    package static func scratch(keys: Int, width: Int) -> Int { tk_attention_scratch(keys, width) }

    /// Floats of scratch that the backward pass needs; `keys` are the earlier positions and the rows.
    package static func backwardScratch(keys: Int, width: Int) -> Int { tk_attention_backward_scratch(keys, width) }

    /// Attends from the rows of `q`; row t stands at position `start + t`.
    package static func forward(_ rows: Attended, _ head: Head, scratch: Floats) {
        var kernel = head.kernel
        activeKernels.attention(rows.out.output, rows.stats.output, rows.q.input, &kernel, scratch)
    }

    /// The gradient from `dout`; all of `gradient` is overwritten.
    package static func backward(
        _ dout: MatrixView, _ forward: Attended, _ head: Head, into gradient: Gradient, scratch: Floats
    ) {
        var kernel = head.kernel, gradient = gradient.kernel
        var attended = tk_attended(q: forward.q.input, out: forward.out.input, stats: forward.stats.input)
        activeKernels.attention_backward(&gradient, dout.input, &attended, &kernel, scratch)
    }
}
