import Foundation
import Testing
import TinyTestSupport
import TinyText

@Suite("Splitting")
struct SplittingTests {
    private static let llama3 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let qwen2 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    private static let tekken =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    @Test("finds the matches of the regular expression", arguments: [llama3, qwen2, gpt2, tekken])
    func agreesWithExpression(expression: String) throws {
        let escaped = expression.replacing("\\", with: "\\\\")
        let tokenizer = try tokenizer(
            #"[{"type": "Split", "pattern": {"Regex": "\#(escaped)"}, "behavior": "Isolated", "invert": false}, "#
                + #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]"#)
        let regex = try Regex(expression).matchingSemantics(.unicodeScalar)
        var texts = TrickyTexts(seed: 5, token: "")
        for _ in 0..<3000 {
            let text = texts.next()
            let expected = text.matches(of: regex).map { String(text[$0.range]) }
            #expect(
                tokenizer.words(of: text).map { Array($0.utf8) } == expected.map { Array($0.utf8) },
                "\(text.debugDescription)")
        }
    }

    @Test(
        "Tekken's words end before a capital, and take marks and letters without case as they come",
        arguments: [
            ("helloWorld HTTPServer", ["hello", "World", " HTTPServer"]), ("ABC あDEF", ["ABC", " あ", "DEF"]),
            ("ABあCD e\u{301}A", ["ABあ", "CD", " e\u{301}", "A"]),
            ("\u{301}ABC \u{301}", ["\u{301}", "ABC", " \u{301}"]),
            ("a(b//\n/c)12", ["a", "(b", "//\n/", "c", ")", "1", "2"]), ("ǅabc ʰA", ["ǅabc", " ʰ", "A"]),
        ])
    func tekkenWords(text: String, words: [String]) throws {
        let split =
            #"{"type": "Split", "pattern": {"Regex": "\#(Self.tekken.replacing("\\", with: "\\\\"))"}, "behavior": "Isolated"}"#
        let tokenizer = try tokenizer(
            #"[\#(split), {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]"#)
        #expect(tokenizer.words(of: text).map { Array($0.utf8) } == words.map { Array($0.utf8) })
    }

    @Test("a long s ends a contraction where case is ignored")
    func longS() throws {
        let split =
            #"{"type": "Split", "pattern": {"Regex": "\#(Self.qwen2.replacing("\\", with: "\\\\"))"}, "behavior": "Isolated"}"#
        let tokenizer = try tokenizer(
            #"[\#(split), {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]"#)
        #expect(tokenizer.words(of: "a'ſb") == ["a", "'ſ", "b"])
    }

    @Test(
        "sets digits apart, singly or in runs",
        arguments: [
            ("true", ["a", " ", "1", "2", "b", "٤", "½"]), ("false", ["a", " ", "12", "b", "٤½"]),
        ])
    func digits(areIndividual: String, expected: [String]) throws {
        let tokenizer = try tokenizer(
            #"[{"type": "Digits", "individual_digits": \#(areIndividual)}, {"type": "ByteLevel", "add_prefix_space": false}]"#
        )
        #expect(tokenizer.words(of: "a 12b٤½") == expected)
    }

    @Test("puts a space before every stretch of text that has none")
    func spacePrefix() throws {
        let tokenizer = try tokenizer(#"[{"type": "ByteLevel", "add_prefix_space": true}]"#)
        #expect(tokenizer.words(of: "one two") == [" one", " two"])
        #expect(tokenizer.words(of: " one<|endoftext|>two") == [" one", "<|endoftext|>", " two"])
    }

    /// The trained fixture with other pre-tokenizers.
    private func tokenizer(_ preTokenizers: String) throws -> Tokenizer {
        let start = #""pre_tokenizer": {"type": "Sequence", "pretokenizers": ["#
        let text = try Fixture.text("trained.json")
        let lower = try #require(text.range(of: start)).upperBound
        let upper = try #require(text.range(of: #"}, "post_processor""#)).lowerBound
        let json = text[..<lower].dropLast() + preTokenizers + text[upper...]
        return try Tokenizer(json: json.utf8)
    }
}
