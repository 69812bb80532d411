import Foundation
import Testing
import TinyText
import TinyFoundation

@Suite("Training a vocabulary")
struct TrainerTests {
    private let specialTokens = ["<|endoftext|>", "<|pad|>"]

    @Test("learns the tokens and merges that the reference implementation learns")
    func agrees() throws {
        let trained = try TokenizerTrainer.train(Fixture.corpus(), vocabularySize: 400, specialTokens: specialTokens)
        let ours = try JSONDecoder().decode(TokenizerFile.self, from: Data(trained.json.utf8))
        let reference = try JSONDecoder().decode(TokenizerFile.self, from: Data(Fixture.text("trained.json").utf8))
        #expect(ours.model.vocab == reference.model.vocab)
        #expect(ours.model.merges == reference.model.merges)
        #expect(trained.tokenizer.vocabularySize == 400)
        for example in try ReferenceCase.read(Fixture.folder.appendingPathComponent("trained.cases.jsonl")) {
            #expect(trained.tokenizer.encode(example.text) == example.ids, "\(example.text.debugDescription)")
        }
    }

    @Test("depends on nothing but texts and settings")
    func isDeterministic() throws {
        let files = try (0..<3).map { _ in
            try TokenizerTrainer.train(Fixture.corpus(), vocabularySize: 380, specialTokens: specialTokens).json
        }
        #expect(files[0] == files[1] && files[1] == files[2])
    }

    @Test("keeps every digit a token of its own")
    func digits() throws {
        let texts = (0..<500).map { "\($0) + 1 = \($0 + 1), and 100100100" }
        let tokenizer = try TokenizerTrainer.train(texts, vocabularySize: 320, specialTokens: []).tokenizer
        for id in 0..<tokenizer.vocabularySize {
            let bytes = tokenizer.bytes(of: id)
            #expect(bytes.count == 1 || !bytes.contains { (0x30...0x39).contains($0) }, "\(Array(bytes))")
        }
        #expect(tokenizer.encode("100 + 27").count == 3 + 1 + 1 + 2)
        #expect(tokenizer.endOfTextID == nil)
    }

    @Test("learns the most frequent pair first, and of equals the one with the smaller ids")
    func order() throws {
        let trained = try TokenizerTrainer.train(
            ["xy xy xy", "cd cd", "ab ab"], vocabularySize: 260, specialTokens: [])
        let file = try JSONDecoder().decode(TokenizerFile.self, from: Data(trained.json.utf8))
        // " x" occurs twice, "xy" three times; "ab" and "cd" twice.
        #expect(file.model.merges == [["x", "y"], ["a", "b"], ["c", "d"], ["Ġ", "xy"]])
    }

    @Test("stops when there is nothing left to merge")
    func exhausted() throws {
        let tokenizer = try TokenizerTrainer.train(["aaaa"], vocabularySize: 1000, specialTokens: ["<|end|>"]).tokenizer
        #expect(tokenizer.vocabularySize == 1 + 256 + 2)
        #expect(tokenizer.encode("aaaa") == [258])
        #expect(try TokenizerTrainer.train([], vocabularySize: 300, specialTokens: []).tokenizer.vocabularySize == 256)
    }

    @Test("recognises special tokens and does not learn from them")
    func specialTokensInTexts() throws {
        let texts = Array(repeating: "a<|end|>b", count: 100)
        let tokenizer = try TokenizerTrainer.train(texts, vocabularySize: 300, specialTokens: ["<|end|>"]).tokenizer
        #expect(tokenizer.vocabularySize == 257)
        #expect(tokenizer.encode("a<|end|>b").count == 3)
        #expect(tokenizer.endOfTextID == 0)
        #expect(tokenizer.specialTokens.map(\.content) == ["<|end|>"])
    }

    @Test("writes a file that opens as the same tokenizer")
    func writing() throws {
        let trained = try TokenizerTrainer.train(Fixture.corpus(), vocabularySize: 300, specialTokens: ["<|\"\\|>"])
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString + ".json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try trained.write(to: path)
        let opened = try Tokenizer(contentsOf: path, endOfText: "<|\"\\|>")
        #expect(opened.endOfTextID == 0)
        for text in try Fixture.corpus() {
            #expect(opened.encode(text) == trained.tokenizer.encode(text))
        }
        let error = #expect(throws: TextError.self) { try trained.write(to: "/no such folder/tokenizer.json") }
        #expect(error?.code == .unwritableFile)
    }

    @Test(
        "refuses what cannot be done",
        arguments: [
            (257, ["<|end|>", "<|pad|>"], "257"), (1000, ["<|end|>", "<|end|>"], "twice"), (1000, ["e"], "\"e\""),
            (1000, [""], "\"\""), (1000, ["<end of text>"], "<end of text>"), (1000, ["Ġa"], "Ġa"),
        ])
    func refusals(size: Int, specialTokens: [String], part: String) throws {
        let error = #expect(throws: TextError.self) {
            try TokenizerTrainer.train(["text"], vocabularySize: size, specialTokens: specialTokens)
        }
        #expect(error?.code == .invalidTrainingRequest)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }
}
