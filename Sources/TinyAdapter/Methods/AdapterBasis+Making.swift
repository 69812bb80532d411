public import TinyCheckpoint
package import TinyModel
package import TinyTensor
package import TinyFoundation

extension AdapterBasis {
    /// Factorises the plan's weights of a checkpoint, or takes their factors from the cache, and draws the projections.
    ///
    /// - Parameters:
    ///   - checkpoint: The frozen base model.
    ///   - plan: Modules, rank, `u` and tying; the checkpoint must have the modules.
    ///   - seed: The projection seed.
    ///   - fingerprint: The checkpoint's, if it is known already; only the cache needs it.
    ///   - cache: Where factors are kept; `nil` computes them every time.
    ///   - threads: Modules factorised at once; each holds one weight in memory.
    ///   - progress: Called after each factorised module with the number done and the number of all; never called when the
    ///     cache has everything.
    /// - Throws: ``AdapterError`` with code `invalidPlan` when the checkpoint has other modules, or
    ///   `factorisationFailed` when a weight holds NaN or infinity; `CheckpointError` when a weight is missing.
    public static func make(
        checkpoint: Checkpoint, plan: AdapterPlan, seed: UInt64, fingerprint: String? = nil, cache: FactorCache?,
        threads: Int = 2, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws -> AdapterBasis {
        let preparation = AdapterPreparation(
            checkpoint: checkpoint, fingerprint: fingerprint, cache: cache, threads: threads, progress: progress)
        let design = TinyLoRADesign(plan: plan, seed: seed)
        return AdapterBasis(
            design: design,
            factors: try preparation.factors(
                of: plan.modules, rank: plan.rank, subspace: design.subspace, seed: seed))
    }
}

extension [AdaptedModule] {
    /// Checks that a model has these modules.
    func requirePresence(in checkpoint: Checkpoint) throws(AdapterError) {
        let found = checkpoint.configuration.modules
        for planned in self where !(found.indices.contains(planned.index) && found[planned.index] == planned) {
            let other = found.indices.contains(planned.index) ? found[planned.index] : nil
            throw AdapterError(
                .invalidPlan,
                "the plan expects \(planned.name) [\(planned.outputs), \(planned.inputs)], \(checkpoint.directory) has "
                    + (other.map { "\($0.name) [\($0.outputs), \($0.inputs)]" } ?? "\(found.count) modules"))
        }
    }
}

extension Factorisation {
    /// The factors of every module, from the cache where it has them; new ones are added to it.
    ///
    /// - Parameters:
    ///   - modules: Whose factors.
    ///   - rank: How many triplets of each.
    ///   - subspace: Which of them.
    ///   - seed: Names random directions.
    ///   - fingerprint: Of the model that the weights belong to.
    ///   - cache: Where factors are kept.
    ///   - threads: Modules factorised at once.
    ///   - weight: Reads one weight; called from any thread, in any order.
    ///   - progress: Called after each factorised module.
    package static func factors(
        of modules: [AdaptedModule], rank: Int, subspace: FrozenSubspace = .top, seed: UInt64 = 0, fingerprint: String,
        cache: FactorCache?, threads: Int,
        weight: @Sendable (AdaptedModule) throws -> PackedMatrix,
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
    ) throws -> [ModuleFactors] {
        let scheme = subspace.cacheScheme(seed: seed)
        var known = cache?.load(fingerprint: fingerprint, rank: rank, scheme: scheme) ?? [:]
        let missing = modules.filter { module in
            guard let factors = known[module.name] else { return true }
            return factors.a.count != rank * module.inputs || factors.b.count != rank * module.outputs
        }
        let computed = try factors(
            of: missing, rank: rank, subspace: subspace, seed: seed, threads: threads, weight: weight,
            progress: progress)
        for (module, factors) in zip(missing, computed) { known[module.name] = factors }
        if !missing.isEmpty { cache?.store(known, fingerprint: fingerprint, rank: rank, scheme: scheme) }
        return modules.compactMap { known[$0.name] }
    }
}

extension Checkpoint {
    /// One module's weight, packed in the type it is stored in (fp16 as fp32, which holds it exactly).
    @Sendable
    func packedWeight(of module: AdaptedModule) throws -> PackedMatrix {
        let tensor = try tensor(module.name + ".weight", [module.outputs, module.inputs])
        return tensor.withBytes { bytes in
            if tensor.type == .bfloat16, let start = bytes.baseAddress, UInt(bitPattern: start).isMultiple(of: 2) {
                return PackedMatrix(
                    bfloat16: start.assumingMemoryBound(to: UInt16.self), outputs: module.outputs, inputs: module.inputs
                )
            }
            return PackedMatrix(floats: tensor.floats(), outputs: module.outputs, inputs: module.inputs)
        }
    }
}
