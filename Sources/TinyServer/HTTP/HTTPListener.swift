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
        /// The body of a request must have arrived after this time, or after that of an answer where it is shorter.
        package var bodyTime = Duration.seconds(30)
        /// How long answers that were ended may take to reach their clients before the connections are closed.
        package var endTime = Duration.seconds(5)
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

        /// Answers requests until SIGTERM or SIGINT, or until the caller's task is cancelled; then running answers have time to
        /// finish, and what is left ends with an error event. A second signal ends everything at once.
        ///
        /// - Parameters:
        ///   - grace: The time that answers have.
        ///   - signals: Whether signals stop the server.
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
                responder: { request, writer, channel in
                    var rest = Optional(writer)
                    // A client that neither sends nor reads must not keep the server from its end.
                    try await withTaskCancellationHandler {
                        if let writer = rest.take() { try await answer(request, writer, channel) }
                    } onCancel: {
                        channel.close(promise: nil)
                    }
                },
                onServerRunning: { await isListening($0.localAddress?.port ?? port) })
            var configuration = ServiceGroupConfiguration(
                services: [listener, Drain(server: server, grace: grace)], logger: logger)
            configuration.maximumGracefulShutdownDuration = grace + endTime
            let group = ServiceGroup(configuration: configuration)
            let trapped = signals ? await UnixSignalsSequence(trapping: .sigterm, .sigint) : nil
            let running = Task { try await group.run() }
            let watching = Task {
                var signals = trapped?.makeAsyncIterator()
                if await signals?.next() != nil { await group.triggerGracefulShutdown() }
                if await signals?.next() != nil { running.cancel() }
            }
            defer { watching.cancel() }
            try await withTaskCancellationHandler {
                try await running.value
            } onCancel: {
                Task { await group.triggerGracefulShutdown() }
            }
        }

        private func answer(
            _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
        ) async throws {
            var request = request
            var head = ServerRequest(request.method.rawValue, request.uri.path, headers: headers(request.head))
            let isHead = head.method == "HEAD"
            if isHead { head.method = "GET" }
            if let refusal = server.refusal(of: head) {
                try await write(isHead ? withoutBody(refusal) : refusal, writer, channel)
                _ = try await body(of: request, channel, isKept: false)
                return
            }
            let hasBody =
                head.headers["transfer-encoding"] != nil || head.headers["content-length"].map { $0 != "0" } == true
            if hasBody, head.headers["expect"]?.lowercased() == "100-continue" {
                try await writer.writeInformationalHead(HTTPResponse(status: .continue))
            }
            guard let body = try await body(of: request, channel) else {
                return try await write(server.refuseBody(of: head), writer, channel)
            }
            head.body = body
            guard Server.route(head.path)?.samples == true, head.method == "POST" else {
                let response = await server.respond(to: head)
                return try await write(isHead ? withoutBody(response) : response, writer, channel)
            }
            // A client that goes away cancels this, and with it the samples that it asked for. The connection is not used again.
            request.body = RequestBody(buffer: ByteBuffer())  // it has been read
            let asked = head
            var rest = Optional(writer)
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                var response = await server.respond(to: asked)
                response.headers["connection"] = "close"
                if let writer = rest.take() { try await write(response, writer, channel) }
            }
        }

        /// The bytes of a body; `nil` for one above the limit, which is read all the same: a client that is still sending would not
        /// see an answer. The connection of one that takes too long is closed.
        ///
        /// - Parameter isKept: Whether the bytes are wanted.
        private func body(of request: Request, _ channel: any Channel, isKept: Bool = true) async throws -> [UInt8]? {
            let deadline = close(channel, after: min(bodyTime, server.settings.timeout))
            defer { deadline.cancel() }
            let limit = server.settings.bodyLimit
            var bytes: [UInt8] = [], count = 0, isKept = isKept
            for try await piece in request.body {
                count += piece.readableBytes
                guard count <= Self.skippedBodies * limit else { throw NIOTooManyBytesError(maxBytes: limit) }
                isKept = isKept && count <= limit
                if isKept { bytes += piece.readableBytesView } else { bytes = [] }
            }
            return isKept ? bytes : nil
        }

        /// Closes a connection, with what is not yet sent, when the time has passed and this was not cancelled.
        private func close(_ channel: any Channel, after time: Duration) -> Scheduled<Void> {
            channel.eventLoop.scheduleTask(in: TimeAmount(time)) { channel.close(promise: nil) }
        }

        /// The answer to `HEAD`.
        private func withoutBody(_ response: ServerResponse) -> ServerResponse {
            guard case .whole(let bytes) = response.body else { return response }
            var response = response
            response.headers["content-length"] = "\(bytes.count)"
            response.body = .whole([])
            return response
        }

        private func headers(_ head: HTTPRequest) -> [String: String] {
            var headers: [String: String] = [:]
            for field in head.headerFields { headers[field.name.canonicalName] = field.value }
            headers["host"] = head.authority
            return headers
        }

        /// Sends a response. A client that does not take a whole answer, or the next piece of a stream, in the time of an answer loses
        /// its connection.
        private func write(
            _ response: ServerResponse, _ writer: consuming ResponseWriter, _ channel: any Channel
        ) async throws {
            var head = HTTPResponse(status: .init(code: response.status))
            for (name, value) in response.headers {
                if let name = HTTPField.Name(name) { head.headerFields[name] = value }
            }
            var deadline = close(channel, after: server.settings.timeout)
            defer { deadline.cancel() }
            switch response.body {
            case .whole(let bytes):
                if head.headerFields[.contentLength] == nil { head.headerFields[.contentLength] = "\(bytes.count)" }
                try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
            case .stream(let pieces):
                var body: any ResponseBodyWriter = try await writer.writeHead(head)
                deadline.cancel()
                for await piece in pieces {
                    deadline = close(channel, after: server.settings.timeout)
                    try await body.write(ByteBuffer(bytes: piece))
                    deadline.cancel()
                }
                // Without an end, a client knows that a given up answer is not whole.
                try Task.checkCancellation()
                deadline = close(channel, after: server.settings.timeout)
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
            await withTaskCancellationHandler {
                await server.close(within: grace)
            } onCancel: {
                // The time of the answers is over.
                Task { await server.close(within: .zero) }
            }
        }
    }
#endif
