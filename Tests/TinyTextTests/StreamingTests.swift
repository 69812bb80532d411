import Testing
import TinyTestSupport
import TinyText

@Suite("Streaming")
struct StreamingTests {
    @Test("holds a character back until its last byte is there")
    func wholeCharacters() throws {
        let tokenizer = try Fixture.tokenizer("trained")
        let ids = tokenizer.encode("é😀!")
        try #require(ids.count == 7)
        var decoder = StreamingDecoder(tokenizer)
        #expect(ids.map { decoder.append($0) } == ["", "é", "", "", "", "😀", "!"])
        #expect(decoder.finish() == "")
    }

    @Test("replaces a character that is never completed")
    func incomplete() throws {
        let tokenizer = try Fixture.tokenizer("trained")
        var decoder = StreamingDecoder(tokenizer)
        #expect(tokenizer.encode("😀").dropLast().map { decoder.append($0) }.joined() == "")
        #expect(decoder.finish() == "\u{FFFD}")
        #expect(decoder.finish() == "")
    }

    @Test("gives the characters of tokens for bytes when they are complete, and U+FFFD from a wrong byte on")
    func byteTokens() throws {
        let tokenizer = try Fixture.tokenizer("mistral")
        let byte = { (byte: UInt8) in
            try #require(tokenizer.id(of: "<0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))>"))
        }
        let ids = try [0x0A, 0xE4, 0xB8, 0xAD, 0xFF, 0x41].map { try byte($0) } + [#require(tokenizer.id(of: "a"))]
        var decoder = StreamingDecoder(tokenizer)
        #expect(ids.map { decoder.append($0) } == ["\n", "", "", "\u{4E2D}", "\u{FFFD}", "\u{FFFD}", "a"])
        #expect(tokenizer.decode(ids) == String(repeating: "\u{FFFD}", count: 6) + "a")
        var incomplete = StreamingDecoder(tokenizer)
        #expect(ids[1...2].map { incomplete.append($0) } + [incomplete.finish()] == ["", "", "\u{FFFD}\u{FFFD}"])
    }

    @Test(
        "gives the same text as decoding at once, for any bytes, except in a run of byte tokens that is not UTF-8",
        arguments: ["trained", "marks", "sentence", "gemma", "scored-llama"])
    func anyBytes(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        var random = TrickyTexts(seed: 4)
        for _ in 0..<5000 {
            let ids = (0...random.below(12)).map { _ in random.below(tokenizer.vocabularySize + 1) }
            var decoder = StreamingDecoder(tokenizer)
            let pieces = ids.map { decoder.append($0) } + [decoder.finish()]
            let (streamed, text) = (pieces.joined(), tokenizer.decode(ids))
            let isRun = ["sentence", "gemma"].contains(name) && text.contains("\u{FFFD}")
            #expect(streamed.utf8.elementsEqual(text.utf8) || isRun && streamed.contains("\u{FFFD}"), "\(ids)")
        }
    }

    @Test(
        "after a prompt, gives what the ids add to its text, also the space before the first word",
        arguments: ["mistral", "sentence", "marks", "gemma"])
    func prompts(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        let prompt = tokenizer.encode("The answer is")
        let ids = try ["\u{2581}answer", "\u{2581}the", "ve"].map { try #require(tokenizer.id(of: $0)) }
        func text(after prompt: [Int]) -> String {
            var decoder = StreamingDecoder(tokenizer, skippingSpecialTokens: true, after: prompt)
            return ids.map { decoder.append($0) }.joined() + decoder.finish()
        }
        #expect(text(after: prompt) == " answer theve")
        #expect(tokenizer.decode(prompt + ids, skippingSpecialTokens: true) == "The answer is answer theve")
        // A special token is no text that the ids could add to.
        let special = try #require(tokenizer.id(of: "<s>"))
        #expect(text(after: [special]) == tokenizer.decode(ids))
        #expect(text(after: [special]) == (name == "gemma" ? " answer theve" : "answer theve"))
    }

    @Test("leaves special tokens out when asked to")
    func specialTokens() throws {
        let tokenizer = try Fixture.tokenizer("trained")
        let ids = tokenizer.encode("1<|endoftext|>2")
        for (skips, expected) in [(true, "12"), (false, "1<|endoftext|>2")] {
            var decoder = StreamingDecoder(tokenizer, skippingSpecialTokens: skips)
            #expect(ids.map { decoder.append($0) }.joined() + decoder.finish() == expected)
        }
    }
}
