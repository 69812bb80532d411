import Foundation
import Testing
import TinyFoundation
import TinyTestSupport
import TinyText

@Suite("Tokenizers in GGUF files")
struct GGUFTests {
    /// A vocabulary in which `ab` scores higher than `bc`.
    private func scored() -> GGUFBytes {
        var file = GGUFBytes()
        file.add("tokenizer.ggml.model", text: "llama")
        file.add(
            "tokenizer.ggml.tokens", texts: ["<unk>", "\u{2581}", "a", "b", "c", "ab", "bc", "\u{2581}ab", "<0x64>"])
        file.add("tokenizer.ggml.scores", numbers: [0, -8, -9, -9.5, -10, -1, -2, -3, 0])
        file.add("tokenizer.ggml.add_bos_token", flag: false)
        return file
    }

    @Test("of neighbours with equal scores the leftmost merge first, whatever their ids")
    func equalScores() throws {
        var file = GGUFBytes()
        file.add("tokenizer.ggml.model", text: "llama")
        file.add("tokenizer.ggml.tokens", texts: ["<unk>", "<s>", "</s>", "a", "b", "bb", "ab"])
        file.add("tokenizer.ggml.scores", numbers: [0, 0, 0, -2, -2, -1, -1])
        file.add("tokenizer.ggml.add_space_prefix", flag: false)
        let tokenizer = try open(file.bytes)
        #expect(tokenizer.encode("abb") == [1, 6, 4])
        #expect(tokenizer.encode("bbb") == [1, 5, 4])
        #expect(tokenizer.beginningOfTextID == 1)
        #expect(tokenizer.endOfTextID == 2)
    }

    @Test("a score that is not a number, and fewer scores than tokens, are refused")
    func wrongScores() throws {
        for scores in [[0, Float.nan], [0]] {
            var file = GGUFBytes()
            file.add("tokenizer.ggml.model", text: "llama")
            file.add("tokenizer.ggml.tokens", texts: ["a", "b"])
            file.add("tokenizer.ggml.scores", numbers: scores)
            let error = #expect(throws: TextError.self) { try open(file.bytes) }
            #expect(error?.message.contains("score") == true)
        }
    }

    @Test("a very long token does not take the square of its length")
    func longToken() throws {
        var file = GGUFBytes()
        file.add("tokenizer.ggml.model", text: "llama")
        let long = String(repeating: "a", count: 300_000)
        file.add("tokenizer.ggml.tokens", texts: ["<unk>", "<s>", "</s>", "a", "aa", long])
        file.add("tokenizer.ggml.scores", numbers: [0, 0, 0, -2, -1, -3])
        #expect(try open(file.bytes).encode("aaaa").suffix(2) == [4, 4])
    }

    @Test("the neighbours with the highest score merge first; characters without a token are spelled in bytes")
    func scores() throws {
        let tokenizer = try open(scored().bytes)
        #expect(tokenizer.encode("abc") == [7, 4])
        #expect(tokenizer.encode("bcd") == [1, 6, 8])
        #expect(tokenizer.decode([1, 6, 8]) == "bcd")
    }

    @Test("every cut and every changed byte is refused with a sentence or read, never a trap")
    func damaged() throws {
        let good = scored().bytes
        for length in 0..<good.count {
            let error = #expect(throws: TextError.self) { try open(Array(good[..<length])) }
            #expect(error?.message.contains("some.gguf") == true)
        }
        for place in good.indices {
            for value in [UInt8(0), 1, 0x7F, 0x80, 0xC3, 0xFF] {
                var bytes = good
                bytes[place] = value
                _ = try? open(bytes).encode("abcd \u{E9}")
            }
        }
    }

    @Test("kinds that are not known are refused by name")
    func unknownKinds() throws {
        for name in ["bert", "t5", "rwkv", "gemma4"] {
            var file = GGUFBytes()
            file.add("tokenizer.ggml.model", text: name)
            file.add("tokenizer.ggml.tokens", texts: ["a"])
            let kind = #expect(throws: TextError.self) { try open(file.bytes) }
            #expect(kind?.message.contains("\"\(name)\"") == true)
        }
        var other = GGUFBytes()
        other.add("tokenizer.ggml.model", text: "gpt2")
        other.add("tokenizer.ggml.pre", text: "falcon")
        other.add("tokenizer.ggml.tokens", texts: ["a"])
        let words = #expect(throws: TextError.self) { try open(other.bytes) }
        #expect(words?.message.contains("\"falcon\"") == true)
        var later = GGUFBytes()
        later.version = 9
        let version = #expect(throws: TextError.self) { try open(later.bytes) }
        #expect(version?.message.contains("version 9") == true)
        let empty = #expect(throws: TextError.self) { try open(GGUFBytes().bytes) }
        #expect(empty?.message.hasSuffix("has no tokenizer") == true)
    }

    @Test("written as a tokenizer.json they give the same ids and texts", arguments: ["scored-llama", "scored-gemma"])
    func writtenScored(name: String) throws {
        let path = Fixture.folder.appendingPathComponent(name + ".gguf").path
        let written = try Tokenizer(json: Tokenizer.json(ofGGUF: path))
        for example in try ReferenceCase.read(Fixture.folder.appendingPathComponent(name + ".cases.jsonl")) {
            #expect(written.encode(example.text) == example.ids, "\(example.text.debugDescription)")
            let text = written.decode(example.ids, skippingSpecialTokens: true)
            #expect(text.utf8.elementsEqual(try #require(example.decoded).utf8), "\(example.ids)")
        }
    }

    @Test(
        "byte-level ones written as a tokenizer.json give the same ids",
        arguments: [
            ("gpt-2", true), ("qwen2", false), ("llama-bpe", true), ("smollm", false), ("smaug-bpe", false),
            ("deepseek-r1-qwen", false),
            ("tekken", true),
        ])
    func writtenByteLevel(pre: String, addsTokens: Bool) throws {
        let trained = try Tokenizer(json: Fixture.text("trained.json").utf8)
        struct Merges: Decodable { struct Model: Decodable { let merges: [[String]] }; let model: Model }
        let merges = try JSONDecoder().decode(Merges.self, from: Data(Fixture.text("trained.json").utf8)).model.merges
        let count = trained.vocabularySize
        var file = GGUFBytes()
        file.add("tokenizer.ggml.model", text: "gpt2")
        file.add("tokenizer.ggml.pre", text: pre)
        let tokens = (0..<count).map { trained.token(for: $0) ?? "[PAD\($0)]" } + ["<a\"\\\n>", "[PAD\(count + 1)]"]
        file.add("tokenizer.ggml.tokens", texts: tokens)
        let kinds: [UInt32] = (0..<count).map { trained.isSpecial($0) ? 3 : 1 } + [4, 5]
        file.add(
            "tokenizer.ggml.token_type", type: 9,
            littleEndian(UInt32(4)) + littleEndian(UInt64(kinds.count)) + kinds.flatMap { littleEndian($0) })
        file.add("tokenizer.ggml.merges", texts: merges.map { $0.joined(separator: " ") })
        file.add("tokenizer.ggml.bos_token_id", 0)
        file.add("tokenizer.ggml.eos_token_id", 1)
        file.add("tokenizer.ggml.add_bos_token", flag: addsTokens)
        file.add("tokenizer.ggml.add_eos_token", flag: addsTokens)
        try withTemporaryDirectory { folder in
            try write(Data(file.bytes), to: folder + "/m.gguf")
            let read = try Tokenizer(modelDirectory: folder + "/m.gguf")
            let written = try Tokenizer(json: Tokenizer.json(ofGGUF: folder + "/m.gguf"))
            #expect(read.vocabularySize == count + 1 && written.vocabularySize == count + 1)
            #expect(written.addedTokens == read.addedTokens)
            var texts = TrickyTexts(seed: 3)
            for text in (0..<300).map({ _ in texts.next() }) + ["x<a\"\\\n>y 1234 \u{E9}e\u{301}"] {
                #expect(written.encode(text) == read.encode(text), "\(text.debugDescription)")
            }
        }
    }

    private func open(_ bytes: [UInt8]) throws -> Tokenizer { try Tokenizer(gguf: bytes, named: "some.gguf") }
}
