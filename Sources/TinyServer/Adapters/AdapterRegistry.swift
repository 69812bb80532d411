internal import Synchronization
internal import TinyAdapter
internal import TinyCheckpoint
internal import TinyEngine
internal import TinyFoundation
internal import TinyModel
internal import TinyRuns

/// Finds the adapter that a request names, and readies the engine for it.
///
/// An adapter costs its numbers: methods of one rank share their frozen factors, and methods that are no longer needed are removed
/// when newer ones need the memory. What is in the directory is read for each request, so that an answer always has the numbers
/// that the file has now.
final class AdapterRegistry: Sendable {
    /// An adapter that the engine can use.
    struct Adapter: Sendable {
        var values: [Float]
        /// Kept as long as a request may name its method.
        var design: PreparedDesign
        /// The path that it was loaded from, as the request had it, or the file that has it.
        var path: String?
    }

    private let loaded: LoadedModel
    private let engine: LocalEngine
    private let directory: AdapterDirectory?
    private let largestRank: Int
    private let cache: FactorCache?
    private let shared = SharedFactors()
    private let held = Mutex<[String: Adapter]>([:])
    private let designs: PreparedDesigns
    /// Prepares one method after the other: that may take minutes for a large model.
    private let preparing = SerialTaskExecutor(label: "tinylora.adapters")

    private static let mostHeld = 100_000

    init(
        _ loaded: LoadedModel, _ engine: LocalEngine, directory: AdapterDirectory?, largestRank: Int,
        cache: FactorCache?
    ) {
        self.loaded = loaded
        self.engine = engine
        self.directory = directory
        self.largestRank = largestRank
        self.cache = cache
        var limits = PreparedDesigns.Limits()
        // About half of what the weights take.
        limits.recentBytes = max(limits.recentBytes, loaded.checkpoint.configuration.parameterCount)
        designs = PreparedDesigns(engine, limits: limits)
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
                if let held = held.withLock({ $0[known] }) { return held }
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
        return Adapter(values: file.values, design: try await prepared(file.design), path: source.files.first)
    }

    private func prepared(_ design: any AdapterDesign) async throws -> PreparedDesign {
        guard !design.holdsAllWeights else {
            throw ServerError(
                .invalidRequest, "this adapter holds all weights of a model",
                hint: "serve the directory `model` of its run with --model")
        }
        if let known = designs[design] { return known }
        return try await Task(executorPreference: preparing) { try self.prepare(design) }.value
    }

    private func prepare(_ design: any AdapterDesign) throws -> PreparedDesign {
        try designs.prepared(design) {
            if let rank = design.frozenParts?.rank, rank > largestRank {
                throw ServerError(
                    .invalidRequest, "the adapter has rank \(rank), the server's limit is \(largestRank)")
            }
            // Random directions are those of one seed: a file for each seed that a code invents would fill the disk.
            let cache = design.frozenParts?.subspace == .random ? nil : cache
            return try loaded.method(design, initialSeed: 0, threads: engine.threads, cache: cache, shared: shared)
        }
    }

    // MARK: Names

    /// Adapters that were loaded by name.
    var heldCount: Int { held.withLock(\.count) }

    /// Adapters by name: those that were loaded, then those in the directory, each under the first of its names that leads to it.
    var names: [(name: String, path: String?)] {
        let held = held.withLock { $0 }
        let found = (directory?.adapters ?? []).compactMap { names in
            let free = names.filter { held[$0] == nil }
            return free.first { $0 != loaded.name }
                ?? free.map { "\(loaded.name)@\($0)" }.first { held[$0] == nil && directory?.place(named: $0) == nil }
        }
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
        var adapter: Adapter
        do {
            adapter = try await self.adapter(from: directory.source(at: path))
            adapter.path = path  // vLLM shows what the request had
        } catch {
            throw ServerError(error)
        }
        try held.withLock { held throws(ServerError) in
            guard replaces || held[name] == nil else {
                throw ServerError(.invalidRequest, "the adapter \"\(name)\" is loaded already")
            }
            guard held.count < Self.mostHeld else {
                throw ServerError(.invalidRequest, "\(Self.mostHeld) adapters are loaded, which is the limit")
            }
            held[name] = adapter
        }
    }

    /// Forgets a loaded adapter; requests that use it go on.
    func unload(_ name: String) throws(ServerError) {
        guard held.withLock({ $0.removeValue(forKey: name) }) != nil else {
            throw ServerError(.unknownModel, "no adapter \"\(name.prefix(100))\" is loaded")
        }
    }
}
