import Synchronization
import TinyAdapter
import TinyCheckpoint
import TinyFoundation
internal import TinyModel

/// What rounding to the stored type left of a change that was added to the weights.
public struct MergeSummary: Sendable, Encodable {
    /// Weights of the changed matrices.
    public var weights = 0
    /// Those that rounding left as they were, although the change of each is not zero.
    public var unchanged = 0
    /// Length of the change that the stored weights have, over that of the change that was meant, along the latter: 1 when
    /// nothing was lost.
    public var kept = 0.0

    /// Part of the weights that rounding left as they were.
    public var unchangedShare: Double { weights == 0 ? 0 : Double(unchanged) / Double(weights) }

    /// Less than this of a change is a model that differs from the trained one.
    public static let mostlyLost = 0.5

    private enum CodingKeys: String, CodingKey {
        case weights, unchanged, kept
    }
}

extension AdaptableModel {
    /// Writes a model directory whose weights have a change added, in the types of the checkpoint, with the tokenizer's files.
    /// Of a GGUF file, what its own arithmetic takes rounded is BF16, and the tokenizer's files say what the file does.
    ///
    /// Each matrix is read, changed and written before the next one: the largest decides the memory.
    func merge(_ change: LowRankChange, into directory: String) throws -> MergeSummary {
        let positions = Dictionary(
            uniqueKeysWithValues: change.factors.modules.enumerated().map { ($1.name + ".weight", $0) })
        let isRounded = try checkpoint.isRounded, merging = Mutex(Merging())
        let tensors = try checkpoint.configuration.parameterShapes.map { parameter in
            let tensor = try checkpoint.tensor(parameter.name, parameter.shape)
            let type = isRounded ? .bfloat16 : tensor.type ?? .float32
            guard let position = positions[parameter.name] else {
                return TensorToWrite(name: parameter.name, copying: tensor, type: type)
            }
            return TensorToWrite(name: parameter.name, shape: parameter.shape, type: type) {
                var weights = tensor.floats()
                merging.withLock { $0.add(change, of: position, to: &weights, storedAs: type) }
                return weights
            }
        }
        try writeModel(tensors, to: directory)
        return merging.withLock { $0.result }
    }
}

/// Adds changes to weights, and sums what rounding left of them.
private struct Merging {
    private var summary = MergeSummary()
    private var along = 0.0
    private var meant = 0.0

    /// The sums over all matrices so far.
    var result: MergeSummary {
        var result = summary
        result.kept = meant == 0 ? 1 : along / meant
        return result
    }

    /// Adds the change of a module to its weights, `[outputs, inputs]`, as a file of this type holds them.
    mutating func add(
        _ change: LowRankChange, of position: Int, to weights: inout [Float], storedAs type: ElementType
    ) {
        let inputs = change.factors.modules[position].inputs
        change.forEachRow(of: position) { row, added in
            for (column, delta) in added.enumerated() {
                let index = row * inputs + column, before = type.rounded(weights[index])
                let after = type.rounded(Float(Double(before) + delta))
                if after == before, delta != 0 { summary.unchanged += 1 }
                along += (Double(after) - Double(before)) * delta
                meant += delta * delta
                weights[index] = after
            }
        }
        summary.weights += weights.count
    }
}

extension LowRankChange {
    /// Lends the rows of a module's `ΔW = B R A`, `[outputs, inputs]`, one after the other.
    fileprivate func forEachRow(of position: Int, _ body: (_ row: Int, _ added: [Double]) -> Void) {
        let rank = factors.rank, inputs = factors.modules[position].inputs
        let b = outputFactor(of: position), a = factors.factors[position].a
        var added = [Double](repeating: 0, count: inputs)
        for row in 0..<factors.modules[position].outputs {
            for column in 0..<inputs { added[column] = 0 }
            for inner in 0..<rank {
                let factor = Double(b[row * rank + inner])
                for column in 0..<inputs { added[column] += factor * Double(a[inner * inputs + column]) }
            }
            body(row, added)
        }
    }
}
