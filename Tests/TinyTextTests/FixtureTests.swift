import Foundation
import Testing
import TinyTestSupport
import TinyText

@Suite("Encoding and decoding")
struct FixtureTests {
    @Test("gives the ids and texts of the reference implementation", arguments: Fixture.names + Fixture.scored)
    func agrees(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        let cases = try ReferenceCase.read(Fixture.folder.appendingPathComponent(name + ".cases.jsonl"))
        try #require(cases.count > 50)
        for example in cases {
            #expect(tokenizer.encode(example.text) == example.ids, "\(name): \(example.text.debugDescription)")
            let text = tokenizer.decode(example.ids, skippingSpecialTokens: true)
            // Bytes, not strings: Swift takes canonically equivalent strings for equal.
            #expect(Array(text.utf8) == Array(try #require(example.decoded).utf8), "\(name): \(example.ids)")
        }
    }

    @Test("decodes any ids as the reference implementation does", arguments: Fixture.decoded)
    func decoding(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        let rows = try DecodingCase.read(Fixture.folder.appendingPathComponent(name + ".ids.jsonl"))
        try #require(rows.count > 150)
        for row in rows {
            let text = tokenizer.decode(row.ids, skippingSpecialTokens: true)
            #expect(Array(text.utf8) == Array(row.decoded.utf8), "\(name): \(row.ids)")
        }
    }

    @Test(
        "a very long text without spaces or letters takes no longer than others", arguments: ["gemma", "scored-llama"])
    func longTexts(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        for letter in [" ", "a", "\u{4E2D}", "\n"] {
            let text = String(repeating: letter, count: 100_000)
            let ids = tokenizer.encode(text, addingSpecialTokens: false)
            #expect(tokenizer.decode(ids).utf8.elementsEqual(text.utf8))
            var decoder = StreamingDecoder(tokenizer)
            #expect(
                ids.reduce(0) { $0 + decoder.append($1).utf8.count } + decoder.finish().utf8.count == text.utf8.count)
        }
    }

    @Test("decoding what was encoded gives the text back")
    func roundTrip() throws {
        let tokenizer = try Fixture.tokenizer("trained")
        var texts = TrickyTexts(seed: 1)
        for _ in 0..<2000 {
            let text = texts.next()
            let ids = tokenizer.encode(text)
            #expect(Array(tokenizer.decode(ids).utf8) == Array(text.utf8), "\(text.debugDescription)")
            #expect(ids.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) })
        }
    }

    @Test("composes characters as Foundation does, where Foundation is right: below U+10000")
    func composition() throws {
        let tokenizer = try Fixture.tokenizer("flags")
        var random = TrickyTexts(seed: 2)
        let blocks: [ClosedRange<UInt32>] = [
            0x41...0x5A, 0xC0...0x24F, 0x300...0x36F, 0x386...0x3CE, 0x591...0x5BD, 0x5D0...0x5EA, 0x915...0x939,
            0x93C...0x94D,
            0x9BE...0x9CC, 0xB3E...0xB4D, 0x1100...0x1112, 0x1161...0x1175, 0x11A8...0x11C2, 0x1E00...0x1EF9,
            0x1F00...0x1F15,
            0x2126...0x212B, 0x3041...0x309A, 0xAC00...0xAC40, 0xF900...0xFA0D, 0xFB1D...0xFB36,
        ]
        for _ in 0..<5000 {
            var text = ""
            for _ in 0...random.below(8) {
                let block = blocks[random.below(blocks.count)]
                let value = block.lowerBound + UInt32(random.below(block.count))
                text.unicodeScalars.append(try #require(Unicode.Scalar(value)))
            }
            let expected = text.precomposedStringWithCanonicalMapping
            let scalars = text.unicodeScalars.map { String($0.value, radix: 16) }
            #expect(tokenizer.words(of: text).joined().utf8.elementsEqual(expected.utf8), "\(scalars)")
        }
    }

    @Test("does not confuse a character beyond U+FFFF with one that shares its lower half when composing")
    func compositionBeyondTheBasicPlane() throws {
        let tokenizer = try Fixture.tokenizer("flags")
        #expect(tokenizer.words(of: "\u{104E8}\u{308}").joined().unicodeScalars.map(\.value) == [0x104E8, 0x308])
        #expect(tokenizer.words(of: "\u{11935}\u{11930}").joined().unicodeScalars.map(\.value) == [0x11938])
    }

    @Test("merges words of any length as the definition says")
    func merging() throws {
        let tokenizer = try Fixture.tokenizer("trained")
        let file = try JSONDecoder().decode(TokenizerFile.self, from: Data(Fixture.text("trained.json").utf8))
        var random = TrickyTexts(seed: 3)
        for length in [1, 2, 3, 10, 63, 64, 65, 66, 200, 1000] {
            for _ in 0..<10 {
                let word = String((0..<length).map { _ in Array("aeinorstwh")[random.below(10)] })
                let tokens = tokenizer.encode(word).compactMap { tokenizer.token(for: $0) }
                #expect(tokens == file.tokens(of: word), "\(word)")
            }
        }
    }

    @Test("an id that no token has stands for nothing")
    func unknownIDs() throws {
        let tokenizer = try Fixture.tokenizer("trained")
        #expect(tokenizer.decode([-1, 1 << 40, tokenizer.vocabularySize]) == "")
        #expect(tokenizer.token(for: -1) == nil)
        #expect(tokenizer.token(for: tokenizer.vocabularySize) == nil)
        #expect(tokenizer.id(of: "no such token") == nil)
    }
}

/// As much of a tokenizer file as the definition of merging needs.
struct TokenizerFile: Decodable {
    struct Model: Decodable {
        var vocab: [String: Int]
        var merges: [[String]]
    }

    var model: Model

    /// The tokens of a word of ASCII letters: apply the merges one after the other, each from left to right.
    func tokens(of word: String) -> [String] {
        var tokens = word.map { String($0) }
        for merge in model.merges {
            var position = 0
            while position + 1 < tokens.count {
                if tokens[position] == merge[0], tokens[position + 1] == merge[1] {
                    tokens[position] += tokens.remove(at: position + 1)
                }
                position += 1
            }
        }
        return tokens
    }
}
