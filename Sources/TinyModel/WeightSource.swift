package import TinyCheckpoint
internal import TinyFoundation
package import TinyTensor

/// Where a model's parameters come from: a file, an optimiser's memory, a list, random numbers.
protocol WeightSource {
    /// A vector, widened to fp32.
    func floats(_ parameter: ParameterShape) throws(CheckpointError) -> [Float]
    /// The rows of a matrix.
    func rows(_ parameter: ParameterShape) throws(CheckpointError) -> any WeightRows
    /// Whether a matrix is stored as bf16 patterns.
    func isBFloat16(_ parameter: ParameterShape) throws(CheckpointError) -> Bool
}

extension WeightSource {
    /// Every source but a file holds fp32.
    func isBFloat16(_ parameter: ParameterShape) throws(CheckpointError) -> Bool { false }
}

/// Reads a source's parameters in the form that the blocks of a model compute with.
struct WeightReader {
    let source: any WeightSource
    let arithmetic: Arithmetic

    /// Matrices with the same number of columns stacked into one and packed.
    func packed(_ parts: [ParameterShape]) throws(CheckpointError) -> PackedMatrix {
        var stacked: [PackedMatrix.Part] = []
        for part in parts { stacked.append(PackedMatrix.Part(try source.rows(part), count: part.shape[0])) }
        return PackedMatrix(stacked, inputs: parts[0].shape[1], format: try format(of: parts))
    }

    /// How matrices are packed together: as bf16 when all of them are stored so, or when the arithmetic wants it, which rounds
    /// others to the nearest.
    func format(of parts: [ParameterShape]) throws(CheckpointError) -> WeightFormat {
        guard arithmetic == .float32 else { return .bfloat16 }
        for part in parts {
            if try !source.isBFloat16(part) { return .float32 }
        }
        return .bfloat16
    }

    /// Vectors one after another, as one row of fp32.
    func vector(_ parts: [ParameterShape]) throws(CheckpointError) -> Matrix {
        var all: [Float] = []
        for part in parts { all.append(contentsOf: try source.floats(part)) }
        return Matrix(rows: 1, columns: all.count, values: all)
    }
}

struct CheckpointSource: WeightSource {
    let checkpoint: Checkpoint
    /// Whether all numbers are rounded to bf16, see ``Checkpoint/isRounded``.
    let rounds: Bool

    init(checkpoint: Checkpoint, arithmetic: Arithmetic) throws(CheckpointError) {
        self.checkpoint = checkpoint
        rounds = try checkpoint.isRounded && arithmetic == .bfloat16
    }

    private func tensor(_ parameter: ParameterShape) throws(CheckpointError) -> CheckpointTensor {
        try checkpoint.tensor(parameter.name, parameter.shape)
    }

    func floats(_ parameter: ParameterShape) throws(CheckpointError) -> [Float] {
        let floats = try tensor(parameter).floats()
        return rounds ? floats.map { BFloat16($0).float } : floats
    }

    func rows(_ parameter: ParameterShape) throws(CheckpointError) -> any WeightRows {
        TensorRows(tensor: try tensor(parameter))
    }

    func isBFloat16(_ parameter: ParameterShape) throws(CheckpointError) -> Bool {
        try tensor(parameter).type == .bfloat16
    }
}

/// The rows of a matrix in a file.
package struct TensorRows: WeightRows {
    let tensor: CheckpointTensor

    package init(tensor: CheckpointTensor) { self.tensor = tensor }

    package func row(_ index: Int, as format: WeightFormat, scratch: UnsafeMutableRawPointer) -> UnsafeRawPointer {
        if format == .bfloat16, tensor.type == .bfloat16, let stored = tensor.bytes(ofRow: index).baseAddress {
            return stored
        }
        let columns = tensor.shape.last ?? 1
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { floats in
            guard let start = floats.baseAddress else { return UnsafeRawPointer(scratch) }
            tensor.copyRow(index, into: start)
            return format.store(start, count: columns, in: scratch)
        }
    }
}

/// Parameters in memory, such as an optimiser's.
struct DenseSource: WeightSource {
    let weights: DenseWeights

    func floats(_ parameter: ParameterShape) throws(CheckpointError) -> [Float] {
        guard let values = weights.values(parameter.name) else {
            throw CheckpointError(.missingTensor, "the weights have no \(parameter.name)")
        }
        return values
    }

    func rows(_ parameter: ParameterShape) throws(CheckpointError) -> any WeightRows {
        guard let offset = weights.offset(of: parameter.name) else {
            throw CheckpointError(.missingTensor, "the weights have no \(parameter.name)")
        }
        return FloatRows(weights.buffer, offset: offset, columns: parameter.shape[1])
    }
}

/// Random bf16 matrices, norms 1, biases 0: what a real model of this shape costs, for benchmarks.
///
/// The matrices repeat a table of 65 521 draws from N(0, 0.02²), so that making a model takes no longer than packing it.
struct RandomSource: WeightSource {
    private let table: [UInt16]

    init() {
        var stream = RandomStream(.initialisation, seed: 1)
        table = (0..<65_521).map { _ in BFloat16(Float(0.02 * stream.normal())).bits }
    }

    func floats(_ parameter: ParameterShape) -> [Float] {
        [Float](repeating: parameter.role?.isNorm == true ? 1 : 0, count: parameter.count)
    }

    func rows(_ parameter: ParameterShape) -> any WeightRows {
        RandomRows(table: table, columns: parameter.shape[1])
    }

    func isBFloat16(_ parameter: ParameterShape) -> Bool { true }
}

/// The rows of a matrix that repeats a table of bf16 patterns.
private struct RandomRows: WeightRows {
    let table: [UInt16]
    let columns: Int

    func row(_ index: Int, as format: WeightFormat, scratch: UnsafeMutableRawPointer) -> UnsafeRawPointer {
        for column in 0..<columns {
            let pattern = table[(index * columns + column) % table.count]
            switch format {
            case .bfloat16: scratch.storeBytes(of: pattern, toByteOffset: 2 * column, as: UInt16.self)
            case .float32:
                scratch.storeBytes(of: BFloat16(bits: pattern).float, toByteOffset: 4 * column, as: Float.self)
            }
        }
        return UnsafeRawPointer(scratch)
    }
}
