import Foundation
import Testing

/// `--arithmetic`: what it is unless given, who names it, and what it keeps apart.
@Suite("the arithmetic", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct ArithmeticTests {
    private let rows = """
        {"question": "2 + 3 =", "answer": "5"}
        {"question": "4 + 4 =", "answer": "8"}

        """

    private func train(
        _ model: ModelFolder, to output: String, and rest: [String] = [], in scratch: Scratch
    ) throws -> Outcome {
        let data = try scratch.file("rows.jsonl", rows)
        let recipe = try scratch.file(
            "recipe.json",
            #"{"num_generations": 2, "problems_per_step": 2, "max_completion_length": 4, "prompt_style": "plain"}"#)
        return try Executable.run(
            [
                "train", recipe, "--model", model.path, "--train", data, "--steps", "1", "--parameters", "3",
                "--output", scratch.path(output), "--json",
            ] + rest, in: scratch)
    }

    private func object(_ file: String, in scratch: Scratch) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: scratch.path(file)))
        return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private func score(_ model: ModelFolder, _ rest: [String], in scratch: Scratch) throws -> Outcome {
        let outcome = try Executable.run(
            ["score", "--model", model.path, "--tokens", "1,2,3,4", "--json"] + rest, in: scratch)
        expectSuccess(outcome)
        return outcome
    }

    @Test("is the one that suits the stored weights, and changes the numbers")
    func ownArithmetic() throws {
        let scratch = try Scratch()
        for (fixture, own, other) in [
            (Fixture.tied, "float32", "bfloat16"), (.halfPrecision, "bfloat16", "float32"),
        ] {
            let model = try scratch.model(fixture, named: fixture.rawValue)
            let natural = try score(model, [], in: scratch).json()
            #expect(natural["arithmetic"] as? String == own)
            let same = try score(model, ["--arithmetic", own], in: scratch).json()
            #expect(same["logprobs"] as? [Double] == natural["logprobs"] as? [Double])
            let changed = try score(model, ["--arithmetic", other], in: scratch).json()
            #expect(changed["arithmetic"] as? String == other)
            #expect(changed["logprobs"] as? [Double] != natural["logprobs"] as? [Double])
            let shown = try Executable.run(["inspect", "--model", model.path, "--json"], in: scratch)
            #expect(try shown.json()["arithmetic"] as? String == own)
        }
    }

    @Test("of another name is refused with the two names", arguments: ["score", "generate", "eval", "train"])
    func refusesOthers(command: String) throws {
        let scratch = try Scratch()
        let outcome = try Executable.run([command, "--arithmetic", "fp32"], in: scratch)
        expectRefusal(outcome, naming: ["--arithmetic", "fp32", "float32", "bfloat16"])
    }

    @Test("of a run is recorded, and the run is not resumed in the other")
    func recordedInRuns() throws {
        let scratch = try Scratch(), model = try scratch.model(.halfPrecision)
        let dry = try train(model, to: "dry", and: ["--dry-run"], in: scratch)
        let settings = try #require(try dry.json()["configuration"] as? [String: Any])
        #expect(settings["arithmetic"] as? String == "bfloat16")
        for (output, flags, expected) in [
            ("own", [], "bfloat16"), ("exact", ["--arithmetic", "float32"], "float32"),
        ] {
            expectSuccess(try train(model, to: output, and: flags, in: scratch))
            #expect(try object("\(output)/configuration.json", in: scratch)["arithmetic"] as? String == expected)
            let schemes = try object("\(output)/manifest.json", in: scratch)["schemes"] as? [String: String]
            #expect(schemes?["arithmetic"] == expected && schemes?["gradient"] == "prompt-units/1")
        }
        expectRefusal(
            try train(model, to: "exact", and: ["--resume"], in: scratch),
            naming: ["was made with arithmetic float32, now it is bfloat16"])
        expectSuccess(try train(model, to: "own", and: ["--resume", "--arithmetic", "bfloat16"], in: scratch))
    }

    @Test("is the flag's, else the adapter's, else the model's; a difference and an old adapter are told")
    func precedence() throws {
        let scratch = try Scratch(), model = try scratch.model(.halfPrecision)
        expectSuccess(try train(model, to: "run", and: ["--arithmetic", "float32"], in: scratch))
        let adapter = URL(fileURLWithPath: scratch.path("run/adapter.safetensors"))
        let used = try score(model, ["--adapter", adapter.path], in: scratch)
        #expect(try used.json()["arithmetic"] as? String == "float32")
        #expect(!used.errors.contains("note"), "\(used)")
        let flags = ["--adapter", adapter.path, "--arithmetic", "bfloat16"]
        let other = try score(model, flags, in: scratch)
        #expect(try other.json()["arithmetic"] as? String == "bfloat16")
        #expect(other.errors == "note       the adapter was trained in float32 and is used in bfloat16\n")

        var (header, payload) = try SafetensorsFile.parts(of: Data(contentsOf: adapter))
        var notes = try #require(header["__metadata__"] as? [String: String])
        #expect(notes.removeValue(forKey: "arithmetic") == "float32")
        header["__metadata__"] = notes
        try SafetensorsFile.join(header: JSONSerialization.data(withJSONObject: header), payload: payload)
            .write(to: adapter)
        let old = try score(model, ["--adapter", adapter.path], in: scratch)
        #expect(try old.json()["arithmetic"] as? String == "float32")
        #expect(old.errors == "note       the adapter was made before there were two arithmetics, in float32\n")
        let shown = try Executable.run(["inspect", "--adapter", adapter.path], in: scratch)
        #expect(
            shown.output.contains("arithmetic float32, not noted: the adapter was made before there were two"),
            "\(shown)")
    }

    @Test("of an evaluation is recorded, kept when it is resumed, and told when two are compared")
    func recordedInEvaluations() throws {
        let scratch = try Scratch(), model = try scratch.model(.halfPrecision)
        let base = [
            "eval", "--model", model.path, "--problems", try scratch.file("rows.jsonl", rows), "--max-tokens", "2",
        ]
        let own = try Executable.run(base + ["--output", "own", "--json"], in: scratch)
        expectSuccess(own)
        #expect((try own.json()["settings"] as? [String: Any])?["arithmetic"] as? String == "bfloat16")
        expectRefusal(
            try Executable.run(base + ["--output", "own", "--resume", "--arithmetic", "float32"], in: scratch),
            naming: ["was made with arithmetic bfloat16, not float32"])
        expectSuccess(try Executable.run(base + ["--output", "exact", "--arithmetic", "float32"], in: scratch))
        let compared = try Executable.run(["eval", "--compare", "own", "exact"], in: scratch)
        expectSuccess(compared)
        #expect(
            compared.errors
                == "warning: own was made with arithmetic bfloat16, exact with float32, which alone may change answers\n",
            "\(compared)")
    }
}
