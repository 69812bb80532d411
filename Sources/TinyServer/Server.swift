// An OpenAI-compatible server over the local engine: requests in, answers out. `respond(to:)` is the whole of it; the file
// `HTTP/HTTPListener.swift` puts it behind a socket, and is built with the package trait `Serve` only.
//
// This target does not know: training, evaluation, records.

internal import Foundation
internal import Synchronization
public import TinyAdapter
internal import TinyEngine
internal import TinyFoundation
public import TinyRuns

/// One model with any number of adapters, for any number of clients. An answer has the bits that it has alone.
///
/// ```swift
/// let server = try Server(LoadedModel(directory: nil), threads: 2, settings: ServerSettings())
/// let response = await server.respond(to: ServerRequest("GET", "/v1/models"))
/// ```
public final class Server: Sendable {
    let settings: ServerSettings
    let model: ServedModel
    let adapters: AdapterRegistry
    let engine: LocalEngine
    let session: SharedSession
    let metrics = Metrics()
    private let requestCount = Mutex(UInt64(0))
    private let isClosing = Mutex(false)
    /// Seconds since 1970.
    let started = Int(Date().timeIntervalSince1970)

    /// Prepares a server; nothing listens yet.
    ///
    /// - Parameters:
    ///   - loaded: The model.
    ///   - threads: Threads that compute; they change no answer.
    ///   - settings: What is allowed.
    ///   - cache: Where frozen factors are kept.
    /// - Throws: `TextError` when the model has no tokenizer, ``ServerError`` when there is no directory of adapters.
    public init(
        _ loaded: LoadedModel, threads: Int, settings: ServerSettings = ServerSettings(),
        cache: FactorCache? = .standard()
    ) throws {
        self.settings = settings
        model = try ServedModel(loaded)
        let engine = LocalEngine(model: loaded.model, method: nil, threads: threads)
        self.engine = engine
        adapters = AdapterRegistry(
            loaded, engine, directory: try settings.adapterDirectory.map { try AdapterDirectory($0) },
            largestRank: settings.largestRank, cache: cache)
        var limits = DecodingState.Limits()
        limits.sequences = settings.runningLimit
        limits.cacheBytes = settings.cacheBytes
        limits.adapterBytes = settings.cacheBytes / 4
        session = SharedSession(waitingLimit: settings.waitingLimit) { [limits] in engine.session(limits: limits) }
    }

    /// What requests may name besides the model: the adapters that were loaded, and those in the directory.
    public var adapterNames: [String] { adapters.names.map(\.name) }

    /// Refuses further requests and returns when the running ones have been answered; those that take longer than `time` end
    /// with an error.
    public func close(within time: Duration) async {
        isClosing.withLock { $0 = true }
        await session.close(within: time)
    }

    /// Answers a request. Errors are answers too.
    public func respond(to request: ServerRequest) async -> ServerResponse {
        let start = ContinuousClock.now
        let answer: Result<ServerResponse, ServerError>
        do throws(ServerError) {
            let route = try checkHead(of: request)
            guard request.body.count <= settings.bodyLimit else { throw tooLarge }
            let nothing = ServerResponse(status: 204, body: .whole([]))
            answer = .success(try await route?.answer(self, request) ?? nothing)
        } catch {
            answer = .failure(error)
        }
        return finished(answer, to: request, after: ContinuousClock.now - start)
    }

    /// The answer to a request that is refused whatever its body is; `nil` for one whose body has to be read.
    func refusal(of head: ServerRequest) -> ServerResponse? {
        do throws(ServerError) {
            _ = try checkHead(of: head)
            return nil
        } catch {
            return finished(.failure(error), to: head, after: .zero)
        }
    }

    /// The answer to a request whose body turned out to be above the limit and was not kept.
    func refuseBody(of request: ServerRequest) -> ServerResponse {
        finished(.failure(tooLarge), to: request, after: .zero)
    }

    /// Checks what is known of a request before its body.
    ///
    /// - Returns: What answers it; `nil` for a browser's question whether a page may ask.
    private func checkHead(of request: ServerRequest) throws(ServerError) -> Route? {
        try checkOrigin(request)
        guard request.method != "OPTIONS" else { return nil }
        let route = Self.route(request.path)
        if route?.isPublic != true { try checkToken(request) }
        guard let route else { throw ServerError(.unknownPath, "there is no \(request.path.prefix(200))") }
        guard request.method == route.method else {
            throw ServerError(.wrongMethod, "\(route.path) takes \(route.method), not \(request.method.prefix(20))")
        }
        let announced = request.headers["content-length"].flatMap { Int($0) } ?? 0
        guard announced <= settings.bodyLimit else { throw tooLarge }
        guard !isClosing.withLock({ $0 }) else { throw ServerError(.stopping, "the server is being stopped") }
        return route
    }

    /// Counts an answer, and gives it the headers that every one has.
    private func finished(
        _ answer: Result<ServerResponse, ServerError>, to request: ServerRequest, after time: Duration
    ) -> ServerResponse {
        let route = Self.route(request.path)
        var response: ServerResponse
        switch answer {
        case .success(let success): response = success
        case .failure(let error):
            response = error.response
            if error.code == .wrongMethod, let route { response.headers["allow"] = route.method }
        }
        allowOrigin(of: request, in: &response)
        metrics.add(route?.path ?? "other", status: response.status, seconds: time / .seconds(1))
        return response
    }

    private var tooLarge: ServerError {
        ServerError(.tooLarge, "a request may have \(settings.bodyLimit) bytes")
    }

    /// A number that no other request of this server has, and an id made of it.
    func nextRequest(_ prefix: String) -> (number: UInt64, id: String) {
        let number = requestCount.withLock { count in
            count += 1
            return count
        }
        return (number, "\(prefix)-\(String(started, radix: 16))-\(number)")
    }
}
