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

    private func open(_ bytes: [UInt8]) throws -> Tokenizer { try Tokenizer(gguf: bytes, named: "some.gguf") }
}
