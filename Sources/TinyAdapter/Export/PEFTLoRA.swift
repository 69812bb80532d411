import TinyCheckpoint
public import TinyModel
public import TinyFoundation

/// Any low-rank change as a LoRA of PEFT, which transformers, vLLM and others load: `lora_A = A`, `lora_B = B R`, no scaling
/// but for small changes in fp16.
///
/// Keys and configuration: PEFT 0.19 and later, `LoraConfig`.
public enum PEFTLoRA {
    /// The layout's files.
    ///
    /// - Parameters:
    ///   - change: What the adapter does to the model.
    ///   - baseModel: Written as `base_model_name_or_path`.
    ///   - layers: Layers of the model. Where an adapter changes the same kinds in all of them, the configuration names the
    ///     kinds; otherwise, or where they are not given, every module.
    ///   - rank: Rank of the file, for servers that want one of a few; more than the change's is filled with zeros.
    ///   - type: Of the stored numbers.
    /// - Throws: ``AdapterError`` with code `invalidPlan` when the rank is below the change's, `invalidValues` when the
    ///   type does not hold a number.
    public static func adapter(
        of change: LowRankChange, baseModel: String, layers: Int? = nil, rank: Int? = nil, type: ElementType = .float32
    ) throws -> ExportedAdapter {
        let own = change.factors.rank, rank = rank ?? own
        guard rank >= own else {
            throw AdapterError(.invalidPlan, "rank \(rank) was asked for, and the adapter has rank \(own)")
        }
        let outputs = change.outputFactors(as: type)
        let tensors = try change.factors.modules.enumerated().flatMap { position, module in
            let prefix = "base_model.model.\(module.name)"
            let a = try module.storable(change.factors.factors[position].a, as: type)
            let b = try module.storable(outputs.factors[position], as: type)
            return [
                TensorToWrite(
                    name: prefix + ".lora_A.weight", shape: [rank, module.inputs],
                    floats: a + [Float](repeating: 0, count: (rank - own) * module.inputs), type: type),
                TensorToWrite(
                    name: prefix + ".lora_B.weight", shape: [module.outputs, rank],
                    floats: widened(b, rows: module.outputs, from: own, to: rank), type: type),
            ]
        }
        return try ExportedAdapter(
            weightsName: PEFTAdapter.weightsName, tensors: tensors,
            configuration: PEFTConfiguration(
                baseModel: baseModel, rank: rank,
                targetModules: PEFTConfiguration.targetModules(change.factors.modules, layers: layers),
                method: .lora(.init(alpha: Double(rank) * outputs.scale))))
    }

    /// Rows of `from` numbers, each filled with zeros to `to`.
    static func widened(_ values: [Float], rows: Int, from: Int, to: Int) -> [Float] {
        guard to > from else { return values }
        var wide = [Float](repeating: 0, count: rows * to)
        for row in 0..<rows {
            for column in 0..<from { wide[row * to + column] = values[row * from + column] }
        }
        return wide
    }
}
