import Foundation
import Testing
import TinyText
import TinyFoundation

@Suite("Opening a model's tokenizer")
struct ModelDirectoryTests {
    @Test("reports the tokens that begin and end a text, named or described")
    func configuration() throws {
        let tokenizer = try open(
            #"{"eos_token": {"content": "<|endoftext|>", "lstrip": false}, "bos_token": "<|pad|>"}"#)
        #expect(tokenizer.endOfTextID == 0)
        #expect(tokenizer.beginningOfTextID == 1)
    }

    @Test("does without a configuration, or without tokens in it")
    func absentTokens() throws {
        for configuration in [nil, "{}", #"{"eos_token": null, "bos_token": null}"#] {
            let tokenizer = try open(configuration)
            #expect(tokenizer.endOfTextID == nil)
            #expect(tokenizer.beginningOfTextID == nil)
        }
    }

    @Test("adds the tokens that only the configuration has")
    func addedTokens() throws {
        let tokens =
            #""added_tokens_decoder": {"0": {"content": "<|endoftext|>", "special": true}, "#
            + #""400": {"content": "<think>", "special": false, "normalized": false}}"#
        let tokenizer = try open("{\(tokens)}")
        #expect(tokenizer.encode("<think>") == [400])
        #expect(!tokenizer.isSpecial(400))
        let ending = try open(#"{\#(tokens), "eos_token": "<think>"}"#)
        #expect(ending.endOfTextID == 400)
        #expect(ending.isSpecial(400))
    }

    @Test("describes a token as the configuration does, not as the file does")
    func changedTokens() throws {
        let text = "a <|endoftext|> b", plain = try open(nil)
        let stripping = try open(
            #"{"added_tokens_decoder": {"0": {"content": "<|endoftext|>", "special": true, "lstrip": true, "rstrip": true}}}"#
        )
        #expect(stripping.encode(text) == plain.encode("a") + [0] + plain.encode("b"))
        #expect(stripping.encode(text) != plain.encode(text))
    }

    @Test(
        "takes tokens of the vocabulary that the configuration calls special for special",
        arguments: [
            #"{"pad_token": "TOKEN"}"#, #"{"additional_special_tokens": ["TOKEN"]}"#,
            #"{"extra_special_tokens": {"x": "TOKEN"}}"#,
        ])
    func namedTokens(configuration: String) throws {
        let plain = try open(nil)
        let id = try #require(
            (0..<plain.vocabularySize).first { id in
                !plain.isSpecial(id) && plain.token(for: id)?.wholeMatch(of: /[a-z]{2,}/) != nil
            })
        let token = try #require(plain.token(for: id))
        let tokenizer = try open(configuration.replacing("TOKEN", with: token))
        #expect(!plain.isSpecial(id) && tokenizer.isSpecial(id))
        #expect(tokenizer.decode(tokenizer.encode("1\(token)2"), skippingSpecialTokens: true) == "12")
    }

    @Test("takes no ordinary character for a special token")
    func ordinaryCharacter() throws {
        let tokenizer = try open(#"{"pad_token": "e"}"#)
        #expect(tokenizer.decode(tokenizer.encode("be 1"), skippingSpecialTokens: true) == "be 1")
        #expect(!tokenizer.addedTokens.contains { $0.content == "e" })
    }

    @Test("encodes a text that goes on without the mark of a beginning", arguments: ["sentence", "mistral"])
    func continuation(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        for text in ["1", "the", "\n1"] {
            let ids = tokenizer.encode(continuation: text)
            #expect(tokenizer.token(for: ids[0])?.hasPrefix("\u{2581}") == false, "\(text)")
            #expect(
                tokenizer.token(for: tokenizer.encode(text, addingSpecialTokens: false)[0])?.hasPrefix("\u{2581}")
                    == true)
        }
        let whole = tokenizer.encode("1 the 1", addingSpecialTokens: false)
        let first = tokenizer.encode("1", addingSpecialTokens: false)
        #expect(first + tokenizer.encode(continuation: " the") + tokenizer.encode(continuation: " 1") == whole)
    }

    @Test("refuses a token that is not in the vocabulary")
    func unknownToken() {
        let error = #expect(throws: TextError.self) { try open(#"{"eos_token": "</s>"}"#) }
        #expect(error?.code == .inconsistentVocabulary)
        #expect(error?.message.contains("</s>") == true)
    }

    @Test("a vocabulary with merges alone says too little, unless it is GPT-2's, or names its class")
    func vocabularyFiles() throws {
        let file = try JSONDecoder().decode(TokenizerFile.self, from: Data(Fixture.text("trained.json").utf8))
        let vocabulary = try JSONEncoder().encode(file.model.vocab)
        let merges = "#version: 0.2\n" + file.model.merges.map { $0.joined(separator: " ") + "\n" }.joined()
        func open(_ configuration: String?) throws -> Tokenizer {
            try folder([("vocab.json", vocabulary), ("merges.txt", Data(merges.utf8))], configuration)
        }
        let silent = #expect(throws: TextError.self) { try open(nil) }
        #expect(silent?.code == .unsupported)
        let unknown = #expect(throws: TextError.self) { try open(#"{"tokenizer_class": "LlamaTokenizer"}"#) }
        #expect(unknown?.message.contains("\"LlamaTokenizer\"") == true)
        let prefixed = #expect(throws: TextError.self) {
            try open(#"{"tokenizer_class": "Qwen2TokenizerFast", "add_prefix_space": true}"#)
        }
        #expect(prefixed?.message.contains("add_prefix_space") == true)
        let tokenizer = try open(#"{"tokenizer_class": "Qwen2TokenizerFast", "add_bos_token": false}"#)
        #expect(tokenizer.words(of: "e\u{301} it's 12") == ["\u{E9}", " it", "'s", " ", "1", "2"])
        #expect(tokenizer.decode(tokenizer.encode("12 apples")) == "12 apples")
    }

    @Test("names the directory that has no tokenizer")
    func missingFile() {
        let error = #expect(throws: TextError.self) { try Tokenizer(modelDirectory: "/no/such/model") }
        #expect(error?.code == .missingFile)
        #expect(error?.message.contains("/no/such/model") == true)
        #expect(throws: TextError.self) { try Tokenizer(contentsOf: "/no/such/tokenizer.json") }
    }

    private func open(_ configuration: String?) throws -> Tokenizer {
        try folder([("tokenizer.json", Data(Fixture.text("trained.json").utf8))], configuration)
    }

    private func folder(_ files: [(name: String, content: Data)], _ configuration: String?) throws -> Tokenizer {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, content) in files { try content.write(to: folder.appendingPathComponent(name)) }
        if let configuration {
            try Data(configuration.utf8).write(to: folder.appendingPathComponent("tokenizer_config.json"))
        }
        return try Tokenizer(modelDirectory: folder.path)
    }
}
