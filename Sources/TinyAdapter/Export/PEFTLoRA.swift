import TinyCheckpoint
public import TinyModel
public import TinyFoundation

/// Any low-rank change as a LoRA of PEFT, which transformers, vLLM and others load: `lora_A = A`, `lora_B = B R`, no scaling.
///
/// Keys and configuration: PEFT 0.19 and later, `LoraConfig`.
public enum PEFTLoRA {
    /// The layout's files.
    ///
    /// - Parameters:
    ///   - change: What the adapter does to the model.
    ///   - baseModel: Written as `base_model_name_or_path`.
    ///   - rank: Rank of the file, for servers that want one of a few; more than the change's is filled with zeros.
    ///   - type: Of the stored numbers.
    /// - Throws: ``AdapterError`` with code `invalidPlan` when the rank is below the change's.
    public static func adapter(
        of change: LowRankChange, baseModel: String, rank: Int? = nil, type: ElementType = .float32
    ) throws -> ExportedAdapter {
        let own = change.factors.rank, rank = rank ?? own
        guard rank >= own else {
            throw AdapterError(.invalidPlan, "rank \(rank) was asked for, and the adapter has rank \(own)")
        }
        let tensors = change.factors.modules.enumerated().flatMap { position, module in
            let prefix = "base_model.model.\(module.name)"
            let a = change.factors.factors[position].a
            let b = change.outputFactor(of: position)
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
            weightsName: "adapter_model.safetensors", tensors: tensors,
            configuration: Configuration(
                baseModel: baseModel, rank: rank, modules: TargetModules.names(change.factors.modules)))
    }

    /// Rows of `from` numbers, each filled with zeros to `to`.
    private static func widened(_ values: [Float], rows: Int, from: Int, to: Int) -> [Float] {
        guard to > from else { return values }
        var wide = [Float](repeating: 0, count: rows * to)
        for row in 0..<rows {
            for column in 0..<from { wide[row * to + column] = values[row * from + column] }
        }
        return wide
    }

    private struct Configuration: Encodable {
        let baseModel: String
        let rank: Int
        let modules: [String]

        enum CodingKeys: String, CodingKey {
            case baseModel = "base_model_name_or_path"
            case bias
            case peftType = "peft_type"
            case taskType = "task_type"
            case r
            case alpha = "lora_alpha"
            case dropout = "lora_dropout"
            case fanInFanOut = "fan_in_fan_out"
            case inferenceMode = "inference_mode"
            case modules = "target_modules"
            case rankScaled = "use_rslora"
            case dora = "use_dora"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(baseModel, forKey: .baseModel)
            try container.encode("none", forKey: .bias)
            try container.encode("LORA", forKey: .peftType)
            try container.encode("CAUSAL_LM", forKey: .taskType)
            try container.encode(rank, forKey: .r)
            try container.encode(rank, forKey: .alpha)  // alpha / r = 1
            try container.encode(0, forKey: .dropout)
            try container.encode(false, forKey: .fanInFanOut)
            try container.encode(true, forKey: .inferenceMode)
            try container.encode(modules, forKey: .modules)
            try container.encode(false, forKey: .rankScaled)
            try container.encode(false, forKey: .dora)
        }
    }
}

/// Modules as PEFT's `target_modules` names them.
enum TargetModules {
    /// The last parts of the names where all layers have the same kinds, full names otherwise.
    static func names(_ modules: [AdaptedModule]) -> [String] {
        let layers = Dictionary(grouping: modules, by: \.layer)
        let kinds = layers.values.first.map { Set($0.map(\.kind)) } ?? []
        let isRegular = layers.values.allSatisfy { Set($0.map(\.kind)) == kinds }
        let isComplete = layers.keys.sorted() == Array(0..<layers.count)
        guard isRegular, isComplete else { return modules.map(\.name) }
        return kinds.sorted { $0.rawValue < $1.rawValue }.map { String($0.name.split(separator: ".").last ?? "") }
    }
}
