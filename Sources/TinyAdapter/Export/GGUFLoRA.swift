public import TinyCheckpoint
public import TinyFoundation
public import TinyModel

/// Any low-rank change as a LoRA of llama.cpp: `lora_a = A`, `lora_b = B R`, no scaling but for small changes in fp16,
/// in one GGUF file.
///
/// It suits every GGUF file of the model, in whatever type that stores the weights.
///
/// Keys and names: llama.cpp's `llama_adapter_lora_init` and its `convert_lora_to_gguf.py`.
public enum GGUFLoRA {
    /// Writes the file, as a whole.
    ///
    /// - Parameters:
    ///   - change: What the adapter does to the model.
    ///   - configuration: Of the model.
    ///   - baseModel: Written as the name of the model that the adapter belongs to.
    ///   - type: Of the stored numbers.
    /// - Throws: ``AdapterError`` with code `invalidPlan` for a model that llama.cpp's files do not describe, `invalidValues`
    ///   when the type does not hold a number, `CheckpointError` when the file cannot be written.
    public static func write(
        _ change: LowRankChange, of configuration: ModelConfiguration, baseModel: String, type: ElementType = .float32,
        to path: String
    ) throws {
        guard let family = GGUFFamily(of: configuration.architecture) else {
            throw AdapterError(
                .invalidPlan,
                "llama.cpp's files have no name for the architecture \(configuration.architecture.rawValue)")
        }
        let rank = change.factors.rank, outputs = change.outputFactors(as: type)
        let tensors = try change.factors.modules.enumerated().flatMap { position, module in
            guard let name = ggufName(of: module.kind.name, layer: module.layer) else {
                throw AdapterError(.invalidPlan, "llama.cpp's files have no name for \(module.name)")
            }
            let input = try module.storable(change.factors.factors[position].a, as: type)
            let output = try module.storable(outputs.factors[position], as: type)
            let interleaving = HeadInterleaving(of: module.name, in: configuration)
            return [
                TensorToWrite(
                    name: name + ".weight.lora_a", shape: [rank, module.inputs],
                    floats: input, type: type),
                TensorToWrite(
                    name: name + ".weight.lora_b", shape: [module.outputs, rank],
                    floats: interleaving?.stored(output, width: rank) ?? output, type: type),
            ]
        }
        try GGUFWriter.write(
            tensors,
            metadata: [
                ("general.type", .text("adapter")), ("general.architecture", .text(family.name)),
                ("general.name", .text("tinylora")), ("general.base_model.0.name", .text(baseModel)),
                ("adapter.type", .text("lora")),
                ("adapter.lora.alpha", .float(Float(Double(rank) * outputs.scale))),  // alpha / rank is the scale
            ],
            to: path)
    }
}
