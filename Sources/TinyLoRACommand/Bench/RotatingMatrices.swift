import TinyFoundation
import TinyLoRA

/// Equal matrices that take turns, as the layers of a model do.
final class RotatingMatrices {
    /// How many matrices take turns.
    enum Copies {
        /// So many that none is still in cache when its turn comes.
        case cold
        /// One for each layer of a model that fits into a cache.
        case layers(Int)

        func count(bytes: Int) -> Int {
            switch self {
            case .cold: max(1, ((64 << 20) + bytes - 1) / bytes)
            case .layers(let count): count
            }
        }
    }

    private let matrices: [PackedMatrix]
    private var index = 0

    init(inputs: Int, outputs: Int, format: WeightFormat, copies: Copies) {
        let count = copies.count(bytes: format.byteCount(outputs: outputs, inputs: inputs))
        let weights = RandomNumbers.matrix(outputs, inputs)
        switch format {
        case .bfloat16:
            let halves = UnsafeBufferPointer(start: weights.base, count: outputs * inputs).map { BFloat16($0).bits }
            matrices = (0..<count).map { _ in PackedMatrix(bfloat16: halves, outputs: outputs, inputs: inputs) }
        case .float32:
            matrices = (0..<count).map { _ in PackedMatrix(floats: weights.base, outputs: outputs, inputs: inputs) }
        }
    }

    var bytesOfOne: Int { matrices[0].byteCount }

    func next() -> PackedMatrix {
        index = (index + 1) % matrices.count
        return matrices[index]
    }
}
