package import Foundation
internal import Synchronization
internal import TinyFoundation

#if canImport(FoundationNetworking)
    package import FoundationNetworking
#endif

/// One request by HTTP without TLS, over a connection and on a thread of its own.
///
/// Why not Foundation's client: on Linux (6.3) it keeps most of a core busy while a hundred requests wait, and can lose an
/// answer for ever when it uses a connection again that the server closes.
package final class PlainExchange: Sendable {
    /// What a server sent.
    package struct Answer: Sendable {
        package var status = 0
        /// By name in lower case.
        package var headers: [String: String] = [:]
        package var body = Data()
    }

    private let host: String
    private let port: Int
    private let message: Data
    private let silence: Duration
    private let longestBody: Int
    /// The socket while it is open, and whether nobody waits for the answer any more.
    private let state = Mutex((socket: Int32(-1), isCancelled: false))

    /// The limit of connecting and of sending a part.
    private static let longestSending = Duration.seconds(60)

    /// Describes a request.
    ///
    /// - Parameters:
    ///   - silence: How long the server may send nothing.
    ///   - longestBody: Bytes of an answer, which is held in memory; an answer with more is a failure.
    package init(_ request: URLRequest, silence: Duration, longestBody: Int = 1 << 30) {
        let url = request.url
        host = (url?.host() ?? "").trimmingCharacters(in: ["[", "]"])  // an IPv6 address
        port = url?.port ?? 80
        self.silence = silence
        self.longestBody = longestBody
        let path = url?.path(percentEncoded: true) ?? ""
        let query = url?.query(percentEncoded: true).map { "?" + $0 } ?? ""
        var lines = ["\(request.httpMethod ?? "GET") \(path.isEmpty ? "/" : path)\(query) HTTP/1.1"]
        lines.append("Host: \(host.contains(":") ? "[\(host)]" : host):\(port)")
        for (name, value) in (request.allHTTPHeaderFields ?? [:]).sorted(by: { $0.key < $1.key }) {
            lines.append("\(name): \(value)")
        }
        let body = request.httpBody ?? Data()
        lines += ["Connection: close", "Content-Length: \(body.count)", "", ""]
        message = Data(lines.joined(separator: "\r\n").utf8) + body
    }

    /// Sends the request and waits for the whole answer.
    package func answer() async throws(ServerFailure) -> Answer {
        let result: Result<Answer, ServerFailure> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let thread = Thread { [self] in continuation.resume(returning: Result(exchange)) }
                thread.stackSize = 1 << 19
                thread.start()
            }
        } onCancel: {
            state.withLock { state in
                state.isCancelled = true
                if state.socket >= 0 { shutdown(state.socket, Int32(SHUT_RDWR)) }
            }
        }
        return try result.get()
    }

    private func exchange() throws(ServerFailure) -> Answer {
        let descriptor = try connected()
        defer {
            state.withLock { $0.socket = -1 }
            close(descriptor)
        }
        try send(to: descriptor)
        var reader = AnswerReader(descriptor, longestBody: longestBody)
        return try reader.answer()
    }

    /// A connection to the first address of the host that takes one.
    private func connected() throws(ServerFailure) -> Int32 {
        var hints = addrinfo(), found: UnsafeMutablePointer<addrinfo>?
        #if os(Linux)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        let status = getaddrinfo(host, "\(port)", &hints, &found)
        guard status == 0, let first = found else { throw .lost(String(cString: gai_strerror(status))) }
        defer { freeaddrinfo(first) }
        var reason = SystemError(number: ECONNREFUSED)
        var candidate: UnsafeMutablePointer<addrinfo>? = first
        while let address = candidate?.pointee {
            candidate = address.ai_next
            let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
            guard descriptor >= 0 else {
                reason = .last
                continue
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            limit(SO_SNDTIMEO, of: descriptor, to: Self.longestSending)
            limit(SO_RCVTIMEO, of: descriptor, to: silence)
            Self.keepAlive(descriptor)
            #if !os(Linux)
                var isOn: Int32 = 1
                setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &isOn, socklen_t(MemoryLayout<Int32>.size))
            #endif
            // From here on a cancellation ends what waits for the socket.
            let isWanted = state.withLock { state in
                state.socket = descriptor
                return !state.isCancelled
            }
            if isWanted, connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return descriptor }
            reason = .last
            state.withLock { $0.socket = -1 }
            close(descriptor)
            guard isWanted else { throw .lost("the request was given up") }
        }
        throw .lost(reason.number == EINPROGRESS ? "no connection in time" : reason.description)
    }

    /// Lets the system ask after the other machine while a connection is silent, so that one that vanished is a failure after two
    /// minutes instead of after ``silence``.
    package static func keepAlive(_ descriptor: Int32) {
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            var value = value
            setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        let transport = Int32(IPPROTO_TCP)
        #if os(Linux)
            set(transport, TCP_KEEPIDLE, 60)  // seconds
        #else
            set(transport, TCP_KEEPALIVE, 60)
        #endif
        set(transport, TCP_KEEPINTVL, 15)
        set(transport, TCP_KEEPCNT, 4)
    }

    private func limit(_ option: Int32, of descriptor: Int32, to duration: Duration) {
        let parts = duration.components
        var time = timeval()
        time.tv_sec = .init(parts.seconds)
        time.tv_usec = .init(parts.attoseconds / 1_000_000_000_000)
        setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    private func send(to descriptor: Int32) throws(ServerFailure) {
        #if os(Linux)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let flags: Int32 = 0
        #endif
        var rest = message[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, flags) }
            if count > 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch SystemError.last.number {
            case EINTR: continue
            case EAGAIN: throw .passing("it takes no request in time")
            default: return  // a server may answer, and close, before it has read everything: the answer says why
            }
        }
    }
}

/// Reads one answer from a socket.
private struct AnswerReader {
    private let descriptor: Int32
    private let longestBody: Int
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    /// What was received and not used yet.
    private var received = Data()

    private static let longestHead = 1 << 20
    private static let lineEnd = Data("\r\n".utf8)

    init(_ descriptor: Int32, longestBody: Int) {
        self.descriptor = descriptor
        self.longestBody = longestBody
    }

    mutating func answer() throws(ServerFailure) -> PlainExchange.Answer {
        var answer = PlainExchange.Answer()
        repeat {
            let words = try line().split(separator: " ", maxSplits: 2)
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]),
                (100...599).contains(status)
            else {
                throw .lasting(RemoteError(.invalidAnswer, "the server does not speak HTTP"))
            }
            answer = PlainExchange.Answer(status: status)
            while case let field = try line(), !field.isEmpty {
                guard let colon = field.firstIndex(of: ":") else { continue }
                let value = field[field.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                answer.headers[field[..<colon].lowercased()] = value
            }
        } while answer.status < 200  // "continue" and the like come before the answer
        if [204, 304].contains(answer.status) { return answer }
        if answer.headers["transfer-encoding"]?.lowercased().hasSuffix("chunked") == true {
            answer.body = try chunks()
        } else if let text = answer.headers["content-length"] {
            guard let length = Int(text), length >= 0 else {
                throw .lasting(RemoteError(.invalidAnswer, "the server does not speak HTTP"))
            }
            try checkLength(length)
            answer.body = try take(length)
        } else {
            repeat { try checkLength(received.count) } while try receive()
            answer.body = received
        }
        return answer
    }

    private mutating func chunks() throws(ServerFailure) -> Data {
        var body = Data()
        while true {
            let size = try line().prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
            guard let count = Int(size, radix: 16), count >= 0 else {
                throw .lasting(RemoteError(.invalidAnswer, "the server does not speak HTTP"))
            }
            if count == 0 { return body }
            try checkLength(body.count.addingReportingOverflow(count).partialValue)
            body += try take(count)
            _ = try line()
        }
    }

    private func checkLength(_ length: Int) throws(ServerFailure) {
        guard (0...longestBody).contains(length) else {
            throw .lasting(RemoteError(.invalidAnswer, "the server's answer has more than \(longestBody) bytes"))
        }
    }

    private mutating func line() throws(ServerFailure) -> String {
        while true {
            if let end = received.range(of: Self.lineEnd) {
                defer { received = Data(received[end.upperBound...]) }
                return String(decoding: received[..<end.lowerBound], as: UTF8.self)
            }
            guard received.count <= Self.longestHead else {
                throw .lasting(RemoteError(.invalidAnswer, "the server does not speak HTTP"))
            }
            guard try receive() else { throw .lost("the connection ended without an answer") }
        }
    }

    private mutating func take(_ count: Int) throws(ServerFailure) -> Data {
        while received.count < count {
            guard try receive() else { throw .lost("the connection ended within an answer") }
        }
        defer { received = Data(received.dropFirst(count)) }
        return Data(received.prefix(count))
    }

    /// - Returns: Whether there was more.
    private mutating func receive() throws(ServerFailure) -> Bool {
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                received += buffer[..<count]
                return true
            }
            if count == 0 { return false }
            let reason = SystemError.last
            switch reason.number {
            case EINTR: continue
            case EAGAIN: throw .passing("no answer in time")
            default: throw .lost(reason.description)
            }
        }
    }
}

extension Result where Failure == ServerFailure {
    /// What a throwing function comes to.
    fileprivate init(_ body: () throws(ServerFailure) -> Success) {
        do throws(ServerFailure) { self = .success(try body()) } catch { self = .failure(error) }
    }
}
