internal import TinyAdapter

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

/// What the adapters of a session's requests do to the model. Equal content is prepared once, and forgotten with the last
/// request that uses it.
struct PreparedAdapters {
    private struct Entry {
        let content: AdapterContent
        let effect: AdapterEffect
        var users: Set<Int>
    }

    private var entries: [Entry] = []

    /// The effect of a request's adapter; `nil` for the base model.
    ///
    /// - Throws: As `prepare`.
    mutating func effect(
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
    mutating func release(_ id: Int) {
        guard let place = entries.firstIndex(where: { $0.users.contains(id) }) else { return }
        entries[place].users.remove(id)
        if entries[place].users.isEmpty { entries.remove(at: place) }
    }
}
