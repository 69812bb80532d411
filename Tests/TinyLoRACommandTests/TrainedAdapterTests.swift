import Foundation
import Testing
import TinyFoundation

/// What a short training run on a fixture leaves behind, used and misused.
@Suite("a trained adapter", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct TrainedAdapterTests {
    /// Small enough for a fraction of a second, large enough that rewards differ within a group now and then.
    private let recipe = """
        {"num_generations": 4, "max_completion_length": 12, "prompt_style": "plain"}
        """

    private let rows = """
        {"question": "2 + 3 =", "answer": "5"}
        {"question": "4 + 4 =", "answer": "8"}
        {"question": "9 - 2 =", "answer": "7"}
        {"question": "6 / 2 =", "answer": "3"}

        """

    /// Arguments of a run into `output`.
    private func arguments(model: ModelFolder, output: String, in scratch: Scratch) throws -> [String] {
        let data = try scratch.file("rows.jsonl", rows)
        return [
            "train", "--config", try scratch.file("recipe.json", recipe), "--model", model.path, "--train", data,
            "--eval", data, "--steps", "3", "--seed", "7", "--parameters", "13", "--output", scratch.path(output),
            "--json",
        ]
    }

    /// Trains and returns the adapter's path.
    private func train(
        model: ModelFolder, output: String, and rest: [String] = [], in scratch: Scratch
    ) throws -> String {
        let outcome = try Executable.run(
            try arguments(model: model, output: output, in: scratch) + rest, in: scratch)
        expectSuccess(outcome)
        let result = try outcome.json()
        #expect(result["trained_parameters"] as? Int == 13, "\(outcome)")
        for key in [
            "adapter_bytes", "accuracy_before", "accuracy_after", "problems", "training_seconds", "tokens_per_second",
            "run",
        ] {
            #expect(result[key] != nil, "no \(key) in \(outcome)")
        }
        return try #require(result["adapter"] as? String, "\(outcome)")
    }

    @Test(
        "of every method is trained, written, shown and used",
        arguments: [
            (["--method", "lora", "--rank", "1"], 1952), (["--method", "lora-xs", "--rank", "2"], 56),
            (["--method", "lora", "--rank", "2", "--target-modules", "q_proj,v_proj", "--lora-alpha", "4"], 0),
            (["--method", "full"], 0), (["--method", "lora-xs", "--frozen-subspace", "bottom"], 56),
            (["--parameters", "7", "--frozen-subspace", "random"], 7),
        ])
    func methods(flags: [String], parameters: Int) throws {
        let scratch = try Scratch(), model = try scratch.model()
        let plain = try arguments(model: model, output: "run", in: scratch).split(separator: "--parameters")
        let outcome = try Executable.run(Array(plain[0]) + plain[1].dropFirst() + flags, in: scratch)
        expectSuccess(outcome)
        let result = try outcome.json(), adapter = try #require(result["adapter"] as? String)
        let trained = try #require(result["trained_parameters"] as? Int)
        #expect(parameters == 0 || trained == parameters, "\(trained)")
        let shown = try Executable.run(["inspect", "--adapter", adapter, "--json"], in: scratch)
        expectSuccess(shown)
        #expect(try shown.json()["trained_parameters"] as? Int == trained)
        func score(_ arguments: [String]) throws -> [String: Any] {
            let outcome = try Executable.run(["score", "--tokens", "1,2,3", "--json"] + arguments, in: scratch)
            expectSuccess(outcome)
            return try outcome.json()
        }
        let scored = try score(["--model", model.path, "--adapter", adapter, "--gradient"])
        #expect((scored["gradient"] as? [Any])?.count == trained)
        if flags.contains("full") {
            // The weights are stored in bf16 and were trained in float32, which the model's directory does not say.
            let own = try score(["--model", scratch.path("run") + "/model", "--arithmetic", "float32"])
            #expect(own["logprobs"] as? [Double] == scored["logprobs"] as? [Double])
        }
    }

    @Test("is trained further with its own settings, and with no others")
    func isTrainedFurther() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let first = try train(model: model, output: "first", in: scratch)
        let plain = try arguments(model: model, output: "second", in: scratch)
        let flags = plain + ["--initial-adapter", scratch.path("first")]
        let shown = try Executable.run(flags + ["--dry-run"], in: scratch)
        expectSuccess(shown)
        let settings = try shown.json()["configuration"] as? [String: Any]
        #expect(settings?["rank"] as? Int == 2 && settings?["tying"] as? String == "contiguous:13", "\(shown)")
        #expect(settings?["initial_adapter"] as? String == scratch.path("first"))
        expectRefusal(
            try Executable.run(flags + ["--rank", "1"], in: scratch), naming: ["--rank is 1", first, "2"])
        let second = try train(
            model: model, output: "second", and: ["--initial-adapter", scratch.path("first")], in: scratch)
        // Once more in pieces: what is resumed starts from the adapter, too.
        _ = try Executable.run(
            flags.map { $0 == scratch.path("second") ? scratch.path("third") : $0 }, in: scratch, limit: 0.3)
        let third = try train(
            model: model, output: "third", and: ["--initial-adapter", scratch.path("first"), "--resume"], in: scratch)
        #expect(try Data(contentsOf: URL(fileURLWithPath: second)) == Data(contentsOf: URL(fileURLWithPath: third)))
    }

    @Test("works with its own base model only")
    func refusesAnotherBase() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let adapter = try train(model: model, output: "run", in: scratch)
        func score(_ model: ModelFolder) throws -> Outcome {
            try Executable.run(
                ["score", "--model", model.path, "--adapter", adapter, "--tokens", "1,2,3", "--json"], in: scratch)
        }
        expectSuccess(try score(model))
        expectRefusal(try score(try scratch.model(.halfPrecision, named: "rounded")))
        expectRefusal(try score(try scratch.model(.untied, named: "other")))

        let touched = try scratch.model(named: "touched")
        try touched.editTensors { tensors in tensors[0].bytes[0] ^= 1 }
        expectRefusal(try score(touched))
    }

    @Test("is taken apart: groups left out, alone, or all multiplied, in evaluations that resume and keep adapters")
    func ablation() throws {
        let scratch = try Scratch(), model = try scratch.model()
        // By solutions: rewards of three steps may all be equal, and the numbers zero.
        let solved = try scratch.file(
            "solved.jsonl", #"{"question": "2 + 3 =", "answer": "5", "solution": "2 and 3 are 5"}"# + "\n")
        func trained(_ output: String, rate: String) throws -> String {
            let outcome = try Executable.run(
                [
                    "train", "--model", model.path, "--train", solved, "--eval", solved, "--algorithm", "sft",
                    "--steps", "2", "--parameters", "13", "--prompt-style", "plain", "--learning-rate", rate,
                    "--output", scratch.path(output), "--json",
                ], in: scratch)
            expectSuccess(outcome)
            return try #require(try outcome.json()["adapter"] as? String, "\(outcome)")
        }
        let adapter = try trained("run", rate: "0.5")
        _ = try scratch.file("rows.jsonl", rows)
        let asked = [
            "--model", model.path, "--problems", scratch.path("rows.jsonl"), "--prompt-style", "plain", "--max-tokens",
            "12", "--output",
        ]
        let parts = scratch.path("parts"), command = ["ablate", "--adapter", adapter] + asked + [parts, "--json"]
        let whole = try Executable.run(command, in: scratch)
        expectSuccess(whole)
        let set = try #require((try whole.json()["sets"] as? [[String: Any]])?.first)
        let found = try #require(set["effects"] as? [[String: Any]])
        #expect(found.compactMap { $0["name"] as? String } == (0..<13).map { "group \($0)" }, "\(whole)")
        #expect(found.flatMap { $0["modules"] as? [String] ?? [] }.count == 14)
        func samples(_ folder: String) throws -> Data {
            let path = scratch.path(folder), files = try FileManager.default.contentsOfDirectory(atPath: path)
            let name = try #require(files.first { $0.hasSuffix(".samples.jsonl") })
            return try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
        }
        for (name, flags) in [("all", ["--adapter", adapter]), ("none", []), ("without-group-3", ["--adapter", "…"])] {
            let flags = flags.map { $0 == "…" ? scratch.path("parts/without-group-3") : $0 }
            expectSuccess(try Executable.run(["eval"] + flags + asked + [scratch.path("own-\(name)")], in: scratch))
            #expect(try samples("own-\(name)") == samples("parts/\(name)"), "\(name)")
        }
        expectRefusal(try Executable.run(command, in: scratch), naming: ["all", "--resume"])
        try FileManager.default.removeItem(atPath: scratch.path("parts/without-group-3"))
        try FileManager.default.removeItem(atPath: scratch.path("parts/none"))
        let resumed = try Executable.run(command + ["--resume"], in: scratch)
        expectSuccess(resumed)
        #expect(try resumed.output == whole.output && samples("parts/none") == samples("own-none"))
        let alone = try Executable.run(command + ["--resume", "--alone"], in: scratch)
        expectSuccess(alone)
        #expect(try alone.json()["kind"] as? String == "only")
        let scaled = try Executable.run(command + ["--resume", "--scale", "2,-1,0.5"], in: scratch)
        expectSuccess(scaled)
        let scaledSet = try #require((try scaled.json()["sets"] as? [[String: Any]])?.first)
        let scaledRows = try #require(scaledSet["effects"] as? [[String: Any]])
        #expect(scaledRows.compactMap { $0["name"] as? String } == ["times -1", "times 0.5", "times 2"], "\(scaled)")
        func numbers(_ rows: [[String: Any]]) -> [Float] {
            rows.flatMap { ($0["values"] as? [Double] ?? []).map(Float.init) }
        }
        for (row, factor) in zip(scaledRows, [-1, 0.5, 2] as [Float]) {
            #expect(row["factor"] as? Double == Double(factor))
            #expect(numbers([row]) == numbers(found).map { $0 * factor }, "\(row)")
        }
        expectSuccess(
            try Executable.run(
                ["eval", "--adapter", scratch.path("parts/times-2")] + asked + [scratch.path("own-times-2")],
                in: scratch))
        #expect(try samples("own-times-2") == samples("parts/times-2"))
        for (flags, words) in [
            (["--scale", "2,1"], ["factor 1"]), (["--scale", "0"], ["factor 0"]), (["--scale", "2,2.0"], ["twice"]),
            (["--scale", "inf"], ["inf"]), (["--scale", "1e39"], ["inf"]), (["--scale", "2,"], ["number"]),
            (["--scale", "2,1.0001"], ["factor 1.0001", "BF16"]),
            (["--scale", "2", "--alone"], ["--alone", "--scale"]),
        ] {
            expectRefusal(try Executable.run(command + ["--resume"] + flags, in: scratch), naming: words)
        }

        do {
            let lock = try DirectoryLock(parts)
            expectRefusal(
                try Executable.run(command + ["--resume"], in: scratch), naming: ["another process", "parts"])
            withExtendedLifetime(lock) {}
        }

        let other = try trained("other", rate: "0.1")
        expectRefusal(
            try Executable.run(["ablate", "--adapter", other] + asked + [parts, "--resume"], in: scratch),
            naming: ["parts/all", "another adapter"])
        // Whatever is refused, is refused before anything is written.
        for (flags, words) in [
            (["--limit", "2", "--resume"], ["problems 4", "2"]),
            (["--limit", "2", "--resume", "--alone"], ["problems 4"]),
            (["--max-tokens", "0", "--resume"], ["tokens", "0"]),
        ] {
            expectRefusal(try Executable.run(command.dropLast() + flags, in: scratch), naming: words)
        }
        expectRefusal(
            try Executable.run(
                ["ablate", "--adapter", adapter] + asked + [scratch.path("new"), "--problems", "none.jsonl"],
                in: scratch))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("new")))
        expectRefusal(try Executable.run(["ablate"] + asked + [parts], in: scratch), naming: ["--adapter"])
    }

    @Test("is refused when cut short")
    func refusesTruncatedAdapter() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let adapter = URL(fileURLWithPath: try train(model: model, output: "run", in: scratch))
        let whole = try Data(contentsOf: adapter)
        for length in [0, 7, whole.count / 2, whole.count - 1] {
            try whole.prefix(length).write(to: adapter)
            let outcome = try Executable.run(
                ["score", "--model", model.path, "--adapter", adapter.path, "--tokens", "1,2,3", "--json"], in: scratch)
            expectRefusal(outcome, naming: [adapter.lastPathComponent])
        }
    }

    @Test("is the same file for one thread and for two, and every time")
    func repeats() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let adapters = try [("first", "1"), ("second", "2"), ("third", "2")].map { output, threads in
            let path = try train(model: model, output: output, and: ["--threads", threads], in: scratch)
            return try Data(contentsOf: URL(fileURLWithPath: path))
        }
        #expect(adapters[0] == adapters[1])
        #expect(adapters[1] == adapters[2])
    }

    @Test("is the same file after a kill and a resumed run", arguments: [0.05, 0.2, 0.4])
    func resumes(killedAfter seconds: TimeInterval) throws {
        let scratch = try Scratch(), model = try scratch.model()
        let whole = try train(model: model, output: "whole", in: scratch)
        // Whether the signal comes before, during or after the steps is left to the machine; the file must not tell.
        _ = try Executable.run(
            try arguments(model: model, output: "killed", in: scratch), in: scratch, limit: seconds)
        let resumed = try train(model: model, output: "killed", and: ["--resume"], in: scratch)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: whole)) == Data(contentsOf: URL(fileURLWithPath: resumed)))
    }
}
