package import TinyAdapter
internal import TinyModel

/// The content of an adapter, which its effect and all keys and values computed with it belong to: the numbers, and which of
/// the engine's methods they are for. A name is never part of it.
package struct AdapterContent: Sendable, Equatable {
    package let method: Int
    package let parameters: [Float]

    package init(method: Int = 0, parameters: [Float]) {
        self.method = method
        self.parameters = parameters
    }
}

extension CompletionRequest {
    /// The content of its adapter; `nil` for the base model.
    package var content: AdapterContent? { adapter.map { AdapterContent(method: method, parameters: $0) } }
}

/// What the adapters of a session's requests do to the model. Equal content is prepared once. With its last request it is
/// forgotten, but for those used last, up to a bound on their bytes: a server's adapters come back. Results do not depend on it.
package struct PreparedAdapters {
    private struct Entry {
        let content: AdapterContent
        let effect: AdapterEffect
        var users: Set<Int>

        /// Bytes of its numbers, without factors, which may be shared.
        var numberBytes: Int { MemoryLayout<Float>.size * (content.parameters.count + effect.numberCount) }
    }

    /// Of those without users, the one used last is the last.
    private var entries: [Entry] = []
    private let mostIdleBytes: Int

    /// Knows nothing.
    ///
    /// - Parameter mostIdleBytes: Bytes of all that is kept without a user.
    package init(mostIdleBytes: Int) { self.mostIdleBytes = mostIdleBytes }

    /// The effect of a request's adapter; `nil` for the base model.
    ///
    /// - Throws: As `prepare`.
    package mutating func effect(
        of request: CompletionRequest, as id: Int,
        prepare: (AdapterContent) throws(EngineError) -> AdapterEffect
    ) throws(EngineError) -> AdapterEffect? {
        guard let content = request.content else { return nil }
        if let place = entries.firstIndex(where: { $0.content == content }) {
            entries[place].users.insert(id)
            return entries[place].effect
        }
        let effect = try prepare(content)
        entries.append(Entry(content: content, effect: effect, users: [id]))
        return effect
    }

    /// A request has ended.
    package mutating func release(_ id: Int) {
        guard let place = entries.firstIndex(where: { $0.users.contains(id) }) else { return }
        entries[place].users.remove(id)
        guard entries[place].users.isEmpty else { return }
        entries.append(entries.remove(at: place))
        // Factors are counted once, and not where a request uses them.
        var room = mostIdleBytes
        var factors = Set(entries.filter { !$0.users.isEmpty }.compactMap(\.effect.factors).map(ObjectIdentifier.init))
        let kept = entries.reversed().filter { entry in
            guard entry.users.isEmpty else { return true }
            let own = entry.effect.factors.flatMap { factors.contains(ObjectIdentifier($0)) ? nil : $0 }
            let bytes = entry.numberBytes + (own?.byteCount ?? 0)
            guard bytes <= room else { return false }
            room -= bytes
            if let own { factors.insert(ObjectIdentifier(own)) }
            return true
        }
        entries = kept.reversed()
    }
}

extension AdapterEffect {
    fileprivate var factors: LowRankFactors? {
        switch self {
        case .change(let change): change.factors
        case .weights: nil
        }
    }

    /// How many numbers it has besides.
    fileprivate var numberCount: Int {
        switch self {
        case .change(let change): change.mixing.count
        case .weights(let values): values.count
        }
    }
}
