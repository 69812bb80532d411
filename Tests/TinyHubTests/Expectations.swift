import Foundation
import Synchronization
import Testing
import TinyFoundation
import TinyHub

/// Expects an error with this code whose message or hint has these words.
func expectError(
    _ code: HubErrorCode, naming words: [String], sourceLocation: SourceLocation = #_sourceLocation,
    of body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("no error was thrown", sourceLocation: sourceLocation)
    } catch let error as HubError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        for word in words {
            #expect("\(error)".contains(word), "expected \"\(word)\" in \(error)", sourceLocation: sourceLocation)
        }
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}

/// What a download reported.
final class Events: Sendable {
    private let all = Mutex<[DownloadEvent]>([])

    func add(_ event: DownloadEvent) { all.withLock { $0.append(event) } }

    private var events: [DownloadEvent] { all.withLock { $0 } }

    var listed: [[Int]] {
        events.compactMap { if case .listed(let files, let bytes, let all) = $0 { [files, bytes, all] } else { nil } }
    }

    var done: [Int] { events.compactMap { if case .progress(_, let done) = $0 { done } else { nil } } }

    var retries: [String] { events.compactMap { if case .retry(let text) = $0 { text } else { nil } } }
}
