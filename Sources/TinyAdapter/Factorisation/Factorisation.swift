import Synchronization
import TinyCheckpoint
package import TinyModel
package import TinyTensor
package import TinyFoundation

/// The frozen factors of whole models.
package enum Factorisation {
    /// Name and version of the scheme of the top subspace, as written into adapters and caches: the convention `B = U Σ`,
    /// `A = Vᵀ`, the sign taken from v, the algorithm. Any change of a bit needs a new version.
    package static let scheme = "us-vt.sign-v.block-lanczos/1"

    /// The factors of one weight: `B = U Σ`, `A = Vᵀ`, no scale.
    ///
    /// - Parameters:
    ///   - weight: `[outputs, inputs]`.
    ///   - rank: How many triplets.
    ///   - subspace: Which of them.
    ///   - seed: Seeds random directions.
    ///   - index: The module's ``AdaptedModule/index``, which selects the random start block.
    ///   - team: Threads for the products.
    package static func factors(
        of weight: PackedMatrix, rank: Int, subspace: FrozenSubspace, seed: UInt64, index: Int, team: WorkerTeam
    ) throws(AdapterError) -> ModuleFactors {
        let stream = RandomStream(.factorisation, seed: 0, step: index)
        switch subspace {
        case .top: return try largestSingularTriplets(of: weight, count: rank, stream: stream, team: team).factors
        case .bottom: return try smallestSingularTriplets(of: weight, count: rank, stream: stream).factors
        case .random:
            let values = try largestSingularTriplets(of: weight, count: rank, stream: stream, team: team).values
            let directions = RandomStream(.factorisation, seed: seed, step: index, problem: 1)
            return randomTriplets(of: weight, count: rank, stream: directions, values: values).factors
        }
    }

    /// The factors of every module, several modules at a time.
    ///
    /// - Parameters:
    ///   - modules: Whose factors.
    ///   - rank: How many triplets of each.
    ///   - subspace: Which of them.
    ///   - seed: Seeds random directions.
    ///   - threads: How many modules are worked on at once; each holds two copies of a weight.
    ///   - weight: Reads one weight; called from any thread, in any order.
    ///   - progress: Called after each module with the number done and the number of all, and with 0 before the first.
    /// - Throws: The first failure in the order of `modules`.
    package static func factors(
        of modules: [AdaptedModule], rank: Int, subspace: FrozenSubspace, seed: UInt64, threads: Int,
        weight: @Sendable (AdaptedModule) throws -> PackedMatrix,
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws -> [ModuleFactors] {
        let team = WorkerTeam(threads: max(1, min(threads, modules.count)))
        defer { team.close() }
        if !modules.isEmpty { progress?(0, modules.count) }
        let state = Mutex<(results: [Result<ModuleFactors, any Error>?], done: Int)>(
            ([Result<ModuleFactors, any Error>?](repeating: nil, count: modules.count), 0))
        team.run(chunks: modules.count) { position in
            let module = modules[position]
            let result = Result { () throws -> ModuleFactors in
                let weight = try weight(module)
                do throws(AdapterError) {
                    return try factors(
                        of: weight, rank: rank, subspace: subspace, seed: seed, index: module.index, team: .alone)
                } catch {
                    throw AdapterError(
                        error.code, "\(module.name).weight cannot be factorised: \(error.message)", hint: error.hint)
                }
            }
            let done = state.withLock { state in
                state.results[position] = result
                state.done += 1
                return state.done
            }
            progress?(done, modules.count)
        }
        return try state.withLock { state in try state.results.compactMap { try $0?.get() } }
    }

    /// The factors of every module, from the cache where it has them; new ones are added to it.
    ///
    /// - Parameters:
    ///   - modules: Whose factors.
    ///   - rank: How many triplets of each.
    ///   - subspace: Which of them.
    ///   - seed: Seeds random directions.
    ///   - fingerprint: Of the model that the weights belong to.
    ///   - cache: Where factors are kept.
    ///   - threads: Modules factorised at once.
    ///   - weight: Reads one weight; called from any thread, in any order.
    ///   - progress: As above; never called when the cache has all.
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

extension FrozenSubspace {
    /// Name and version of the scheme, as written into adapters and caches.
    package var scheme: String {
        switch self {
        case .top: Factorisation.scheme
        case .bottom: "us-vt.sign-v.smallest-inverse-iteration/1"
        case .random: "us-vt.random-orthonormal.top-values/1 " + RandomStream.normalScheme
        }
    }

    /// Identifies cached factors.
    func cacheScheme(seed: UInt64) -> String { self == .random ? "\(scheme) seed \(seed)" : scheme }

    /// Nothing for the usual subspace, else ` · bottom subspace`.
    var phrase: String { self == .top ? "" : " · \(rawValue) subspace" }
}

extension SingularTriplets {
    /// The paper's convention: `B = U Σ`, `[outputs, count]`, and `A = Vᵀ`, `[count, inputs]`.
    var factors: ModuleFactors {
        let inputs = right.count / count
        return ModuleFactors(
            a: (0..<count).flatMap { triplet in (0..<inputs).map { right[$0 * count + triplet] } },
            b: left.indices.map { left[$0] * values[$0 % count] })
    }
}

extension Checkpoint {
    /// One module's weight, packed in the type it is stored in (fp16 as fp32, which holds it exactly). Where weights are
    /// rounded for the checkpoint's own arithmetic, the factors are those of the rounded ones in any arithmetic.
    func packedWeight(of module: AdaptedModule, in pool: MemoryPool) throws -> PackedMatrix {
        let tensor = try tensor(module.name + ".weight", [module.outputs, module.inputs])
        let format: WeightFormat = try isRounded || tensor.type == .bfloat16 ? .bfloat16 : .float32
        return PackedMatrix(
            [PackedMatrix.Part(TensorRows(tensor: tensor), count: module.outputs)], inputs: module.inputs,
            format: format, pool: pool)
    }
}
