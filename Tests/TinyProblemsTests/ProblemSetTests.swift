import Foundation
import Testing
import TinyProblems
import TinyFoundation
import TinyTestSupport

/// Reads rows from memory, under the name `rows.jsonl`.
func problems(in text: String, fields: ProblemFields = .automatic) throws(ProblemError) -> [Problem] {
    try ProblemSet(bytes: Array(text.utf8), path: "rows.jsonl", fields: fields).problems
}

extension Problem {
    /// The problem's parts, without the row that they were read from.
    var parts: Problem {
        var parts = self
        parts.row = nil
        return parts
    }
}

@Suite("Problem files")
struct ProblemSetTests {
    @Test("in GSM8K's format give the solution whole and the answer after its last ####")
    func gsm8k() throws {
        let loaded = try problems(
            in: """
                {"question": "a", "answer": "one\\n#### 1,080"}
                {"question": "b", "answer": "#### 3\\ntwo\\n####  -5 "}
                {"question": "c", "answer": "x #### 2.50"}
                {"question": "d", "answer": "x #### north"}
                {"question": "e", "answer": "x #### $70{,}000"}

                """)
        #expect(loaded.map(\.answer) == ["1080", "-5", "2.50", "north", "$70000"])
        #expect(loaded.map(\.id) == ["1", "2", "3", "4", "5"])
        #expect(loaded[0].solution == "one\n#### 1,080")
    }

    @Test("without answers have them from the last box of their solutions, as MATH's own files")
    func boxed() throws {
        let fields = ProblemFields(question: ["problem"], answer: ["answer"])
        let loaded = try problems(
            in: #"""
                {"problem": "a", "solution": "\\boxed{1} is wrong, \\(x=\\boxed{\\frac{1}{2}}\\)."}
                {"problem": "b", "solution": "\\boxed{1}", "answer": "2"}
                """#, fields: fields)
        #expect(loaded.map(\.answer) == [#"\frac{1}{2}"#, "2"])
        for solution in ["no box", #"\\boxed{ }"#] {
            let found = description(in: "DIR") {
                _ = try problems(in: #"{"problem": "a", "solution": "\#(solution)"}"#, fields: fields)
            }
            #expect(found.contains(#"the row has no key "answer""#), "\(found)")
        }
    }

    @Test("of the published sets are read with the keys of their sources")
    func publishedKeys() throws {
        let olympiad = try problems(
            in: #"""
                {"id": 1, "question": "a", "final_answer": ["$x^2$"], "solution": ["s"], "unit": null, "error": null}
                {"id": 2, "question": "b", "final_answer": ["$69$,$84$"], "error": "1e-3"}
                """#, fields: Benchmark.olympiadBench.fields)
        #expect(olympiad.map(\.answer) == ["x^2", "$69$,$84$"])
        #expect(olympiad[1].tolerance == 1e-3)
        let found = description(in: "DIR") {
            _ = try problems(
                in: #"{"question": "a", "final_answer": ["1", "2"]}"#, fields: Benchmark.olympiadBench.fields)
        }
        #expect(found.contains(#""final_answer" is a list, expected a string"#), "\(found)")
        let aime = try problems(
            in: #"{"id": "aime25-0", "problem": "a", "expected_answer": "70", "reference_solution": "s"}"#,
            fields: Benchmark.aime25.fields)
        #expect(aime.map(\.parts) == [Problem(id: "aime25-0", question: "a", answer: "70", solution: "s")])
    }

    @Test("of every published set have a source of their own and a checksum")
    func sources() {
        let files = Benchmark.registry.benchmarks.flatMap(\.published)
        #expect(files.count == 8)
        #expect(Set(files.map(\.sha256)).count == files.count)
        for file in files {
            #expect(file.sha256.count == 64 && file.byteCount > 0)
            let commit = file.source.split(separator: "/").dropFirst(2).first
            #expect(commit?.count == 40, "\(file.source)")
        }
        for set in Benchmark.registry.benchmarks {
            #expect(set.published.contains { $0.location == set.location }, "\(set.name)")
        }
    }

    @Test("in other formats keep the answer as it is written")
    func plain() throws {
        let loaded = try problems(
            in: """
                {"id": 60, "problem": "a", "answer": "025", "solution": "s"}
                {"unique_id": "test/1", "problem": "b", "answer": 27.0, "solution": ["s", "t"]}
                {"question": "c", "problem": "d", "answer": -12345678901234567890123, "id": null, "solution": null}
                """)
        #expect(loaded[0].parts == Problem(id: "60", question: "a", answer: "025", solution: "s"))
        #expect(loaded[1].parts == Problem(id: "test/1", question: "b", answer: "27", solution: "s\n\nt"))
        #expect(loaded[2].parts == Problem(id: "3", question: "c", answer: "-12345678901234567890123"))
    }

    @Test("may use any keys")
    func ownFields() throws {
        let fields = ProblemFields(question: ["ask"], answer: ["gold"], solution: [], id: ["key"])
        let loaded = try problems(in: #"{"key": "k", "ask": "a", "gold": "1", "answer": "2"}"#, fields: fields)
        #expect(loaded.map(\.parts) == [Problem(id: "k", question: "a", answer: "1")])
    }

    @Test("are split at line feeds only")
    func lineEnds() throws {
        let loaded = try problems(
            in:
                "\u{FEFF}{\"question\": \"a\u{2028}b\u{85}c\", \"answer\": \"1\"}\r\n{\"question\": \"d\", \"answer\": \"2\"}\r\n\r\n \n"
        )
        #expect(loaded.map(\.question) == ["a\u{2028}b\u{85}c", "d"])
    }

    @Test(
        "that cannot be used are refused with the file, the line and the reason",
        arguments: [
            ("", ProblemErrorCode.emptyFile, "rows.jsonl holds no problems: the file is empty"),
            ("\n \r\n", .emptyFile, "rows.jsonl holds no problems: the file is empty"),
            (
                #"{"question": "a", "answer""#, .malformedLine,
                "rows.jsonl:1 is not valid JSON: column 27: expected ':'"
            ),
            (
                "\(row)\n{\"question\": \"a\", \"answer\": \"5\", \"answer\": \"2\"}", .malformedLine,
                "rows.jsonl:2 has \"answer\" twice, the second time in column 34"
            ),
            ("\(row)\n[1]", .malformedLine, "rows.jsonl:2 is an array, expected an object"),
            (
                "{\"question\": \"a\tb\", \"answer\": \"1\"}", .malformedLine,
                "rows.jsonl:1 is not valid JSON: column 16: a string contains a tab (U+0009, written \\t) that is not escaped"
            ),
            (
                #"{"question": [{"role": "user", "content": "1 + 1?"}], "answer": "2"}"#, .wrongType,
                "rows.jsonl:1: \"question\" is a list of chat messages, expected a string"
            ),
            (
                #"{"question": {"text": "a"}, "answer": "1"}"#, .wrongType,
                "rows.jsonl:1: \"question\" is an object, expected a string"
            ),
            (
                #"{"question": "a", "answer": {"value": "2"}}"#, .wrongType,
                "rows.jsonl:1: \"answer\" is an object, expected a string or a number"
            ),
            ("\(row)\n\n\(row)", .malformedLine, "rows.jsonl:2: the line is empty, but rows follow it"),
            (
                "\(row) \(row)", .malformedLine,
                "rows.jsonl:1 is not valid JSON: column 34: there is more text after the value"
            ),
            (
                "\(row)\n{\"q\": 1, \"answer\": \"1\"}", .missingField,
                "rows.jsonl:2: the row has no key \"question\" or \"problem\"; its keys are: answer, q"
            ),
            (
                "{}", .missingField,
                "rows.jsonl:1: the row has no key \"question\" or \"problem\"; its keys are: none"
            ),
            (
                #"{"question": 5, "answer": "1"}"#, .wrongType,
                "rows.jsonl:1: \"question\" is a number, expected a string"
            ),
            (
                #"{"question": "a", "answer": null}"#, .wrongType,
                "rows.jsonl:1: \"answer\" is null, expected a string or a number"
            ),
            (
                #"{"question": "a", "answer": true}"#, .wrongType,
                "rows.jsonl:1: \"answer\" is a truth value, expected a string or a number"
            ),
            (
                #"{"question": "a", "answer": ["1", "2"]}"#, .wrongType,
                "rows.jsonl:1: \"answer\" is a list, expected a string or a number"
            ),
            (
                #"{"question": "a", "answer": "1", "id": {}}"#, .wrongType,
                "rows.jsonl:1: \"id\" is an object, which cannot be the row's id"
            ),
            (#"{"question": " ", "answer": "1"}"#, .emptyField, "rows.jsonl:1: \"question\" is empty"),
            (
                #"{"question": "a", "answer": "x ####"}"#, .emptyField,
                "rows.jsonl:1: nothing follows the #### of the answer"
            ),
            (
                "\(row)\n{\"question\": \"a\", \"answer\": \"#### 1\"}", .missingMarker,
                "rows.jsonl:1: the answer has no ####, but other answers of the file have"
            ),
        ])
    func refused(text: String, code: ProblemErrorCode, message: String) {
        let error = #expect(throws: ProblemError.self) { try problems(in: text) }
        #expect(error?.code == code)
        #expect(error?.message == message)
    }

    @Test("without a question say what to do about the key, also where none of the row is nearly right")
    func missingQuestion() {
        func hint(_ row: String) -> String? {
            #expect(throws: ProblemError.self) { try problems(in: row) }?.hint
        }
        #expect(
            hint(#"{"text": "a", "answer": "1"}"#)
                == "rename the key to \"question\"; eval and filter can also read another, with --fields question=KEY")
        #expect(hint(#"{"qestion": "a", "answer": "1"}"#)?.hasPrefix("is it in \"qestion\"?") == true)
    }

    private static let row = #"{"question": "a", "answer": "1"}"#

    @Test(
        "in another format are refused with its name and how to convert it",
        arguments: [
            (Array("PAR1\u{15}\u{4}".utf8), "rows", "a Parquet file", #"load_dataset("parquet", data_files="rows""#),
            (Array("ARROW1\0\0".utf8), "rows", "an Arrow file", #"load_dataset("arrow""#),
            ([0x1F, 0x8B, 8, 0], "rows.jsonl.gz", "compressed with gzip", "gunzip -k rows.jsonl.gz"),
            ([0xFF, 0xFE, 0x7B, 0], "rows", "UTF-16 text", "iconv -f UTF-16 -t UTF-8 rows"),
            ([0x7B, 0, 0x22, 0], "rows", "UTF-16 text", "iconv -f UTF-16LE -t UTF-8 rows"),
            (Array("question,answer\n1+1?,2\n".utf8), "rows", "a CSV file", #"load_dataset("csv""#),
            (
                Array("\u{FEFF}\"Problem\",\"Answer\"\r\n".utf8), "rows", "a CSV file",
                #".to_json("rows.jsonl", lines=True)"#
            ),
            (Array("q,a\n1+1?,2\n".utf8), "rows.csv", "a CSV file", #".to_json("rows.jsonl", lines=True)"#),
            (Array("question\tanswer\n".utf8), "rows", "a table with tabs (TSV)", #"sep="\t""#),
        ] as [([UInt8], String, String, String)])
    func foreign(bytes: [UInt8], path: String, name: String, hint: String) {
        let error = #expect(throws: ProblemError.self) { try ProblemSet(bytes: bytes, path: path) }
        #expect(error?.code == .foreignFormat)
        #expect(error?.message == "\(path) is \(name); problems are read from JSON Lines, one object a line")
        #expect(error?.hint?.contains(hint) == true, "\(error?.hint ?? "")")
    }

    @Test("may be a JSON array of objects")
    func array() throws {
        let text = """
            [
              {"question": "a", "answer": "1"},
              {"question": "b",
               "answer": "2", "id": "k"}
            ]

            """
        #expect(try problems(in: text).map(\.question) == ["a", "b"])
        #expect(try problems(in: "\u{FEFF}" + text).map(\.id) == ["1", "k"])
        let rows = ProblemSet.rows(in: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
        #expect(rows.count == 2 && rows[0] == Self.row && !rows[1].contains("\n"))
        #expect(try problems(in: rows.joined(separator: "\n")).map(\.answer) == ["1", "2"])
    }

    @Test(
        "that are arrays name the element that cannot be used",
        arguments: [
            ("[\(row), 5]", ProblemErrorCode.malformedLine, "rows.jsonl, element 2 is 5, expected an object"),
            (
                "[\(row), {\"question\": 1, \"answer\": \"1\"}]", .wrongType,
                "rows.jsonl, element 2: \"question\" is a number, expected a string"
            ),
            ("[]", .emptyFile, "rows.jsonl holds no problems: the file is empty"),
        ])
    func refusedElement(text: String, code: ProblemErrorCode, message: String) {
        let error = #expect(throws: ProblemError.self) { try problems(in: text) }
        #expect(error?.code == code && error?.message == message, "\(String(describing: error))")
    }

    @Test(
        "whose keys are others say which may be meant, and how to name it",
        arguments: [
            ("Problem", "answer", "question", "Problem"), ("question", "Answer", "answer", "Answer"),
            ("question", "ground_truth", "answer", "ground_truth"),
            ("question", "final_answer", "answer", "final_answer"),
            ("problem", "expected_answer", "answer", "expected_answer"), ("prompt", "answer", "question", "prompt"),
            ("qestion", "answer", "question", "qestion"),
        ])
    func otherKeys(question: String, answer: String, part: String, key: String) {
        let error = #expect(throws: ProblemError.self) {
            try problems(in: #"{"\#(question)": "a", "\#(answer)": "1", "x": 2}"#)
        }
        #expect(error?.code == .missingField)
        #expect(
            error?.hint
                == "is it in \"\(key)\"? eval reads that with --fields \(part)=\(key); for train, rename the key to \"\(part)\""
        )
    }

    @Test("without unit and tolerance have the hash that earlier versions recorded")
    func recordedHash() {
        let set = ProblemSet(
            name: "a",
            problems: [
                Problem(id: "1", question: "Half of 2,160?", answer: "1080", solution: "2160 / 2"),
                Problem(id: "k", question: "1 + 1?", answer: "2"),
            ])
        #expect(set.contentHash == "4285a596ae824045dc842000125509aeb8e98106e7c271c98b72f888ce391008")
    }

    @Test("that are graded otherwise have another hash")
    func hashOfParts() {
        let bare = Problem(id: "1", question: "a", answer: "1")
        let changes: [(inout Problem) -> Void] = [
            { _ in }, { $0.tolerance = 0.1 }, { $0.tolerance = 0.2 }, { $0.unit = "5" },
        ]
        let hashes = changes.map { change in
            var problem = bare
            change(&problem)
            return ProblemSet(name: "a", problems: [problem]).contentHash
        }
        #expect(Set(hashes).count == changes.count, "\(hashes)")
    }

    @Test("are refused when they are no UTF-8")
    func invalidText() {
        let error = #expect(throws: ProblemError.self) {
            try ProblemSet(
                bytes: Array("{\"question\": \"".utf8) + [0xFF] + Array("\", \"answer\": \"1\"}".utf8), path: "f")
        }
        #expect(error?.code == .malformedLine)
        #expect(error?.message == "f:1 is not UTF-8")
    }

    @Test("are read from disk and named after it")
    func fromDisk() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("problems-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("test.jsonl")
        try Data(Self.row.utf8).write(to: file)

        let set = try ProblemSet(contentsOf: file.path)
        #expect(set.name == "\(folder.lastPathComponent)/test")
        #expect(set.path == file.path)
        #expect(set.problems.count == 1)

        for path in [folder.path, folder.path + "/absent.jsonl"] {
            let error = #expect(throws: ProblemError.self) { try ProblemSet(contentsOf: path) }
            #expect(error?.code == .unreadableFile)
            #expect(error?.message.contains(path) == true)
        }
    }
}
