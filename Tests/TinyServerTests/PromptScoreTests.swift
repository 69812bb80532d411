import Testing
import TinyEngine
import TinyFoundation
import TinyRuns
import TinyServer
import TinyText

private let question = "Q: Tom has 12 apples. He picks 5 more. How many?\\nA: 17"
private let prompt = "Q: Tom has 12 apples. He picks 5 more. How many?\nA: 17"

@Suite("Completions that repeat their prompts")
struct PromptScoreTests {
    private struct Logprobs {
        let tokens: [String]
        let logprobs: [Float?]
        let top: [[String: Float]?]
        let offsets: [Int]

        init(_ choices: [JSONValue]) {
            func all(_ name: String) -> [JSONValue] { choices.flatMap { $0["logprobs"]?[name]?.array ?? [] } }
            tokens = all("tokens").compactMap(\.string)
            logprobs = all("token_logprobs").map { $0.number.map { Float($0) } }
            top = all("top_logprobs").map { value in
                guard case .object(let members) = value else { return nil }
                return Dictionary(members.map { ($0.name, Float($0.value.number ?? .nan)) }) { $1 }
            }
            offsets = all("text_offset").compactMap(\.integer)
        }
    }

    /// What lm-evaluation-harness asks for each answer of a multiple-choice task.
    private func body(_ model: String, _ more: String) -> String {
        """
        {"model": "\(model)", "prompt": "\(question)", "temperature": 0, "seed": 1234, "echo": true, \
        "return_tokens_as_token_ids": true, \(more)}
        """
    }

    @Test(
        "have the log-probabilities of all tokens, as a learner has them, whole and as a stream",
        arguments: [nil, UInt64(1)], [false, true])
    func echoes(adapter: UInt64?, streams: Bool) async throws {
        let fixture = try ServerFixture.shared.get()
        let ids = try fixture.loaded.requireTokenizer().encode(prompt)
        let scores = try await fixture.logprobs(prompt, adapter: adapter)
        let sampled = try await fixture.completion(prompt, adapter: adapter, maxTokens: 3)
        let model = try adapter.map { "abacus@\(try fixture.code($0))" } ?? "abacus"
        try await withClient(of: try fixture.server()) { client in
            let more = #""n": 2, "max_tokens": 3, "logprobs": 1, "stream": \#(streams)"#
            let answer = try await client.post("/v1/completions", body(model, more))
            #expect(answer.status == 200, "\(answer.text)")
            let choices = (streams ? answer.chunks : [answer.json]).flatMap { $0["choices"]?.array ?? [] }
            for index in 0..<2 {
                let mine = choices.filter { $0["index"]?.integer == index }, found = Logprobs(mine)
                let tokens = ids + sampled.tokens
                #expect(found.tokens == tokens.map { "token_id:\($0)" })
                #expect(found.logprobs == [nil] + scores + sampled.logprobs)
                #expect(found.top.count == tokens.count && found.top.first == .some(nil))
                // The likeliest token is always there, and the one of the text.
                for (place, top) in found.top.enumerated().dropFirst() {
                    let logprob = try #require(found.logprobs[place]), values = try #require(top?.values)
                    #expect(top?[found.tokens[place]] == logprob && values.max() ?? -1 >= logprob)
                    if place >= ids.count { #expect(values.max() == logprob) }
                }
                #expect(found.top.contains { $0?.count == 2 })
                let text = mine.compactMap { $0["text"]?.string }.joined()
                #expect(text.hasPrefix(prompt))
                #expect(found.offsets == found.offsets.sorted() && found.offsets.first == 0)
                #expect(found.offsets[ids.count] == prompt.unicodeScalars.count)
            }
        }
    }

    @Test("may have no token of their own", arguments: [false, true])
    func promptAlone(streams: Bool) async throws {
        let fixture = try ServerFixture.shared.get()
        let scores = try await fixture.logprobs(prompt, adapter: nil)
        try await withClient(of: try fixture.server()) { client in
            let more = #""max_tokens": 0, "logprobs": 0, "stream": \#(streams)"#
            let answer = try await client.post("/v1/completions", body("abacus", more))
            let choices = (streams ? answer.chunks : [answer.json]).flatMap { $0["choices"]?.array ?? [] }
            #expect(choices.compactMap { $0["text"]?.string }.joined() == prompt, "\(answer.text)")
            #expect(Logprobs(choices).logprobs == [nil] + scores)
            #expect(choices.last?["finish_reason"]?.string == "length")
            if !streams { #expect(answer.json["usage"]?["completion_tokens"]?.integer == 0) }
            let plain = try await client.post("/v1/completions", body("abacus", #""max_tokens": 0"#))
            #expect(plain.choice?["text"]?.string == prompt)
        }
    }
}
