internal import Foundation
internal import Synchronization
internal import TinyFoundation

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// What is fetched.
struct Resource: Sendable {
    let url: URL
    /// What messages call it.
    let name: String
    /// Its size in bytes, where it is known.
    var byteCount: Int?
    /// The size that is refused where none is known.
    var largest = 1 << 26
    /// What the statuses 401, 403 and 404 mean here.
    let refusal: @Sendable (HTTPURLResponse) -> HubError
}

/// Where bytes go.
protocol ByteSink: AnyObject, Sendable {
    /// Bytes it holds.
    var count: Int { get }
    /// Drops them.
    func restart() throws(HubError)
    func append(_ data: Data) throws(HubError)
}

/// One answer on its way into a sink, checked before its bytes are kept.
final class Reception: Sendable {
    let resource: Resource
    /// The bytes that were asked for; `nil` for all.
    let requested: Range<Int>?
    private let sink: any ByteSink
    /// Whether the answer's body is the resource; else the number of its bytes that were dropped.
    private let state = Mutex((isWanted: false, dropped: 0))

    init(_ resource: Resource, requested: Range<Int>?, into sink: any ByteSink) {
        self.resource = resource
        self.requested = requested
        self.sink = sink
    }

    /// Looks at the head of an answer.
    func begin(_ response: HTTPURLResponse) throws(HubError) {
        let isWanted = response.statusCode == 200 || response.statusCode == 206
        state.withLock { $0 = (isWanted, 0) }
        guard isWanted else { return }
        if response.statusCode == 206 {
            let stated = response.value(forHTTPHeaderField: "Content-Range").flatMap(ContentRange.init)
            guard let stated, stated.start == requested?.lowerBound, stated.start == sink.count else {
                throw HubError(.invalidAnswer, "the hub sent other bytes of \(resource.name) than were asked for")
            }
            if let total = stated.total { try compare(total) }
        } else {
            // A server may ignore that only a part was asked for.
            if sink.count > 0 { try sink.restart() }
            let isEncoded = response.value(forHTTPHeaderField: "Content-Encoding").map { $0 != "identity" } ?? false
            let length = response.value(forHTTPHeaderField: "Content-Length").flatMap { Int($0) }
            if let length, !isEncoded { try compare(length) }
        }
    }

    /// Compares the size that an answer states with what is known.
    private func compare(_ size: Int) throws(HubError) {
        guard size <= resource.byteCount ?? resource.largest, size == resource.byteCount ?? size else {
            throw wrongSize("\(size) bytes")
        }
    }

    /// Takes a part of a body.
    func receive(_ data: Data) throws(HubError) {
        let isTolerable = state.withLock { state in
            if !state.isWanted { state.dropped += data.count }
            return state.dropped < 1 << 20
        }
        guard isTolerable else {
            throw HubError(.invalidAnswer, "the hub's error message about \(resource.name) does not end")
        }
        guard state.withLock(\.isWanted) else { return }
        guard data.count <= (resource.byteCount ?? resource.largest) - sink.count else { throw wrongSize("more") }
        try sink.append(data)
    }

    private func wrongSize(_ found: String) -> HubError {
        HubError(
            .wrongSize,
            resource.byteCount.map { "the hub sends \(found) for \(resource.name), its listing says \($0) bytes" }
                ?? "the hub sends \(found) for \(resource.name), at most \(resource.largest) bytes are read")
    }
}

/// `bytes 100-199/1000`. Source: RFC 9110, §14.4.
private struct ContentRange {
    let start: Int
    /// Size of the whole; `nil` where the server does not know it.
    let total: Int?

    init?(_ text: String) {
        let parts = text.split(whereSeparator: { " -/".contains($0) })
        guard parts.count == 4, parts[0] == "bytes", let start = Int(parts[1]) else { return nil }
        self.start = start
        total = Int(parts[3])
    }
}

/// Bytes in memory.
final class MemorySink: ByteSink {
    private let data = Mutex(Data())

    var contents: Data { data.withLock { $0 } }

    var count: Int { data.withLock(\.count) }

    func restart() { data.withLock { $0.removeAll() } }

    func append(_ more: Data) { data.withLock { $0.append(more) } }
}
