internal import TinyTensor

/// The gradient of every changed module's `A` and `B`, to which backward passes add.
package final class FactorGradient: Sendable {
    /// Whose gradient.
    package let factors: LowRankFactors
    private let buffer: FloatBuffer
    /// Where each module's part begins: `dA [rank, inputs]`, then `dBᵀ [rank, outputs]`.
    private let offsets: [Int]

    /// Zeros.
    package init(of factors: LowRankFactors) {
        self.factors = factors
        var offset = 0
        offsets = factors.modules.map { module in
            defer { offset += factors.rank * (module.inputs + module.outputs) }
            return offset
        }
        buffer = FloatBuffer(count: offset)
    }

    /// `dA [rank, inputs]` of a module.
    func a(_ position: Int) -> Floats { buffer.base + offsets[position] }

    /// `dBᵀ [rank, outputs]` of a module.
    func bTransposed(_ position: Int) -> Floats { a(position) + factors.rank * factors.modules[position].inputs }

    /// All numbers, module by module: `dA [rank, inputs]`, then `dB [outputs, rank]`, row-major.
    package var values: [Float] {
        [Float](unsafeUninitializedCapacity: buffer.count) { values, initialized in
            for (position, module) in factors.modules.enumerated() {
                let rank = factors.rank, start = offsets[position], middle = start + rank * module.inputs
                for index in start..<middle { values.initializeElement(at: index, to: buffer.base[index]) }
                for row in 0..<module.outputs {
                    for column in 0..<rank {
                        values.initializeElement(
                            at: middle + row * rank + column, to: buffer.base[middle + column * module.outputs + row])
                    }
                }
            }
            initialized = buffer.count
        }
    }
}
