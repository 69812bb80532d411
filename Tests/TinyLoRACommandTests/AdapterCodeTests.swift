import Foundation
import Testing

/// A trained adapter as a line of text, in place of its file.
@Suite("an adapter code", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct AdapterCodeTests {
    /// Trains for two steps and returns the run's directory.
    private func train(_ model: ModelFolder, in scratch: Scratch) throws -> String {
        let data = try scratch.file(
            "rows.jsonl", #"{"question": "2 + 3 =", "answer": "5", "solution": "2 + 3 = 5. #### 5"}"# + "\n")
        let recipe = try scratch.file(
            "recipe.json", #"{"algorithm": "sft", "prompt_style": "plain", "max_completion_length": 8}"#)
        expectSuccess(
            try Executable.run(
                [
                    "train", "--config", recipe, "--model", model.path, "--train", data, "--eval", data, "--steps", "2",
                    "--seed", "7", "--output", scratch.path("run"),
                ], in: scratch))
        return scratch.path("run")
    }

    @Test("is one line, and scores, generates and evaluates as its file does")
    func inPlaceOfTheFile() throws {
        let scratch = try Scratch(), model = try scratch.model(), run = try train(model, in: scratch)
        let exported = try Executable.run(["export", run, "--to", "code"], in: scratch)
        expectSuccess(exported)
        let code = exported.output.trimmingCharacters(in: .newlines)
        #expect(exported.output == code + "\n" && code.hasPrefix("tl1") && code.count < 120, "\(exported)")
        let json = try Executable.run(
            ["export", run, "--to", "code", "--model", model.path, "--output", scratch.path("code.txt"), "--json"],
            in: scratch)
        #expect(try json.json()["code"] as? String == code)
        #expect(try String(contentsOfFile: scratch.path("code.txt"), encoding: .utf8) == code + "\n")

        let question = ["--prompt", "2 + 3 =", "--max-tokens", "8", "--temperature", "1"]
        for arguments in [["score", "--tokens", "1,2,3", "--gradient"], ["generate"] + question] {
            let outputs = try [run, code, "  \(code.uppercased())"].map { adapter in
                let outcome = try Executable.run(
                    arguments + ["--model", model.path, "--adapter", adapter, "--json"], in: scratch)
                expectSuccess(outcome)
                return outcome.output
            }
            #expect(outputs[0] == outputs[1] && outputs[0] == outputs[2])
        }
        let base = try Executable.run(["score", "--tokens", "1,2,3", "--model", model.path, "--json"], in: scratch)
        let changed = try Executable.run(
            ["score", "--tokens", "1,2,3", "--model", model.path, "--adapter", code, "--json"], in: scratch)
        #expect(base.output != changed.output)
        expectSuccess(
            try Executable.run(
                [
                    "eval", "--model", model.path, "--adapter", code, "--problems", scratch.path("rows.jsonl"),
                    "--max-tokens", "4", "--output", scratch.path("evaluation"),
                ], in: scratch))
        let lora = try Executable.run(
            ["export", code, "--model", model.path, "--to", "peft-lora", "--output", scratch.path("lora")], in: scratch)
        expectSuccess(lora)
    }

    @Test("is shown without a model, and refused with a wrong character, by another model and in place of a file")
    func shownAndRefused() throws {
        let scratch = try Scratch(), model = try scratch.model(), run = try train(model, in: scratch)
        let code = try Executable.run(["export", run, "--to", "code"], in: scratch)
            .output.trimmingCharacters(in: .newlines)
        let shown = try Executable.run(["inspect", "--adapter", code, "--json"], in: scratch)
        let expected = try Executable.run(["inspect", "--adapter", run, "--json"], in: scratch).json()
        let found = try shown.json()
        for key in ["plan", "method", "arithmetic", "element_type"] {
            #expect(found[key] as? String == expected[key] as? String, "\(key) in \(shown)")
        }
        #expect(found["values"] as? [Double] == expected["values"] as? [Double])
        let fingerprint = found["base_model_fingerprint"] as? String ?? "?"
        #expect((expected["base_model_fingerprint"] as? String)?.hasPrefix(fingerprint) == true)
        #expect(expected["base_model_name"] != nil && found["base_model_name"] == nil)
        let listed = try Executable.run(["inspect", "--adapter", code, "--modules"], in: scratch)
        #expect(listed.output.contains("model.layers.1.mlp.down_proj"), "\(listed)")

        let changed = code.dropLast() + (code.last == "q" ? "p" : "q")
        func score(_ adapter: String, _ model: ModelFolder) throws -> Outcome {
            try Executable.run(
                ["score", "--tokens", "1,2,3", "--model", model.path, "--adapter", adapter, "--json"], in: scratch)
        }
        expectRefusal(try score(String(changed), model), naming: ["checksum"])
        let other = try scratch.model(.untied, named: "another")
        expectRefusal(try score(code, other), naming: ["another", "sha256:"])
        expectRefusal(
            try Executable.run(
                ["export", code, "--to", "code", "--model", other.path], in: scratch), naming: ["another"])
        // A file of this name comes first.
        _ = try scratch.file(code, "no adapter")
        expectRefusal(try score(code, model), naming: [code])
    }
}
