internal import TinyCheckpoint
internal import TinyTensor
import TinyFoundation

/// Where a model's weights come from: a file, or an optimiser's memory.
protocol WeightSource {
    /// Widened to fp32.
    func floats(_ name: String, _ shape: [Int]) throws(CheckpointError) -> [Float]
    /// The bf16 patterns, if that is how the weight is stored.
    func bfloat16(_ name: String, _ shape: [Int]) throws(CheckpointError) -> [UInt16]?
}

extension WeightSource {
    /// Matrices `[outputs, inputs]` stacked into one and packed; bf16 when all of them are.
    func packed(_ parts: [(name: String, outputs: Int)], inputs: Int) throws(CheckpointError) -> PackedMatrix {
        let outputs = parts.reduce(0) { $0 + $1.outputs }
        var halves: [UInt16]? = []
        for part in parts {
            guard let more = try bfloat16(part.name, [part.outputs, inputs]) else {
                halves = nil
                break
            }
            halves?.append(contentsOf: more)
        }
        if let halves { return PackedMatrix(bfloat16: halves, outputs: outputs, inputs: inputs) }
        var all: [Float] = []
        all.reserveCapacity(outputs * inputs)
        for part in parts { all.append(contentsOf: try floats(part.name, [part.outputs, inputs])) }
        return PackedMatrix(floats: all, outputs: outputs, inputs: inputs)
    }

    /// Vectors one after another, as one row.
    func vector(_ names: [String], sizes: [Int]) throws(CheckpointError) -> Matrix {
        var all: [Float] = []
        for (name, size) in zip(names, sizes) { all.append(contentsOf: try floats(name, [size])) }
        return Matrix(rows: 1, columns: all.count, values: all)
    }
}

struct CheckpointSource: WeightSource {
    let checkpoint: Checkpoint

    func floats(_ name: String, _ shape: [Int]) throws(CheckpointError) -> [Float] {
        try checkpoint.tensor(name, shape).floats()
    }

    func bfloat16(_ name: String, _ shape: [Int]) throws(CheckpointError) -> [UInt16]? {
        let tensor = try checkpoint.tensor(name, shape)
        guard tensor.type == .bfloat16 else { return nil }
        return tensor.withBytes { bytes in
            [UInt16](unsafeUninitializedCapacity: bytes.count / 2) { target, count in
                count = bytes.count / 2
                UnsafeMutableRawBufferPointer(target)
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<(count * 2)]))
            }
        }
    }
}

struct DenseSource: WeightSource {
    let weights: DenseWeights

    func floats(_ name: String, _ shape: [Int]) throws(CheckpointError) -> [Float] {
        Array(UnsafeBufferPointer(start: weights.pointer(name), count: shape.reduce(1, *)))
    }

    func bfloat16(_ name: String, _ shape: [Int]) throws(CheckpointError) -> [UInt16]? { nil }
}

/// All weights as one list, in the order of ``ModelConfiguration/parameterShapes``.
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

    func floats(_ name: String, _ shape: [Int]) throws(CheckpointError) -> [Float] {
        guard let offset = offsets[name] else {
            throw CheckpointError(.missingTensor, "the configuration has no weight \(name)")
        }
        return Array(values[offset..<offset + shape.reduce(1, *)])
    }

    func bfloat16(_ name: String, _ shape: [Int]) throws(CheckpointError) -> [UInt16]? { nil }
}
