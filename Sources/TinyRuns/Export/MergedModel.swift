import Foundation
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

extension LoadedModel {
    /// Writes a model directory whose weights have a change added, in the types of the checkpoint, with the tokenizer's files.
    /// Of a GGUF file, what its own arithmetic takes rounded is BF16, and the tokenizer's files say what the file does.
    func merge(_ change: LowRankChange, into directory: String) throws -> MergeSummary {
        let positions = Dictionary(
            uniqueKeysWithValues: change.factors.modules.enumerated().map { ($1.name + ".weight", $0) })
        var summary = MergeSummary(), along = 0.0, meant = 0.0
        let isRounded = try checkpoint.isRounded
        let tensors = try checkpoint.configuration.parameterShapes.map { parameter in
            let tensor = try checkpoint.tensor(parameter.name, parameter.shape)
            let type = isRounded ? .bfloat16 : tensor.type ?? .float32
            guard let position = positions[parameter.name] else {
                guard tensor.type == type else {
                    return TensorToWrite(
                        name: parameter.name, shape: parameter.shape, floats: tensor.floats(), type: type)
                }
                let bytes = tensor.withBytes { Data($0) }
                return TensorToWrite(name: parameter.name, shape: parameter.shape, bytes: bytes, type: type)
            }
            var weights = isRounded ? tensor.floats().map(type.rounded) : tensor.floats()
            let added = change.product(of: position)
            for index in weights.indices {
                let before = weights[index], delta = added[index]
                let after = type.rounded(Float(Double(before) + delta))
                if after == before, delta != 0 { summary.unchanged += 1 }
                along += (Double(after) - Double(before)) * delta
                meant += delta * delta
                weights[index] = after
            }
            summary.weights += weights.count
            return TensorToWrite(name: parameter.name, shape: parameter.shape, floats: weights, type: type)
        }
        summary.kept = meant == 0 ? 1 : along / meant
        try writeModel(tensors, to: directory)
        return summary
    }
}

extension LowRankChange {
    /// `ΔW = B R A` of a module, `[outputs, inputs]`, row-major.
    fileprivate func product(of position: Int) -> [Double] {
        let rank = factors.rank, inputs = factors.modules[position].inputs
        let b = outputFactor(of: position), a = factors.factors[position].a
        var product = [Double](repeating: 0, count: factors.modules[position].outputs * inputs)
        for row in 0..<factors.modules[position].outputs {
            for inner in 0..<rank {
                let factor = Double(b[row * rank + inner])
                for column in 0..<inputs {
                    product[row * inputs + column] += factor * Double(a[inner * inputs + column])
                }
            }
        }
        return product
    }
}
