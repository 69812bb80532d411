internal import Synchronization
internal import TinyAdapter
internal import TinyEngine
internal import TinyFoundation
internal import TinyRuns

/// Finds the adapter that a request names, and readies the engine for it.
///
/// An adapter costs its numbers: methods of one rank share their frozen factors. What is in the directory is read for each
/// request, so that an answer always has the numbers that the file has now.
final class AdapterRegistry: Sendable {
    /// An adapter that the engine can use.
    struct Adapter: Sendable {
        var values: [Float]
        /// See `CompletionRequest.method`.
        var method: Int
        /// The path that it was loaded from.
        var path: String?
    }

    private let loaded: LoadedModel
    private let engine: LocalEngine
    private let directory: AdapterDirectory?
    private let largestRank: Int
    private let cache: FactorCache?
    private let shared = SharedFactors()
    private let state = Mutex(State())
    /// Prepares one method after the other: that may take minutes for a large model.
    private let preparing = SerialTaskExecutor(label: "tinylora.adapters")

    private struct State {
        var held: [String: Adapter] = [:]
        /// Numbers of the engine's methods.
        var methods: [DesignKey: Int] = [:]
    }

    private struct DesignKey: Hashable, Sendable {
        let design: any AdapterDesign

        static func == (a: Self, b: Self) -> Bool { AnyHashable(a.design) == AnyHashable(b.design) }

        func hash(into hasher: inout Hasher) { AnyHashable(design).hash(into: &hasher) }
    }

    private static let mostHeld = 100_000, mostMethods = 10_000

    init(
        _ loaded: LoadedModel, _ engine: LocalEngine, directory: AdapterDirectory?, largestRank: Int,
        cache: FactorCache?
    ) {
        self.loaded = loaded
        self.engine = engine
        self.directory = directory
        self.largestRank = largestRank
        self.cache = cache
    }

    // MARK: Requests

    /// The adapter of a request's `model`; `nil` for the base model.
    ///
    /// A name counts before a code that it looks like, and a whole name before what is behind `MODEL@` in it: both may be in names
    /// that were loaded, and in those of files.
    ///
    /// - Parameter model: The base model's name, an adapter's name or code, or both with `@` between them.
    /// - Throws: ``ServerError`` when there is no such adapter or it cannot be used with the model.
    func adapter(for model: String?) async throws(ServerError) -> Adapter? {
        guard let model, model != loaded.name else { return nil }
        let name = withoutModel(model)
        do {
            for known in name == model ? [name] : [model, name] {
                if let held = state.withLock({ $0.held[known] }) { return held }
                if let source = try directory?.source(named: known) { return try await adapter(from: source) }
            }
            if AdapterCode.isCode(name) { return try await adapter(from: .code(AdapterCode(text: name))) }
        } catch {
            throw ServerError(error)
        }
        throw unknown(name)
    }

    /// What is behind `MODEL@` in a name, or the whole of it.
    private func withoutModel(_ name: String) -> String {
        let base = loaded.name + "@"
        return name.hasPrefix(base) ? String(name.dropFirst(base.count)) : name
    }

    private func unknown(_ name: String) -> ServerError {
        let nearest = nearestName(to: name, in: [loaded.name] + names.map(\.name))
        return ServerError(
            .unknownModel, "there is no model or adapter \"\(name.prefix(100))\"",
            hint: nearest.map { "did you mean \"\($0)\"?" })
    }

    private func adapter(from source: AdapterSource) async throws -> Adapter {
        let file = try loaded.adapter(from: source)
        return Adapter(values: file.values, method: try await method(file.design), path: source.files.first)
    }

    private func method(_ design: any AdapterDesign) async throws -> Int {
        guard !(design is FullDesign) else {
            throw ServerError(
                .invalidRequest, "this adapter holds all weights of a model",
                hint: "serve the directory `model` of its run with --model")
        }
        let key = DesignKey(design: design)
        if let known = state.withLock({ $0.methods[key] }) { return known }
        return try await Task(executorPreference: preparing) { try self.prepare(design) }.value
    }

    private func prepare(_ design: any AdapterDesign) throws -> Int {
        let key = DesignKey(design: design)
        let (known, count) = state.withLock { ($0.methods[key], $0.methods.count) }
        if let known { return known }
        guard count < Self.mostMethods else {
            throw ServerError(
                .invalidRequest, "the server has adapters of \(count) designs already, which is the limit")
        }
        if let rank = design.frozenRank, rank > largestRank {
            throw ServerError(.invalidRequest, "the adapter has rank \(rank), the server's limit is \(largestRank)")
        }
        let method = try loaded.method(design, initialSeed: 0, threads: engine.threads, cache: cache, shared: shared)
        let number = engine.add(method)
        state.withLock { $0.methods[key] = number }
        return number
    }

    // MARK: Names

    /// Adapters that were loaded by name.
    var heldCount: Int { state.withLock(\.held.count) }

    /// Adapters by name: those that were loaded, then those in the directory.
    var names: [(name: String, path: String?)] {
        let held = state.withLock { $0.held }
        let found = directory?.names.filter { held[$0] == nil } ?? []
        return held.sorted { $0.key < $1.key }.map { ($0.key, $0.value.path) } + found.map { ($0, nil) }
    }

    /// Keeps an adapter under a name until it is unloaded.
    ///
    /// - Parameter replaces: Whether the name may be in use.
    func load(_ name: String, path: String, replaces: Bool) async throws(ServerError) {
        guard let directory else {
            throw ServerError(
                .invalidRequest, "the server has no directory of adapters", hint: "start it with --adapters DIRECTORY")
        }
        // The name of a whole code would hide the adapter that the code is.
        let isCode = (try? AdapterCode(text: withoutModel(name))) != nil
        guard !name.isEmpty, name.utf8.count <= 255, name != loaded.name, !isCode else {
            throw ServerError(.invalidRequest, "an adapter cannot have the name \"\(name.prefix(100))\"")
        }
        let adapter: Adapter
        do {
            adapter = try await self.adapter(from: directory.source(at: path))
        } catch {
            throw ServerError(error)
        }
        try state.withLock { state throws(ServerError) in
            guard replaces || state.held[name] == nil else {
                throw ServerError(.invalidRequest, "the adapter \"\(name)\" is loaded already")
            }
            guard state.held.count < Self.mostHeld else {
                throw ServerError(.invalidRequest, "\(Self.mostHeld) adapters are loaded, which is the limit")
            }
            state.held[name] = adapter
        }
    }

    /// Forgets a loaded adapter; requests that use it go on.
    func unload(_ name: String) throws(ServerError) {
        guard state.withLock({ $0.held.removeValue(forKey: name) }) != nil else {
            throw ServerError(.unknownModel, "no adapter \"\(name.prefix(100))\" is loaded")
        }
    }
}

extension AdapterDesign {
    /// The rank of factors that are not trained; `nil` for a method without them.
    fileprivate var frozenRank: Int? {
        (self as? TinyLoRADesign)?.plan.rank ?? (self as? StoredTinyLoRADesign)?.plan.rank
            ?? (self as? LoRAXSDesign)?.rank
    }
}
