import Foundation
import Testing

/// A model in one file, in every place where a directory can be.
@Suite("--model FILE.gguf", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct GGUFTests {
    private let folder = Fixture.tied.folder.deletingLastPathComponent().appendingPathComponent("gguf")
    private var file: String { folder.appendingPathComponent("model.gguf").path }
    private var directory: String { folder.appendingPathComponent("model").path }
    private let rows = #"{"question": "1 + 1?", "answer": "2", "solution": "2"}"# + "\n"

    @Test(
        "commands give what they give for the same model's directory",
        arguments: [
            ["score", "--tokens", "1,2,3,4,50", "--json"],
            ["score", "--tokens", "1,2,3,4,50", "--json", "--gradient"], ["score", "--text", "ab", "--json"],
            ["generate", "--prompt", "12 + 3", "--max-tokens", "8", "--json"],
            ["generate", "--question", "12 + 3", "--max-tokens", "8", "--json"],
        ])
    func sameResults(arguments: [String]) throws {
        let scratch = try Scratch()
        let results = try [file, directory].map { model in
            let outcome = try Executable.run(arguments + ["--model", model], in: scratch)
            expectSuccess(outcome)
            return outcome.output
        }
        #expect(results[0] == results[1])
    }

    @Test("tokenizer and chat template are those of the file")
    func text() throws {
        let scratch = try Scratch()
        let conversation = #"{"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": true}"#
        for (arguments, input, expected) in [
            (["tokenize", "--jsonl"], #"{"text": "Hi<|endoftext|>"}"#, #"{"ids":[40,73,96]}"# + "\n"),
            (["render"], conversation, "<user>Hi<|endoftext|><assistant>"),
        ] {
            for model in [file, directory] {
                let outcome = try Executable.run(arguments + ["--model", model], input: input, in: scratch)
                expectSuccess(outcome)
                #expect(outcome.output == expected)
            }
        }
    }

    @Test("the file is shown")
    func inspect() throws {
        let scratch = try Scratch()
        let shown = try Executable.run(["inspect", "--model", file], in: scratch)
        expectSuccess(shown)
        #expect(shown.output.contains("file       GGUF version 3 · 39 tensors: 18 F32, 3 F16, 3 Q8_0, "), "\(shown)")
        let record = try Executable.run(["inspect", "--model", file, "--json"], in: scratch).json()
        #expect((record["fingerprint"] as? String)?.hasPrefix("gguf-sha256:") == true)
        let description = try #require(record["gguf"] as? [String: Any])
        #expect((description["tensors"] as? [String: Int])?["IQ4_NL"] == 2)
    }

    @Test("an adapter of the file is not one of the directory, and the message says so")
    func adapters() throws {
        let scratch = try Scratch()
        let rows = try scratch.file("rows.jsonl", rows)
        for (model, run) in [(file, "a"), (directory, "b")] {
            let outcome = try Executable.run(
                [
                    "train", "--model", model, "--train", rows, "--algorithm", "sft", "--steps", "2", "--output",
                    scratch.path(run),
                ], in: scratch)
            expectSuccess(outcome)
        }
        for (run, own, other) in [("a", file, directory), ("b", directory, file)] {
            let exported = try Executable.run(["export", scratch.path(run), "--to", "code"], in: scratch)
            for adapter in [scratch.path(run), exported.output] {
                let arguments = ["score", "--adapter", adapter, "--tokens", "1,2,3", "--json", "--model"]
                expectSuccess(try Executable.run(arguments + [own], in: scratch))
                expectRefusal(
                    try Executable.run(arguments + [other], in: scratch),
                    naming: ["the adapter was trained on", "one is a GGUF file, the other a directory"])
            }
        }
    }

    @Test("a file that is no model is refused")
    func otherFiles() throws {
        let scratch = try Scratch()
        let text = try scratch.file("model.bin", "weights")
        expectRefusal(
            try Executable.run(["score", "--model", text, "--tokens", "1,2"], in: scratch),
            naming: ["model.bin is a file, expected a model directory"])
        let named = try scratch.file("model.gguf", "weights")
        expectRefusal(
            try Executable.run(["score", "--model", named, "--tokens", "1,2"], in: scratch),
            naming: ["model.gguf does not begin with GGUF"])
    }
}
