import Foundation
import Testing
import TinyFoundation
import TinyHub
import TinyTestSupport

@Suite("A download")
struct DownloadTests {
    private let commit = LocalHub.commit, weights = LocalHub.weights

    @Test("fills the cache in the layout of huggingface_hub")
    func layout() async throws {
        let nested = LocalHub.File("additional/one/two.jinja", "{{ 1 }}")
        let hub = try LocalHub(LocalHub.files + [nested])
        try await withTemporaryDirectory { cache in
            let snapshot = try await hub.client(cache: cache).download(model)
            let folder = "models--org--model"
            #expect(snapshot.path == "\(cache)/\(folder)/snapshots/\(commit)")
            #expect(snapshot.commit == commit)
            let files = LocalHub.files + [nested]
            var expected = ["\(folder)/refs/main": commit]
            for file in files {
                let up = String(repeating: "../", count: file.path == nested.path ? 4 : 2)
                expected["\(folder)/blobs/\(file.checksum)"] = String(decoding: file.contents, as: UTF8.self)
                expected["\(folder)/snapshots/\(commit)/\(file.path)"] = "-> \(up)blobs/\(file.checksum)"
                expected[".locks/\(folder)/\(file.checksum).lock"] = ""
            }
            #expect(try tree(cache) == expected)
            for file in files { #expect(try read("\(snapshot.path)/\(file.path)") == file.contents) }
        }
    }

    @Test("names blobs as Git does")
    func gitNames() {
        #expect(gitName(Data("what is up, doc?".utf8)) == "bd9dbf5aae1a3862dd1526723246b20206e5fc37")
        #expect(gitName(Data()) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    }

    @Test("takes files of every size around a block of the hash", arguments: [0, 1, 54, 55, 56, 63, 64, 65, 119, 200])
    func sizes(count: Int) async throws {
        let small = LocalHub.File("small", String(repeating: "x", count: count))
        let large = LocalHub.File("large", String(repeating: "y", count: count), isLarge: true)
        let hub = try LocalHub([small, large])
        try await withTemporaryDirectory { cache in
            let snapshot = try await hub.client(cache: cache).download(model)
            #expect(try read(snapshot.path + "/small") == small.contents)
            #expect(try read(snapshot.path + "/large") == large.contents)
        }
    }

    @Test("fetches nothing twice, and only what a new commit has changed")
    func again() async throws {
        try await withTemporaryDirectory { cache in
            let first = try LocalHub()
            #expect(try await first.client(cache: cache).download(model).files.map(\.isNew) == [true, true])
            let second = try await first.client(cache: cache).download(model)
            #expect(second.files.map(\.isNew) == [false, false])
            #expect(first.fileRequests.count == 2)

            let changed = [LocalHub.File("config.json", "{}"), weights]
            let next = try LocalHub(changed, commit: String(repeating: "d", count: 40))
            let third = try await next.client(cache: cache).download(model)
            #expect(next.fileRequests.map(\.path) == ["/org/model/resolve/\(third.commit)/config.json"])
            #expect(try read(third.path + "/model.safetensors") == weights.contents)
            #expect(HubCache(cache).snapshot(of: model) == third.path)
            #expect(HubCache(cache).snapshot(of: model, revision: commit) == second.path)
        }
    }

    @Test("fetches the chosen files only, and says what it does")
    func choice() async throws {
        let hub = try LocalHub()
        try await withTemporaryDirectory { cache in
            let events = Events()
            let snapshot = try await hub.client(cache: cache).download(
                model, choosing: { (paths) throws(HubError) in paths.filter { $0.hasSuffix(".safetensors") } },
                report: events.add)
            #expect(snapshot.files.map(\.path) == ["model.safetensors"])
            #expect(hub.fileRequests.count == 1)
            #expect(events.listed == [[1, weights.contents.count, 2]])
            #expect(events.done.last == weights.contents.count)
            #expect(events.done == events.done.sorted())
        }
    }

    @Test("reads listings of several pages")
    func pages() async throws {
        let hub = try LocalHub { request, _, usual in
            guard request.path.contains("/tree/") else { return usual }
            let isSecond = request.target.contains("cursor=2")
            let link = "<\(request.path)?cursor=2>; rel=\"next\""
            return .json("[\(LocalHub.files[isSecond ? 1 : 0].listing)]", isSecond ? [:] : ["Link": link])
        }
        try await withTemporaryDirectory { cache in
            let snapshot = try await hub.client(cache: cache).download(model)
            #expect(snapshot.files.count == 2)
        }
    }

    @Test("takes a file whose entry says that it is not stored apart")
    func notApart() async throws {
        let small = LocalHub.files[0]
        let entry = String(small.listing.dropLast()) + #", "lfs": null}"#
        let hub = try LocalHub { request, _, usual in request.path.contains("/tree/") ? .json("[\(entry)]") : usual }
        try await withTemporaryDirectory { cache in
            let snapshot = try await hub.client(cache: cache).download(model)
            #expect(try read("\(snapshot.path)/\(small.path)") == small.contents)
        }
    }

    @Test("asks for large files piece by piece")
    func pieces() async throws {
        let hub = try LocalHub()
        try await withTemporaryDirectory { cache in
            let client = try hub.client(cache: cache) { $0.pieceSize = 40_000 }
            let snapshot = try await client.download(model)
            #expect(
                hub.fileRequests.compactMap(\.range) == ["bytes=0-39999", "bytes=40000-79999", "bytes=80000-99999"])
            #expect(try read(snapshot.path + "/model.safetensors") == weights.contents)
        }
    }

    @Test("of two at once fetches every file once")
    func twoAtOnce() async throws {
        let hub = try LocalHub { request, _, usual in
            if request.path.contains("/resolve/") { usleep(100_000) }
            return usual
        }
        try await withTemporaryDirectory { cache in
            async let first = hub.client(cache: cache).download(model)
            async let second = hub.client(cache: cache).download(model)
            let paths = try await [first.path, second.path]
            #expect(paths[0] == paths[1])
            #expect(hub.fileRequests.count == 2)
            #expect(try read(paths[0] + "/model.safetensors") == weights.contents)
        }
    }

    @Test("works from the cache alone when it is offline")
    func offline() async throws {
        let hub = try LocalHub()
        try await withTemporaryDirectory { cache in
            let offline = try hub.client(cache: cache, isOffline: true)
            await expectError(.offline, naming: ["org/model", "HF_HUB_OFFLINE", cache]) {
                _ = try await offline.download(model)
            }
            #expect(hub.server.requests.isEmpty)
            let online = try await hub.client(cache: cache).download(model)
            let count = hub.server.requests.count
            let snapshot = try await offline.download(model)
            #expect(snapshot.path == online.path)
            #expect(snapshot.commit == commit)
            #expect(snapshot.files.map(\.path) == ["config.json", "model.safetensors"])
            #expect(snapshot.files.map(\.byteCount) == online.files.map(\.byteCount))
            #expect(hub.server.requests.count == count)
        }
    }

    @Test("replaces a blob of another size, and a link to another blob")
    func damagedCache() async throws {
        let hub = try LocalHub()
        try await withTemporaryDirectory { cache in
            let snapshot = try await hub.client(cache: cache).download(model)
            try TinyTestSupport.write("short", to: "\(cache)/models--org--model/blobs/\(weights.checksum)")
            try FileManager.default.removeItem(atPath: snapshot.path + "/config.json")
            try FileManager.default.createSymbolicLink(
                atPath: snapshot.path + "/config.json", withDestinationPath: "../../blobs/nothing")
            _ = try await hub.client(cache: cache).download(model)
            #expect(try read(snapshot.path + "/model.safetensors") == weights.contents)
            #expect(try read(snapshot.path + "/config.json") == LocalHub.files[0].contents)
        }
    }

    @Test("is refused before it begins where the disk has too little room")
    func noRoom() async throws {
        let huge = #"{"type": "file", "path": "big", "oid": "\#(gitName(Data()))", "size": 4611686018427387904}"#
        let hub = try LocalHub { request, _, usual in request.path.contains("/tree/") ? .json("[\(huge)]") : usual }
        try await withTemporaryDirectory { cache in
            await expectError(.diskFull, naming: ["4611686018427387904", "org/model"]) {
                _ = try await hub.client(cache: cache).download(model)
            }
            #expect(hub.fileRequests.isEmpty)
        }
    }

    @Test("fails in one sentence where the cache cannot be made")
    func unwritable() async throws {
        let hub = try LocalHub()
        try await withTemporaryDirectory { folder in
            try TinyTestSupport.write("a file", to: folder + "/cache")
            await expectError(.unwritable, naming: [folder + "/cache"]) {
                _ = try await hub.client(cache: folder + "/cache").download(model)
            }
        }
    }
}
