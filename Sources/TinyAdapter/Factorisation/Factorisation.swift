import Synchronization
package import TinyModel
package import TinyTensor
package import TinyFoundation

/// The frozen factors of whole models.
package enum Factorisation {
    /// Name and version of the scheme of the top subspace, as written into adapters and caches: the convention `B = U Σ`, `A = Vᵀ`, the sign
    /// taken from v, the algorithm. Any change of a bit needs a new version.
    package static let scheme = "us-vt.sign-v.block-lanczos/1"

    /// The factors of one weight: `B = U Σ`, `A = Vᵀ`, no scale.
    ///
    /// - Parameters:
    ///   - weight: `[outputs, inputs]`.
    ///   - rank: How many triplets.
    ///   - subspace: Which of them.
    ///   - seed: Names random directions.
    ///   - index: The module's ``TinyModel/AdaptedModule/index``, which names the random start block.
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
    ///   - seed: Names random directions.
    ///   - threads: How many modules are worked on at once; each holds one weight in memory.
    ///   - weight: Reads one weight; called from any thread, in any order.
    ///   - progress: Called after each module with the number done and the number of all.
    /// - Throws: The first failure in the order of `modules`.
    package static func factors(
        of modules: [AdaptedModule], rank: Int, subspace: FrozenSubspace, seed: UInt64, threads: Int,
        weight: @Sendable (AdaptedModule) throws -> PackedMatrix,
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws -> [ModuleFactors] {
        let team = WorkerTeam(threads: max(1, min(threads, modules.count)))
        defer { team.close() }
        let alone = WorkerTeam(threads: 1)
        let state = Mutex<(results: [Result<ModuleFactors, any Error>?], done: Int)>(
            ([Result<ModuleFactors, any Error>?](repeating: nil, count: modules.count), 0))
        team.run(chunks: modules.count) { position in
            let module = modules[position]
            let result = Result { () throws -> ModuleFactors in
                let weight = try weight(module)
                do throws(AdapterError) {
                    return try factors(
                        of: weight, rank: rank, subspace: subspace, seed: seed, index: module.index, team: alone)
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
