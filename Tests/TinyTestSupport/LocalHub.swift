package import Foundation
internal import Synchronization
internal import TinyFoundation

/// A server that plays the hub: one repository, `org/model`, with faults on demand.
package final class LocalHub: Sendable {
    /// What the hub is asked.
    package typealias Request = HTTPServer.Request
    /// What it answers.
    package typealias Reply = HTTPServer.Reply
    /// Changes the answer to a request; the number counts the requests for the same path, from 1.
    package typealias Fault = @Sendable (_ request: Request, _ number: Int, _ usual: Reply) -> Reply

    /// A file of the repository.
    package struct File: Sendable {
        package var path: String
        package var contents: Data
        package var isLarge: Bool

        package init(_ path: String, _ contents: String, isLarge: Bool = false) {
            self.init(path, Data(contents.utf8), isLarge: isLarge)
        }

        package init(_ path: String, _ contents: Data, isLarge: Bool = false) {
            (self.path, self.contents, self.isLarge) = (path, contents, isLarge)
        }

        /// The name of its blob.
        package var checksum: String { isLarge ? SHA256.hash(Array(contents)).hexadecimal : gitName(contents) }

        /// Its entry in the listing.
        package var listing: String {
            let large = #"{"oid": "\#(checksum)", "size": \#(contents.count), "pointerSize": 130}"#
            let name = isLarge ? gitName(Data("a pointer".utf8)) : checksum
            return #"{"type": "file", "oid": "\#(name)", "size": \#(contents.count), "path": "\#(path)""#
                + (isLarge ? #", "lfs": \#(large)}"# : "}")
        }
    }

    /// The commit of `main`.
    package static let commit = String(repeating: "c0ffee00", count: 5)
    package static let weights = File(
        "model.safetensors", String(repeating: "0123456789", count: 10_000), isLarge: true)
    package static let files = [File("config.json", #"{"model_type": "qwen2"}"#), weights]

    /// What answers.
    package let server: HTTPServer

    package init(_ files: [File] = files, commit: String = commit, fault: @escaping Fault = { $2 }) throws {
        let counts = Mutex<[String: Int]>([:])
        server = try HTTPServer { request in
            let number = counts.withLock { counts in
                counts[request.path, default: 0] += 1
                return counts[request.path, default: 0]
            }
            return fault(request, number, Self.usual(request, files, commit))
        }
    }

    package static func usual(_ request: Request, _ files: [File], _ commit: String) -> Reply {
        switch request.path {
        case "/api/models/org/model/revision/main", "/api/models/org/model/revision/\(commit)":
            return .json(#"{"id": "org/model", "sha": "\#(commit)"}"#)
        case "/api/models/org/model/tree/\(commit)":
            return .json("[" + files.map(\.listing).joined(separator: ", ") + "]")
        default:
            let file = files.first { request.path == "/org/model/resolve/\(commit)/\($0.path)" }
            guard let file else { return Reply(status: 404, headers: ["X-Error-Code": "RepoNotFound"]) }
            return part(of: file.contents, request)
        }
    }

    /// What a server that knows ranges answers.
    package static func part(of contents: Data, _ request: Request) -> Reply {
        guard let range = request.range else { return Reply(body: contents) }
        let bounds = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard let start = bounds.first, start < contents.count else { return Reply(status: 416) }
        let end = min(contents.count, (bounds.dropFirst().first ?? contents.count - 1) + 1)
        return Reply(
            status: 206, headers: ["Content-Range": "bytes \(start)-\(end - 1)/\(contents.count)"],
            body: contents[start..<end])
    }

    /// The requests for files.
    package var fileRequests: [Request] { server.requests.filter { $0.path.contains("/resolve/") } }
}

/// Git's name of a file with these contents: the SHA-1 of its size and bytes, by a second, plain implementation.
package func gitName(_ contents: Data) -> String {
    var message = Array("blob \(contents.count)\0".utf8) + Array(contents)
    let bitCount = UInt64(message.count) * 8
    message.append(0x80)
    while message.count % 64 != 56 { message.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) { message.append(UInt8(truncatingIfNeeded: bitCount >> shift)) }
    func turned(_ x: UInt32, _ n: UInt32) -> UInt32 { (x << n) | (x >> (32 - n)) }
    var h: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    for start in stride(from: 0, to: message.count, by: 64) {
        var w = (0..<16).map { word in (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(message[start + 4 * word + $1]) } }
        for t in 16..<80 { w.append(turned(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1)) }
        var v = h
        for t in 0..<80 {
            var f = v[1] ^ v[2] ^ v[3]
            if t < 20 { f = (v[1] & v[2]) | (~v[1] & v[3]) }
            if t >= 40 && t < 60 { f = (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3]) }
            let k: UInt32 = [0x5A82_7999, 0x6ED9_EBA1, 0x8F1B_BCDC, 0xCA62_C1D6][t / 20]
            let next = turned(v[0], 5) &+ f &+ v[4] &+ k &+ w[t]
            v = [next, v[0], turned(v[1], 30), v[2], v[3]]
        }
        for i in 0..<5 { h[i] = h[i] &+ v[i] }
    }
    return h.map { String(format: "%08x", $0) }.joined()
}

/// All files and links below a folder, each link with where it leads.
package func tree(_ folder: String) throws -> [String: String] {
    var found: [String: String] = [:]
    for name in FileManager.default.enumerator(atPath: folder) ?? .init() {
        guard let name = name as? String else { continue }
        let path = "\(folder)/\(name)"
        let kind = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        if kind == .typeSymbolicLink {
            found[name] = "-> " + (try FileManager.default.destinationOfSymbolicLink(atPath: path))
        } else if kind == .typeRegular {
            found[name] = String(decoding: try read(path), as: UTF8.self)
        }
    }
    return found
}
