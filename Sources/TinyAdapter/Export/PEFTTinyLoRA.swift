import TinyCheckpoint
import TinyFoundation
import TinyModel

/// A TinyLoRA adapter in PEFT's own format, with `A`, `B` and `P` in the file, so that PEFT computes exactly our convention
/// (`B = UΣ`, `A = Vᵀ`, where its own would share Σ between both).
///
/// Keys and configuration: PEFT 0.20 and later, `TinyLoraConfig`.
public enum PEFTTinyLoRA {
    /// The layout's files.
    ///
    /// PEFT ties consecutive modules only, with groups of one size but the last. A plan that this cannot express is written
    /// untied, with the numbers of its group repeated for each module; a note of the result says so.
    ///
    /// - Parameters:
    ///   - method: Plan, factors and projections.
    ///   - values: The adapter's numbers, `[groups, u]`.
    ///   - baseModel: Written as `base_model_name_or_path`.
    public static func adapter(
        of method: TinyLoRAMethod, values: [Float], baseModel: String
    ) throws -> ExportedAdapter {
        let plan = method.plan, rank = plan.rank, entries = plan.u * rank * rank
        let tying = weightTying(plan)
        // Groups in the file: the plan's, or every module alone.
        let groups = tying == nil ? Array(plan.groups) : Array(0..<plan.groupCount)
        var tensors = groups.enumerated().map { index, group in
            TensorToWrite(
                name: "base_model.tinylora_v.\(index)", shape: [plan.u],
                floats: Array(values[group * plan.u..<(group + 1) * plan.u]))
        }
        for (position, module) in plan.modules.enumerated() {
            let prefix = "base_model.model.\(module.name)", factors = method.factors.factors[position]
            tensors += [
                TensorToWrite(name: prefix + ".tinylora_A", shape: [rank, module.inputs], floats: factors.a),
                TensorToWrite(name: prefix + ".tinylora_B", shape: [module.outputs, rank], floats: factors.b),
                TensorToWrite(
                    name: prefix + ".tinylora_P", shape: [plan.u, rank, rank],
                    floats: Array(method.projections[position * entries..<(position + 1) * entries])),
            ]
        }
        let notes =
            tying == nil
            ? [
                "PEFT cannot tie modules as \(plan.tying) does: the file has the numbers of each module, "
                    + "\(plan.modules.count * plan.u) instead of \(plan.parameterCount)"
            ] : []
        return try ExportedAdapter(
            weightsName: "adapter_model.safetensors", tensors: tensors,
            configuration: Configuration(
                baseModel: baseModel, plan: plan, seed: method.design.seed, tying: tying ?? 0), notes: notes)
    }

    /// PEFT's `weight_tying` for a plan; `nil` when there is none.
    static func weightTying(_ plan: AdapterPlan) -> Double? {
        let modules = plan.modules.count, tying = 1 - Double(plan.groupCount) / Double(modules)
        return groups(modules: modules, tying: tying) == plan.groups ? tying : nil
    }

    /// The group of each module as PEFT computes it: sizes are rounded down, and the last group takes what is left.
    private static func groups(modules: Int, tying: Double) -> [Int] {
        let count = max(1, Int((Double(modules) * (1 - tying)).rounded(.toNearestOrEven)))
        let size = max(1, modules / count)
        return (0..<modules).map { min($0 / size, count - 1) }
    }

    private struct Configuration: Encodable {
        let baseModel: String
        let plan: AdapterPlan
        let seed: UInt64
        let tying: Double

        enum CodingKeys: String, CodingKey {
            case baseModel = "base_model_name_or_path"
            case bias, u, r
            case peftType = "peft_type"
            case taskType = "task_type"
            case tying = "weight_tying"
            case seed = "projection_seed"
            case savesProjection = "save_projection"
            case dropout = "tinylora_dropout"
            case fanInFanOut = "fan_in_fan_out"
            case initialises = "init_weights"
            case inferenceMode = "inference_mode"
            case modules = "target_modules"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(baseModel, forKey: .baseModel)
            try container.encode("none", forKey: .bias)
            try container.encode("TINYLORA", forKey: .peftType)
            try container.encode("CAUSAL_LM", forKey: .taskType)
            try container.encode(plan.rank, forKey: .r)
            try container.encode(plan.u, forKey: .u)
            try container.encode(tying, forKey: .tying)
            // PEFT's generator takes fewer seeds than ours; the file holds the projections, so it is never drawn from.
            try container.encode(seed % (1 << 31), forKey: .seed)
            try container.encode(true, forKey: .savesProjection)
            try container.encode(0, forKey: .dropout)
            try container.encode(false, forKey: .fanInFanOut)
            try container.encode(true, forKey: .initialises)
            try container.encode(true, forKey: .inferenceMode)
            try container.encode(TargetModules.names(plan.modules), forKey: .modules)
        }
    }
}
