import Foundation
import Testing

/// Many runs from one file: each a process of its own, resumed after any end, chosen between by validation problems.
@Suite("a sweep", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct SweepTests {
    private let defaults = """
        {base: abacus, max_steps: 2, problems_per_step: 2, num_generations: 2, max_completion_length: 16, \
        eval_problems: 4, validation_problems: 3}
        """

    private func sweep(_ file: String, and rest: [String] = [], in scratch: Scratch, limit: TimeInterval = 120)
        throws -> Outcome
    {
        try Executable.run(
            ["sweep", file, "--output", scratch.path("out"), "--json"] + rest, in: scratch, limit: limit)
    }

    private func text(_ name: String, in scratch: Scratch) throws -> String {
        try String(contentsOfFile: scratch.path(name), encoding: .utf8)
    }

    @Test("a grader that cannot be started is refused before the first run, and shared questions are told")
    func problemsBeforeTheFirstRun() throws {
        let scratch = try Scratch()
        let rows = ["1 + 1?", "2 + 2?", " 1  + 1?"].map { #"{"question": "\#($0)", "answer": "2"}"# }
        _ = try scratch.file("train.jsonl", rows[0] + "\n" + rows[1])
        _ = try scratch.file("test.jsonl", rows[2] + "\n" + #"{"question": "3 + 3?", "answer": "6"}"#)
        func file(_ grader: String) throws -> String {
            try scratch.file(
                "s.yaml",
                """
                defaults: {base: abacus, max_steps: 1, problems_per_step: 2, num_generations: 2, max_completion_length: 8,
                  train: train.jsonl, eval: test.jsonl, grader: "\(grader)"}
                seeds: [1, 2]
                runs: [{parameters: [1]}]
                """)
        }
        let refused = try sweep(file("command:./no-such-grader"), in: scratch)
        expectRefusal(refused, naming: ["there is no file ./no-such-grader"])
        #expect(!FileManager.default.fileExists(atPath: scratch.path("out")))
        let outcome = try sweep(file("auto"), in: scratch)
        expectSuccess(outcome)
        let warning = "warning: 1 of 2 test problems are also training problems"
        #expect(outcome.errors.components(separatedBy: warning).count == 2, "\(outcome)")
        let name = try #require(try scratch.sweepStates(in: "out").keys.min())
        let manifest = try JSONSerialization.jsonObject(
            with: Data(try text("out/\(name)/manifest.json", in: scratch).utf8))
        #expect((manifest as? [String: Any])?["overlaps"] as? [String: Int] == ["eval in train": 1])
    }

    @Test("runs everything, chooses the rate by validation, and counts the deciding run as its seed's")
    func runs() throws {
        let scratch = try Scratch()
        let file = try scratch.file(
            "s.yaml",
            """
            defaults: \(defaults)
            seeds: [1, 2]
            tune: {key: learning_rate, on: validation}
            runs: [{parameters: [1, 3], learning_rate: [0.1, 0.05]}]
            """)
        let outcome = try sweep(file, in: scratch)
        expectSuccess(outcome)
        let record = try outcome.json()
        let choices = try #require(record["choices"] as? [[String: Any]])
        #expect(choices.count == 2)
        for choice in choices {
            let candidates = try #require(choice["candidates"] as? [[String: Any]])
            let best = candidates.compactMap { $0["validation"] as? Double }.max()
            let winners = candidates.filter { $0["validation"] as? Double == best }.compactMap {
                $0["value"] as? Double
            }
            #expect(choice["value"] as? Double == winners.min(), "\(choice)")
        }
        let states = try scratch.sweepStates(in: "out")
        #expect(states.values.filter { $0 == "finished" }.count == 6, "\(states)")
        #expect(states.values.filter { $0 == "unneeded" }.count == 2, "\(states)")
        let finals = try #require(record["runs"] as? [[String: Any]]).filter { $0["final"] as? Bool == true }
        #expect(finals.count == 4)

        // One evaluation of the untrained model per split serves all runs, and its lines are the same in all.
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path("out/untrained")).count == 2)
        let evaluations = try text("out/1-lr0.1-seed1/evaluations.jsonl", in: scratch).split(separator: "\n")
        #expect(evaluations.count == 4)
        #expect(evaluations.filter { $0.contains(#""split":"validation""#) }.count == 2)
        #expect(evaluations.allSatisfy { $0.contains(#""outcomes":""#) })
        let samples = try text("out/1-lr0.1-seed1/evaluation-samples.jsonl", in: scratch)
        #expect(samples.split(separator: "\n").count == 8)

        // The same call again has nothing to do.
        let adapter = scratch.path("out/1-lr0.1-seed1/adapter.safetensors")
        let before = try FileManager.default.attributesOfItem(atPath: adapter)[.modificationDate] as? Date
        expectSuccess(try sweep(file, in: scratch))
        #expect(try FileManager.default.attributesOfItem(atPath: adapter)[.modificationDate] as? Date == before)

        // A run of the same settings on its own comes to the same adapter.
        let alone = try Executable.run(
            ["train", scratch.path("out/settings/1-lr0.1-seed1.json"), "--output", scratch.path("alone"), "--json"],
            in: scratch)
        expectSuccess(alone)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: adapter))
                == Data(contentsOf: URL(fileURLWithPath: scratch.path("alone/adapter.safetensors"))))

        // A changed file keeps what is still asked for under the old names, and says what is new and what is gone.
        let changed = try scratch.file(
            "s.yaml",
            """
            defaults: \(defaults)
            seeds: [1]
            runs: [{parameters: [1], learning_rate: [0.1], rank: [8, 4]}]
            """)
        let third = try sweep(changed, in: scratch)
        expectSuccess(third)
        #expect(third.errors.contains("1 run is new: "), "\(third)")
        #expect(third.errors.contains("no longer in the file"), "\(third)")
        #expect(try scratch.sweepStates(in: "out")["1-lr0.1-seed1"] == "finished")
        #expect(try FileManager.default.attributesOfItem(atPath: adapter)[.modificationDate] as? Date == before)
        // They are chosen by these names, too.
        let outline = try Executable.run(
            ["sweep", changed, "--output", scratch.path("out"), "--only", "1-lr0.1-seed1", "--dry-run"], in: scratch)
        expectSuccess(outline)
        #expect(outline.output.contains("1-lr0.1-seed1"), "\(outline)")
    }

    @Test("runs whose length is given in epochs are trained to their end, once, and outlined with their steps")
    func epochs() throws {
        let scratch = try Scratch()
        // 4,096 problems, of which two steps of two are the first 0.0005 epochs, rounded up.
        let settings = defaults.replacing("max_steps: 2", with: "num_train_epochs: 0.0005")
        let file = try scratch.file("s.yaml", "defaults: \(settings)\nruns: [{parameters: [1, 2]}]")
        let outline = try sweep(file, and: ["--dry-run"], in: scratch)
        expectSuccess(outline)
        let runs = try #require(try outline.json()["runs"] as? [[String: Any]])
        #expect(runs.map { ($0["estimate"] as? [String: Any])?["steps"] as? Int } == [2, 2])
        let told = try Executable.run(["sweep", file, "--output", scratch.path("out"), "--dry-run"], in: scratch)
        #expect(told.output.contains(" 16 completions in all"), "\(told)")
        for _ in 0..<2 {  // the second call finds everything done
            let outcome = try sweep(file, in: scratch)
            expectSuccess(outcome)
            #expect(!outcome.errors.contains("new: ") && !outcome.errors.contains("no longer"), "\(outcome)")
            #expect(try scratch.sweepStates(in: "out") == ["1-seed1": "finished", "2-seed1": "finished"])
        }
        #expect(try text("out/1-seed1/steps.jsonl", in: scratch).split(separator: "\n").count == 2)
        #expect(try text("out/1-seed1/configuration.json", in: scratch).contains("\"max_steps\" : 2"))
    }

    @Test("runs are known by their arithmetic, named or the model's own, and share no answers of the untrained model")
    func arithmetic() throws {
        let scratch = try Scratch()
        func file(_ runs: String) throws -> String {
            try scratch.file("s.yaml", "defaults: \(defaults)\nruns: [{parameters: 1, \(runs)}]")
        }
        expectSuccess(try sweep(file("arithmetic: [float32, bfloat16]"), in: scratch))
        #expect(try scratch.sweepStates(in: "out") == ["float32-seed1": "finished", "bfloat16-seed1": "finished"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path("out/untrained")).count == 4)
        let own = try sweep(file("rank: 8"), in: scratch)
        expectSuccess(own)
        #expect(try scratch.sweepStates(in: "out") == ["bfloat16-seed1": "finished"], "Abacus is stored in bf16")
        let record = try #require(try own.json()["runs"] as? [[String: Any]])
        #expect(record.map { $0["arithmetic"] as? String } == ["bfloat16"])
        #expect(own.errors.contains("no longer in the file and left as they are: float32-seed1"), "\(own)")
        // Settings from before the key existed are those of a run in float32.
        let name = "out/settings/float32-seed1.json"
        _ = try scratch.file(
            name, text(name, in: scratch).replacing(#""arithmetic" : "float32","#, with: ""))
        let run = "out/float32-seed1/configuration.json"
        _ = try scratch.file(run, text(run, in: scratch).replacing(#""arithmetic" : "float32","#, with: ""))
        expectSuccess(try sweep(file("arithmetic: float32"), in: scratch))
        #expect(try scratch.sweepStates(in: "out") == ["float32-seed1": "finished"])
        let twice = try sweep(file("arithmetic: [null, bfloat16]"), in: scratch)
        expectRefusal(twice, naming: ["two runs are the same: ", "arithmetic of the model is bfloat16"])
    }

    @Test("a run that fails does not take the others with it; the end names it, its reason, and is no success")
    func survivesFailures() throws {
        let scratch = try Scratch()
        // Enough completions for some to be right and some wrong, without which nothing moves and nothing diverges.
        let file = try scratch.file(
            "s.yaml",
            """
            defaults: {base: abacus, max_steps: 2, problems_per_step: 8, num_generations: 4, \
            max_completion_length: 48, eval_problems: 4}
            runs:
              - {parameters: 3, element_type: fp16, learning_rate: 1e30}
              - {parameters: 4}
              - {parameters: 5, grader: "command:kill -KILL $PPID"}
            """)
        let outcome = try sweep(file, in: scratch)
        #expect(!outcome.wasKilled && outcome.status == 1, "\(outcome)")
        let states = try scratch.sweepStates(in: "out")
        #expect(states["4-seed1"] == "finished", "\(states)")
        #expect(states["3-element_type-fp16-lr1e+30-seed1"] == "failed", "\(states)")
        // As the system ends a run when no memory is left: at any instant, without a word.
        let killed = try #require(states.keys.first { $0.hasPrefix("5-") })
        #expect(states[killed] == "failed", "\(states)")
        let ending = try text("out/\(killed)/failure.json", in: scratch)
        #expect(ending.contains("SIGKILL") && ending.contains("no memory left"), "\(ending)")
        #expect(outcome.errors.contains("2 of 3 runs failed"), "\(outcome)")
        let diverged = try text("out/3-element_type-fp16-lr1e+30-seed1/failure.json", in: scratch)
        #expect(diverged.contains("in step 1"), "\(diverged)")
    }

    @Test("resumes after a kill or an interruption to the same adapters", arguments: [SIGKILL, SIGINT])
    func resumes(signal: Int32) throws {
        let scratch = try Scratch()
        let file = try scratch.file(
            "s.yaml",
            "defaults: \(defaults.replacing("max_steps: 2", with: "max_steps: 6"))\nruns: [{parameters: [1, 2, 3]}]")
        expectSuccess(try Executable.run(["sweep", file, "--output", scratch.path("whole")], in: scratch))
        let steps = scratch.path("out/1-seed1/steps.jsonl")
        let stopped = try Executable.run(
            ["sweep", file, "--output", scratch.path("out")], in: scratch,
            interruption: .signal(signal) { (try? Data(contentsOf: URL(fileURLWithPath: steps)).isEmpty) == false })
        if signal == SIGINT, stopped.status != 0 {
            #expect(!stopped.wasKilled && stopped.status == 130, "\(stopped)")
            #expect(stopped.errors.contains("the same command resumes the sweep"), "\(stopped)")
        }
        expectSuccess(try sweep(file, in: scratch))
        for name in ["1-seed1", "2-seed1", "3-seed1"] {
            let adapters = try ["whole", "out"].map {
                try Data(contentsOf: URL(fileURLWithPath: scratch.path("\($0)/\(name)/adapter.safetensors")))
            }
            #expect(adapters[0] == adapters[1], "\(name)")
        }
    }

    @Test("a dry run shows the grid and leaves nothing behind")
    func dryRun() throws {
        let scratch = try Scratch()
        let file = try scratch.file("s.yaml", "defaults: \(defaults)\nseeds: [1, 2]\nruns: [{parameters: [1, 2]}]")
        let outcome = try sweep(file, and: ["--dry-run"], in: scratch)
        expectSuccess(outcome)
        let runs = try #require(try outcome.json()["runs"] as? [[String: Any]])
        #expect(runs.count == 4)
        let estimate = try #require(runs[0]["estimate"] as? [String: Any])
        #expect(estimate["completions"] as? Int == 8 && estimate["tokens_at_most"] as? Int == 128)
        #expect(!FileManager.default.fileExists(atPath: scratch.path("out")))
        let some = try sweep(file, and: ["--dry-run", "--only", "2-*"], in: scratch)
        #expect(try (some.json()["runs"] as? [[String: Any]])?.count == 2)
    }

    @Test("what is wrong is one sentence before any run begins")
    func refuses() throws {
        let scratch = try Scratch()
        func refusal(_ text: String, and rest: [String] = [], naming words: [String]) throws {
            let file = try scratch.file("s.yaml", text)
            expectRefusal(try sweep(file, and: rest, in: scratch), naming: words)
        }
        try refusal("runs: [{parameter: 1}]", naming: ["s.yaml:1", "parameter", "parameters"])
        try refusal("runs: [{parameters: 1}]", and: ["--only", "x*"], naming: ["x*", "1-seed1".suffix(5).description])
        try refusal("runs: [{parameters: 1}]", and: ["--jobs", "0"], naming: ["--jobs"])
        try refusal("runs: [{parameters: 1}]", and: ["--set", "seed=3"], naming: ["seed"])
        try refusal("parameters: 1", naming: ["runs is missing"])
        for rest in [[], ["--dry-run"]] {
            try refusal("runs: [{parameters: [1, 40]}]", and: rest, naming: ["Error: cell 40: "])
            try refusal(
                "runs: [{parameters: 1}, {parameters: 2, model: nowhere, train: nowhere.jsonl}]", and: rest,
                naming: ["cell nowhere-2: "])
        }
        expectRefusal(try sweep(scratch.path("nowhere.yaml"), in: scratch), naming: ["nowhere.yaml"])
        #expect(!FileManager.default.fileExists(atPath: scratch.path("out")))
    }
}

/// A recipe and the flags that overrule it.
@Suite(
    "a recipe on the command line", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct RecipeCommandTests {
    private func settings(_ arguments: [String], in scratch: Scratch) throws -> [String: Any] {
        let outcome = try Executable.run(["train", "--dry-run", "--json"] + arguments, in: scratch)
        expectSuccess(outcome)
        return try #require(outcome.json()["configuration"] as? [String: Any], "\(outcome)")
    }

    @Test("YAML, JSON and flags come to the same settings; flags overrule the file, --set any key")
    func resolves() throws {
        let scratch = try Scratch()
        let yaml = try scratch.file("r.yaml", "parameters: 4\nlearning_rate: 1e-2\nmax_steps: 3\n")
        let json = try scratch.file("r.json", #"{"parameters": 4, "learning_rate": 0.01, "max_steps": 3}"#)
        let expected = try settings(["--parameters", "4", "--learning-rate", "0.01", "--steps", "3"], in: scratch)
        for arguments in [[yaml], ["--config", yaml], [json], ["--config", json]] {
            #expect(
                NSDictionary(dictionary: try settings(arguments, in: scratch)) == NSDictionary(dictionary: expected))
        }
        let other = try settings([yaml, "--parameters", "5", "--set", "beta=0.5", "--set", "top_k=7"], in: scratch)
        #expect(other["parameters"] as? Int == 5 && other["beta"] as? Double == 0.5 && other["top_k"] as? Int == 7)
        #expect(other["max_steps"] as? Int == 3)
    }

    @Test("a dry run tells plan, groups, counts and memory, and leaves nothing behind")
    func outlines() throws {
        let scratch = try Scratch()
        let outcome = try Executable.run(["train", "--dry-run", "--json", "--output", "r"], in: scratch)
        expectSuccess(outcome)
        let outline = try outcome.json()
        #expect(outline["trained_parameters"] as? Int == 13)
        #expect((outline["groups"] as? [Any])?.count == 13)
        #expect((outline["estimate"] as? [String: Any])?["completions"] as? Int == 80 * 128)
        let memory = try #require(outline["memory"] as? [String: Int])
        #expect(memory.filter { $0.key != "total" }.values.reduce(0, +) == memory["total"])
        #expect(memory.allSatisfy { $0.key == "saves_memory" ? $0.value == 0 : $0.value > 0 })
        #expect(!FileManager.default.fileExists(atPath: scratch.path("r")))
    }

    @Test("a dry run counts every round of dynamic sampling, and no memory of other processes")
    func bounds() throws {
        let scratch = try Scratch()
        let rounds = try Executable.run(["train", "--algorithm", "dapo", "--steps", "2", "--dry-run"], in: scratch)
        expectSuccess(rounds)
        #expect(
            rounds.output.contains("tokens     256 completions, up to 2,560 sampled · at most 163,840 tokens"),
            "\(rounds)")
        let address = "http://127.0.0.1:9"
        let remote = try Executable.run(
            ["train", "--sampler", address, "--learner", address, "--dry-run", "--json"], in: scratch)
        expectSuccess(remote)
        #expect((try remote.json()["memory"] as? [String: Int])?["records"] == 0, "\(remote)")
    }

    @Test("cma-es has no learning rate to show, and refuses one")
    func withoutLearningRate() throws {
        let scratch = try Scratch()
        let arguments = [
            "train", "--algorithm", "cma-es", "--steps", "1", "--batch", "1", "--set", "population_size=4",
            "--max-tokens", "8", "--eval-problems", "0",
        ]
        let outline = try Executable.run(arguments + ["--dry-run"], in: scratch)
        expectSuccess(outline)
        #expect(outline.output.contains("training   cma-es · seed 1"), "\(outline)")
        let run = try Executable.run(arguments + ["--output", "r"], in: scratch)
        expectSuccess(run)
        #expect(run.errors.contains("training   CMA-ES · 1 step"), "\(run)")
        #expect(!run.errors.contains("learning rate"), "\(run)")
        let refused = try Executable.run(arguments + ["--learning-rate", "7", "--output", "s"], in: scratch)
        expectRefusal(refused, naming: ["--learning-rate is 7.0, but cma-es does not use it"])
    }

    @Test("epochs become steps, with the problems that are kept for validation taken off")
    func resolvesEpochs() throws {
        let scratch = try Scratch()
        let rows = (0..<40).map { #"{"question": "1 + \#($0) =", "answer": "\#($0 + 1)"}"# + "\n" }.joined()
        let data = try scratch.file("rows.jsonl", rows)
        let arguments = ["--train", data, "--epochs", "2", "--set", "problems_per_step=8"]
        #expect(try settings(arguments, in: scratch)["max_steps"] as? Int == 10)
        let kept = try settings(arguments + ["--validation-problems", "10"], in: scratch)
        #expect(kept["max_steps"] as? Int == 8 && kept["num_train_epochs"] is NSNull)
    }

    @Test("a run that fails records the failure in its folder until it resumes")
    func writesFailure() throws {
        let scratch = try Scratch(), data = try scratch.file("rows.jsonl", #"{"question": "1 + 1 =", "answer": "2"}"#)
        let arguments = [
            "train", "--train", data, "--output", "r", "--steps", "1", "--batch", "1", "--group-size", "2",
        ]
        expectRefusal(
            try Executable.run(arguments + ["--eval-problems", "2", "--validation-problems", "1"], in: scratch),
            naming: ["validation_problems is 1", "only 1 problems"])
        let failure = try String(contentsOfFile: scratch.path("r/failure.json"), encoding: .utf8)
        #expect(failure.contains("validation_problems is 1"), "\(failure)")
        expectSuccess(try Executable.run(arguments + ["--eval-problems", "2"], in: scratch))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("r/failure.json")))
        #expect(FileManager.default.fileExists(atPath: scratch.path("r/result.json")))
    }

    @Test("wrong files and flags are one sentence with the place")
    func refuses() throws {
        let scratch = try Scratch()
        let yaml = try scratch.file("r.yaml", "seed: 1\nmax_steps: ten\n")
        func refusal(_ arguments: [String], naming words: [String]) throws {
            expectRefusal(try Executable.run(["train"] + arguments, in: scratch), naming: words)
        }
        try refusal([yaml], naming: ["r.yaml:2", "max_steps", "ten"])
        try refusal([yaml, "--config", yaml], naming: ["--config"])
        try refusal(["--set", "learning_rat=1"], naming: ["learning_rate"])
        try refusal(["--set", "learning_rate"], naming: ["key=value"])
        try refusal(["--steps", "1", "--epochs", "1"], naming: ["--steps", "--epochs"])
        try refusal(["--algorithm", "gpro"], naming: ["--algorithm", "grpo"])
    }
}
