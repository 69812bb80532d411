import Foundation
import Testing
import TinyTestSupport
import TinyText
import TinyFoundation

/// One change to a good file, and what must be said about it.
struct Refusal: Sendable, CustomTestStringConvertible {
    var passage: String
    var replacement: String
    var code: TextErrorCode
    /// A part of the message.
    var part: String

    init(_ passage: String, _ replacement: String, _ code: TextErrorCode, _ part: String) {
        self.passage = passage
        self.replacement = replacement
        self.code = code
        self.part = part
    }

    var testDescription: String { replacement }
}

@Suite("Refusing files")
struct RefusalTests {
    private static let digits = #"{"type": "Digits", "individual_digits": true}"#

    @Test(
        "refuses by name what it would have to approximate",
        arguments: [
            Refusal(#""normalizer": null"#, #""normalizer": {"type": "NFKC"}"#, .unsupported, "NFKC"),
            Refusal(digits, #"{"type": "Whitespace"}"#, .unsupported, "Whitespace"),
            Refusal(
                digits, #"{"type": "Metaspace", "prepend_scheme": "often"}"#, .unsupported, "often"),
            Refusal(digits, #"{"type": "ByteLevel"}"#, .unsupported, "must be the last"),
            Refusal(
                digits, #"{"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Isolated"}"#, .unsupported, "a+"),
            Refusal(
                digits, #"{"type": "Split", "pattern": {"String": "a"}, "behavior": "Isolated"}"#, .unsupported,
                "string"),
            Refusal(
                digits, #"{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Removed"}"#, .unsupported, "Removed"
            ),
            Refusal(
                digits, #"{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Isolated", "invert": true}"#,
                .unsupported, "invert"),
            Refusal(
                #""pre_tokenizer": {"type": "Sequence"#, #""pre_tokenizer": {"type": "Odd"#, .unsupported, "Odd"),
            Refusal(#""post_processor": null"#, #""post_processor": {"type": "Bert"}"#, .unsupported, "Bert"),
            Refusal(#""decoder": {"type": "ByteLevel""#, #""decoder": {"type": "CTC""#, .unsupported, "CTC"),
            Refusal(
                #""decoder": {"type": "ByteLevel""#, #""decoder": {"replacement": "", "type": "Metaspace""#,
                .unsupported, "not one character"),
            Refusal(
                #""decoder": {"type": "ByteLevel""#, #""decoder": {"replacement": "__", "type": "Metaspace""#,
                .unsupported, "not one character"),
            Refusal(#""type": "BPE""#, #""type": "Unigram""#, .unsupported, "Unigram"),
            Refusal(#""byte_fallback": false"#, #""byte_fallback": true"#, .unsupported, "byte_fallback"),
            Refusal(#""dropout": null"#, #""dropout": 0.1"#, .unsupported, "0.1"),
            Refusal(
                #""end_of_word_suffix": null"#, #""end_of_word_suffix": "</w>""#, .unsupported, "end_of_word_suffix"),
        ])
    func unsupported(_ refusal: Refusal) throws {
        try check(refusal)
    }

    @Test(
        "refuses contradictions",
        arguments: [
            Refusal(#""!": 2"#, #""!": 3"#, .inconsistentVocabulary, "3 twice"),
            Refusal(#""!": 2"#, #""!": -2"#, .malformedFile, "-2"),
            Refusal(#""!": 2"#, #""!": 99999999"#, .malformedFile, "99999999"),
            Refusal(#""!": 2"#, #""!": "2""#, .malformedFile, "expected an integer"),
            Refusal(#""merges": ["#, #""merges": [["Ġ", "!!"], "#, .inconsistentVocabulary, "!!"),
            Refusal(#""merges": ["#, #""merges": ["a b c", "#, .malformedFile, "merge 0"),
            Refusal(#""merges": ["#, #""merges": [["a"], "#, .malformedFile, "merge 0"),
            Refusal(
                #"{"id": 1, "content": "<|pad|>""#, #"{"id": 5, "content": "<|pad|>""#, .inconsistentVocabulary, "id 1"),
            Refusal(
                #"{"id": 1, "content": "<|pad|>""#, #"{"id": 2, "content": "<new>""#, .inconsistentVocabulary, "\"!\""),
            Refusal(#""merges""#, #""merge""#, .malformedFile, "\"merges\""),
            Refusal(#""special": true"#, #""special": 1"#, .malformedFile, "true or false"),
        ])
    func contradictions(_ refusal: Refusal) throws {
        try check(refusal)
    }

    private func check(_ refusal: Refusal) throws {
        let json = try Fixture.trained(replacing: refusal.passage, with: refusal.replacement)
        let error = #expect(throws: TextError.self) { try Tokenizer(json: json.utf8, named: "some.json") }
        #expect(error?.code == refusal.code)
        #expect(error?.message.contains(refusal.part) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("some.json") == true, "\(error?.message ?? "")")
    }

    @Test("an unknown token that is not in the vocabulary is harmless while no byte is missing")
    func unknownToken() throws {
        let json = try Fixture.trained(replacing: #""unk_token": null"#, with: #""unk_token": "<unk>""#)
        #expect(try Tokenizer(json: json.utf8).encode("a") == Fixture.tokenizer("trained").encode("a"))
    }

    @Test("refuses bytes that are not JSON", arguments: [[0x22, 0xFF, 0x22], Array("{".utf8)])
    func notJSON(bytes: [UInt8]) {
        let error = #expect(throws: TextError.self) { try Tokenizer(json: bytes, named: "some.json") }
        #expect(error?.code == .malformedFile)
        #expect(error?.message.contains("some.json") == true)
    }

    @Test("reads escapes in strings, also of characters beyond U+FFFF")
    func escapes() throws {
        let json = try Fixture.trained(
            replacing: #"{"id": 1, "content": "<|pad|>""#,
            with: #"{"id": 400, "content": "\ud83d\ude00\/\"\\\b\f\n\r\t\u00e9\ud83d""#)
        #expect(try Tokenizer(json: json.utf8).token(for: 400) == "😀/\"\\\u{8}\u{C}\n\r\té\u{FFFD}")
    }

    @Test("opens or refuses a damaged file, and never traps")
    func damagedFiles() throws {
        let good = Array(try Fixture.text("flags.json").utf8)
        var random = TrickyTexts(seed: 6)
        var refused = 0
        let cases = fuzzCases(1000)
        for _ in 0..<cases {
            var bytes = good
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[place] = UInt8(random.below(256))
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(40)))
                default:
                    bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 30)], at: random.below(bytes.count))
                }
            }
            do throws(TextError) {
                _ = try Tokenizer(json: bytes).encode("12 apples <both> é")
            } catch {
                refused += 1
                #expect(!error.message.isEmpty)
            }
        }
        #expect(refused > cases / 2)
    }
}
