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

    @Test("gives the same text as decoding at once, for any bytes", arguments: ["trained", "sentence", "marks"])
    func anyBytes(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        var random = TrickyTexts(seed: 4)
        for _ in 0..<5000 {
            let ids = (0...random.below(12)).map { _ in random.below(tokenizer.vocabularySize + 1) }
            var decoder = StreamingDecoder(tokenizer)
            let pieces = ids.map { decoder.append($0) } + [decoder.finish()]
            #expect(pieces.joined().utf8.elementsEqual(tokenizer.decode(ids).utf8), "\(ids)")
        }
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
