internal import Synchronization
internal import TinyFoundation
package import TinyAdapter
package import TinyEngine
internal import TinyModel

/// A method that the engine has for the adapters of one design. The engine gives it up with the last reference to this.
package final class PreparedDesign: Sendable {
    /// See `CompletionRequest.method`.
    package let method: Int
    private let engine: LocalEngine
    /// Frozen factors, which it may share with others, and the bytes of all else.
    fileprivate let factors: LowRankFactors?, bytes: Int

    fileprivate init(_ method: any AdapterMethod, of engine: LocalEngine) {
        self.engine = engine
        self.method = engine.add(method)
        factors = method.frozenFactors
        let projections = method.design.frozenParts?.projectionCount ?? 0
        bytes = MemoryLayout<Float>.size * (projections + method.parameterCount)
    }

    deinit { engine.remove(method) }
}

/// The designs that the engine is ready for: those that an adapter with a name or a request needs, and those used last, because
/// their next request is likely.
package final class PreparedDesigns: Sendable {
    /// How much is kept.
    package struct Limits: Sendable {
        /// Most designs at once.
        package var designs = 10_000
        /// Most that are kept because they were used last, whatever else needs them.
        package var recentDesigns = 1_000
        /// Most memory of those beside the newest.
        package var recentBytes = 1 << 30

        package init() {}
    }

    private let engine: LocalEngine
    private let limits: Limits
    private let state = Mutex(State())

    private struct State {
        var known: [Key: Known] = [:]
        /// Those used last, the newest at the end.
        var recent: [PreparedDesign] = []
    }

    private struct Key: Hashable {
        let design: any AdapterDesign

        static func == (a: Self, b: Self) -> Bool { AnyHashable(a.design) == AnyHashable(b.design) }

        func hash(into hasher: inout Hasher) { AnyHashable(design).hash(into: &hasher) }
    }

    private struct Known {
        weak var prepared: PreparedDesign?
    }

    package init(_ engine: LocalEngine, limits: Limits = Limits()) {
        self.engine = engine
        self.limits = limits
    }

    /// The design where the engine is ready for it.
    package subscript(design: any AdapterDesign) -> PreparedDesign? {
        state.withLock { state in
            guard let prepared = state.known[Key(design: design)]?.prepared else { return nil }
            keep(prepared, in: &state)
            return prepared
        }
    }

    /// Readies the engine for a design. One caller at a time.
    ///
    /// - Parameter method: Makes the method where the engine does not have it.
    /// - Throws: As `method`, and ``ServerError`` when there are too many designs.
    package func prepared(
        _ design: any AdapterDesign, method: () throws -> any AdapterMethod
    ) throws -> PreparedDesign {
        if let known = self[design] { return known }
        if state.withLock(\.known.count) >= limits.designs {
            state.withLock { state in
                state.recent = []
                forget(&state)
            }
        }
        let count = state.withLock(\.known.count)
        guard count < limits.designs else {
            throw ServerError(
                .invalidRequest, "the server has adapters of \(count) designs already, which is the limit",
                hint: "unload some of them")
        }
        let prepared = PreparedDesign(try method(), of: engine)
        state.withLock { state in
            state.known[Key(design: design)] = Known(prepared: prepared)
            keep(prepared, in: &state)
        }
        return prepared
    }

    /// Notes a use, and gives up what was used longest ago where that is too much.
    private func keep(_ prepared: PreparedDesign, in state: inout State) {
        if state.recent.last === prepared { return }
        var kept = [prepared], bytes = 0, givesUp = false
        var factors = Set([prepared.factors.map { ObjectIdentifier($0) }])
        for design in state.recent.reversed() where design !== prepared {
            let isNew = factors.insert(design.factors.map { ObjectIdentifier($0) }).inserted
            let more = design.bytes + (isNew ? design.factors?.byteCount ?? 0 : 0)
            guard kept.count < limits.recentDesigns, bytes + more <= limits.recentBytes else {
                givesUp = true
                continue
            }
            bytes += more
            kept.append(design)
        }
        state.recent = kept.reversed()
        if givesUp { forget(&state) }
    }

    /// Drops the keys of designs that are gone: one may hold factors.
    private func forget(_ state: inout State) {
        for key in state.known.filter({ $0.value.prepared == nil }).keys { state.known[key] = nil }
    }
}
