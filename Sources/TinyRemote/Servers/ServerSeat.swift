internal import TinyEngine
internal import TinyFoundation

/// One server, and which adapters it has been told of.
///
/// An adapter is loaded and checked once, by the first request that needs it; others wait. A server that was lost may have been
/// started again: it is told everything anew.
actor ServerSeat {
    nonisolated let server: any SamplingServer
    /// Checks a server's answers with an adapter, `nil` for the base model, before any other request.
    private let check: @Sendable (any SamplingServer, ServedAdapter?) async throws -> Void
    private let needs: NeededAdapters
    /// By adapter; those of the base model have the name "".
    private var introductions: [String: Introduction] = [:]

    private struct Introduction {
        let adapter: ServedAdapter?
        let task: Task<Void, any Error>
    }

    init(
        _ server: any SamplingServer, _ needs: NeededAdapters,
        check: @escaping @Sendable (any SamplingServer, ServedAdapter?) async throws -> Void
    ) {
        self.server = server
        self.needs = needs
        self.check = check
    }

    /// Completes one prompt once, after the server knows the adapter.
    func complete(_ job: RemoteJob) async throws -> Completion {
        try await introduce(job.adapter)
        do {
            return try await server.complete(job)
        } catch {
            switch error {
            case .lost: for name in introductions.keys { forget(name) }
            case .unknownAdapter: forget(job.adapter?.name ?? "")
            case .passing, .late, .lasting: break
            }
            throw error
        }
    }

    /// Checks that the server holds the right model.
    func introduceBaseModel() async throws {
        do { try await introduce(nil) } catch let failure as ServerFailure {
            if case .lasting(let error) = failure { throw error }
            throw RemoteError(.unreachable, failure.message)
        }
    }

    private func introduce(_ adapter: ServedAdapter?) async throws {
        let name = adapter?.name ?? ""
        if let known = introductions[name] { return try await known.task.value }
        let (server, check) = (server, check)
        let task = Task {
            if let adapter { try await server.load(adapter) }
            try await check(server, adapter)
        }
        introductions[name] = Introduction(adapter: adapter, task: task)
        if let adapter { needs.loading(adapter) }
        do {
            try await task.value
        } catch {
            if introductions[name]?.task == task { forget(name) }
            throw error
        }
        await dismiss(besides: name)
    }

    /// Unloads the adapters that no request needs any more. The next adapter is loaded before, so that none is missing meanwhile.
    private func dismiss(besides name: String) async {
        for (other, introduction) in introductions where other != name && !needs.contains(other) {
            guard let adapter = introduction.adapter else { continue }
            forget(other)
            await server.unload(adapter)
        }
    }

    /// Unloads all adapters, also one that is being loaded.
    func unloadAll() async {
        for (name, introduction) in introductions {
            guard let adapter = introduction.adapter else { continue }
            introduction.task.cancel()
            _ = await introduction.task.result
            forget(name)
            await server.unload(adapter)
        }
    }

    /// The server is to be told of an adapter again before it is asked for it.
    private func forget(_ name: String) {
        if let adapter = introductions.removeValue(forKey: name)?.adapter { needs.unloaded(adapter) }
    }
}
