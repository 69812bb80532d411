package import Foundation
internal import TinyFoundation

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// Why an exchange with a server did not give what was asked for.
package enum ServerFailure: Error {
    /// The server was not reached, or went away: it may be another process when it answers again.
    case lost(String)
    /// The server answers, but not this now; another attempt may succeed. One that is busy or loading has a wait, at least 0;
    /// one that failed has none.
    case passing(String, wait: Duration? = nil)
    /// The server's own time limit ended the answer, which another attempt begins anew.
    case late(String)
    /// The server does not know the adapter that was named.
    case unknownAdapter(String)
    /// No other attempt will succeed.
    case lasting(RemoteError)

    /// What happened, as a sentence.
    package var message: String {
        switch self {
        case .lost(let text), .passing(let text, _), .late(let text), .unknownAdapter(let text): text
        case .lasting(let error): error.message
        }
    }
}

/// Requests to one server and its answers, in JSON unless said otherwise. Each is sent once: whoever asks decides what is
/// asked again.
package final class ServerConnection: Sendable {
    let address: ServerAddress
    private let silence: Duration
    /// For addresses with TLS.
    private let session: URLSession

    /// Connects when the first request is sent.
    ///
    /// - Parameter silence: How long a server may send nothing.
    init(_ address: ServerAddress, silence: Duration) {
        self.address = address
        self.silence = silence
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        // See PlainExchange: a connection that is used again can lose its answer.
        configuration.httpAdditionalHeaders = ["Connection": "close"]
        configuration.httpMaximumConnectionsPerHost = 1024
        configuration.timeoutIntervalForRequest = silence / .seconds(1)
        configuration.timeoutIntervalForResource = silence / .seconds(1)
        session = URLSession(configuration: configuration)
    }

    deinit { session.finishTasksAndInvalidate() }

    /// An answer, whatever its status.
    package struct Answer: Sendable {
        let status: Int
        let body: Data
        /// The wait that the server asks for, in seconds.
        let retryAfter: Duration?

        package init(_ status: Int, _ body: Data, retryAfter: String?) {
            self.status = status
            self.body = body
            let wait = retryAfter.flatMap { Double($0) }
            self.retryAfter = wait.flatMap { $0 >= 0 && $0 < 3600 ? .seconds($0) : nil }
        }

        /// The message of an error: OpenAI's `error.message`, llama.cpp's the same, vLLM's older `message`, else the text.
        var message: String {
            let object = try? JSONValue(json: body)
            for text in [object?["error"]?["message"], object?["message"], object?["detail"]] {
                if case .string(let text) = text { return text }
            }
            return String(decoding: body.prefix(300), as: UTF8.self)
        }
    }

    func get(_ path: String) async throws(ServerFailure) -> Answer {
        try await exchange(request(path))
    }

    func post(_ path: String, _ body: some Encodable & Sendable) async throws(ServerFailure) -> Answer {
        let data: Data
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        do { data = try encoder.encode(body) } catch {
            throw .lasting(RemoteError(.unsupported, "a request to \(path) cannot be written: \(error)"))
        }
        return try await post(path, bytes: data, type: "application/json")
    }

    func post(_ path: String, bytes: Data, type: String) async throws(ServerFailure) -> Answer {
        var request = request(path)
        request.httpMethod = "POST"
        request.httpBody = bytes
        request.setValue(type, forHTTPHeaderField: "Content-Type")
        return try await exchange(request)
    }

    private func request(_ path: String) -> URLRequest {
        var request = URLRequest(url: URL(string: address.url.absoluteString + path) ?? address.url)
        request.setValue("tinylora", forHTTPHeaderField: "User-Agent")
        if let token = address.token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        return request
    }

    private func exchange(_ request: URLRequest) async throws(ServerFailure) -> Answer {
        let path = request.url?.path ?? ""
        if address.url.scheme == "http" {
            do throws(ServerFailure) {
                let answer = try await PlainExchange(request, silence: silence).answer()
                return Answer(answer.status, answer.body, retryAfter: answer.headers["retry-after"])
            } catch {
                switch error {
                case .lost(let reason): throw .lost("\(address) does not answer: \(reason)")
                case .passing: throw .passing("\(address) did not answer \(path) in time")
                case .lasting(let error): throw .lasting(RemoteError(error.code, "\(address): \(error.message)"))
                case .late, .unknownAdapter: throw error
                }
            }
        }
        let data: Data, response: URLResponse
        do {
            (data, response) = try await session.data(for: request)
        } catch {
            let isLate = (error as? URLError)?.code == .timedOut
            throw isLate
                ? .passing("\(address) did not answer \(path) in time")
                : .lost("\(address) does not answer: \(systemReason(error))")
        }
        guard let response = response as? HTTPURLResponse else {
            throw .lasting(RemoteError(.invalidAnswer, "\(address) does not speak HTTP"))
        }
        return Answer(response.statusCode, data, retryAfter: response.value(forHTTPHeaderField: "Retry-After"))
    }
}

extension ServerConnection.Answer {
    /// The body as a value, of an answer of status 200.
    ///
    /// - Parameter what: What messages call the request, such as `http://127.0.0.1:8000/v1/completions`.
    func decoded<Value: Decodable>(_ type: Value.Type, _ what: String) throws(ServerFailure) -> Value {
        try requireSuccess(what)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: body)
        } catch {
            throw .lasting(
                RemoteError(.invalidAnswer, "\(what) answered something else than was expected: \(fault(error))"))
        }
    }

    /// Turns every status but 200 into a failure.
    package func requireSuccess(_ what: String) throws(ServerFailure) {
        switch status {
        case 200: return
        case 504: throw .late("\(what) answered with status 504: \(message)")
        case 408, 425, 429, 502, 503:
            throw .passing("\(what) answered with status \(status): \(message)", wait: retryAfter ?? .zero)
        case 507:  // the same request needs the same memory
            throw .lasting(RemoteError(.refused, "\(what) answered with status 507: \(message)"))
        case 500...:
            throw .passing("\(what) answered with status \(status): \(message)", wait: retryAfter)
        default:
            throw .lasting(RemoteError(.refused, "\(what) refused a request with status \(status): \(message)"))
        }
    }

    /// What a decoder found, and where.
    private func fault(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        return switch error as? DecodingError {
        case .keyNotFound(let key, let context): "\(place(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath.isEmpty ? "it is no such JSON" : "\(place(context.codingPath)) is of another kind"
        default: "\(error)"
        }
    }
}
