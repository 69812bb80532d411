import Foundation
import Testing

/// Values and paths as people type them.
@Suite("option values", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads)
struct OptionValueTests {
    @Test("a value may begin with a dash")
    func dashes() throws {
        let scratch = try Scratch()
        let grade = try Executable.run(["grade", "--gold", "-3", "--prediction", "-3"], in: scratch)
        expectSuccess(grade)
        #expect(grade.output.contains("\"strict\":true"))
        expectSuccess(try Executable.run(["generate", "--prompt", "-5 + 3 =", "--max-tokens", "1"], in: scratch))
        expectSuccess(try Executable.run(["generate", "--question", "--1 + 3?", "--max-tokens", "1"], in: scratch))
        expectSuccess(try Executable.run(["score", "--text", "-5 + 3"], in: scratch))
    }

    @Test("a question is put in the style that is asked for; the plain one is the question alone")
    func promptStyle() throws {
        let scratch = try Scratch(), text = "Q: 3 + 4?\nA:"
        func output(_ arguments: [String]) throws -> String {
            try Executable.run(["generate", "--json", "--max-tokens", "4"] + arguments, in: scratch).output
        }
        let alone = try output(["--prompt", text])
        #expect(!alone.isEmpty)
        #expect(try output(["--question", text, "--prompt-style", "plain"]) == alone)
        #expect(try output(["--question", "3 + 4?", "--prompt-style", "abacus"]) == alone)
        expectRefusal(
            try Executable.run(["generate", "--prompt", "a", "--prompt-style", "plain"], in: scratch),
            naming: ["--prompt-style needs --question"])
        expectRefusal(
            try Executable.run(["generate", "--question", "a", "--prompt-style", "plan"], in: scratch),
            naming: ["did you mean \"plain\"?"])
    }

    @Test(
        "a negative number is refused for what it is",
        arguments: [
            ["train", "--dry-run", "--steps", "-1"], ["train", "--dry-run", "--learning-rate", "-1"],
            ["train", "--dry-run", "--seed", "-1"], ["train", "--dry-run", "--set", "max_steps=-1"],
            ["eval", "--limit", "-1"], ["eval", "--samples", "-1"],
            ["score", "--tokens", "-1,2"], ["inspect", "--rank", "-1"],
        ])
    func negative(arguments: [String]) throws {
        let outcome = try Executable.run(arguments, in: try Scratch())
        expectRefusal(outcome, naming: ["-1"])
        #expect(!outcome.errors.contains("Missing value"))
    }

    @Test(
        "an empty path is refused with the option",
        arguments: [
            ["eval", "--output"], ["eval", "--problems"], ["eval", "--adapter"], ["eval", "--data"],
            ["generate", "--model"], ["train", "--output"], ["train", "--config"], ["train", "--train"],
            ["tokenize", "--tokenizer"], ["render", "--template"], ["report", "x", "--markdown"],
        ])
    func emptyPath(arguments: [String]) throws {
        expectRefusal(
            try Executable.run(arguments + [""], in: try Scratch()),
            naming: [try #require(arguments.last), "the path is empty"])
    }

    @Test("a file that is a pipe, a device or a Git LFS pointer is said to be one")
    func kinds() throws {
        let scratch = try Scratch(), pipe = scratch.path("pipe")
        try #require(mkfifo(pipe, 0o600) == 0)
        let pointer = try scratch.file(
            "pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n")
        for (path, kind) in [(pipe, "is a pipe"), ("/dev/null", "is a device"), (pointer, "is a Git LFS pointer")] {
            for arguments in [
                ["eval", "--problems"], ["eval", "--benchmarks"], ["eval", "--adapter"], ["inspect", "--adapter"],
                ["train", "--config"], ["train", "--train"], ["sweep"], ["tokenize", "--jsonl", "--tokenizer"],
                ["render", "--template"],
            ] {
                expectRefusal(try Executable.run(arguments + [path], in: scratch), naming: [path, kind])
            }
        }
    }

    @Test("an adapter's directory stands for the adapter in it, and another directory is said to be one")
    func adapterDirectory() throws {
        let scratch = try Scratch(), run = scratch.path("run")
        expectSuccess(
            try Executable.run(
                [
                    "train", "--steps", "1", "--batch", "1", "--group-size", "2", "--eval-problems", "0",
                    "--max-tokens", "2",
                ]
                    + ["--output", run], in: scratch))
        let named = try Executable.run(["inspect", "--adapter", run + "/adapter.safetensors"], in: scratch)
        let found = try Executable.run(["inspect", "--adapter", run], in: scratch)
        expectSuccess(found)
        #expect(found.output == named.output)
        expectSuccess(try Executable.run(["eval", "--adapter", run, "--limit", "1", "--max-tokens", "1"], in: scratch))

        let peft = scratch.folder.appendingPathComponent("peft")
        try FileManager.default.createDirectory(at: peft, withIntermediateDirectories: false)
        _ = try scratch.file("peft/adapter_config.json", "{}")
        _ = try scratch.file("peft/adapter_model.safetensors", "")
        expectRefusal(
            try Executable.run(["generate", "--prompt", "a", "--adapter", peft.path], in: scratch),
            naming: ["peft_type", "adapter_config.json"])
        expectRefusal(
            try Executable.run(["generate", "--prompt", "a", "--adapter", try scratch.model().path], in: scratch),
            naming: ["is a directory without adapter.safetensors", "a model"])
    }
}
