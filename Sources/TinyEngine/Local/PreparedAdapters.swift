internal import TinyAdapter
import TinyFoundation

/// What adapters do to the model. Equal lists of parameters are prepared once.
struct PreparedAdapters {
    private let method: (any AdapterMethod)?
    private var prepared: [(parameters: [Float], effect: AdapterEffect)] = []

    init(_ method: (any AdapterMethod)?) { self.method = method }

    /// The effect of an adapter; `nil` for the base model.
    ///
    /// - Throws: ``EngineError`` with code `adapterMismatch` when the method has another number of parameters.
    mutating func effect(of adapter: [Float]?) throws(EngineError) -> AdapterEffect? {
        guard let adapter else { return nil }
        if let known = prepared.first(where: { $0.parameters == adapter }) { return known.effect }
        guard let method, method.parameterCount == adapter.count else {
            throw EngineError(
                .adapterMismatch,
                "an adapter has \(adapter.count) parameters and the engine's method \(method?.parameterCount ?? 0)")
        }
        let effect = method.effect(of: adapter)
        prepared.append((adapter, effect))
        return effect
    }
}
