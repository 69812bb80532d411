import Foundation
import Testing
import TinyFoundation
import TinyHub
import TinyTestSupport

@Suite("What a hub says")
struct SafetyTests {
    @Test(
        "never writes outside the snapshot",
        arguments: [
            "../escape", "a/../../escape", "/tmp/escape", "a//b", "./a", "a/.", "..", "a\\\\b", "line\\nfeed", "",
            String(repeating: "x", count: 256),
        ])
    func unsafePath(path: String) async throws {
        let entry = #"{"type": "file", "path": "\#(path)", "oid": "\#(gitName(Data()))", "size": 0}"#
        let hub = try LocalHub { request, _, usual in request.path.contains("/tree/") ? .json("[\(entry)]") : usual }
        try await withTemporaryDirectory { folder in
            await expectError(.invalidAnswer, naming: ["no safe path", "org/model"]) {
                _ = try await hub.client(cache: folder + "/cache").download(model)
            }
            let left = try tree(folder)
            #expect(left.isEmpty)
        }
    }

    @Test(
        "is refused where a hash is none",
        arguments: [
            #"{"type": "file", "path": "a", "oid": "../../escape", "size": 0}"#,
            #"{"type": "file", "path": "a", "oid": "ABCDEF0123456789ABCDEF0123456789ABCDEF01", "size": 0}"#,
            #"{"type": "file", "path": "a", "oid": "x", "size": 0, "lfs": {"oid": "../x", "size": 1}}"#,
            #"{"type": "file", "path": "a", "oid": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "size": -1}"#,
            #"{"type": "file", "path": "a", "oid": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "size": 1e300}"#,
            #"{"type": "file", "path": "a"}"#, "7", "\u{0}", "[",
        ])
    func unusableListing(entry: String) async throws {
        let hub = try LocalHub { request, _, usual in request.path.contains("/tree/") ? .json("[\(entry)]") : usual }
        try await withTemporaryDirectory { folder in
            await expectError(.invalidAnswer, naming: ["listing of org/model"]) {
                _ = try await hub.client(cache: folder + "/cache").download(model)
            }
            let left = try tree(folder)
            #expect(left.isEmpty)
        }
    }

    @Test("is refused where a commit is none", arguments: ["../../../escape", "main", ""])
    func unusableCommit(commit: String) async throws {
        let hub = try LocalHub { _, _, _ in .json(#"{"sha": "\#(commit)"}"#) }
        try await withTemporaryDirectory { folder in
            await expectError(.invalidAnswer, naming: ["expected 40 digits"]) {
                _ = try await hub.client(cache: folder + "/cache").download(model)
            }
            let left = try tree(folder)
            #expect(left.isEmpty)
        }
    }

    @Test("cannot send the token to another host")
    func redirectionElsewhere() async throws {
        let weights = LocalHub.weights.contents
        let other = try HTTPServer { LocalHub.part(of: weights, $0) }
        let address = other.endpoint + "/signed?key=1"
        let hub = try LocalHub { request, _, usual in
            guard request.path.hasSuffix(".safetensors") else { return usual }
            return LocalHub.Reply(status: 302, headers: ["Location": address])
        }
        try await withTemporaryDirectory { cache in
            let snapshot = try await hub.client(cache: cache, token: "hf_secret").download(model)
            #expect(try read(snapshot.path + "/model.safetensors") == weights)
            #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
            #expect(other.requests.map(\.target) == ["/signed?key=1"])
            #expect(other.requests.allSatisfy { $0.headers["authorization"] == nil })
        }
    }

    @Test(
        "may move a repository or a file, and the token follows on the same host", arguments: [301, 302, 303, 307, 308])
    func redirectionHere(status: Int) async throws {
        let hub = try LocalHub { request, _, usual in
            if request.path.hasPrefix("/api/models/old/name") {
                let moved = request.target.replacing("old/name", with: "org/model")
                return LocalHub.Reply(status: status, headers: ["Location": moved])
            }
            guard request.path.hasPrefix("/old/name/") else { return usual }
            return LocalHub.Reply(
                status: status, headers: ["Location": request.target.replacing("old/name", with: "org/model")])
        }
        try await withTemporaryDirectory { cache in
            let old = try #require(RepositoryName("old/name"))
            let snapshot = try await hub.client(cache: cache, token: "hf_secret").download(old)
            #expect(try read(snapshot.path + "/model.safetensors") == LocalHub.weights.contents)
            #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
        }
    }

    @Test(
        "is refused where it redirects for ever or to no address",
        arguments: ["/again", "file:///etc/passwd", "ftp://x/y"])
    func uselessRedirection(location: String) async throws {
        let hub = try LocalHub { _, _, _ in LocalHub.Reply(status: 302, headers: ["Location": location]) }
        try await withTemporaryDirectory { cache in
            await expectError(.invalidAnswer, naming: ["redirect"]) {
                _ = try await hub.client(cache: cache).download(model)
            }
            #expect(hub.server.requests.count <= 10)
        }
    }

    @Test("is not read without end")
    func endlessListing() async throws {
        let hub = try LocalHub { request, _, usual in
            guard request.path.contains("/tree/") else { return usual }
            return LocalHub.Reply(headers: ["Content-Length": "1000000000000"], body: Data("[".utf8))
        }
        try await withTemporaryDirectory { cache in
            await expectError(.wrongSize, naming: ["1000000000000 bytes", "listing of org/model"]) {
                _ = try await hub.client(cache: cache).download(model)
            }
        }
    }

    @Test("is checked for a file whose contents are known")
    func knownContents() async throws {
        let text = "{\"question\": \"1 + 1\"}\n"
        let server = try HTTPServer { _ in .json(text) }
        let hub = try LocalHub()
        let sha256 = SHA256.hash(Array(text.utf8)).hexadecimal
        let client = try hub.client(cache: "unused"), address = server.endpoint + "/test.jsonl"
        #expect(try await client.contents(of: address, byteCount: text.utf8.count, sha256: sha256) == Array(text.utf8))
        await expectError(.wrongChecksum, naming: [address, sha256]) {
            _ = try await client.contents(
                of: address, byteCount: text.utf8.count, sha256: String(repeating: "0", count: 64))
        }
        await expectError(.wrongSize, naming: [address, "7"]) {
            _ = try await client.contents(of: address, byteCount: 7, sha256: sha256)
        }
        let offline = try hub.client(cache: "unused", isOffline: true)
        await expectError(.offline, naming: [address]) {
            _ = try await offline.contents(of: address, byteCount: 7, sha256: sha256)
        }
    }
}
