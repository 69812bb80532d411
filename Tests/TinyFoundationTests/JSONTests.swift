import Foundation
import Testing
import TinyFoundation
import TinyTestSupport

@Suite("JSON")
struct JSONTests {
    @Test(
        "the error names the place where a text is not JSON",
        arguments: [
            ("", "line 1, column 1"), ("{\"a\":\n  1,}", "line 2, column 5: expected a member's name"),
            ("[1 2]", "column 4: expected ',' or ']'"), ("[01]", "column 3"), ("[1.]", "column 4: expected a digit"),
            ("[\"é\" 2]", "column 6: expected ',' or ']'"),
            ("[-]", "column 3"), ("\"a", "not closed"),
            ("\"\u{1}\"", "column 2: a string contains a control character (U+0001, written \\u0001)"),
            ("{\"a\": \"\t\"}", "column 8: a string contains a tab (U+0009, written \\t)"),
            ("[\"a\nb\"]", "column 4: a string contains a line break (U+000A, written \\n)"),
            ("\"\u{1F}\"", "(U+001F, written \\u001F)"),
            (#""\x""#, "unknown escape"),
            (#""\u12g4""#, "hexadecimal"), ("nul", "expected 'null'"), ("{} {}", "more text"),
            ("?", "expected a value"),
            (String(repeating: "[", count: 100_000), "levels deep"),
        ])
    func malformed(text: String, part: String) {
        let error = #expect(throws: FileError.self) { try JSONDocument(Array(text.utf8), name: "some.json") }
        #expect(error?.code == .malformedFile)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("some.json") == true)
    }

    @Test("bytes that are not UTF-8 are refused")
    func notUTF8() {
        let error = #expect(throws: FileError.self) { try JSONDocument([0x22, 0xFF, 0x22], name: "some.json") }
        #expect(error?.message == "some.json is not UTF-8")
    }

    @Test("files that are missing are told apart from files that are not JSON")
    func files() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.json"
            #expect(#expect(throws: FileError.self) { try JSONDocument(contentsOf: path) }?.isMissingFile == true)
            try write("[", to: path)
            #expect(#expect(throws: FileError.self) { try JSONDocument(contentsOf: path) }?.code == .malformedFile)
            try write("[1]", to: path)
            #expect(try JSONValue(JSONDocument(contentsOf: path).root) == [1])
        }
    }

    @Test("values are read by type, and an error names file, key and value")
    func readings() throws {
        let json = #"{"a": {"n": 12, "x": -1.5e2, "t": true, "s": "é\n", "none": null, "list": [1, "b"]}}"#
        let root = try JSONDocument(Array(json.utf8), name: "some.json").root
        let object = try root.member("a")
        #expect(try object.member("n").integer() == 12)
        #expect(try object.member("n").number() == 12)
        #expect(try object.member("x").number() == -150)
        #expect(try object.member("t").bool())
        #expect(try object.flag("t", absent: false))
        #expect(try object.flag("u", absent: true))
        #expect(try object.member("s").string() == "é\n")
        #expect(try object.member("list").elements().map(\.brief) == ["1", "\"b\""])
        #expect(try object.optional("none") == nil)
        #expect(try object.given("none")?.isNull == true)
        #expect(try object.given("missing") == nil)
        #expect(try object.members().map { try $0.name.string() } == ["n", "x", "t", "s", "none", "list"])

        func message(_ body: () throws -> Void) -> String? {
            #expect(throws: FileError.self, performing: body)?.message
        }
        #expect(try object.member("x").integer() == -150)
        #expect(message { _ = try object.member("t").integer() } == "a.t in some.json is true, expected an integer")
        #expect(
            message { _ = try object.member("list").number() } == "a.list in some.json is an array, expected a number")
        #expect(message { _ = try object.member("n").string() } == "a.n in some.json is 12, expected a string")
        #expect(message { _ = try object.member("n").bool() } == "a.n in some.json is 12, expected true or false")
        #expect(message { _ = try object.member("none") } == "a.none in some.json is null")
        #expect(message { _ = try object.member("missing") } == "a in some.json has no \"missing\"")
        #expect(message { _ = try root.elements() } == "some.json is an object, expected an array")
    }

    @Test("escapes in strings are read, also of characters beyond U+FFFF")
    func escapes() throws {
        let json = #""\ud83d\ude00\/\"\\\b\f\n\r\t\u00e9\ud83d""#
        #expect(try JSONValue(json: json.utf8) == "😀/\"\\\u{8}\u{C}\n\r\té\u{FFFD}")
    }

    @Test(
        "a key that an object has twice is refused with its place, by every reader",
        arguments: [
            (#"{"a": 1, "b": 2, "\u0061": 3}"#, #"some.json has "a" twice, the second time in line 1, column 18"#),
            (
                "{\"a\": [0, {\"z\": {}, \"b\": {\"c\": 1,\n \"c\": 1}}]}",
                #"a.b in some.json has "c" twice, the second time in line 2, column 2"#
            ),
            (#"[[{"": 1, "": 1}]]"#, #"some.json has "" twice, the second time in line 1, column 11"#),
        ])
    func repeatedKeys(json: String, message: String) throws {
        let error = #expect(throws: FileError.self) {
            try JSONDocument(Array(json.utf8), name: "some.json")
        }
        #expect(error?.message == message)
        let decoding = #expect(throws: FileError.self) {
            try JSONDecoder().decode(JSONValue.self, from: json.utf8, named: "some.json")
        }
        #expect(decoding?.message == message)
    }

    @Test("what is wrong with one line is told by its column")
    func wrongLine() {
        for (line, message) in [
            (#"{"a": 1, "a": 2}"#, #"rows:3 has "a" twice, the second time in column 10"#),
            (#"{"a" 1}"#, "rows:3 is not valid JSON: column 6: expected ':'"),
        ] {
            let error = #expect(throws: FileError.self) {
                try JSONDecoder().decode(JSONValue.self, from: line.utf8, named: "rows:3", isLine: true)
            }
            #expect(error?.message == message)
        }
    }

    @Test("keys that only look alike, and equal keys of different objects, are read")
    func differentKeys() throws {
        // U+00E9 and U+0065 U+0301 are equal characters and different names.
        let json = "{\"\u{E9}\": {\"a\": 1}, \"e\u{301}\": {\"a\": 2}, \"a\": [{\"a\": 3}, {\"a\": 4}]}"
        #expect(try JSONDocument(Array(json.utf8), name: "some.json").root.members().count { _ in true } == 3)
    }

    @Test("objects keep their order, integers their digits")
    func values() throws {
        let json = #"{"b": 1, "a": [1.0, -12345678901234567890123, 18446744073709551615, null, true, "x"], "d": 2}"#
        let value = try JSONValue(json: json.utf8)
        let list: JSONValue = [
            1.0, .wideInteger("-12345678901234567890123"), .wideInteger("18446744073709551615"), nil, true, "x",
        ]
        #expect(value == ["b": 1, "a": list, "d": 2])
        #expect(value["d"] == 2)
        #expect(value["c"] == nil)
    }

    @Test("Codable keeps every value; a document has sorted keys")
    func codable() throws {
        let value: JSONValue = [
            "b": [nil, true, 1, 0.1, "x/y"], "a": .wideInteger("18446744073709551615"), "c": ["d": -5],
        ]
        let read = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
        for name in ["a", "b", "c"] { #expect(read[name] == value[name]) }
        let text = String(decoding: value.document, as: UTF8.self)
        #expect(text.hasPrefix("{\n  \"a\" : 18446744073709551615,\n  \"b\" : [\n    null,"))
        #expect(text.hasSuffix("}\n"))
    }
}
