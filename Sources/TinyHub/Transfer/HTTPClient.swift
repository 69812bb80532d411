internal import Foundation
internal import Synchronization
internal import TinyFoundation

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// HTTP by Foundation's `URLSession`. It follows redirections itself, so that the token goes to the hub and to no other host.
final class HTTPClient: Sendable {
    let settings: HubSettings
    private let session: URLSession
    private let exchanges = Exchanges()

    init(_ settings: HubSettings) {
        self.settings = settings
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        configuration.timeoutIntervalForRequest = settings.retries.silence / .seconds(1)
        session = URLSession(configuration: configuration, delegate: exchanges, delegateQueue: nil)
    }

    deinit { session.finishTasksAndInvalidate() }

    /// Why an exchange failed, and whether another one may succeed.
    struct Failure: Error {
        let error: HubError
        var mayPass = false
        /// The wait that the server asks for.
        var wait: Duration?
    }

    /// Asks for a resource, or for some of its bytes, and follows redirections.
    func get(_ reception: Reception) async throws(Failure) -> HTTPURLResponse {
        var url = reception.resource.url
        for _ in 0..<10 {
            var request = URLRequest(url: url)
            request.setValue("tinylora", forHTTPHeaderField: "User-Agent")
            // A compressed answer has another size than the file.
            request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
            if let range = reception.requested {
                request.setValue("bytes=\(range.lowerBound)-\(range.upperBound - 1)", forHTTPHeaderField: "Range")
            }
            if let token = settings.token, let hub = URL(string: settings.endpoint), url.isOnServer(of: hub) {
                request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
            }
            let response = try await exchange(request, reception)
            guard [301, 302, 303, 307, 308].contains(response.statusCode) else { return response }
            let location = response.value(forHTTPHeaderField: "Location")
            guard let next = location.flatMap({ URL(string: $0, relativeTo: url)?.absoluteURL }), next.isWeb,
                url.scheme == "http" || next.scheme == "https"
            else {
                throw Failure(
                    error: HubError(
                        .invalidAnswer,
                        "\(url.host ?? "the hub") redirects \(reception.resource.name) to an unsafe address"))
            }
            url = next
        }
        throw Failure(error: HubError(.invalidAnswer, "\(reception.resource.name) is redirected more than 10 times"))
    }

    private func exchange(_ request: URLRequest, _ reception: Reception) async throws(Failure) -> HTTPURLResponse {
        let task = session.dataTask(with: request)
        let host = request.url?.host ?? settings.endpoint
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                exchanges.add(task, reception, continuation)
                task.resume()
                if Task.isCancelled { task.cancel() }
            }
        } onCancel: {
            // The end of a task that is not there yet would be told to nobody.
            if exchanges.contains(task) { task.cancel() }
        }
        switch outcome {
        case .response(let response): return response
        case .refused(let error): throw Failure(error: error)
        case .failed(let error):
            throw Failure(
                error: HubError(
                    .connectionFailed,
                    "\(reception.resource.name) cannot be fetched from \(host): \(systemReason(error))",
                    underlying: error), mayPass: Self.mayPass(error))
        }
    }

    /// Whether asking again may help: not where the name or the certificate of the server is wrong.
    private static func mayPass(_ error: any Error) -> Bool {
        guard let code = (error as? URLError)?.code else { return true }
        let lasting: [URLError.Code] = [
            .badURL, .unsupportedURL, .cannotFindHost, .dnsLookupFailed, .secureConnectionFailed, .cancelled,
            .serverCertificateUntrusted, .serverCertificateHasBadDate, .serverCertificateNotYetValid,
            .serverCertificateHasUnknownRoot,
        ]
        return !lasting.contains(code)
    }
}

/// How an exchange ended.
private enum Outcome: Sendable {
    case response(HTTPURLResponse)
    /// What came was not acceptable.
    case refused(HubError)
    case failed(any Error)
}

/// The exchanges in progress: hands what comes in to their receptions.
private final class Exchanges: NSObject, URLSessionDataDelegate, Sendable {
    private struct Exchange {
        let reception: Reception
        let continuation: CheckedContinuation<Outcome, Never>
        var refusal: HubError?
    }

    private let running = Mutex<[Int: Exchange]>([:])

    func add(_ task: URLSessionTask, _ reception: Reception, _ continuation: CheckedContinuation<Outcome, Never>) {
        running.withLock { $0[task.taskIdentifier] = Exchange(reception: reception, continuation: continuation) }
    }

    func contains(_ task: URLSessionTask) -> Bool { running.withLock { $0[task.taskIdentifier] != nil } }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        refusing(dataTask) { (reception) throws(HubError) in
            if let response = response as? HTTPURLResponse { try reception.begin(response) }
        }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        refusing(dataTask) { (reception) throws(HubError) in try reception.receive(data) }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let exchange = running.withLock({ $0.removeValue(forKey: task.taskIdentifier) }) else { return }
        exchange.continuation.resume(
            returning: {
                if let refusal = exchange.refusal { return .refused(refusal) }
                if let error { return .failed(error) }
                if let response = task.response as? HTTPURLResponse { return .response(response) }
                return .failed(URLError(.badServerResponse))
            }())
    }

    /// Ends the exchange when `body` throws, unless that has happened before.
    private func refusing(_ task: URLSessionTask, _ body: (Reception) throws(HubError) -> Void) {
        let exchange = running.withLock { $0[task.taskIdentifier] }
        guard let exchange, exchange.refusal == nil else { return }
        do throws(HubError) { try body(exchange.reception) } catch {
            running.withLock { $0[task.taskIdentifier]?.refusal = error }
            task.cancel()
        }
    }
}
