import Foundation
import Testing
import TinyCheckpoint
import TinyEngine
import TinyModel
import TinyRuns
import TinyFoundation
import TinyServer
import TinyTestSupport
import TinyText

private let question = "Q: Tom has 12 apples. He picks 5 more. How many apples does Tom have now?\\nA:"
private let prompt = "Q: Tom has 12 apples. He picks 5 more. How many apples does Tom have now?\nA:"

@Suite("Completions")
struct CompletionTests {
    @Test("are what the engine says alone, whole and as a stream", arguments: Transport.allCases)
    func plain(transport: Transport) async throws {
        let fixture = try ServerFixture.shared.get(), expected = try await fixture.completion(prompt, adapter: nil)
        let tokenizer = try fixture.loaded.requireTokenizer()
        try await withClient(of: try fixture.server(), transport) { client in
            let body =
                #""prompt": "\#(question)", "max_tokens": 12, "temperature": 0, "logprobs": 2, "return_token_ids": true"#
            let whole = try await client.post("/v1/completions", "{\(body)}")
            #expect(whole.status == 200 && whole.json["object"]?.string == "text_completion")
            let choice = try #require(whole.choice)
            #expect(choice["token_ids"]?.array?.compactMap(\.integer) == expected.tokens)
            #expect(choice["finish_reason"]?.string == (expected.stop.isEnd ? "stop" : "length"))
            let logprobs = choice["logprobs"]?["token_logprobs"]?.array?.compactMap(\.number).map { Float($0) }
            #expect(logprobs == expected.logprobs)
            #expect(choice["logprobs"]?["tokens"]?.array?.count == expected.tokens.count)
            #expect(whole.json["usage"]?["completion_tokens"]?.integer == expected.tokens.count)
            #expect(whole.json["usage"]?["prompt_tokens"]?.integer == tokenizer.encode(prompt).count)

            let stream = try await client.post(
                "/v1/completions", #"{\#(body), "stream": true, "stream_options": {"include_usage": true}}"#)
            #expect(stream.headers["content-type"] == "text/event-stream")
            #expect(stream.events.last == "[DONE]")
            let choices = stream.chunks.compactMap { $0["choices"]?.array?.first }
            #expect(choices.compactMap { $0["text"]?.string }.joined() == choice["text"]?.string)
            #expect(choices.flatMap { $0["token_ids"]?.array ?? [] }.compactMap(\.integer) == expected.tokens)
            #expect(choices.last?["finish_reason"]?.string == choice["finish_reason"]?.string)
            let last = try #require(stream.chunks.last)
            #expect(last["choices"]?.array?.isEmpty == true && last["usage"] == whole.json["usage"])
        }
    }

    @Test("take texts, token ids and lists of both, with several samples of each")
    func prompts() async throws {
        let fixture = try ServerFixture.shared.get(), tokenizer = try fixture.loaded.requireTokenizer()
        try await withClient(of: try fixture.server()) { client in
            let ids = "\(tokenizer.encode("1 + 1 ="))"
            func texts(_ prompt: String) async throws -> [String] {
                let body = #"{"prompt": \#(prompt), "n": 2, "seed": 5, "max_tokens": 6, "echo": false}"#
                let answer = try await client.post("/v1/completions", body)
                let choices = answer.json["choices"]?.array ?? []
                #expect(choices.compactMap { $0["index"]?.integer } == Array(choices.indices))
                return choices.compactMap { $0["text"]?.string }
            }
            let text = try await texts("\"1 + 1 =\"")
            #expect(text.count == 2)
            #expect(try await texts(ids) == text)
            let both = try await texts("[\(ids), \"2 + 2 =\"]")
            #expect(both.count == 4 && Array(both.prefix(2)) == text)
            let echoed = try await client.post(
                "/v1/completions", #"{"prompt": "1 + 1 =", "seed": 5, "max_tokens": 6, "echo": true}"#)
            #expect(echoed.choice?["text"]?.string == "1 + 1 =" + text[0])
        }
    }

    @Test("end before a stop text, wherever tokens begin")
    func stopTexts() async throws {
        let fixture = try ServerFixture.shared.get()
        let free = try await fixture.completion(prompt, adapter: nil, maxTokens: 40)
        let text = try fixture.loaded.requireTokenizer().decode(free.tokens, skippingSpecialTokens: true)
        let stop = String(text.dropFirst(3).prefix(3)), before = text.components(separatedBy: stop)[0]
        try await withClient(of: try fixture.server()) { client in
            for streams in [false, true] {
                let body = """
                    {"prompt": "\(question)", "max_tokens": 40, "temperature": 0, "n": 2, "stream": \(streams), \
                    "stop": ["never", "\(stop)"]}
                    """
                let answer = try await client.post("/v1/completions", body)
                let choices = (streams ? answer.chunks : [answer.json]).flatMap { $0["choices"]?.array ?? [] }
                for index in 0..<2 {
                    let mine = choices.filter { $0["index"]?.integer == index }
                    #expect(mine.compactMap { $0["text"]?.string }.joined() == before)
                    #expect(mine.last?["finish_reason"]?.string == "stop")
                }
            }
        }
    }

    @Test("never have half a character, nor the beginning of a stop text that does not follow")
    func answerText() throws {
        let tokenizer = try ServerFixture.shared.get().loaded.requireTokenizer()
        for (text, stops, expected) in [
            ("a héé 中文 😀!", ["never"], "a héé 中文 😀!"), ("1 ab abc 2", ["abc"], "1 ab "),
            ("ababac", ["abac"], "ab"), ("xx", ["x"], ""), ("ends with ab", ["abc"], "ends with ab"),
            ("Question: 2", ["\nQuestion:"], "Question: 2"),
        ] {
            var answer = AnswerText(tokenizer, after: [], stops: stops)
            var parts = tokenizer.encode(text, addingSpecialTokens: false).map { answer.append($0) }
            parts.append(answer.finish())
            #expect(parts.joined() == expected)
            #expect(!parts.contains { $0.contains("\u{FFFD}") })
            #expect(answer.isStopped == (expected != text))
        }
    }

    @Test("go on from the prompt, with the space before their first word")
    func afterPrompt() throws {
        let file = fixtures(of: "TinyText").appendingPathComponent("mistral.json")
        let tokenizer = try Tokenizer(contentsOf: file.path)
        var answer = AnswerText(tokenizer, after: tokenizer.encode("The answer is"), stops: [])
        let ids = try ["\u{2581}answer", "\u{2581}the", "ve"].map { try #require(tokenizer.id(of: $0)) }
        #expect(ids.map { answer.append($0) }.joined() + answer.finish() == " answer theve")
    }

    @Test("and chats have the space before their first word, where the tokenizer does not show it in a text of its own")
    func firstSpace() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/model"
            try writeModel(to: path)
            let loaded = try LoadedModel(directory: path, cache: nil), tokenizer = try loaded.requireTokenizer()
            try await withClient(of: try Server(loaded, threads: 1, cache: nil)) { client in
                // Which has a token that begins a text, unless the request wants none.
                for (field, adds) in [("", true), (#", "add_special_tokens": false"#, false)] {
                    let answer = try await client.post(
                        "/v1/completions",
                        #"{"prompt": "The answer is", "max_tokens": 1, "return_token_ids": true\#(field)}"#)
                    let ids = answer.choice?["prompt_token_ids"]?.array?.compactMap(\.integer)
                    #expect(ids == tokenizer.encode("The answer is", addingSpecialTokens: adds), "\(answer.text)")
                    #expect((ids?.first == 1) == adds)
                }
                let parameters = #""n": 64, "max_tokens": 1, "temperature": 20, "seed": 1, "return_token_ids": true"#
                let whole = try await client.post(
                    "/v1/completions", #"{"prompt": "The answer is", \#(parameters)}"#)
                let chat = try await client.post(
                    "/v1/chat/completions",
                    #"{"messages": [{"role": "user", "content": "The answer is"}], \#(parameters)}"#)
                for answer in [whole, chat] {
                    var words = 0
                    for choice in answer.json["choices"]?.array ?? [] {
                        let token = choice["token_ids"]?.array?.first?.integer.flatMap { tokenizer.token(for: $0) }
                        guard token?.hasPrefix("\u{2581}") == true else { continue }
                        words += 1
                        let text = choice["text"]?.string ?? choice["message"]?["content"]?.string
                        #expect(text?.hasPrefix(" ") == true, "\(token ?? "")")
                    }
                    #expect(words > 0, "\(answer.text)")
                }
            }
        }
    }

    @Test("have log-probabilities of the likely tokens and of the sampled one", arguments: [0, 3])
    func likelyTokens(count: Int) async throws {
        let fixture = try ServerFixture.shared.get()
        try await withClient(of: try fixture.server()) { client in
            // So hot that most of the sampled tokens are not among the likely ones.
            let body = """
                {"prompt": "\(question)", "max_tokens": 12, "temperature": 50, "seed": 3, "ignore_eos": true, \
                "logprobs": \(count), "return_tokens_as_token_ids": true}
                """
            let answer = try await client.post("/v1/completions", body)
            let logprobs = try #require(answer.choice?["logprobs"], "\(answer.text)")
            let tokens = logprobs["tokens"]?.array?.compactMap(\.string) ?? []
            let numbers = logprobs["token_logprobs"]?.array ?? [], likely = logprobs["top_logprobs"]?.array ?? []
            #expect(tokens.count == 12 && numbers.count == 12 && likely.count == 12)
            var sizes: Set<Int> = []
            for (index, entry) in likely.enumerated() where index < min(tokens.count, numbers.count) {
                #expect(entry[tokens[index]] == numbers[index], "token \(index)")
                if case .object(let members) = entry { sizes.insert(members.count) }
            }
            #expect(sizes.contains(count + 1) && sizes.allSatisfy { $0 == count || $0 == count + 1 }, "\(sizes)")
        }
    }

    @Test("tell where a token's text begins, whether a stop text might have begun or not")
    func offsets() async throws {
        let fixture = try ServerFixture.shared.get()
        let free = try await fixture.completion(prompt, adapter: nil)
        let text = try fixture.loaded.requireTokenizer().decode(free.tokens, skippingSpecialTokens: true)
        try await withClient(of: try fixture.server()) { client in
            func offsets(_ stop: String?, streams: Bool) async throws -> [Int] {
                var body = #""prompt": "\#(question)", "max_tokens": 12, "temperature": 0, "logprobs": 0"#
                if let stop { body += #", "stop": "\#(stop)""# }
                if streams { body += #", "stream": true"# }
                let answer = try await client.post("/v1/completions", "{\(body)}")
                return (streams ? answer.chunks : [answer.json]).flatMap { chunk in
                    let logprobs = chunk["choices"]?.array?.first?["logprobs"]
                    return logprobs?["text_offset"]?.array?.compactMap(\.integer) ?? []
                }
            }
            let expected = try await offsets(nil, streams: false)
            #expect(expected.count == 12 && expected == expected.sorted() && expected.last ?? 0 > 12)
            // All of the text is held back as the beginning of this one.
            for streams in [false, true] {
                #expect(try await offsets(text + "never", streams: streams) == expected)
            }
        }
    }

    @Test("with a seed are the same for a prompt alone and in a list")
    func seeds() async throws {
        try await withClient(of: try ServerFixture.shared.get().server()) { client in
            func texts(_ prompt: String) async throws -> [String] {
                let body = #"{"prompt": \#(prompt), "seed": 7, "n": 2, "temperature": 2, "max_tokens": 12}"#
                let answer = try await client.post("/v1/completions", body)
                return answer.json["choices"]?.array?.compactMap { $0["text"]?.string } ?? []
            }
            let alone = try await texts(#""12 + 12 =""#)
            #expect(alone.count == 2 && alone[0] != alone[1])
            #expect(try await texts(#"["1 + 1 =", "12 + 12 ="]"#).suffix(2) == alone)
        }
    }

    @Test("as streams begin with the prompt's tokens and count what was sampled", arguments: Transport.allCases)
    func firstParts(transport: Transport) async throws {
        let fixture = try ServerFixture.shared.get(), tokenizer = try fixture.loaded.requireTokenizer()
        try await withClient(of: try fixture.server(), transport) { client in
            let prompts = ["1 + 1 =", "12 + 12 ="]
            let body = """
                {"prompt": ["1 + 1 =", "12 + 12 ="], "n": 2, "seed": 1, "max_tokens": 4, "ignore_eos": true, \
                "return_token_ids": true, "stream": true, \
                "stream_options": {"include_usage": true, "continuous_usage_stats": true}}
                """
            let answer = try await client.post("/v1/completions", body)
            func choice(_ chunk: JSONValue) -> JSONValue? { chunk["choices"]?.array?.first }
            for index in 0..<4 {
                let mine = answer.chunks.filter { choice($0)?["index"]?.integer == index }
                let prompt = tokenizer.encode(prompts[index / 2])
                let ids = mine.compactMap { choice($0)?["prompt_token_ids"]?.array?.compactMap(\.integer) }
                #expect(ids == [prompt], "choice \(index)")
                #expect(mine.first.flatMap { choice($0)?["prompt_token_ids"] } != nil, "choice \(index)")
                let usage = mine.compactMap { $0["usage"] }
                #expect(usage.compactMap { $0["completion_tokens"]?.integer } == [1, 2, 3, 4, 4], "choice \(index)")
                #expect(usage.allSatisfy { $0["prompt_tokens"]?.integer == prompt.count }, "choice \(index)")
            }
            #expect(answer.chunks.last?["usage"]?["completion_tokens"]?.integer == 16)
        }
    }

    @Test("of 64 clients with 64 adapters are what each gets alone", arguments: Transport.allCases)
    func manyAdapters(transport: Transport) async throws {
        let fixture = try ServerFixture.shared.get()
        try await withClient(of: try fixture.server(), transport) { client in
            let found = try await withThrowingTaskGroup(of: (UInt64, [Int]?).self) { group in
                for seed in 0..<64 as Range<UInt64> {
                    group.addTask {
                        let body = """
                            {"model": "abacus@\(try fixture.code(seed))", "prompt": "\(question)", "max_tokens": 5, \
                            "seed": \(seed), "return_token_ids": true}
                            """
                        let answer = try await client.post("/v1/completions", body)
                        return (seed, answer.choice?["token_ids"]?.array?.compactMap(\.integer))
                    }
                }
                return try await group.reduce(into: [UInt64: [Int]?]()) { $0[$1.0] = $1.1 }
            }
            for seed in 0..<64 as Range<UInt64> {
                let alone = try await fixture.completion(
                    prompt, adapter: seed, maxTokens: 5, temperature: 1, seed: seed)
                #expect(found[seed] == alone.tokens, "adapter \(seed)")
            }
        }
    }
}

@Suite("Chat completions")
struct ChatTests {
    private let message = #""messages": [{"role": "user", "content": "Tom has 12 apples. He picks 5 more. How many?"}]"#

    @Test("have a message, or deltas of it", arguments: Transport.allCases)
    func chat(transport: Transport) async throws {
        let fixture = try ServerFixture.shared.get()
        try await withClient(of: try fixture.server(), transport) { client in
            let body =
                #"\#(message), "temperature": 0, "max_completion_tokens": 8, "logprobs": true, "top_logprobs": 3"#
            let whole = try await client.post("/v1/chat/completions", "{\(body)}")
            #expect(whole.status == 200, "\(whole.text)")
            let choice = try #require(whole.choice), content = choice["message"]?["content"]?.string
            #expect(choice["message"]?["role"]?.string == "assistant" && content?.isEmpty == false)
            let tokens = try #require(choice["logprobs"]?["content"]?.array)
            #expect(tokens.count == whole.json["usage"]?["completion_tokens"]?.integer)
            #expect(tokens.allSatisfy { $0["top_logprobs"]?.array?.count == 3 })
            #expect(tokens.allSatisfy { $0["top_logprobs"]?.array?.first?["logprob"] == $0["logprob"] })
            let stream = try await client.post("/v1/chat/completions", #"{\#(body), "stream": true}"#)
            let deltas = stream.chunks.compactMap { $0["choices"]?.array?.first }
            #expect(deltas.first?["delta"]?["role"]?.string == "assistant")
            #expect(deltas.compactMap { $0["delta"]?["content"]?.string }.joined() == content)
            #expect(deltas.flatMap { $0["logprobs"]?["content"]?.array ?? [] } == tokens)
            #expect(stream.events.last == "[DONE]")
            let parts = message.replacing(
                #""Tom has 12 apples. He picks 5 more. How many?""#,
                with:
                    #"[{"type": "text", "text": "Tom has 12 apples. "}, {"type": "text", "text": "He picks 5 more. How many?"}]"#
            )
            let same = try await client.post(
                "/v1/chat/completions", #"{\#(parts), "temperature": 0, "max_tokens": 8}"#)
            #expect(same.choice?["message"] == choice["message"])
        }
    }

    @Test("as streams have the prompt's tokens in the first part")
    func promptTokens() async throws {
        let fixture = try ServerFixture.shared.get()
        try await withClient(of: try fixture.server()) { client in
            let body = #"\#(message), "n": 2, "max_tokens": 3, "return_token_ids": true"#
            let whole = try await client.post("/v1/chat/completions", "{\(body)}")
            let stream = try await client.post("/v1/chat/completions", #"{\#(body), "stream": true}"#)
            let ids = try #require(whole.json["prompt_token_ids"])
            #expect(ids.array?.isEmpty == false)
            #expect(stream.chunks.first?["prompt_token_ids"] == ids)
            #expect(stream.chunks.dropFirst().allSatisfy { $0["prompt_token_ids"] == nil })
        }
    }

    @Test("have the variables of the chat template that a request sets, and refuse others")
    func templateVariables() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/model"
            try writeModel(to: path)
            let template = "{{ messages[0].content }}{{ ' quietly' if enable_thinking is false }} answer {{ name }}"
            try write(template, to: path + "/chat_template.jinja")
            let loaded = try LoadedModel(directory: path, cache: nil), tokenizer = try loaded.requireTokenizer()
            try await withClient(of: try Server(loaded, threads: 1, cache: nil)) { client in
                let messages = #""messages": [{"role": "user", "content": "the"}]"#
                for (variables, expected) in [
                    ("{}", "the answer "), (#"{"enable_thinking": true}"#, "the answer "), ("null", "the answer "),
                    (#"{"enable_thinking": false, "name": "the"}"#, "the quietly answer the"),
                ] {
                    let body = #"{\#(messages), "chat_template_kwargs": \#(variables)}"#
                    #expect(try await client.post("/apply-template", body).json["prompt"]?.string == expected)
                    let tokens = tokenizer.encode(expected, addingSpecialTokens: false)
                    let counted = try await client.post("/tokenize", body)
                    #expect(counted.json["tokens"]?.array?.compactMap(\.integer) == tokens, "\(counted.text)")
                    let chat = try await client.post(
                        "/v1/chat/completions", body.dropLast() + #", "max_tokens": 1, "return_token_ids": true}"#)
                    #expect(chat.json["prompt_token_ids"]?.array?.compactMap(\.integer) == tokens, "\(chat.text)")
                }
                for (variables, part) in [
                    (#"{"enable_thinkng": false}"#, "no variable \"enable_thinkng\""),
                    (#"{"messages": 1}"#, "conversation"),
                    (#"{"name": [1]}"#, "\"name\" must be a text"), ("[]", "an object"), (#""none""#, "an object"),
                ] {
                    let answer = try await client.post(
                        "/v1/chat/completions", #"{\#(messages), "chat_template_kwargs": \#(variables)}"#)
                    let message = answer.json["error"]?["message"]?.string ?? ""
                    #expect(answer.status == 400 && message.contains(part), "\(answer.text)")
                }
            }
        }
    }

    @Test("text and tokens convert both ways")
    func text() async throws {
        let fixture = try ServerFixture.shared.get(), tokenizer = try fixture.loaded.requireTokenizer()
        try await withClient(of: try fixture.server()) { client in
            let tokens = try await client.post("/tokenize", #"{"content": "12 apples"}"#)
            let ids = tokenizer.encode("12 apples", addingSpecialTokens: false)
            #expect(tokens.json["tokens"]?.array?.compactMap(\.integer) == ids)
            #expect(tokens.json["count"]?.integer == ids.count)
            let text = try await client.post("/detokenize", #"{"tokens": \#(ids)}"#)
            #expect(text.json["content"]?.string == "12 apples")
            let template = try await client.post("/apply-template", "{\(message)}")
            let prompt = try #require(template.json["prompt"]?.string)
            let chat = try await client.post("/tokenize", "{\(message)}")
            #expect(chat.json["tokens"]?.array?.compactMap(\.integer) == tokenizer.encode(prompt))
        }
    }
}

/// Writes a model with a tokenizer of Mistral's kind, for tests of texts: its weights are random.
private func writeModel(to path: String) throws {
    let configuration = ModelConfiguration(
        vocabularySize: 458, hiddenSize: 32, intermediateSize: 40, layerCount: 2, headCount: 4,
        keyValueHeadCount: 2, contextLength: 1024, tiesEmbeddings: true)
    let tensors = configuration.parameterShapes.enumerated().map { index, parameter in
        TensorToWrite(
            name: parameter.name, shape: parameter.shape, floats: noise(parameter.count, seed: UInt64(index)))
    }
    try CheckpointWriter.write(configuration: configuration, tensors: tensors, to: path)
    try FileManager.default.copyItem(
        atPath: fixtures(of: "TinyText").path + "/mistral.json", toPath: path + "/tokenizer.json")
}
