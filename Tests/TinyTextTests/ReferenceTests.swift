import Foundation
import Testing
import TinyText

@Suite("Published tokenizers", .enabled(if: SharedData.tokenizers != nil, SharedData.absence))
struct ReferenceTests {
    @Test("gives the ids of other implementations", arguments: SharedData.families)
    func idsAgree(family: String) throws {
        let tokenizer = try SharedData.tokenizer(family)
        let folder = try #require(SharedData.tokenizers).appendingPathComponent(family)
        var cases = try ReferenceCase.read(folder.appendingPathComponent("cases.jsonl"))
        let second = folder.appendingPathComponent("llama_cpp_cases.jsonl")
        if FileManager.default.fileExists(atPath: second.path) { cases += try ReferenceCase.read(second) }
        try #require(cases.count >= 150)
        for example in cases {
            #expect(
                tokenizer.encode(example.text, addingSpecialTokens: false) == example.ids,
                "\(family): \(example.text.debugDescription)")
        }
    }

    @Test("decodes ids as other implementations do, at once and one by one", arguments: SharedData.families)
    func textAgrees(family: String) throws {
        let tokenizer = try SharedData.tokenizer(family)
        let file = try #require(SharedData.tokenizers).appendingPathComponent(family + "/cases.jsonl")
        for example in try ReferenceCase.read(file) {
            let normalised = family == "qwen2.5" ? example.text.precomposedStringWithCanonicalMapping : example.text
            let text = tokenizer.decode(example.ids)
            // Bytes, not strings: Swift takes canonically equivalent strings for equal.
            #expect(Array(text.utf8) == Array((example.decoded ?? normalised).utf8), "\(family): \(example.text)")

            var decoder = StreamingDecoder(tokenizer)
            let streamed = example.ids.map { decoder.append($0) }.joined() + decoder.finish()
            #expect(Array(streamed.utf8) == Array(text.utf8), "\(family): \(example.text)")
        }
    }

    @Test("adds the beginning of a text where the file asks for it")
    func beginning() throws {
        let llama = try SharedData.tokenizer("llama3")
        #expect(llama.encode("Hello").first == llama.id(of: "<|begin_of_text|>"))
        #expect(llama.encode("Hello").dropFirst().elementsEqual(llama.encode("Hello", addingSpecialTokens: false)))
        let qwen = try SharedData.tokenizer("qwen2.5")
        #expect(qwen.encode("Hello") == qwen.encode("Hello", addingSpecialTokens: false))
    }

    @Test("knows its special tokens")
    func specialTokens() throws {
        let qwen = try SharedData.tokenizer("qwen2.5")
        #expect(qwen.vocabularySize == 151_665)
        #expect(qwen.specialTokens.first?.content == "<|endoftext|>")
        #expect(qwen.decode([151_643, 40], skippingSpecialTokens: true) == "I")
        #expect(qwen.token(for: 151_644) == "<|im_start|>")
        #expect(!qwen.isSpecial(try #require(qwen.id(of: "<tool_call>"))))
    }
}
