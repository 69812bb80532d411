import Foundation
import Testing
import TinyEngine
import TinyFoundation
import TinyServer

@Suite("What the server refuses")
struct LimitTests {
    @Test("requests that make no sense or ask for what is not supported", arguments: Transport.allCases)
    func requests(transport: Transport) async throws {
        let fixture = try ServerFixture.shared.get()
        try await withClient(of: try fixture.server(), transport) { client in
            for (body, status, part) in [
                ("", 400, "JSON"), ("[1]", 400, "not a JSON object"), (#"{"prompt": "1""#, 400, "JSON"),
                ("{}", 400, "prompt"),
                (#"{"prompt": 1}"#, 400, "prompt"), (#"{"prompt": []}"#, 400, "empty"),
                (#"{"prompt": ["a", 1]}"#, 400, "prompt"), (#"{"prompt": [1, "a"]}"#, 400, "prompt"),
                (#"{"prompt": [99999999]}"#, 400, "vocabulary"), (#"{"prompt": [-1]}"#, 400, "vocabulary"),
                (#"{"prompt": "1", "temperature": "hot"}"#, 400, "temperature"),
                (#"{"prompt": "1", "temperature": -1}"#, 400, "temperature"),
                (#"{"prompt": "1", "temperature": 1e999}"#, 400, "temperature"),
                (#"{"prompt": "1", "top_p": 0}"#, 400, "top-p"), (#"{"prompt": "1", "top_k": -2}"#, 400, "top-k"),
                (#"{"prompt": "1", "n": 0}"#, 400, "n must"),
                (#"{"prompt": "1", "n": 9223372036854775807}"#, 400, "n must"),
                (#"{"prompt": "1", "max_tokens": 0}"#, 400, "new tokens"),
                (#"{"prompt": "1", "logprobs": 21}"#, 400, "logprobs"),
                (#"{"prompt": "1", "max_tokens": 2, "max_completion_tokens": 3}"#, 400, "max_completion_tokens"),
                (#"{"prompt": "1", "temprature": 1}"#, 400, "\"temperature\""),
                (#"{"prompt": "1", "frequency_penalty": 1}"#, 400, "frequency_penalty"),
                (#"{"prompt": "1", "stop": ["", "a"]}"#, 400, "stop"), (#"{"prompt": "1", "seed": 1.5}"#, 400, "seed"),
                (#"{"prompt": "1", "echo": true, "return_token_ids": true}"#, 400, "echo"),
                (#"{"prompt": "1", "prompt": "2"}"#, 400, "twice"),
                (#"{"prompt": "1", "stop_token_ids": [1, 99999999]}"#, 400, "stop_token_ids has 99999999"),
                (#"{"prompt": "1", "stop_token_ids": [-1]}"#, 400, "stop_token_ids has -1"),
                (#"{"prompt": "1", "stop_token_ids": \#([Int](repeating: 1, count: 1025))}"#, 400, "1025 tokens"),
            ] {
                let answer = try await client.post("/v1/completions", body)
                #expect(answer.status == status, "\(body): \(answer.text)")
                let message = answer.json["error"]?["message"]?.string ?? ""
                #expect(message.contains(part), "\(body): \(message)")
                #expect(answer.json["error"]?["type"]?.string == "invalid_request_error", "\(body)")
            }
            let neutral = """
                {"model": "", "prompt": "1", "max_tokens": 1, "frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}, \
                "tools": [], "response_format": {"type": "text"}, "user": "me", "suffix": null, "min_p": 0, "top_k": -1, \
                "repetition_penalty": 1.0, "best_of": 1, "include_reasoning": true, "detokenize": true, "add_special_tokens": true}
                """
            #expect(try await client.post("/v1/completions", neutral).status == 200)
            let pieces = #"{"content": "1", "with_pieces": false, "return_token_strs": false}"#
            #expect(try await client.post("/tokenize", pieces).status == 200)
            for body in [
                #"{"messages": []}"#, #"{"messages": [{"role": "tool", "content": "1"}]}"#,
                #"{"messages": [{"role": "user"}]}"#,
                #"{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#, #"{"messages": "1"}"#,
                #"{"messages": [{"role": "user", "content": "1"}], "top_logprobs": 2}"#,
                #"{"messages": [{"role": "user", "content": "1"}], "add_special_tokens": true}"#,
                #"{"messages": [{"role": "user", "content": "1"}], "include_reasoning": false}"#,
                #"{"messages": [{"role": "user", "content": "1"}, {"role": "user", "content": "2"}]}"#,
            ] {
                #expect(try await client.post("/v1/chat/completions", body).status == 400, "\(body)")
            }
            #expect(try await client.get("/nowhere").status == 404)
            let wrong = try await client.get("/v1/completions")
            #expect(wrong.status == 405 && wrong.headers["allow"] == "POST")
            let long = String(repeating: "x", count: 1_000_000)
            let unknown = try await client.post("/v1/completions", #"{"prompt": "1", "\#(long)": 1}"#)
            #expect(unknown.status == 400 && unknown.text.count < 1_000)
            #expect(try await client.post("/v1/models", "{}").status == 405)
        }
    }

    @Test(
        "nothing that its description of the paths does not have",
        arguments: [
            ("Completion", "Generation/GenerationOptions", "init(reading"),
            ("Chat", "Generation/GenerationOptions", "init(reading"),
            ("Completion", "Routes/Server+Completions", "completions"),
            ("Chat", "Routes/Server+Completions", "chatCompletions"),
            ("Tokenize", "Routes/Server+Text", "tokenize"), ("Detokenize", "Routes/Server+Text", "detokenize"),
            ("Conversation", "Routes/Server+Text", "applyTemplate"), ("Load", "Routes/Server+Models", "loadAdapter"),
            ("Unload", "Routes/Server+Models", "unloadAdapter"),
        ])
    func description(schema: String, file: String, function: String) async throws {
        let server = try ServerFixture.shared.get().server()
        let description = await collected(server.respond(to: ServerRequest("GET", "/openapi.json"))).json
        await server.close(within: .zero)
        let properties = try #require(description["components"]?["schemas"]?[schema]?["properties"])
        let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/TinyServer")
        let text = try String(contentsOf: sources.appending(path: file + ".swift"), encoding: .utf8)
        // What the function reads, up to the next one.
        let start = try #require(text.range(of: function.hasPrefix("init") ? function : "func \(function)("))
        let code = text[start.upperBound...].components(separatedBy: " func ")[0]
        let read = /fields\.[a-z]+\("([a-z_]+)"\)/
        let names = code.matches(of: read).map { String($0.1) }
        #expect(!names.isEmpty)
        for name in names { #expect(properties[name] != nil, "\(name)") }
        #expect(properties["user"] != nil && properties["metadata"] != nil)
    }

    @Test("members of messages and of stream_options that it does not know, and stream_options without a stream")
    func nestedMembers() async throws {
        let fixture = try ServerFixture.shared.get()
        try await withClient(of: try fixture.server()) { client in
            func expectRefusal(_ path: String, _ body: String, _ part: String) async throws {
                let answer = try await client.post(path, body)
                let message = answer.json["error"]?["message"]?.string ?? ""
                #expect(answer.status == 400 && message.contains(part), "\(body): \(message)")
            }
            let ofStreams: [(options: String, part: String)] = [
                (#""stream": true, "stream_options": {"include_usge": true}"#, "did you mean \"include_usage\""),
                (#""stream": true, "stream_options": {"user": "me"}"#, "stream_options.user"),
                (#""stream": true, "stream_options": {"include_obfuscation": true}"#, "include_obfuscation is true"),
                (#""stream": true, "stream_options": {"continuous_usage_stats": true}"#, "needs include_usage"),
                (#""stream": true, "stream_options": true"#, "an object"),
                (#""stream": false, "stream_options": {}"#, "needs \"stream\""),
                (#""stream_options": {"include_usage": true}"#, "needs \"stream\""),
            ]
            for (options, part) in ofStreams {
                try await expectRefusal("/v1/completions", #"{"prompt": "1", \#(options)}"#, part)
            }
            let ofMessages: [(members: String, part: String)] = [
                (#""nam": "Tom""#, "messages.nam"), (#""user": "me""#, "messages.user"),
                (#""tool_calls": [{"id": "1"}]"#, "messages.tool_calls is an array"),
                (#""function_call": "auto""#, "messages.function_call"), (#""refusal": "no""#, "messages.refusal"),
                (#""role": "assistant""#, "twice"), (#""type": "image""#, "messages.type is"),
            ]
            for (members, part) in ofMessages {
                try await expectRefusal(
                    "/v1/chat/completions", #"{"messages": [{"role": "user", "content": "1", \#(members)}]}"#, part)
            }
            let neutral = """
                {"messages": [{"role": "user", "content": "1", "name": "Tom", "tool_calls": [], "refusal": null, \
                "function_call": null, "audio": null, "reasoning_content": null, "annotations": [], "type": "text"}], "max_tokens": 1, \
                "stream_options": null, "add_special_tokens": false, "include_reasoning": true}
                """
            #expect(try await client.post("/v1/chat/completions", neutral).status == 200)
        }
    }

    @Test("clients without the token, pages of other servers, other hosts", arguments: Transport.allCases)
    func access(transport: Transport) async throws {
        let fixture = try ServerFixture.shared.get()
        var settings = ServerSettings()
        settings.token = "secret"
        settings.origins = ["https://example.org"]
        try await withClient(of: try fixture.server(settings), transport) { client in
            for header in [nil, "secret", "Bearer", "Bearer secre", "Bearer secrets", "Bearer Secret", "Basic secret"] {
                let answer = try await client.get("/v1/models", header.map { ["authorization": $0] } ?? [:])
                #expect(answer.status == 401 && answer.code == "invalid_api_key", "\(header ?? "none")")
            }
            let token = ["authorization": "Bearer secret"]
            #expect(try await client.get("/v1/models", token).status == 200)
            #expect(try await client.get("/v1/models", ["authorization": "bearer secret"]).status == 200)
            #expect(try await client.get("/health").status == 200)
            #expect(try await client.get("/metrics").status == 401)
            let good = try await client.get("/v1/models", token.merging(["origin": "https://example.org"]) { $1 })
            #expect(good.headers["access-control-allow-origin"] == "https://example.org")
            let bad = try await client.get("/v1/models", token.merging(["origin": "https://example.com"]) { $1 })
            #expect(bad.status == 403 && bad.headers["access-control-allow-origin"] == nil)
            let asked = "authorization,content-type,x-stainless-lang"
            for (origin, status) in [("https://example.org", 204), ("https://example.com", 403)] {
                let headers = ["origin": origin, "access-control-request-headers": asked]
                let preflight = try await client.ask(ServerRequest("OPTIONS", "/v1/completions", headers: headers))
                #expect(preflight.status == status)
                #expect(preflight.headers["access-control-allow-headers"] == (status == 204 ? asked : nil))
            }
            let preflight = try await client.ask(
                ServerRequest("OPTIONS", "/v1/completions", headers: ["origin": "https://example.org"]))
            #expect(preflight.status == 204 && preflight.headers["access-control-allow-headers"]?.isEmpty == false)
        }
        let open = try fixture.server()
        for (host, status) in [
            ("localhost:8080", 200), ("127.0.0.1", 200), ("[::1]:8080", 200), ("example.com", 403),
            ("127.0.0.1.evil.com", 403),
        ] {
            let answer = await open.respond(to: ServerRequest("GET", "/health", headers: ["host": host]))
            #expect(answer.status == status, "\(host)")
        }
        await open.close(within: .zero)
        // The page behind a proxy with TLS, which only a server with a token may be.
        for (server, status) in [(try fixture.server(settings), 200), (try fixture.server(), 403)] {
            let headers = ["host": "localhost", "origin": "https://localhost", "authorization": "Bearer secret"]
            let own = await server.respond(to: ServerRequest("GET", "/v1/models", headers: headers))
            #expect(own.status == status)
            let foreign = headers.merging(["origin": "https://example.com"]) { $1 }
            #expect(await server.respond(to: ServerRequest("GET", "/v1/models", headers: foreign)).status == 403)
            await server.close(within: .zero)
        }
        #if Serve
            #expect(throws: ServerError.self) { _ = try HTTPListener(try fixture.server(), host: "0.0.0.0", port: 0) }
        #endif
    }

    /// Fifty answers, one after the other: seconds of work.
    private static let long = #"{"prompt": "1", "n": 50, "max_tokens": 200, "ignore_eos": true}"#

    @Test("more than its size and its places allow", arguments: Transport.allCases)
    func limits(transport: Transport) async throws {
        let fixture = try ServerFixture.shared.get()
        var settings = ServerSettings()
        settings.waitingLimit = 2
        settings.bodyLimit = 400
        settings.origins = ["https://example.org"]
        try await withClient(of: try fixture.server(settings), transport) { client in
            let large = try await client.post(
                "/v1/completions", #"{"prompt": "\#(String(repeating: "1", count: 500))"}"#,
                ["origin": "https://example.org"])
            #expect(large.status == 413 && large.code == "request_too_large")
            let counted = #"tinylora_requests_total{path="/v1/completions",status="413"} 1"#
            #expect(try await client.get("/metrics").text.contains(counted))
            #expect(large.headers["access-control-allow-origin"] == "https://example.org")
            let many = try await client.post("/v1/completions", #"{"prompt": "1", "n": 3}"#)
            #expect(many.status == 400)
        }
    }

    /// That a full queue refuses is a test of `SharedSession`, which needs no clock.
    @Test("with a full queue, as OpenAI's servers do")
    func fullQueue() {
        let response = ServerError(EngineError(.busy, "60 samples wait")).response
        #expect(response.status == 429 && response.headers["retry-after"] == "1")
    }

    @Test("more than its time allows", arguments: Transport.allCases)
    func time(transport: Transport) async throws {
        let fixture = try ServerFixture.shared.get()
        var settings = ServerSettings()
        settings.runningLimit = 1
        settings.timeout = .milliseconds(100)
        try await withClient(of: try fixture.server(settings), transport) { client in
            let late = try await client.post("/v1/completions", Self.long)
            #expect(late.status == 504 && late.code == "timeout")
        }
    }
}

@Suite("The end of an answer")
struct EndTests {
    private let endless = ServerRequest(
        "POST", "/v1/completions",
        body: Array(#"{"prompt": "1", "max_tokens": 100, "ignore_eos": true, "stream": true, "n": 8}"#.utf8))

    /// What `/metrics` says once it has these lines.
    private func metrics(of server: Server, with lines: [String]) async throws -> String {
        while true {
            let text = await collected(server.respond(to: ServerRequest("GET", "/metrics"))).text
            if lines.allSatisfy({ text.contains("tinylora_\($0)\n") }) { return text }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test(
        "a client that goes away frees its place, and is counted", .timeLimit(.minutes(15)), arguments: [false, true])
    func vanishing(streams: Bool) async throws {
        // Before other tests, which may keep the threads of tasks for minutes.
        try await Task(priority: .userInitiated) { try await vanish(streams: streams) }.value
    }

    private func vanish(streams: Bool) async throws {
        var settings = ServerSettings()
        settings.runningLimit = 1
        let prompts = 16, count = 128, tokens = 200
        settings.waitingLimit = prompts * count
        let server = try ServerFixture.shared.get().server(settings)
        // One after the other: hundreds of thousands of passes, of which a client that leaves sees a few.
        let body = """
            {"prompt": \([String](repeating: "1", count: prompts)), "max_tokens": \(tokens), "ignore_eos": true, \
            "stream": \(streams), "n": \(count)}
            """
        let asking = Task {
            let response = await server.respond(to: ServerRequest("POST", "/v1/completions", body: Array(body.utf8)))
            if case .stream(let pieces) = response.body { for await _ in pieces {} }
            return response.status
        }
        _ = try await metrics(of: server, with: ["samples_running 1"])
        asking.cancel()
        #expect(await asking.value == (streams ? 200 : 499))
        let end =
            streams
            ? #"broken_streams_total{code="client_closed_request"} 1"#
            : #"requests_total{path="/v1/completions",status="499"} 1"#
        let text = try await metrics(of: server, with: [end, "samples_running 0", "samples_waiting 0"])
        #expect(!text.contains("tinylora_generated_tokens_total \(prompts * count * tokens)\n"))
        await server.close(within: .zero)
    }

    @Test("a server that stops refuses requests, and tells clients whose answers are not complete")
    func stopping() async throws {
        let server = try ServerFixture.shared.get().server()
        let response = await server.respond(to: endless)
        let whole = Task { await collected(response) }
        await server.close(within: .zero)
        let answer = await whole.value
        #expect(answer.events.last != "[DONE]")
        #expect(answer.chunks.last?["error"]?["code"]?.string == "server_stopping")
        let late = await collected(server.respond(to: endless))
        #expect(late.status == 503 && late.headers["retry-after"] == "1")
    }

    @Test("is counted")
    func metrics() async throws {
        let fixture = try ServerFixture.shared.get()
        try await withClient(of: try fixture.server()) { client in
            _ = try await client.post("/v1/completions", #"{"prompt": "1", "max_tokens": 3, "ignore_eos": true}"#)
            _ = try await client.get("/nowhere")
            let text = try await client.get("/metrics").text
            for line in [
                #"tinylora_requests_total{path="/v1/completions",status="200"} 1"#,
                #"tinylora_requests_total{path="other",status="404"} 1"#, "tinylora_generated_tokens_total 3",
                "tinylora_samples_running 0", "tinylora_samples_waiting 0",
            ] {
                #expect(text.contains(line + "\n"), "\(line)")
            }
        }
    }
}
