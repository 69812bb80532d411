import Foundation
import Testing
import TinyTestSupport
import TinyText
import TinyFoundation

/// Any bytes and any characters; `TINYLORA_FUZZ_CASES` says how many, 4,000 unless set.
@Suite("Tokenizers and any text")
struct TokenizerFuzzTests {
    private static let cases = fuzzCases(4000)

    @Test(
        "encode and decode whatever they are given, at once and one by one", arguments: Fixture.names + Fixture.scored)
    func anyText(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        var random = TrickyTexts(seed: 9)
        for _ in 0..<Self.cases / (Fixture.names + Fixture.scored).count {
            let text: String
            switch random.below(3) {
            case 0: text = String(decoding: (0...random.below(40)).map { _ in UInt8(random.below(256)) }, as: UTF8.self)
            case 1:
                var scalars = String.UnicodeScalarView()
                for _ in 0...random.below(20) {
                    scalars.append(Unicode.Scalar(UInt32(random.below(0x110000))) ?? "\u{FFFD}")
                }
                text = String(scalars)
            default: text = random.next()
            }
            let ids = tokenizer.encode(text)
            #expect(ids.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) }, "\(text.debugDescription)")
            var decoder = StreamingDecoder(tokenizer)
            let streamed = ids.map { decoder.append($0) }.joined() + decoder.finish()
            #expect(streamed.utf8.elementsEqual(tokenizer.decode(ids).utf8), "\(text.debugDescription)")
        }
    }

    @Test("files with random damage are opened or refused with a sentence")
    func anyFile() throws {
        var random = TrickyTexts(seed: 10)
        let good = try Fixture.names.map { Array(try Fixture.text($0 + ".json").utf8) }
        for index in 0..<Self.cases / 100 {
            var bytes = good[index % good.count]
            for _ in 0...random.below(4) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            do throws(TextError) {
                _ = try Tokenizer(json: bytes).encode("12 apples é")
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
    }
}
