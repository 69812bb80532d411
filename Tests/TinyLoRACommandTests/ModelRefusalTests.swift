import Foundation
import Testing

/// A wrong model is one sentence before any work starts.
@Suite("a model that is wrong", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct ModelRefusalTests {
    private func score(_ model: String, _ rest: [String], in scratch: Scratch) throws -> Outcome {
        try Executable.run(["score", "--model", model] + rest + ["--json"], in: scratch)
    }

    @Test("a weights file is refused", arguments: Corruption.ofWeights)
    func refusesWeights(corruption: Corruption) throws {
        let scratch = try Scratch(), model = try scratch.model()
        try corruption.apply(model)
        expectRefusal(try score(model.path, ["--tokens", "1,2,3"], in: scratch), naming: corruption.naming)
    }

    @Test(
        "a tensor that is missing is told by commands that compute nothing",
        arguments: [["inspect"], ["train", "--dry-run", "--train", "rows.jsonl"]])
    func missingTensor(arguments: [String]) throws {
        let scratch = try Scratch(), model = try scratch.model()
        _ = try scratch.file("rows.jsonl", #"{"question": "1?", "answer": "1"}"#)
        try model.editTensors { tensors in tensors.removeAll { $0.name == "model.layers.1.mlp.down_proj.weight" } }
        expectRefusal(
            try Executable.run(arguments + ["--model", model.path, "--json"], in: scratch),
            naming: ["model.layers.1.mlp.down_proj.weight"])
    }

    @Test("tensors that change nothing are read past", arguments: Corruption.harmless)
    func ignoresTensors(addition: Corruption) throws {
        let scratch = try Scratch(), model = try scratch.model()
        let before = try score(model.path, ["--tokens", "1,2,3"], in: scratch)
        try addition.apply(model)
        let after = try score(model.path, ["--tokens", "1,2,3"], in: scratch)
        expectSuccess(after)
        #expect(after.output == before.output)
    }

    @Test(
        "a weight that is not a number is told by every command",
        arguments: [
            ["score", "--tokens", "1,2,3"], ["score", "--tokens", "1,2,3", "--json"],
            ["score", "--tokens", "1,2,3", "--json", "--gradient"], ["generate", "--prompt", "ab"],
            ["eval", "--problems", "rows.jsonl", "--max-tokens", "2"],
            ["train", "--train", "rows.jsonl", "--output", "run", "--steps", "1"],
            [
                "train", "--train", "rows.jsonl", "--output", "run", "--steps", "1", "--algorithm", "sft", "--method",
                "lora",
            ],
        ])
    func notANumber(arguments: [String]) throws {
        let scratch = try Scratch(), model = try scratch.model()
        _ = try scratch.file("rows.jsonl", #"{"question": "1?", "answer": "1", "solution": "1"}"#)
        try model.editTensors { tensors in
            let index = try #require(tensors.firstIndex { $0.name == "model.layers.1.mlp.down_proj.weight" })
            tensors[index].bytes.replaceSubrange(0..<4, with: [0, 0, 0xC0, 0x7F])
        }
        let outcome = try Executable.run(arguments + ["--model", model.path], in: scratch)
        #expect(outcome.status == 1, "\(outcome)")
        #expect(outcome.errorLines.last?.hasPrefix("Error: ") == true, "\(outcome)")
        // TinyLoRA's matrices are factorised before anything is computed with them.
        let causes = ["the model's logits are not finite numbers", "cannot be factorised: the matrix holds NaN"]
        #expect(outcome.errors.contains(causes[arguments[0] == "train" && arguments.count == 7 ? 1 : 0]), "\(outcome)")
    }

    @Test("a configuration is refused", arguments: Corruption.ofConfiguration)
    func refusesConfiguration(corruption: Corruption) throws {
        let scratch = try Scratch(), model = try scratch.model()
        try corruption.apply(model)
        expectRefusal(try score(model.path, ["--tokens", "1,2,3"], in: scratch), naming: corruption.naming)
    }

    @Test("a shard index is refused", arguments: Corruption.ofShards)
    func refusesShards(corruption: Corruption) throws {
        let scratch = try Scratch(), model = try scratch.model(.untied)
        try corruption.apply(model)
        expectRefusal(try score(model.path, ["--tokens", "1,2,3"], in: scratch), naming: corruption.naming)
    }

    @Test("a tokenizer is refused", arguments: Corruption.ofTokenizer)
    func refusesTokenizer(corruption: Corruption) throws {
        let scratch = try Scratch(), model = try scratch.model()
        try corruption.apply(model)
        expectRefusal(try score(model.path, ["--text", "1 + 1"], in: scratch), naming: corruption.naming)
    }

    @Test("a folder that does not exist is refused")
    func refusesMissingFolder() throws {
        let scratch = try Scratch()
        expectRefusal(
            try score(scratch.path("nowhere"), ["--tokens", "1,2,3"], in: scratch), naming: ["nowhere"])
    }

    @Test("a file in place of a folder is refused")
    func refusesFile() throws {
        let scratch = try Scratch(), file = try scratch.file("model.txt", "not a model")
        expectRefusal(try score(file, ["--tokens", "1,2,3"], in: scratch), naming: ["model.txt"])
    }

    @Test("a token that the vocabulary lacks is refused", arguments: ["97", "-1", "99999999999999999999"])
    func refusesToken(token: String) throws {
        let scratch = try Scratch(), model = try scratch.model()
        expectRefusal(try score(model.path, ["--tokens=1,\(token),2"], in: scratch), naming: [token])
    }

    @Test("tokens that are not numbers are refused", arguments: ["", "1,x", "1,,2"])
    func refusesTokens(tokens: String) throws {
        let scratch = try Scratch(), model = try scratch.model()
        expectRefusal(try score(model.path, ["--tokens=\(tokens)"], in: scratch))
    }

    @Test("a sequence longer than the context is refused")
    func refusesLongSequence() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let tokens = [String](repeating: "1", count: 129).joined(separator: ",")
        expectRefusal(try score(model.path, ["--tokens", tokens], in: scratch), naming: ["129", "128"])
    }

    @Test("a prompt longer than the context is refused and not quoted")
    func refusesLongPrompt() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let prompt = String(repeating: "secret ", count: 40)
        let outcome = try Executable.run(["generate", "--model", model.path, "--prompt", prompt], in: scratch)
        expectRefusal(outcome, naming: ["280", "128"])
        #expect(!outcome.errors.contains("secret"), "\(outcome)")
    }
}
