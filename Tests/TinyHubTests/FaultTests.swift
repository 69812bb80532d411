import Foundation
import Synchronization
import Testing
import TinyFoundation
import TinyHub
import TinyTestSupport

@Suite("A fault of the connection or the hub")
struct FaultTests {
    private let weights = LocalHub.weights
    private var incomplete: String { "models--org--model/blobs/\(weights.checksum).incomplete" }

    /// Whether a request is for the weights.
    private static func isWeights(_ request: HTTPServer.Request) -> Bool {
        request.path.hasSuffix("/model.safetensors")
    }

    @Test("that ends a connection half-way is continued by range")
    func deathHalfWay() async throws {
        let hub = try LocalHub { request, number, usual in
            var reply = usual
            if Self.isWeights(request), number == 1 { reply.cut = 40_000 }
            return reply
        }
        try await withTemporaryDirectory { cache in
            let events = Events()
            let snapshot = try await hub.client(cache: cache).download(model, report: events.add)
            #expect(try read(snapshot.path + "/model.safetensors") == weights.contents)
            let ranges = hub.fileRequests.filter(Self.isWeights).map(\.range)
            #expect(ranges == [nil, "bytes=40000-99999"])
            #expect(events.retries.count == 1 && events.retries.allSatisfy { $0.contains("trying again in") })
        }
    }

    @Test("is survived by a server that knows no ranges", arguments: [128 << 20, 30_000])
    func noRanges(pieceSize: Int) async throws {
        let whole = weights.contents
        let hub = try LocalHub { request, number, usual in
            guard Self.isWeights(request) else { return usual }
            return LocalHub.Reply(body: whole, cut: number == 1 ? 40_000 : nil)
        }
        try await withTemporaryDirectory { cache in
            let events = Events(), client = try hub.client(cache: cache) { $0.pieceSize = pieceSize }
            let snapshot = try await client.download(model, report: events.add)
            #expect(try read(snapshot.path + "/model.safetensors") == whole)
            #expect(hub.fileRequests.filter(Self.isWeights).count == 2)
            #expect(events.retries.count == 1, "\(events.retries)")
        }
    }

    @Test("is what a download fails with whose task was cancelled before it asks")
    func cancelled() async throws {
        let hub = try LocalHub()
        try await withTemporaryDirectory { cache in
            let download = Task {
                while !Task.isCancelled { await Task.yield() }
                _ = try await hub.client(cache: cache).download(model)
            }
            download.cancel()
            await expectError(.connectionFailed, naming: ["org/model"]) { try await download.value }
        }
    }

    @Test("that lasts ends in an error, and the next download continues")
    func truncation() async throws {
        let isBroken = Mutex(true)
        let hub = try LocalHub { request, _, usual in
            var reply = usual
            if Self.isWeights(request), isBroken.withLock({ $0 }) { reply.cut = 10_000 }
            return reply
        }
        try await withTemporaryDirectory { cache in
            await expectError(.connectionFailed, naming: ["model.safetensors of org/model", "127.0.0.1"]) {
                _ = try await hub.client(cache: cache).download(model)
            }
            #expect(hub.fileRequests.filter(Self.isWeights).count == 3)
            #expect(try read("\(cache)/\(incomplete)") == weights.contents.prefix(30_000))
            #expect(HubCache(cache).snapshot(of: model) == nil)
            isBroken.withLock { $0 = false }
            let snapshot = try await hub.client(cache: cache).download(model)
            #expect(hub.fileRequests.last?.range == "bytes=30000-99999")
            #expect(try read(snapshot.path + "/model.safetensors") == weights.contents)
            #expect(!FileManager.default.fileExists(atPath: "\(cache)/\(incomplete)"))
        }
    }

    @Test("that shortens a file without ending the connection is an error with both sizes")
    func shortened() async throws {
        let hub = try LocalHub { request, _, usual in
            guard Self.isWeights(request) else { return usual }
            return LocalHub.Reply(body: Data("short".utf8))
        }
        try await withTemporaryDirectory { cache in
            await expectError(.wrongSize, naming: ["5 bytes", "100000 bytes", "model.safetensors"]) {
                _ = try await hub.client(cache: cache).download(model)
            }
        }
    }

    @Test("that lengthens a file is noticed before its bytes are kept", arguments: [true, false])
    func lengthened(isStated: Bool) async throws {
        let hub = try LocalHub { request, _, usual in
            guard Self.isWeights(request) else { return usual }
            var reply = LocalHub.Reply(body: Data(repeating: 1, count: 3_000_000))
            reply.isLengthHidden = !isStated
            return reply
        }
        try await withTemporaryDirectory { cache in
            await expectError(.wrongSize, naming: ["100000 bytes", "model.safetensors"]) {
                _ = try await hub.client(cache: cache).download(model)
            }
            let size = try? read("\(cache)/\(incomplete)").count
            #expect(size ?? 0 <= 100_000)
        }
    }

    @Test("that changes bytes is found by the checksum, and the file is removed", arguments: LocalHub.files)
    func wrongChecksum(file: LocalHub.File) async throws {
        let hub = try LocalHub { request, _, usual in
            guard request.path.hasSuffix("/" + file.path) else { return usual }
            var reply = usual
            reply.body[reply.body.startIndex] ^= 1
            return reply
        }
        try await withTemporaryDirectory { cache in
            await expectError(.wrongChecksum, naming: [file.path, file.checksum]) {
                _ = try await hub.client(cache: cache).download(model)
            }
            let left = try tree(cache).keys.filter { $0.contains(file.checksum) && !$0.hasSuffix(".lock") }
            #expect(left.isEmpty)
            #expect(HubCache(cache).snapshot(of: model) == nil)
        }
    }

    @Test("in what an earlier download left is mended", arguments: [100, 99_999, 100_000, 200_000])
    func damagedBeginning(size: Int) async throws {
        let hub = try LocalHub()
        try await withTemporaryDirectory { cache in
            try FileManager.default.createDirectory(
                atPath: cache + "/models--org--model/blobs", withIntermediateDirectories: true)
            try TinyTestSupport.write(String(repeating: "?", count: size), to: "\(cache)/\(incomplete)")
            let snapshot = try await hub.client(cache: cache).download(model)
            #expect(try read(snapshot.path + "/model.safetensors") == weights.contents)
        }
    }

    @Test("with status 5xx or 429 is tried again", arguments: [429, 500, 502, 503, 504])
    func busy(status: Int) async throws {
        let hub = try LocalHub { _, number, usual in
            number < 3 ? LocalHub.Reply(status: status, headers: ["Retry-After": "0"]) : usual
        }
        try await withTemporaryDirectory { cache in
            let snapshot = try await hub.client(cache: cache).download(model)
            #expect(try read(snapshot.path + "/model.safetensors") == weights.contents)
            #expect(hub.server.requests.count == 3 * 4)
        }
    }

    @Test("that lasts is given up", arguments: [(503, HubErrorCode.serverFailed), (429, .tooManyRequests)])
    func lastingly(status: Int, code: HubErrorCode) async throws {
        let hub = try LocalHub { _, _, _ in LocalHub.Reply(status: status) }
        try await withTemporaryDirectory { cache in
            await expectError(code, naming: ["\(status)"]) { _ = try await hub.client(cache: cache).download(model) }
            #expect(hub.server.requests.count == 3)
        }
    }

    @Test(
        "with a long wait is an error that says so",
        arguments: [("3600", "3600 s"), ("Wed, 01 Jan 2200 00:00:00 GMT", "1000000 s")])
    func longWait(wait: String, said: String) async throws {
        let hub = try LocalHub { _, _, _ in LocalHub.Reply(status: 429, headers: ["Retry-After": wait]) }
        try await withTemporaryDirectory { cache in
            await expectError(.tooManyRequests, naming: ["429", "asks to wait \(said)"]) {
                _ = try await hub.client(cache: cache).download(model)
            }
            #expect(hub.server.requests.count == 1)
        }
    }

    @Test("of a hub that is not there is named with its address")
    func nobody() async throws {
        let hub = try LocalHub()
        try await withTemporaryDirectory { cache in
            let client = try hub.client(cache: cache) { $0.endpoint = "http://127.0.0.1:1" }
            await expectError(.connectionFailed, naming: ["127.0.0.1", "org/model"]) {
                _ = try await client.download(model)
            }
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var status: Int
        var errorCode: String?
        var path = "/revision/"
        var code: HubErrorCode
        var words: [String]

        var testDescription: String { "\(status) \(errorCode ?? "")" }
    }

    @Test(
        "is told by what it means",
        arguments: [
            Refusal(status: 401, code: .unknownRepository, words: ["org/model", "HF_TOKEN"]),
            Refusal(
                status: 401, errorCode: "RepoNotFound", code: .unknownRepository, words: ["org/model", "HF_TOKEN"]),
            Refusal(status: 404, errorCode: "RepoNotFound", code: .unknownRepository, words: ["org/model"]),
            Refusal(status: 404, code: .unknownRepository, words: ["org/model"]),
            Refusal(status: 404, errorCode: "RevisionNotFound", code: .unknownRevision, words: ["main", "org/model"]),
            Refusal(status: 403, errorCode: "GatedRepo", code: .accessDenied, words: ["gated", "terms", "HF_TOKEN"]),
            Refusal(
                status: 401, errorCode: "GatedRepo", path: "/resolve/", code: .accessDenied,
                words: ["gated", "terms", "HF_TOKEN"]),
            Refusal(status: 403, code: .accessDenied, words: ["denies", "HF_TOKEN"]),
            Refusal(
                status: 404, errorCode: "EntryNotFound", path: "/resolve/", code: .unknownFile,
                words: ["config.json of org/model"]),
            Refusal(status: 404, path: "/resolve/", code: .unknownFile, words: ["config.json of org/model"]),
            Refusal(status: 418, code: .serverFailed, words: ["418"]),
        ])
    func refusal(_ refusal: Refusal) async throws {
        let hub = try LocalHub { request, _, usual in
            guard request.path.contains(refusal.path) else { return usual }
            let headers = refusal.errorCode.map { ["X-Error-Code": $0] } ?? [:]
            return LocalHub.Reply(status: refusal.status, headers: headers, body: Data("no".utf8))
        }
        try await withTemporaryDirectory { cache in
            await expectError(refusal.code, naming: refusal.words) {
                _ = try await hub.client(cache: cache).download(model)
            }
            #expect(hub.server.requests.filter { $0.path.contains(refusal.path) }.count == 1)
        }
    }
}
