import Foundation
import TinyAdapter
import TinyCheckpoint
import TinyEngine
import TinyFoundation
import TinyRecords
import TinyRuns
import TinyServer
import TinyTestSupport

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Abacus with two adapters of 13 numbers, and servers of it.
struct ServerFixture: Sendable {
    let loaded: LoadedModel
    let method: any AdapterMethod
    /// The servers' own, so that they do not factorise the model again.
    private let cache: FactorCache

    /// Loaded once for all tests.
    static let shared = Result { try ServerFixture() }

    private init() throws {
        loaded = try LoadedModel(directory: nil, cache: nil)
        cache = FactorCache(
            directory: FileManager.default.temporaryDirectory.appending(path: "tinylora-server-tests").path)
        let design = try AdapterSettings().design(for: loaded.checkpoint.configuration)
        method = try loaded.method(design, initialSeed: 0, threads: 2, cache: cache)
    }

    /// A method whose frozen factors may be those of others.
    func prepared(_ design: any AdapterDesign, sharing factors: SharedFactors) throws -> any AdapterMethod {
        try loaded.method(design, initialSeed: 0, threads: 2, cache: cache, shared: factors)
    }

    /// An adapter that changes what Abacus says.
    func adapter(_ seed: UInt64) throws -> AdapterFile {
        try AdapterFile(
            design: method.design,
            baseModel: AdapterFile.BaseModel(name: loaded.name, fingerprint: loaded.fingerprint),
            values: noise(method.parameterCount, seed: seed), arithmetic: loaded.arithmetic, toolVersion: "test")
    }

    func code(_ seed: UInt64) throws -> String { try AdapterCode(adapter(seed)).text }

    func server(_ settings: ServerSettings = ServerSettings()) throws -> Server {
        try Server(loaded, threads: 2, settings: settings, cache: cache)
    }

    /// Log-probabilities of a prompt's tokens after the first, as the engine gives them to a learner.
    func logprobs(_ prompt: String, adapter seed: UInt64?) async throws -> [Float] {
        let engine = LocalEngine(model: loaded.model, method: method, threads: 1)
        let tokens = try loaded.requireTokenizer().encode(prompt)
        let sequence = ScoredSequence(prompt: [tokens[0]], completion: Array(tokens.dropFirst()))
        return try await engine.logprobs(
            of: [sequence], adapter: try seed.map { try adapter($0).values }, temperature: 1)[0]
    }

    /// What the engine says alone.
    func completion(
        _ prompt: String, adapter seed: UInt64?, maxTokens: Int = 12, temperature: Double = 0, seed random: UInt64 = 1
    ) async throws -> Completion {
        let engine = LocalEngine(model: loaded.model, method: method, threads: 1)
        let request = CompletionRequest(
            prompt: try loaded.requireTokenizer().encode(prompt), streams: [StreamName(.sampling, seed: random)],
            adapter: try seed.map { try adapter($0).values },
            sampling: SamplingParameters(
                temperature: temperature, maxTokens: maxTokens, stopTokens: loaded.stopTokens))
        return try await engine.complete([request])[0][0]
    }
}

/// How a test reaches the server: the same requests, in memory and through a socket.
enum Transport: Sendable, CaseIterable {
    case memory
    #if Serve
        case socket
    #endif
}

/// An answer as a client sees it.
struct Answer: Sendable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    var json: JSONValue { (try? JSONValue(json: body)) ?? .null }

    /// The error's code.
    var code: String? { json["error"]?["code"]?.string }

    /// The first choice.
    var choice: JSONValue? { json["choices"]?.array?.first }

    /// Texts of a stream's events.
    var events: [String] {
        text.components(separatedBy: "\n\n").filter { !$0.isEmpty }.map { String($0.dropFirst("data: ".count)) }
    }

    /// The events that are JSON.
    var chunks: [JSONValue] { events.compactMap { try? JSONValue(json: $0.utf8) } }
}

extension JSONValue {
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
    var number: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }
}

/// A client of a server.
struct Client: Sendable {
    let ask: @Sendable (ServerRequest) async throws -> Answer

    func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Answer {
        try await ask(ServerRequest("GET", path, headers: headers))
    }

    func post(_ path: String, _ json: String, _ headers: [String: String] = [:]) async throws -> Answer {
        try await ask(ServerRequest("POST", path, headers: headers, body: Array(json.utf8)))
    }
}

/// Calls `body` with a client, and closes the server afterwards.
func withClient(
    of server: Server, _ transport: Transport = .memory, _ body: @Sendable (Client) async throws -> Void
) async throws {
    switch transport {
    case .memory:
        try await body(Client { await collected(server.respond(to: $0)) })
        await server.close(within: .zero)
    #if Serve
        case .socket:
            try await withListener(HTTPListener(server, host: "127.0.0.1", port: 0)) { port in
                try await body(Client { try await fetched($0, port: port) })
            }
    #endif
    }
}

#if Serve
    /// Calls `body` with the port of a listener, and stops it afterwards as a signal does.
    func withListener(_ listener: HTTPListener, _ body: @Sendable (_ port: Int) async throws -> Void) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { port.finish() }
                try await listener.run(grace: .zero, signals: false) { port.yield($0) }
            }
            var iterator = ports.makeAsyncIterator()
            if let port = await iterator.next() { try await body(port) }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
#endif

/// A response with its whole body.
func collected(_ response: ServerResponse) async -> Answer {
    var bytes: [UInt8] = []
    switch response.body {
    case .whole(let all): bytes = all
    case .stream(let pieces): for await piece in pieces { bytes += piece }
    }
    return Answer(status: response.status, headers: response.headers, body: bytes)
}

func fetched(_ request: ServerRequest, port: Int) async throws -> Answer {
    guard let url = URL(string: "http://127.0.0.1:\(port)\(request.path)") else { throw URLError(.badURL) }
    var message = URLRequest(url: url)
    message.httpMethod = request.method
    message.timeoutInterval = 300
    message.httpBody = request.method == "POST" ? Data(request.body) : nil
    for (name, value) in request.headers { message.setValue(value, forHTTPHeaderField: name) }
    let (data, response) = try await URLSession.shared.data(for: message)
    guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
    var headers: [String: String] = [:]
    for (name, value) in response.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
    return Answer(status: response.statusCode, headers: headers, body: Array(data))
}
