import TinyCheckpoint
import TinyFoundation
import TinyModel

extension PEFTTensors {
    /// The TinyLoRA of the file, with its factors and projections.
    ///
    /// - Parameters:
    ///   - settings: The configuration's.
    ///   - rank: The configuration's.
    ///   - configuration: Its path, for messages.
    func tinyLoRA(
        _ settings: PEFTConfiguration.TinyLoRA, rank: Int, configuration: String
    ) throws(AdapterError) -> (StoredTinyLoRADesign, [Float], ElementType) {
        let prefix = "base_model.tinylora_v."
        let groups = file.tensors.keys.count { $0.hasPrefix(prefix) }
        let names = (0..<groups).map { "\(prefix)\($0)" }
        try requireFrozenParts()
        let found = try modules([".tinylora_A", ".tinylora_B", ".tinylora_P"], besides: Set(names))
        let expected = PEFTTinyLoRA.groupCount(modules: found.count, tying: settings.tying)
        guard groups == expected else {
            throw AdapterError(
                .malformedFile,
                "\(path) has \(groups) tinylora_v, and weight_tying \(settings.tying) in \(configuration) ties "
                    + "\(counted(found.count, "module")) in \(counted(expected, "group"))")
        }
        var modules: [AdaptedModule] = []
        for module in found {
            let a = module.tensors[0].shape, b = module.tensors[1].shape, p = module.tensors[2].shape
            guard a.count == 2, b.count == 2, a[0] == rank, b[1] == rank, p == [settings.u, rank, rank] else {
                throw AdapterError(
                    .malformedFile,
                    "\(module.name) has tinylora_A \(a), tinylora_B \(b) and tinylora_P \(p) in \(path), which do not "
                        + "go with r \(rank) and u \(settings.u) in \(configuration)")
            }
            modules.append(AdaptedModule(layer: module.layer, kind: module.kind, outputs: b[0], inputs: a[1]))
        }
        let trained = try names.map { (name) throws(AdapterError) in try tensor(name) }
        var values: [Float] = []
        for (name, tensor) in zip(names, trained) { values += try numbers(tensor, name, shape: [settings.u]) }
        var factors: [ModuleFactors] = [], projections: [Float] = []
        for (module, part) in zip(modules, found) {
            factors.append(
                ModuleFactors(
                    a: try numbers(part.tensors[0], part.name + ".tinylora_A", shape: [rank, module.inputs]),
                    b: try numbers(part.tensors[1], part.name + ".tinylora_B", shape: [module.outputs, rank])))
            projections += try numbers(part.tensors[2], part.name + ".tinylora_P", shape: [settings.u, rank, rank])
        }
        let tying: Tying = groups == modules.count ? .untied : groups == 1 ? .full : .peft(groups: groups)
        do throws(AdapterError) {
            let plan = try AdapterPlan(modules: modules, rank: rank, u: settings.u, tying: tying)
            return (
                StoredTinyLoRADesign(plan: plan, factors: factors, projections: projections), values,
                Self.commonType(trained)
            )
        } catch {
            throw AdapterError(.malformedFile, "\(path) cannot be used: \(error.message)", underlying: error)
        }
    }

    /// Says why an adapter without its frozen parts cannot be used.
    private func requireFrozenParts() throws(AdapterError) {
        func has(_ part: String) -> Bool { file.tensors.keys.contains { $0.hasSuffix(part) } }
        let missing = [".tinylora_A", ".tinylora_B", ".tinylora_P"].filter { !has($0) }.map { String($0.dropFirst()) }
        guard !missing.isEmpty else { return }
        let reason =
            missing.contains("tinylora_P")
            ? "PEFT 0.19 draws the projections from a seed that changes with every process, and later versions from "
                + "torch's random numbers"
            : "PEFT makes the factors anew, with signs that depend on the machine"
        throw AdapterError(
            .unsupportedVersion,
            "\(path) has no \(missing.joined(separator: ", ")), which cannot be restored: \(reason)",
            hint: "save the adapter where it was trained, with save_projection=True")
    }
}
