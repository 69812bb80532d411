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

    @Test("a GGUF file gives the same ids", arguments: ["gpt2/ggml-vocab-gpt-2", "llama2-spm/ggml-vocab-llama-spm"])
    func gguf(file: String) throws {
        let family = String(file.prefix { $0 != "/" })
        let folder = try #require(SharedData.tokenizers).appendingPathComponent(family)
        let tokenizer = try SharedData.withFolder([(file + ".gguf.gz", "vocabulary.gguf")]) { folder in
            try Tokenizer(contentsOf: folder.appendingPathComponent("vocabulary.gguf").path)
        }
        let cases = try ReferenceCase.read(folder.appendingPathComponent("llama_cpp_cases.jsonl"))
        try #require(cases.count == 47)
        for example in cases {
            let ids = tokenizer.encode(example.text, addingSpecialTokens: false)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
            #expect(Array(tokenizer.decode(ids).utf8) == Array(example.text.utf8), "\(example.text.debugDescription)")
        }
    }

    @Test(
        "a vocabulary with merges gives the same ids as tokenizer.json",
        arguments: [("gpt2", "", false), ("qwen2.5", ".gz", true), ("qwen3", ".gz", true)])
    func vocabularyAndMerges(family: String, suffix: String, isConfigured: Bool) throws {
        let source = family == "qwen3" ? "qwen2.5" : family
        var files = ["vocab.json", "merges.txt"].map { (shared: "\(source)/\($0)\(suffix)", name: $0) }
        if isConfigured { files.append(("\(family)/tokenizer_config.json", "tokenizer_config.json")) }
        let tokenizer = try SharedData.withFolder(files) { try Tokenizer(modelDirectory: $0.path) }
        let folder = try #require(SharedData.tokenizers).appendingPathComponent(source)
        // Qwen3 adds tokens for what is plain text in Qwen2.5.
        let isPlain = { (text: String) in family != "qwen3" || !text.contains("think>") }
        for example in try ReferenceCase.read(folder.appendingPathComponent("cases.jsonl")) where isPlain(example.text)
        {
            #expect(tokenizer.encode(example.text) == example.ids, "\(example.text.debugDescription)")
        }
        #expect(tokenizer.endOfTextID == tokenizer.id(of: family == "gpt2" ? "<|endoftext|>" : "<|im_end|>"))
        if family == "qwen3" { #expect(tokenizer.encode("<think>") == [151_667]) }
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
