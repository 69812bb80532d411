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
    ///   - layers: Layers of the model. Where an adapter changes the same kinds in all of them, the configuration names the
    ///     kinds; otherwise, or where they are not given, every module.
    public static func adapter(
        of method: TinyLoRAMethod, values: [Float], baseModel: String, layers: Int? = nil
    ) throws -> ExportedAdapter {
        let plan = method.plan, rank = plan.rank, entries = plan.u * rank * rank
        let tying = try weightTying(plan)
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
            weightsName: PEFTAdapter.weightsName, tensors: tensors,
            configuration: PEFTConfiguration(
                baseModel: baseModel, rank: rank,
                targetModules: PEFTConfiguration.targetModules(plan.modules, layers: layers),
                method: .tinyLoRA(.init(u: plan.u, tying: tying ?? 0, seed: method.design.seed))), notes: notes)
    }

    /// PEFT's `weight_tying` for a plan; `nil` when there is none.
    static func weightTying(_ plan: AdapterPlan) throws(AdapterError) -> Double? {
        let modules = plan.modules.count, tying = 1 - Double(plan.groupCount) / Double(modules)
        guard groupCount(modules: modules, tying: tying) == plan.groupCount,
            try Tying.peft(groups: plan.groupCount).groups(of: plan.modules) == plan.groups
        else { return nil }
        return tying
    }

    /// How many groups PEFT makes of so many modules by its `weight_tying`, which is in `0 ... 1`. Which modules they have:
    /// ``Tying/peft(groups:)``.
    static func groupCount(modules: Int, tying: Double) -> Int {
        max(1, Int((Double(modules) * (1 - tying)).rounded(.toNearestOrEven)))
    }
}
