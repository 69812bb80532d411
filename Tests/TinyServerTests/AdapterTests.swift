import Foundation
import Testing
import TinyAdapter
import TinyEngine
import TinyFoundation
import TinyModel
import TinyRuns
import TinyServer
import TinyTestSupport

@Suite("Adapters of requests")
struct AdapterTests {
    private static let prompt = "Q: Ann has 7 pens. She buys 8 more. How many pens does Ann have now?\nA:"

    private func settings(_ directory: String) -> ServerSettings {
        var settings = ServerSettings()
        settings.adapterDirectory = directory
        return settings
    }

    /// Tokens that a client gets.
    private func tokens(_ client: Client, _ model: String) async throws -> [Int] {
        let body = try JSONEncoder().encode(
            [
                "model": .string(model), "prompt": .string(Self.prompt), "max_tokens": 8, "temperature": 0,
                "return_token_ids": true,
            ] as JSONValue)
        let answer = try await client.post("/v1/completions", String(decoding: body, as: UTF8.self))
        #expect(answer.status == 200, "\(model): \(answer.text)")
        return answer.choice?["token_ids"]?.array?.compactMap(\.integer) ?? []
    }

    @Test("are found by file, run and code; all are listed", arguments: Transport.allCases)
    func names(transport: Transport) async throws {
        let fixture = try ServerFixture.shared.get()
        try await withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/run", withIntermediateDirectories: true)
            try fixture.adapter(1).write(to: directory + "/one.safetensors")
            try fixture.adapter(2).write(to: directory + "/run/adapter.safetensors")
            let base = try await fixture.completion(Self.prompt, adapter: nil, maxTokens: 8).tokens
            let one = try await fixture.completion(Self.prompt, adapter: 1, maxTokens: 8).tokens
            let two = try await fixture.completion(Self.prompt, adapter: 2, maxTokens: 8).tokens
            #expect(base != one && one != two && base != two, "the adapters say the same, so this test says nothing")
            try await withClient(of: try fixture.server(settings(directory)), transport) { client in
                #expect(try await tokens(client, "abacus") == base)
                for name in ["one", "abacus@one", try fixture.code(1)] {
                    #expect(try await tokens(client, name) == one)
                }
                #expect(try await tokens(client, "run") == two)
                let models = try await client.get("/v1/models").json["data"]?.array ?? []
                #expect(models.compactMap { $0["id"]?.string } == ["abacus", "one", "run"])
                #expect(models.last?["parent"]?.string == "abacus")
                #expect(try await client.get("/v1/models/run").json["parent"]?.string == "abacus")
                let unknown = try await client.post("/v1/completions", #"{"model": "onne", "prompt": "1"}"#)
                #expect(unknown.status == 404 && unknown.code == "model_not_found")
                #expect(unknown.json["error"]?["message"]?.string?.contains("\"one\"") == true)
            }
        }
    }

    @Test("are found by their whole name first, also where it begins with MODEL@ or as a code does")
    func wholeNames() async throws {
        let fixture = try ServerFixture.shared.get()
        try await withTemporaryDirectory { directory in
            try fixture.adapter(1).write(to: directory + "/v1.safetensors")
            try fixture.adapter(2).write(to: directory + "/other.safetensors")
            try fixture.adapter(2).write(to: directory + "/abacus@z.safetensors")
            try fixture.adapter(2).write(to: directory + "/tl1-file.safetensors")
            let one = try await fixture.completion(Self.prompt, adapter: 1, maxTokens: 8).tokens
            let two = try await fixture.completion(Self.prompt, adapter: 2, maxTokens: 8).tokens
            let code = try fixture.code(1)
            try await withClient(of: try fixture.server(settings(directory))) { client in
                func load(_ name: String) async throws -> Int {
                    try await client.post(
                        "/v1/load_lora_adapter", #"{"lora_name": "\#(name)", "lora_path": "other.safetensors"}"#
                    ).status
                }
                let unloaded = try await tokens(client, "abacus@v1")
                #expect(unloaded == one)
                for name in ["abacus@v1", "tl1-loaded"] {
                    #expect(try await load(name) == 200)
                    #expect(try await tokens(client, name) == two)
                }
                for name in ["abacus@z", "tl1-file", "abacus@tl1-file", "abacus@tl1-loaded"] {
                    #expect(try await tokens(client, name) == two)
                }
                #expect(try await tokens(client, "v1") == one)
                // A whole code is always the adapter that it says.
                for name in [code, "abacus@" + code] {
                    #expect(try await load(name) == 400)
                    #expect(try await tokens(client, name) == one)
                }
            }
        }
    }

    @Test("are found in the file that has the name of a directory without an adapter")
    func directoryWithoutAdapter() async throws {
        let fixture = try ServerFixture.shared.get()
        try await withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/one", withIntermediateDirectories: true)
            try fixture.adapter(1).write(to: directory + "/one.safetensors")
            let one = try await fixture.completion(Self.prompt, adapter: 1, maxTokens: 8).tokens
            try await withClient(of: try fixture.server(settings(directory))) { client in
                #expect(try await tokens(client, "one") == one)
                let models = try await client.get("/v1/models").json["data"]?.array ?? []
                #expect(models.compactMap { $0["id"]?.string } == ["abacus", "one"])
            }
        }
    }

    @Test("are listed under different names, each of which is found, where a run and a file have the same one")
    func sameNames() async throws {
        let fixture = try ServerFixture.shared.get()
        try await withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/one", withIntermediateDirectories: true)
            try fixture.adapter(1).write(to: directory + "/one/adapter.safetensors")
            try fixture.adapter(2).write(to: directory + "/one.safetensors")
            try fixture.adapter(2).write(to: directory + "/abacus.safetensors")  // the model's name
            try FileManager.default.copyItem(atPath: directory + "/one", toPath: directory + "/abacus")
            // Not adapters, or without a name that a request may have.
            for name in ["empty.safetensors", "two"] {
                try FileManager.default.createDirectory(
                    atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
            }
            try FileManager.default.createSymbolicLink(
                atPath: directory + "/broken.safetensors", withDestinationPath: "nothing")
            try fixture.adapter(2).write(to: directory + "/a\\b.safetensors")
            let base = try await fixture.completion(Self.prompt, adapter: nil, maxTokens: 8).tokens
            let one = try await fixture.completion(Self.prompt, adapter: 1, maxTokens: 8).tokens
            let two = try await fixture.completion(Self.prompt, adapter: 2, maxTokens: 8).tokens
            try await withClient(of: try fixture.server(settings(directory))) { client in
                let models = try await client.get("/v1/models").json["data"]?.array ?? []
                let names = models.compactMap { $0["id"]?.string }
                #expect(names == ["abacus", "abacus@abacus", "abacus.safetensors", "one", "one.safetensors"])
                var found: [[Int]] = []
                for name in names { found.append(try await tokens(client, name)) }
                #expect(found == [base, one, two, one, two])
                // A loaded adapter takes its name before any file.
                let load = #"{"lora_name": "one", "lora_path": "abacus.safetensors"}"#
                #expect(try await client.post("/v1/load_lora_adapter", load).status == 200)
                let left = try await client.get("/v1/models").json["data"]?.array ?? []
                #expect(
                    left.compactMap { $0["id"]?.string } == [
                        "abacus", "one", "abacus@abacus", "abacus.safetensors", "one.safetensors",
                    ])
            }
        }
    }

    @Test("have at most the server's rank, also where their factors are stored", arguments: [(2, 200), (1, 400)])
    func rank(limit: Int, status: Int) async throws {
        let fixture = try ServerFixture.shared.get()
        let modules = fixture.method.design.modules
        let design = StoredTinyLoRADesign(
            plan: try AdapterPlan.resolving(parameters: 1, modules: modules, rank: 2),
            factors: modules.map {
                ModuleFactors(a: noise(2 * $0.inputs, seed: 1), b: noise(2 * $0.outputs, seed: 2))
            }, projections: noise(4 * modules.count, seed: 3))
        let adapter = try AdapterFile(
            design: design,
            baseModel: AdapterFile.BaseModel(name: fixture.loaded.name, fingerprint: fixture.loaded.fingerprint),
            values: [0], arithmetic: fixture.loaded.arithmetic, toolVersion: "test")
        try await withTemporaryDirectory { directory in
            try adapter.write(to: directory + "/stored.safetensors")
            var limited = settings(directory)
            limited.largestRank = limit
            try await withClient(of: try fixture.server(limited)) { client in
                let answer = try await client.post(
                    "/v1/completions", #"{"model": "stored", "prompt": "1", "max_tokens": 1}"#)
                #expect(answer.status == status, "\(answer.text)")
                #expect(answer.text.contains("rank 2") == (status == 400))
            }
        }
    }

    @Test("cannot lead out of their directory")
    func confinement() async throws {
        let fixture = try ServerFixture.shared.get()
        try await withTemporaryDirectory { root in
            let directory = root + "/adapters"
            try FileManager.default.createDirectory(atPath: directory + "/run", withIntermediateDirectories: true)
            try fixture.adapter(1).write(to: root + "/secret.safetensors")
            try fixture.adapter(1).write(to: directory + "/good.safetensors")
            for link in ["/link.safetensors", "/run/adapter.safetensors"] {
                try FileManager.default.createSymbolicLink(
                    atPath: directory + link, withDestinationPath: root + "/secret.safetensors")
            }
            // What is outside is not even read: this file would be another error.
            try write("not an adapter", to: root + "/text")
            let folders = ["a": "adapter.safetensors", "b": "adapter_config.json", "c": "only.safetensors"]
            for (folder, file) in folders {
                try FileManager.default.createDirectory(
                    atPath: "\(directory)/\(folder)", withIntermediateDirectories: true)
                try FileManager.default.createSymbolicLink(
                    atPath: "\(directory)/\(folder)/\(file)", withDestinationPath: root + "/text")
            }
            try await withClient(of: try fixture.server(settings(directory))) { client in
                for name in folders.keys {
                    let answer = try await client.post("/v1/completions", #"{"model": "\#(name)", "prompt": "1"}"#)
                    #expect(answer.status == 403, "\(name): \(answer.text)")
                }
                for name in [
                    "../secret", "..", ".", "link", "run", "run/../../secret", "\\u0000", "good.safetensors/..",
                    root + "/secret.safetensors", "abacus@../secret",
                ] {
                    let answer = try await client.post("/v1/completions", #"{"model": "\#(name)", "prompt": "1"}"#)
                    #expect([403, 404].contains(answer.status), "\(name): \(answer.text)")
                }
                for path in ["../secret.safetensors", root + "/secret.safetensors", "link.safetensors", "run", "/etc"] {
                    let answer = try await client.post(
                        "/v1/load_lora_adapter", #"{"lora_name": "x", "lora_path": "\#(path)"}"#)
                    #expect([400, 403, 404].contains(answer.status), "\(path): \(answer.text)")
                }
                for path in ["good.safetensors", directory + "/good.safetensors"] {
                    let answer = try await client.post(
                        "/v1/load_lora_adapter", #"{"lora_name": "\#(path)", "lora_path": "\#(path)"}"#)
                    #expect(answer.status == 200, "\(path): \(answer.text)")
                }
            }
        }
    }

    @Test("a name that gets other numbers gets their answers, also where prompts share a beginning")
    func sameName() async throws {
        let fixture = try ServerFixture.shared.get()
        try await withTemporaryDirectory { directory in
            try fixture.adapter(1).write(to: directory + "/a.safetensors")
            try fixture.adapter(2).write(to: directory + "/b.safetensors")
            try fixture.adapter(1).write(to: directory + "/c.safetensors")
            let prompts = (0..<3).map { String(repeating: Self.prompt + " 15\n", count: 3) + "Q: \($0) + 1?\nA:" }
            try await withClient(of: try fixture.server(settings(directory))) { client in
                func load(_ file: String, _ more: String = "") async throws -> Answer {
                    try await client.post(
                        "/v1/load_lora_adapter", #"{"lora_name": "x", "lora_path": "\#(file).safetensors"\#(more)}"#)
                }
                func expect(_ name: String, _ seed: UInt64) async throws {
                    let body = try JSONEncoder().encode(
                        [
                            "model": .string(name), "prompt": .array(prompts.map { .string($0) }), "max_tokens": 6,
                            "temperature": 0, "return_token_ids": true,
                        ] as JSONValue)
                    let answer = try await client.post("/v1/completions", String(decoding: body, as: UTF8.self))
                    let choices = answer.json["choices"]?.array ?? []
                    #expect(choices.count == prompts.count)
                    for (prompt, choice) in zip(prompts, choices) {
                        let alone = try await fixture.completion(prompt, adapter: seed, maxTokens: 6)
                        #expect(choice["token_ids"]?.array?.compactMap(\.integer) == alone.tokens)
                    }
                }
                #expect(try await load("a").text == "Success: LoRA adapter 'x' added successfully.")
                #expect(try await client.get("/v1/models/x").json["root"]?.string == "a.safetensors")
                try await expect("x", 1)
                #expect(try await load("b").status == 400)
                let unloaded = try await client.post("/v1/unload_lora_adapter", #"{"lora_name": "x"}"#)
                #expect(unloaded.status == 200)
                #expect(try await client.post("/v1/unload_lora_adapter", #"{"lora_name": "x"}"#).status == 404)
                #expect(try await load("b").status == 200)
                try await expect("x", 2)
                #expect(try await load("a", #", "load_inplace": true"#).status == 200)
                try await expect("x", 1)
                // A file that is replaced.
                try await expect("c", 1)
                try fixture.adapter(2).write(to: directory + "/c.safetensors")
                try await expect("c", 2)
            }
        }
    }

    @Test("of other models, and broken codes, are refused with a sentence")
    func refusals() async throws {
        let fixture = try ServerFixture.shared.get()
        let foreign = try AdapterFile(
            design: fixture.method.design,
            baseModel: AdapterFile.BaseModel(name: "other", fingerprint: "sha256-0000000000000000"),
            values: noise(fixture.method.parameterCount, seed: 1), arithmetic: .float32, toolVersion: "test")
        let broken = try fixture.code(1).dropLast(2)
        try await withTemporaryDirectory { directory in
            try foreign.write(to: directory + "/foreign.safetensors")
            try write("not an adapter", to: directory + "/text.safetensors")
            try await withClient(of: try fixture.server(settings(directory))) { client in
                for name in ["foreign", "text", "\(broken)qq"] {
                    let answer = try await client.post("/v1/completions", #"{"model": "\#(name)", "prompt": "1"}"#)
                    #expect(answer.status == 400 && answer.code == "invalid_request", "\(name): \(answer.text)")
                }
            }
        }
    }
}
