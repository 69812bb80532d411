public import TinyCheckpoint
package import TinyModel
package import TinyTensor

extension AdapterBasis {
    /// Factorises the plan's weights of a checkpoint, or takes their factors from the cache, and draws the projections.
    ///
    /// - Parameters:
    ///   - checkpoint: The frozen base model.
    ///   - plan: Modules, rank, `u` and tying; the modules must be all of the checkpoint's.
    ///   - seed: The projection seed.
    ///   - fingerprint: The checkpoint's, if it is known already; only the cache needs it.
    ///   - cache: Where factors are kept; `nil` computes them every time.
    ///   - threads: Modules factorised at once; each holds one weight in memory.
    ///   - progress: Called after each factorised module with the number done and the number of all; never called when the
    ///     cache has everything.
    /// - Throws: ``AdapterError`` with code `invalidPlan` when the plan's modules are not all of the checkpoint's, or
    ///   `factorisationFailed` when a weight holds NaN or infinity; `CheckpointError` when a weight is missing.
    public static func make(
        checkpoint: Checkpoint, plan: AdapterPlan, seed: UInt64, fingerprint: String? = nil, cache: FactorCache?,
        threads: Int = 2, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws -> AdapterBasis {
        try plan.requireModules(of: checkpoint)
        let factors = try Factorisation.factors(
            of: plan.modules, rank: plan.rank, fingerprint: cache == nil ? "" : fingerprint ?? checkpoint.fingerprint(),
            cache: cache, threads: threads, weight: checkpoint.packedWeight(of:), progress: progress)
        return AdapterBasis(
            plan: plan, factors: LowRankFactors(rank: plan.rank, modules: plan.modules, factors: factors), seed: seed)
    }
}

extension AdapterPlan {
    /// Checks that the plan lists every module of a model: the engine changes all or none.
    fileprivate func requireModules(of checkpoint: Checkpoint) throws(AdapterError) {
        let expected = Self.modules(of: checkpoint.configuration)
        guard modules.count == expected.count else {
            throw AdapterError(
                .invalidPlan,
                "the plan lists \(counted(modules.count, "module")), \(checkpoint.directory) has \(expected.count)")
        }
        for (planned, found) in zip(modules, expected) where planned != found {
            throw AdapterError(
                .invalidPlan,
                "the plan expects \(planned.name) [\(planned.outputs), \(planned.inputs)], \(checkpoint.directory) has "
                    + "\(found.name) [\(found.outputs), \(found.inputs)]")
        }
    }
}

extension Factorisation {
    /// The factors of every module, from the cache where it has them; new ones are added to it.
    ///
    /// - Parameters:
    ///   - modules: Whose factors.
    ///   - rank: How many triplets of each.
    ///   - fingerprint: Of the model that the weights belong to.
    ///   - cache: Where factors are kept.
    ///   - threads: Modules factorised at once.
    ///   - weight: Reads one weight; called from any thread, in any order.
    ///   - progress: Called after each factorised module.
    package static func factors(
        of modules: [AdaptedModule], rank: Int, fingerprint: String, cache: FactorCache?, threads: Int,
        weight: @Sendable (AdaptedModule) throws -> PackedMatrix,
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
    ) throws -> [ModuleFactors] {
        var known = cache?.load(fingerprint: fingerprint, rank: rank) ?? [:]
        let missing = modules.filter { module in
            guard let factors = known[module.name] else { return true }
            return factors.a.count != rank * module.inputs || factors.b.count != rank * module.outputs
        }
        let computed = try factors(of: missing, rank: rank, threads: threads, weight: weight, progress: progress)
        for (module, factors) in zip(missing, computed) { known[module.name] = factors }
        if !missing.isEmpty { cache?.store(known, fingerprint: fingerprint, rank: rank) }
        return modules.compactMap { known[$0.name] }
    }
}

extension Checkpoint {
    /// One module's weight, packed in the type it is stored in (fp16 as fp32, which holds it exactly).
    @Sendable
    fileprivate func packedWeight(of module: AdaptedModule) throws -> PackedMatrix {
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
