import Foundation
import Testing

/// Standard input, output and error that are closed, full or gone.
@Suite("standard streams", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads)
struct StreamTests {
    private static let conversation = #"{"messages": [{"role": "user", "content": "hi"}]}"#

    @Test(
        "an input that is closed or a directory is one sentence",
        arguments: [
            "generate --max-tokens 1", "generate --max-tokens 1 --json", "grade --jsonl", "tokenize --jsonl",
            "tokenize --jsonl --decode", "render --template t.jinja", "render --template t.jinja --jsonl",
        ], ["<&-", "</"])
    func input(command: String, redirection: String) throws {
        let scratch = try Scratch()
        _ = try scratch.file("t.jinja", "{{ messages }}")
        expectRefusal(
            try Executable.run(shell: "\"$0\" \(command) \(redirection)", in: scratch),
            naming: [redirection == "<&-" ? "standard input is closed" : "standard input is a directory"])
    }

    @Test(
        "a result that cannot be written is an error",
        arguments: [
            "--help", "help train", "generate --prompt a --max-tokens 1", "generate --prompt a --max-tokens 1 --json",
            "grade --gold 1 --prediction 1", "grade --jsonl < pair", "tokenize --jsonl < text",
            "render --template t.jinja < conversation", "render --template t.jinja --jsonl < conversation",
            "score --text abc", "score --text abc --json", "inspect", "inspect --json",
            "eval --limit 1 --max-tokens 1", "eval --limit 1 --max-tokens 1 --json", "train --dry-run",
            "train --dry-run --json",
        ], [">&-", "> /dev/full", "| true"])
    func output(command: String, redirection: String) throws {
        guard redirection != "> /dev/full" || FileManager.default.fileExists(atPath: "/dev/full") else { return }
        let scratch = try Scratch()
        _ = try scratch.file("t.jinja", "{{ messages }}")
        _ = try scratch.file("conversation", Self.conversation + "\n")
        _ = try scratch.file("text", "{\"text\": \"a\"}\n")
        _ = try scratch.file("pair", "{\"prediction\": \"1\", \"gold\": \"1\"}\n")
        // The reader of the pipe is gone before the command begins.
        let outcome = try Executable.run(
            shell: redirection == "| true"
                ? "{ sleep 0.2; \"$0\" \(command); echo $? > status; } | true; exit $(cat status)"
                : "\"$0\" \(command) \(redirection)", in: scratch)
        #expect(!outcome.wasKilled && outcome.status == 1, "\(outcome)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("standard output"), "\(outcome)")
    }

    @Test(
        "progress that cannot be written changes nothing",
        arguments: ["2>&-", "2> /dev/full", "2> >(true)", "<&- 2>&-"])
    func progress(redirection: String) throws {
        let scratch = try Scratch()
        let training = "train --steps 1 --batch 1 --group-size 2 --eval-problems 1 --max-tokens 2 --json --output"
        let evaluation = "eval --limit 1 --max-tokens 2 --json --output"
        for (name, command) in [("run", training), ("evaluation", evaluation)] {
            let outcome = try Executable.run(shell: "\"$0\" \(command) \(name) \(redirection)", in: scratch)
            expectSuccess(outcome)
            _ = try outcome.json()
        }
        // A descriptor that was closed is not that of a record.
        let steps = try String(contentsOfFile: scratch.path("run/steps.jsonl"), encoding: .utf8)
        #expect(steps.hasPrefix("{") && steps.count { $0 == "\n" } == 1)
    }

    @Test("a terminal that is gone ends no run")
    func terminalGone() throws {
        let scratch = try Scratch()
        var main: Int32 = -1, terminal: Int32 = -1
        try #require(openpty(&main, &terminal, nil, nil, nil) == 0)
        close(main)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Executable.path))
        process.arguments =
            ["train", "--steps", "1", "--batch", "1", "--group-size", "2", "--eval-problems", "0", "--max-tokens", "2"]
            + ["--output", scratch.path("run")]
        let handle = FileHandle(fileDescriptor: terminal, closeOnDealloc: true)
        process.standardInput = handle
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        #expect(FileManager.default.fileExists(atPath: scratch.path("run/result.json")))
    }
}
