#if Serve
    internal import Foundation
    internal import HTTPTypes
    internal import HummingbirdCore
    internal import Logging
    internal import NIOCore
    internal import NIOPosix
    internal import ServiceLifecycle
    public import TinyFoundation
    internal import UnixSignals

    /// Puts a ``Server`` behind a socket, by HTTP/1.1.
    public struct HTTPListener: Sendable {
        private let server: Server
        private let host: String
        private let port: Int

        /// Connections that send nothing are closed after so many seconds.
        private static let idleSeconds: Int64 = 60
        /// A body that is too large is read up to so many times the limit; the connection of a larger one is closed.
        private static let skippedBodies = 16

        /// - Throws: ``ServerError`` for an address that other machines reach and a server without a token.
        public init(_ server: Server, host: String, port: Int) throws(ServerError) {
            guard isLoopbackHost(host) || server.settings.token != nil else {
                throw ServerError(
                    .forbidden, "\(host) can be reached by other machines, and the server has no token",
                    hint: "set one with --token-file, or listen on 127.0.0.1")
            }
            self.server = server
            self.host = host
            self.port = port
        }

        /// Answers requests until SIGTERM or SIGINT; then running answers have time to finish, and what is left ends with an error
        /// event.
        ///
        /// - Parameters:
        ///   - grace: The time that answers have.
        ///   - signals: Whether signals stop the server; else the caller's task is cancelled to stop it.
        ///   - isListening: Called with the port once it is open; port 0 asks for a free one.
        public func run(
            grace: Duration, signals: Bool = true, isListening: @escaping @Sendable (_ port: Int) async -> Void
        ) async throws {
            // Hummingbird tells nothing that a user of this server needs.
            let logger = Logger(label: "tinylora") { _ in SwiftLogNoOpLogHandler() }
            let listener = try HTTPServerBuilder.http1(
                configuration: HTTP1Channel.Configuration(idleTimeout: .seconds(Self.idleSeconds))
            ).buildServer(
                configuration: ServerConfiguration(address: .hostname(host, port: port)),
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
                responder: { request, writer, _ in try await answer(request, writer) },
                onServerRunning: { await isListening($0.localAddress?.port ?? port) })
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [listener, Drain(server: server, grace: grace)],
                    gracefulShutdownSignals: signals ? [.sigterm, .sigint] : [], logger: logger))
            try await group.run()
        }

        private func answer(_ request: Request, _ writer: consuming ResponseWriter) async throws {
            var request = request
            let limit = server.settings.bodyLimit
            var head = ServerRequest(
                request.method.rawValue, request.uri.path, headers: headers(request.head))
            guard let body = try await Self.body(of: request, limit: limit) else {
                return try await Self.write(server.refuseBody(of: head), writer)
            }
            head.body = body
            request.body = RequestBody(buffer: ByteBuffer())  // it has been read
            guard head.method == "POST" else {
                let isHead = head.method == "HEAD"
                if isHead { head.method = "GET" }
                var response = await server.respond(to: head)
                if isHead, case .whole(let bytes) = response.body {
                    response.headers["content-length"] = "\(bytes.count)"
                    response.body = .whole([])
                }
                return try await Self.write(response, writer)
            }
            // A client that goes away cancels this, and with it the samples that it asked for. The connection is not used again.
            let asked = head
            var rest = Optional(writer)
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                var response = await server.respond(to: asked)
                response.headers["connection"] = "close"
                if let writer = rest.take() { try await Self.write(response, writer) }
            }
        }

        /// The bytes of a body; `nil` for one above the limit, which is read all the same: a client that is still sending would not
        /// see an answer.
        private static func body(of request: Request, limit: Int) async throws -> [UInt8]? {
            // Nothing is kept of a body that is announced to be too large.
            let announced = request.headers[.contentLength].flatMap { Int($0) } ?? 0
            var bytes: [UInt8] = [], count = 0, isKept = announced <= limit
            for try await piece in request.body {
                count += piece.readableBytes
                guard count <= skippedBodies * limit else { throw NIOTooManyBytesError(maxBytes: limit) }
                isKept = isKept && count <= limit
                if isKept { bytes += piece.readableBytesView } else { bytes = [] }
            }
            return isKept ? bytes : nil
        }

        private func headers(_ head: HTTPRequest) -> [String: String] {
            var headers: [String: String] = [:]
            for field in head.headerFields { headers[field.name.canonicalName] = field.value }
            headers["host"] = head.authority
            return headers
        }

        private static func write(_ response: ServerResponse, _ writer: consuming ResponseWriter) async throws {
            var head = HTTPResponse(status: .init(code: response.status))
            for (name, value) in response.headers {
                if let name = HTTPField.Name(name) { head.headerFields[name] = value }
            }
            switch response.body {
            case .whole(let bytes):
                if head.headerFields[.contentLength] == nil { head.headerFields[.contentLength] = "\(bytes.count)" }
                try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
            case .stream(let pieces):
                var body: any ResponseBodyWriter = try await writer.writeHead(head)
                for await piece in pieces { try await body.write(ByteBuffer(bytes: piece)) }
                // Without an end, a client knows that a given up answer is not whole.
                try Task.checkCancellation()
                try await body.finish(nil)
            }
        }
    }

    /// Stops the server's requests before its socket.
    private struct Drain: Service {
        let server: Server
        let grace: Duration

        func run() async throws {
            try? await gracefulShutdown()
            await server.close(within: grace)
        }
    }
#endif
