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
        return file
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
        var file = GGUFBytes()
        file.add("tokenizer.ggml.model", text: "bert")
        file.add("tokenizer.ggml.tokens", texts: ["a"])
        let kind = #expect(throws: TextError.self) { try open(file.bytes) }
        #expect(kind?.message.contains("\"bert\"") == true)
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
