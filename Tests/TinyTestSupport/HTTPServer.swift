package import Foundation
internal import Synchronization

/// A server of HTTP on the loopback interface, with an answer for every request; closes each connection after it.
package final class HTTPServer: Sendable {
    /// What was asked for.
    package struct Request: Sendable {
        /// Path and query.
        package var target: String
        /// By name in lower case.
        package var headers: [String: String]
        /// What came after the headers.
        package var body = Data()

        /// The target without its query.
        package var path: String { String(target.prefix { $0 != "?" }) }
        /// The bytes that were asked for.
        package var range: String? { headers["range"] }
    }

    /// What is answered.
    package struct Reply: Sendable {
        package var status: Int
        package var headers: [String: String]
        package var body: Data
        /// Close the connection after so many bytes of the body.
        package var cut: Int?
        /// Let the end of the connection be the end of the body.
        package var isLengthHidden = false

        /// Makes an answer from its parts.
        package init(
            status: Int = 200, headers: [String: String] = [:], body: Data = Data(), cut: Int? = nil
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.cut = cut
        }

        /// A text.
        package static func json(_ text: String, _ headers: [String: String] = [:]) -> Reply {
            Reply(headers: headers, body: Data(text.utf8))
        }
    }

    /// Where it listens on 127.0.0.1.
    package let port: UInt16
    private let descriptor: Int32
    private let log = Mutex<[Request]>([])
    private let isClosed = Mutex(false)

    /// Begins to answer.
    package init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        descriptor = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw CocoaError(.featureUnsupported) }
        port = UInt16(bigEndian: address.sin_port)
        let thread = Thread { [weak self] in
            // The server is not kept alive by its own thread.
            while let isClosed = self?.isClosed.withLock({ $0 }), !isClosed {
                var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&state, 1, 20) > 0 else { continue }
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { continue }
                Thread { [weak self] in
                    if let request = Self.read(connection) {
                        self?.log.withLock { $0.append(request) }
                        Self.write(answer(request), to: connection)
                    }
                    close(connection)
                }.start()
            }
            close(descriptor)
        }
        thread.start()
    }

    deinit { isClosed.withLock { $0 = true } }

    /// The requests so far.
    package var requests: [Request] { log.withLock { $0 } }

    /// Its address.
    package var endpoint: String { "http://127.0.0.1:\(port)" }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        let separator = Data("\r\n\r\n".utf8)
        var end = Data(bytes).range(of: separator)
        while end == nil {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            end = Data(bytes).range(of: separator)
        }
        let head = bytes.prefix(end?.lowerBound ?? 0)
        var body = Data(bytes.suffix(from: end?.upperBound ?? 0))
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n").map(String.init)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        if headers["expect"] != nil { _ = send(connection, "HTTP/1.1 100 Continue\r\n\r\n", 25, Int32(MSG_NOSIGNAL)) }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while body.count < length {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            body += buffer[..<count]
        }
        return Request(target: String(words[1]), headers: headers, body: body)
    }

    private static func write(_ reply: Reply, to connection: Int32) {
        var headers = reply.headers
        headers["Connection"] = "close"
        if !reply.isLengthHidden { headers["Content-Length"] = headers["Content-Length"] ?? "\(reply.body.count)" }
        let head = headers.map { "\($0.key): \($0.value)\r\n" }.sorted().joined()
        let bytes =
            Array("HTTP/1.1 \(reply.status) Status\r\n\(head)\r\n".utf8)
            + Array(reply.cut.map { reply.body.prefix($0) } ?? reply.body)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
        shutdown(connection, Int32(SHUT_WR))
    }
}
