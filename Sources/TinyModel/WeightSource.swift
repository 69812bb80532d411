internal import TinyCheckpoint
internal import TinyFoundation
internal import TinyTensor

/// Where a model's parameters come from: a file, an optimiser's memory, a list, random numbers.
protocol WeightSource {
    /// Widened to fp32.
    func floats(_ parameter: ParameterShape) throws(CheckpointError) -> [Float]
    /// The bf16 patterns, if that is how the parameter is stored.
    func bfloat16(_ parameter: ParameterShape) throws(CheckpointError) -> [UInt16]?
}

extension WeightSource {
    /// Every source but a file holds fp32.
    func bfloat16(_ parameter: ParameterShape) throws(CheckpointError) -> [UInt16]? { nil }
}

/// Reads a source's parameters in the form that the blocks of a model compute with.
struct WeightReader {
    let source: any WeightSource
    let arithmetic: Arithmetic

    /// Matrices with the same number of columns stacked into one and packed. They are bf16 when all of them are stored so, or
    /// when the arithmetic wants it, which rounds others to the nearest.
    func packed(_ parts: [ParameterShape]) throws(CheckpointError) -> PackedMatrix {
        let outputs = parts.reduce(0) { $0 + $1.shape[0] }, inputs = parts[0].shape[1]
        var halves: [UInt16]? = []
        for part in parts {
            guard let more = try bfloat16(part) else {
                halves = nil
                break
            }
            halves?.append(contentsOf: more)
        }
        if let halves { return PackedMatrix(bfloat16: halves, outputs: outputs, inputs: inputs) }
        var all: [Float] = []
        all.reserveCapacity(outputs * inputs)
        for part in parts { all.append(contentsOf: try source.floats(part)) }
        return PackedMatrix(floats: all, outputs: outputs, inputs: inputs)
    }

    private func bfloat16(_ part: ParameterShape) throws(CheckpointError) -> [UInt16]? {
        if let stored = try source.bfloat16(part) { return stored }
        return arithmetic == .bfloat16 ? try source.floats(part).map { BFloat16($0).bits } : nil
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

    func floats(_ parameter: ParameterShape) throws(CheckpointError) -> [Float] {
        let tensor = try checkpoint.tensor(parameter.name, parameter.shape)
        return rounds ? tensor.floats().map { BFloat16($0).float } : tensor.floats()
    }

    func bfloat16(_ parameter: ParameterShape) throws(CheckpointError) -> [UInt16]? {
        let tensor = try checkpoint.tensor(parameter.name, parameter.shape)
        return rounds || tensor.type == .bfloat16 ? tensor.bfloat16() : nil
    }
}

struct DenseSource: WeightSource {
    let weights: DenseWeights

    func floats(_ parameter: ParameterShape) throws(CheckpointError) -> [Float] {
        guard let values = weights.values(parameter.name) else {
            throw CheckpointError(.missingTensor, "the weights have no \(parameter.name)")
        }
        return values
    }
}

/// All parameters as one list, in the order of ``ModelConfiguration/parameterShapes``.
struct ListSource: WeightSource {
    private let values: [Float]
    private let offsets: [String: Int]

    /// - Parameter values: As many as the configuration has parameters.
    init(_ values: [Float], of configuration: ModelConfiguration) {
        self.values = values
        var offset = 0, offsets: [String: Int] = [:]
        for parameter in configuration.parameterShapes {
            offsets[parameter.name] = offset
            offset += parameter.count
        }
        precondition(offset == values.count, "\(values.count) values for \(offset) weights")
        self.offsets = offsets
    }

    func floats(_ parameter: ParameterShape) throws(CheckpointError) -> [Float] {
        guard let offset = offsets[parameter.name] else {
            throw CheckpointError(.missingTensor, "the configuration has no weight \(parameter.name)")
        }
        return Array(values[offset..<offset + parameter.count])
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

    func bfloat16(_ parameter: ParameterShape) -> [UInt16]? {
        var all: [UInt16] = []
        all.reserveCapacity(parameter.count)
        while all.count < parameter.count { all.append(contentsOf: table.prefix(parameter.count - all.count)) }
        return all
    }
}
