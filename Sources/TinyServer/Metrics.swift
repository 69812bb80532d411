internal import Foundation
internal import Synchronization

/// What the server counts, in the text form of Prometheus.
final class Metrics: Sendable {
    private struct Counts {
        var requests: [Route: Int] = [:]
        var seconds: [String: Double] = [:]
        var promptTokens = 0
        /// Streams that ended with an error, by its code.
        var brokenStreams: [ServerErrorCode: Int] = [:]
    }

    private struct Route: Hashable {
        let path: String
        let status: Int
    }

    private let counts = Mutex(Counts())

    /// A request was answered; the path is one of the known ones.
    func add(_ path: String, status: Int, seconds: Double) {
        counts.withLock { counts in
            counts.requests[Route(path: path, status: status), default: 0] += 1
            counts.seconds[path, default: 0] += seconds
        }
    }

    func add(prompt tokens: Int) { counts.withLock { $0.promptTokens += tokens } }

    /// A stream ended with an error.
    func add(broken code: ServerErrorCode) { counts.withLock { $0.brokenStreams[code, default: 0] += 1 } }

    /// All counts, and what is measured now.
    func text(generatedTokens: Int, running: Int, waiting: Int, adapters: Int) -> String {
        let counts = counts.withLock { $0 }
        var lines: [String] = []
        func family(_ name: String, _ kind: String, _ help: String, _ values: [(labels: String, value: String)]) {
            lines += ["# HELP tinylora_\(name) \(help)", "# TYPE tinylora_\(name) \(kind)"]
            lines += values.map { "tinylora_\(name)\($0.labels) \($0.value)" }
        }
        let routes = counts.requests.sorted { ($0.key.path, $0.key.status) < ($1.key.path, $1.key.status) }
        family(
            "requests_total", "counter", "Answered requests; 499 where the client did not wait.",
            routes.map { ("{path=\"\($0.key.path)\",status=\"\($0.key.status)\"}", "\($0.value)") })
        family(
            "request_seconds_total", "counter", "Time until the head of the answer.",
            counts.seconds.sorted { $0.key < $1.key }.map {
                ("{path=\"\($0.key)\"}", String(format: "%.6f", $0.value))
            })
        family(
            "broken_streams_total", "counter", "Streams that ended with an error.",
            counts.brokenStreams.map { ("{code=\"\($0.key.rawValue)\"}", "\($0.value)") }.sorted { $0.0 < $1.0 })
        family("prompt_tokens_total", "counter", "Tokens of prompts.", [("", "\(counts.promptTokens)")])
        family("generated_tokens_total", "counter", "Sampled tokens.", [("", "\(generatedTokens)")])
        family("samples_running", "gauge", "Samples that get a token in every pass.", [("", "\(running)")])
        family("samples_waiting", "gauge", "Samples without a token.", [("", "\(waiting)")])
        family("adapters_loaded", "gauge", "Adapters loaded by name.", [("", "\(adapters)")])
        return lines.joined(separator: "\n") + "\n"
    }
}
