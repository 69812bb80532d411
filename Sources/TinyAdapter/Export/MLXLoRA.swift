import TinyCheckpoint
public import TinyModel
public import TinyFoundation

/// Any low-rank change as an adapter of mlx-lm: `lora_a = Aᵀ`, `lora_b = (B R)ᵀ`, scale 1 but for small changes in fp16.
///
/// Keys and configuration: mlx-lm's `load_adapters`.
public enum MLXLoRA {
    /// The layout's files.
    ///
    /// - Parameters:
    ///   - change: What the adapter does to the model.
    ///   - layers: Layers of the model. mlx-lm adapts the last so many, and all of them here.
    ///   - type: Of the stored numbers.
    /// - Throws: ``AdapterError`` with code `invalidValues` when the type does not hold a number.
    public static func adapter(
        of change: LowRankChange, layers: Int, type: ElementType = .float32
    ) throws -> ExportedAdapter {
        let rank = change.factors.rank
        let outputs = change.outputFactors(as: type)
        let tensors = try change.factors.modules.enumerated().flatMap { position, module in
            let a = try module.storable(change.factors.factors[position].a, as: type)
            let b = try module.storable(outputs.factors[position], as: type)
            return [
                TensorToWrite(
                    name: module.name + ".lora_a", shape: [module.inputs, rank],
                    floats: transposed(a, rows: rank, columns: module.inputs),
                    type: type),
                TensorToWrite(
                    name: module.name + ".lora_b", shape: [rank, module.outputs],
                    floats: transposed(b, rows: module.outputs, columns: rank), type: type),
            ]
        }
        let kinds = Set(change.factors.modules.map(\.kind)).sorted { $0.rawValue < $1.rawValue }
        return try ExportedAdapter(
            weightsName: "adapters.safetensors", tensors: tensors,
            configuration: Configuration(
                layers: layers,
                parameters: Parameters(rank: rank, scale: outputs.scale, dropout: 0, keys: kinds.map(\.name))))
    }

    private static func transposed(_ values: [Float], rows: Int, columns: Int) -> [Float] {
        var turned = [Float](repeating: 0, count: values.count)
        for row in 0..<rows {
            for column in 0..<columns { turned[column * rows + row] = values[row * columns + column] }
        }
        return turned
    }

    private struct Configuration: Encodable {
        let method = "lora"
        let layers: Int
        let parameters: Parameters

        enum CodingKeys: String, CodingKey {
            case method = "fine_tune_type"
            case layers = "num_layers"
            case parameters = "lora_parameters"
        }
    }

    private struct Parameters: Encodable {
        let rank: Int
        let scale: Double
        let dropout: Double
        let keys: [String]
    }
}
