internal import TinyEngine
internal import TinyFoundation

/// A path, its method, and what answers it.
struct Route: Sendable {
    let path: String
    let method: String
    /// Whether it needs no token.
    var isPublic = false
    /// Whether it samples: an answer that takes time, and that is given up with the connection.
    var samples = false
    let answer: @Sendable (Server, ServerRequest) async throws(ServerError) -> ServerResponse
}

extension Server {
    /// All paths.
    static let routes: [Route] = [
        Route(path: "/", method: "GET", isPublic: true) { _, _ in page },
        Route(path: "/health", method: "GET", isPublic: true) { _, _ in .json(["status": "ok"]) },
        Route(path: "/metrics", method: "GET") { server, _ in server.metricsText },
        Route(path: "/openapi.json", method: "GET") { _, _ in .json(openAPI) },
        Route(path: "/v1/models", method: "GET") { server, _ in server.models },
        Route(path: "/v1/models/{model}", method: "GET") { server, request throws(ServerError) in
            try await server.model(request)
        },
        Route(path: "/v1/completions", method: "POST", samples: true) { server, request throws(ServerError) in
            try await server.completions(request)
        },
        Route(path: "/v1/chat/completions", method: "POST", samples: true) { server, request throws(ServerError) in
            try await server.chatCompletions(request)
        },
        Route(path: "/v1/load_lora_adapter", method: "POST") { server, request throws(ServerError) in
            try await server.loadAdapter(request)
        },
        Route(path: "/v1/unload_lora_adapter", method: "POST") { server, request throws(ServerError) in
            try server.unloadAdapter(request)
        },
        Route(path: "/tokenize", method: "POST") { server, request throws(ServerError) in
            try server.tokenize(request)
        },
        Route(path: "/detokenize", method: "POST") { server, request throws(ServerError) in
            try server.detokenize(request)
        },
        Route(path: "/apply-template", method: "POST") { server, request throws(ServerError) in
            try server.applyTemplate(request)
        },
    ]

    private static let routesByPath = Dictionary(uniqueKeysWithValues: routes.map { ($0.path, $0) })

    static let modelPrefix = "/v1/models/"

    /// The route of a path.
    static func route(_ path: String) -> Route? {
        path.hasPrefix(modelPrefix) ? routesByPath[modelPrefix + "{model}"] : routesByPath[path]
    }

    private var metricsText: ServerResponse {
        let load = session.load
        return .text(
            metrics.text(
                generatedTokens: session.sampledTokens, running: load.running, waiting: load.waiting,
                adapters: adapters.heldCount),
            type: "text/plain; version=0.0.4; charset=utf-8")
    }
}
