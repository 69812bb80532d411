import Foundation
import Testing
import TinyTestSupport

@Suite("tinylora download", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads)
struct DownloadTests {
    /// A hub with a fixture's model and a file that this program does not read.
    private func makeHub(_ fault: @escaping LocalHub.Fault = { $2 }) throws -> LocalHub {
        let folder = Fixture.tied.folder
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let files = try names.filter { !$0.hasPrefix("expected.") }.map { name in
            LocalHub.File(
                name, try Data(contentsOf: folder.appendingPathComponent(name)), isLarge: name.hasSuffix(".safetensors")
            )
        }
        return try LocalHub(files + [LocalHub.File("pytorch_model.bin", "pickled", isLarge: true)], fault: fault)
    }

    private func environment(of hub: LocalHub) -> [String: String] { ["HF_ENDPOINT": hub.server.endpoint] }

    @Test("fetches a model that every command then finds by its name")
    func model() throws {
        let hub = try makeHub(), scratch = try Scratch(), variables = environment(of: hub)
        let download = try Executable.run(["download", "org/model", "--json"], in: scratch, variables: variables)
        expectSuccess(download)
        #expect(!hub.fileRequests.contains { $0.path.hasSuffix(".bin") })
        #expect(download.output.contains("/models--org--model/snapshots/\(LocalHub.commit)"))

        let named = try Executable.run(["inspect", "--model", "org/model", "--json"], in: scratch).json()
        let local = try Executable.run(["inspect", "--model", Fixture.tied.folder.path, "--json"], in: scratch).json()
        #expect(named["fingerprint"] as? String == local["fingerprint"] as? String)

        let count = hub.server.requests.count
        let offline = try Executable.run(
            ["download", "org/model"], in: scratch, variables: variables.merging(["HF_HUB_OFFLINE": "1"]) { $1 })
        expectSuccess(offline)
        #expect(offline.output.contains("fetched    0 of 0 B"))
        #expect(hub.server.requests.count == count)
    }

    @Test("lets a path win over a name")
    func pathWins() throws {
        let hub = try makeHub(), scratch = try Scratch()
        expectSuccess(try Executable.run(["download", "org/model"], in: scratch, variables: environment(of: hub)))
        try FileManager.default.createDirectory(
            atPath: scratch.path("org/model"), withIntermediateDirectories: true)
        expectRefusal(
            try Executable.run(["inspect", "--model", "org/model"], in: scratch), naming: ["org/model", "config.json"])
    }

    @Test("is what a command suggests for a name that is not in the cache")
    func missing() throws {
        let scratch = try Scratch()
        for command in [["inspect"], ["score"], ["generate"], ["eval"], ["verify"], ["train", "--train", "x"]] {
            expectRefusal(
                try Executable.run(command + ["--model", "org/other"], in: scratch),
                naming: ["tinylora download org/other", "huggingface/hub"])
        }
        let recipe = try scratch.file("recipe.yaml", "model: org/other\ntrain: x.jsonl\n")
        expectRefusal(
            try Executable.run(["train", recipe], in: scratch),
            naming: ["recipe.yaml:1", "tinylora download org/other"])
    }

    @Test("takes single files, and says which there are")
    func files() throws {
        let hub = try makeHub(), scratch = try Scratch(), variables = environment(of: hub)
        let one = try Executable.run(
            ["download", "org/model", "--file", "config.json"], in: scratch, variables: variables)
        expectSuccess(one)
        #expect(hub.fileRequests.map(\.path) == ["/org/model/resolve/\(LocalHub.commit)/config.json"])
        expectRefusal(
            try Executable.run(["download", "org/model", "--file", "confg.json"], in: scratch, variables: variables),
            naming: ["confg.json", "did you mean config.json?"])
        expectRefusal(
            try Executable.run(["download", "org/model", "--include", "*.gguf"], in: scratch, variables: variables),
            naming: ["*.gguf", "config.json, "])
        let some = try Executable.run(
            ["download", "org/model", "--include", "*.bin"], in: scratch, variables: variables)
        expectSuccess(some)
        #expect(hub.fileRequests.last?.path.hasSuffix("/pytorch_model.bin") == true)
    }

    @Test("by two processes at once fetches every file once")
    func twoProcesses() throws {
        let hub = try makeHub { request, _, usual in
            if request.path.contains("/resolve/") { usleep(50_000) }
            return usual
        }
        let scratch = try Scratch()
        let both = try Executable.run(
            shell:
                #""$0" download org/model & first=$!; "$0" download org/model; second=$?; wait $first && exit $second"#,
            in: scratch, variables: environment(of: hub))
        expectSuccess(both)
        let paths = hub.fileRequests.map(\.path)
        #expect(Set(paths).count == paths.count, "\(paths)")
        expectSuccess(try Executable.run(["inspect", "--model", "org/model"], in: scratch))
    }

    @Test("that is killed anywhere is finished by the next one")
    func killed() throws {
        let hub = try makeHub { request, number, usual in
            // Answers slowly at first, so that there is something to kill.
            if number < 3 { usleep(30_000) }
            return usual
        }
        let scratch = try Scratch()
        for milliseconds in [20, 60, 100, 150, 220] {
            _ = try Executable.run(
                ["download", "org/model"], in: scratch, variables: environment(of: hub),
                limit: Double(milliseconds) / 1000)
        }
        expectSuccess(try Executable.run(["download", "org/model"], in: scratch, variables: environment(of: hub)))
        expectSuccess(try Executable.run(["inspect", "--model", "org/model"], in: scratch))
        let left = try tree(scratch.path("cache")).keys.filter { $0.hasSuffix(".incomplete") }
        #expect(left.isEmpty)
    }

    @Test("tells what a refusal of the hub means in one sentence")
    func gated() throws {
        let hub = try makeHub { _, _, _ in LocalHub.Reply(status: 403, headers: ["X-Error-Code": "GatedRepo"]) }
        expectRefusal(
            try Executable.run(["download", "org/model"], in: Scratch(), variables: environment(of: hub)),
            naming: ["org/model is gated", "HF_TOKEN"])
    }

    @Test(
        "refuses arguments that fit nothing",
        arguments: [
            (["gsm8"], "did you mean gsm8k?"), (["a/b/c"], "owner/name"), ([], "names"),
            (["gsm8k", "--file", "x"], "--file"), (["org/model", "--file", "a", "--include", "b"], "either"),
            (["org/model", "--revision", "../x"], "revision"),
        ])
    func arguments(_ arguments: [String], word: String) throws {
        expectRefusal(try Executable.run(["download"] + arguments, in: Scratch()), naming: [word])
    }

    @Test(
        "fetches problem sets, unchanged and once",
        .enabled(if: sharedData("math500") != nil, "the published sets are not beside this checkout"))
    func problemSet() throws {
        let file = try #require(sharedData("math500")).appendingPathComponent("test.jsonl")
        let contents = try Data(contentsOf: file)
        let server = try HTTPServer { request in
            request.path.hasSuffix("/data/math_oai/test.jsonl")
                ? HTTPServer.Reply(body: contents) : HTTPServer.Reply(status: 404)
        }
        let scratch = try Scratch(), variables = ["TINYLORA_GITHUB": server.endpoint]
        for _ in 1...2 {
            expectSuccess(
                try Executable.run(["download", "math500", "--data", "sets"], in: scratch, variables: variables))
        }
        #expect(server.requests.count == 1)
        #expect(try read(scratch.path("sets/math500/test.jsonl")) == contents)
        expectRefusal(
            try Executable.run(["download", "aime24"], in: scratch, variables: variables),
            naming: ["aime24/test.jsonl", "404"])
        try FileManager.default.createDirectory(atPath: scratch.path("data/aime24"), withIntermediateDirectories: true)
        _ = try scratch.file("data/aime24/test.jsonl", "{}")
        expectRefusal(
            try Executable.run(["download", "aime24"], in: scratch, variables: variables),
            naming: ["data/aime24/test.jsonl is not the published file", "remove it"])
    }
}
