import Testing
import TinyText
import TinyFoundation

/// Bytes of a GGUF file, written as its description has them.
private struct GGUFBytes {
    var bytes: [UInt8]

    init(version: UInt32 = 3, count: UInt64) {
        bytes = Array("GGUF".utf8)
        append(version)
        append(UInt64(0))
        append(count)
    }

    mutating func append(_ number: some FixedWidthInteger) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes += Array(text.utf8)
    }

    mutating func append(_ key: String, text: String) {
        append(key)
        append(UInt32(8))
        append(text)
    }

    mutating func append(_ key: String, texts: [String]) {
        append(key)
        append(UInt32(9))
        append(UInt32(8))
        append(UInt64(texts.count))
        for text in texts { append(text) }
    }

    mutating func append(_ key: String, scores: [Float]) {
        append(key)
        append(UInt32(9))
        append(UInt32(6))
        append(UInt64(scores.count))
        for score in scores { append(score.bitPattern) }
    }
}

@Suite("Tokenizers in GGUF files")
struct GGUFTests {
    /// A vocabulary in which `ab` scores higher than `bc`.
    private func scored() -> GGUFBytes {
        var file = GGUFBytes(count: 3)
        file.append("tokenizer.ggml.model", text: "llama")
        file.append(
            "tokenizer.ggml.tokens", texts: ["<unk>", "\u{2581}", "a", "b", "c", "ab", "bc", "\u{2581}ab", "<0x64>"])
        file.append("tokenizer.ggml.scores", scores: [0, -8, -9, -9.5, -10, -1, -2, -3, 0])
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
            for value in [UInt8(0), 1, 0x7F, 0x80, 0xFF] {
                var bytes = good
                bytes[place] = value
                _ = try? open(bytes).encode("abcd \u{E9}")
            }
        }
    }

    @Test("kinds that are not known are refused by name")
    func unknownKinds() throws {
        var file = GGUFBytes(count: 2)
        file.append("tokenizer.ggml.model", text: "bert")
        file.append("tokenizer.ggml.tokens", texts: ["a"])
        let kind = #expect(throws: TextError.self) { try open(file.bytes) }
        #expect(kind?.message.contains("\"bert\"") == true)
        var other = GGUFBytes(count: 3)
        other.append("tokenizer.ggml.model", text: "gpt2")
        other.append("tokenizer.ggml.pre", text: "falcon")
        other.append("tokenizer.ggml.tokens", texts: ["a"])
        let words = #expect(throws: TextError.self) { try open(other.bytes) }
        #expect(words?.message.contains("\"falcon\"") == true)
        let version = #expect(throws: TextError.self) { try open(GGUFBytes(version: 9, count: 0).bytes) }
        #expect(version?.message.contains("version 9") == true)
        let empty = #expect(throws: TextError.self) { try open(GGUFBytes(count: 0).bytes) }
        #expect(empty?.message.hasSuffix("has no tokenizer") == true)
    }

    private func open(_ bytes: [UInt8]) throws -> Tokenizer { try Tokenizer(gguf: bytes, named: "some.gguf") }
}
