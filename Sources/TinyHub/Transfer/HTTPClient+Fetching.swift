internal import Foundation
internal import TinyFoundation

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

extension HTTPClient {
    /// A transfer that moved on by so many bytes has all its attempts again.
    private static let headway = 1 << 20

    /// Fetches a resource into a sink, from where the sink is; tries again where that may help.
    ///
    /// - Parameter note: Told what goes wrong and is tried again.
    /// - Returns: The head of the last answer; `nil` when there was nothing to ask for.
    @discardableResult
    func fetch(
        _ resource: Resource, into sink: any ByteSink, note: @Sendable (String) -> Void
    ) async throws(HubError) -> HTTPURLResponse? {
        var failures = 0, furthest = sink.count
        var last: HTTPURLResponse?
        while resource.byteCount != sink.count {
            let start = sink.count
            let failure: Failure
            do throws(Failure) {
                let requested = resource.byteCount.flatMap { size in
                    start == 0 && size <= settings.pieceSize ? nil : start..<min(size, start + settings.pieceSize)
                }
                if requested == nil, start > 0 { try restart(sink) }
                let response = try await get(Reception(resource, requested: requested, into: sink))
                if let failure = refusal(response, of: resource) { throw failure }
                guard let size = resource.byteCount else { return response }
                last = response
                // More than was asked for is the whole, from a server that knows no ranges.
                if sink.count >= requested?.upperBound ?? size { continue }
                throw Failure(
                    error: HubError(
                        .wrongSize, "the hub sent only \(sink.count) of the \(size) bytes of \(resource.name)"),
                    mayPass: true)
            } catch {
                failure = error
            }
            if sink.count >= furthest + Self.headway {
                failures = 0
                furthest = sink.count
            }
            failures += 1
            try await pause(failure, failures, note: note)
        }
        return last
    }

    private func restart(_ sink: any ByteSink) throws(Failure) {
        do throws(HubError) { try sink.restart() } catch { throw Failure(error: error) }
    }

    /// Waits before the next attempt.
    private func pause(_ failure: Failure, _ failures: Int, note: @Sendable (String) -> Void) async throws(HubError) {
        guard failure.mayPass, failures < settings.retries.attempts else { throw failure.error }
        let wait = max(failure.wait ?? .zero, settings.retries.delay(afterFailures: failures))
        guard wait <= settings.retries.longestDelay else {
            throw HubError(
                failure.error.code, failure.error.message, hint: "it asks to wait \(wait.inSeconds)",
                underlying: failure.error)
        }
        note("\(failure.error.message); trying again in \(wait.inSeconds)")
        do { try await Task.sleep(for: wait) } catch { throw failure.error }
    }

    /// What an answer without the resource means; `nil` for one with it.
    private func refusal(_ response: HTTPURLResponse, of resource: Resource) -> Failure? {
        switch response.statusCode {
        case 200, 206: nil
        case 401, 403, 404: Failure(error: resource.refusal(response))
        case 416:
            Failure(
                error: HubError(
                    .wrongSize, "the hub has fewer bytes of \(resource.name) than its listing says"))
        case 429:
            Failure(
                error: HubError(.tooManyRequests, "the hub refuses more requests for now (status 429)"), mayPass: true,
                wait: response.retryAfter)
        case 408, 500...:
            Failure(
                error: HubError(
                    .serverFailed, "the hub answered \(resource.name) with status \(response.statusCode)"),
                mayPass: true, wait: response.retryAfter)
        default:
            Failure(
                error: HubError(
                    .serverFailed, "the hub answered \(resource.name) with status \(response.statusCode)"))
        }
    }
}

extension HTTPURLResponse {
    /// The wait that the server asks for, in seconds or until a date. Source: RFC 9110, §10.2.3.
    fileprivate var retryAfter: Duration? {
        guard let text = value(forHTTPHeaderField: "Retry-After") else { return nil }
        if let seconds = UInt32(text) { return .seconds(Int(seconds)) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: text).map { .seconds(max(0, min($0.timeIntervalSinceNow, 1e6).rounded(.up))) }
    }
}

extension Duration {
    /// Whole seconds, but for a part of one.
    fileprivate var inSeconds: String {
        let seconds = self / .seconds(1)
        return String(format: seconds < 1 ? "%.3g s" : "%.0f s", seconds)
    }
}
