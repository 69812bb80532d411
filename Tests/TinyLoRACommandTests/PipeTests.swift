import Foundation
import Testing

/// The parts of the command that answer lines with lines.
@Suite("Pipes", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads)
struct PipeTests {
    @Test("tokenize answers every line, and what it makes of a text decodes back")
    func tokenize() throws {
        let scratch = try Scratch()
        let texts = ["Ann has 3 apples.", "", "line\u{2028}separator é 12", "A:<|endoftext|> B"]
        let lines = try texts.map { try line(["text": $0]) }
        let encoded = try Executable.run(["tokenize", "--jsonl"], input: lines.joined(separator: "\n"), in: scratch)
        expectSuccess(encoded)
        let decoded = try Executable.run(["tokenize", "--jsonl", "--decode"], input: encoded.output, in: scratch)
        expectSuccess(decoded)
        let answers = try decoded.output.split(separator: "\n").map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
        }
        #expect(answers.map { $0?["text"] } == texts)
    }

    @Test("a line that cannot be read gives an error, and the others are still read")
    func badLine() throws {
        let input = "{\"text\": 3}\nnonsense\n\n" + (try line(["text": "1"]))
        let outcome = try Executable.run(["tokenize", "--jsonl"], input: input, in: try Scratch())
        expectSuccess(outcome)
        let lines = outcome.output.split(separator: "\n")
        try #require(lines.count == 3)
        #expect(lines[0].hasPrefix("{\"error\":") && lines[1].hasPrefix("{\"error\":"))
        #expect(lines[2].hasPrefix("{\"ids\":["))
    }

    @Test("a tokenizer that is not there is one sentence")
    func missing() throws {
        let outcome = try Executable.run(
            ["tokenize", "--jsonl", "--tokenizer", "/no/such.json"], input: "", in: try Scratch())
        expectRefusal(outcome, naming: ["/no/such.json"])
    }

    private func line(_ object: [String: String]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    }
}
