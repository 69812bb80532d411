import Foundation
import Testing

/// `tinylora eval` on files of one's own, with the model in the box.
@Suite("eval", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads)
struct EvaluationTests {
    private func rows(_ scratch: Scratch) throws -> String {
        try scratch.file(
            "own.jsonl",
            (1...5).map {
                #"{"prompt": "Tom has \#($0) apples. He picks 5 more. How many now?", "target": \#($0 + 5)}"#
            }
            .joined(separator: "\n"))
    }

    @Test("keeps a record of every sample, resumes, and compares")
    func records() throws {
        let scratch = try Scratch(), file = try rows(scratch)
        let base = ["eval", "--problems", file, "--fields", "question=prompt,answer=target", "--max-tokens", "24"]
        let outcome = try Executable.run(base + ["--output", "one", "--json"], in: scratch)
        expectSuccess(outcome)
        let results = try #require(try outcome.json()["results"] as? [[String: Any]])
        #expect(results.count == 1 && results[0]["problems"] as? Int == 5)
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: scratch.path("one")).first {
                $0.hasSuffix(".samples.jsonl")
            })
        let samples = try Data(contentsOf: URL(fileURLWithPath: scratch.path("one/\(name)")))
        let lines = samples.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 5)
        for line in lines {
            let row = try #require(JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            for key in ["problem", "sample", "prompt", "completion", "grade", "tokens", "stop", "answer"] {
                #expect(row[key] != nil, "\(key)")
            }
        }
        expectRefusal(try Executable.run(base + ["--output", "one"], in: scratch), naming: ["--resume"])
        try samples.prefix(samples.count / 2).write(to: URL(fileURLWithPath: scratch.path("one/\(name)")))
        expectSuccess(try Executable.run(base + ["--output", "one", "--resume"], in: scratch))
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path("one/\(name)"))) == samples)
        let same = try Executable.run(["eval", "--compare", "one", "one", "--json"], in: scratch)
        expectSuccess(same)
        let comparison = try #require((try same.json()["comparisons"] as? [[String: Any]])?.first)
        #expect((comparison["changes"] as? [Any])?.isEmpty == true)
    }

    @Test("compares evaluations with other numbers of samples by shares only, and warns of what differs")
    func differentSamples() throws {
        let scratch = try Scratch()
        let base = ["eval", "--limit", "2", "--max-tokens", "2", "--output"]
        expectSuccess(try Executable.run(base + ["one"], in: scratch))
        expectSuccess(try Executable.run(base + ["two", "--samples", "2", "--temperature", "1"], in: scratch))
        let outcome = try Executable.run(["eval", "--compare", "one", "two"], in: scratch)
        expectSuccess(outcome)
        #expect(outcome.output.contains("changed    –, no test: 1 and 2 samples of each problem"), "\(outcome)")
        for difference in ["temperature 0.0, two with 1.0", "samples_per_problem 1, two with 2"] {
            #expect(outcome.errors.contains("warning: one was made with \(difference)"), "\(outcome)")
        }
    }

    @Test("compares training runs with each other and with an evaluation of their adapter, asked in the same way")
    func comparesRuns() throws {
        let scratch = try Scratch()
        let training = [
            "train", "--steps", "1", "--batch", "1", "--group-size", "2", "--eval-problems", "12", "--max-tokens", "24",
        ]
        for seed in ["1", "2"] {
            expectSuccess(try Executable.run(training + ["--seed", seed, "--output", "run-\(seed)"], in: scratch))
        }
        let evaluation = ["eval", "--limit", "12", "--adapter", "run-1"]
        expectSuccess(try Executable.run(evaluation + ["--max-tokens", "24", "--output", "same"], in: scratch))
        expectSuccess(try Executable.run(evaluation + ["--max-tokens", "25", "--output", "longer"], in: scratch))

        let runs = try Executable.run(["eval", "--compare", "run-1", "run-2"], in: scratch)
        expectSuccess(runs)
        for text in ["problems   12 of abacus/test", "outcomes   –, a training run does not record", "McNemar p = "] {
            #expect(runs.output.contains(text), "\(text) in \(runs)")
        }
        // A run's evaluation has the answers of its adapter's.
        for pair in [["run-1", "same"], ["same", "run-1"]] {
            let outcome = try Executable.run(["eval", "--compare"] + pair + ["--json"], in: scratch)
            expectSuccess(outcome)
            #expect(outcome.errors.isEmpty, "\(outcome)")
            let comparison = try #require((try outcome.json()["comparisons"] as? [[String: Any]])?.first)
            for key in ["strict", "lenient", "well_formed", "ended"] {
                let share = try #require(comparison[key] as? [String: Any])
                let values = [share["before"], share["after"]].compactMap { $0 as? Double }
                #expect(values.count == 2 && values.allSatisfy { abs($0 - values[0]) < 1e-9 }, "\(key)")
                #expect((share["difference"] == nil) == (key != "strict"), "\(key)")
            }
            #expect((comparison["changes"] as? [Any])?.isEmpty == true && comparison["transitions"] == nil)
        }
        expectRefusal(
            try Executable.run(["eval", "--compare", "run-1", "longer"], in: scratch),
            naming: ["run-1 and longer were not asked the same problems in the same way: max_tokens 24 and 25"])
        expectSuccess(
            try Executable.run(["eval", "--limit", "11", "--max-tokens", "24", "--output", "fewer"], in: scratch))
        expectRefusal(
            try Executable.run(["eval", "--compare", "fewer", "run-1"], in: scratch),
            naming: ["fewer has no problem set that is the 12 problems of abacus/test in run-1"])
    }

    @Test("lets a command grade, and tells when it fails")
    func commandGrader() throws {
        let scratch = try Scratch(), file = try rows(scratch)
        let base = ["eval", "--eval", file, "--fields", "question=prompt,answer=target", "--max-tokens", "4", "--json"]
        let right = try Executable.run(
            base + ["--grader", #"command:while read -r line; do echo '{"score": 1}'; done"#], in: scratch)
        expectSuccess(right)
        #expect((try right.json()["results"] as? [[String: Any]])?.first?["strict"] as? Double == 1)
        let failing = try Executable.run(base + ["--grader", "command:echo broken >&2; exit 2"], in: scratch)
        expectSuccess(failing)
        #expect((try failing.json()["results"] as? [[String: Any]])?.first?["failed"] as? Int == 5)
        #expect(failing.errors.contains("the command ended with status 2: broken"), "\(failing)")
    }

    @Test("a completion ends at a stop text, which is recorded and not graded")
    func stopText() throws {
        let scratch = try Scratch(), file = try rows(scratch)
        let outcome = try Executable.run(
            [
                "eval", "--problems", file, "--fields", "question=prompt,answer=target", "--max-tokens", "48", "--stop",
                "=",
                "--stop", "\n", "--output", "one", "--json",
            ], in: scratch)
        expectSuccess(outcome)
        let set = try #require(
            ((try outcome.json()["settings"] as? [String: Any])?["sets"] as? [[String: Any]])?.first)
        #expect(set["stop_texts"] as? [String] == ["=", "\n"])
        for line in try samples(in: "one", of: scratch).split(separator: "\n") {
            let row = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let completion = try #require(row["completion"] as? String)
            #expect(
                row["stop"] as? String == "stopText" && !completion.contains("=") && !completion.contains("\n"),
                "\(row)")
        }
        let empty = try Executable.run(["eval", "--stop", ""], in: scratch)
        expectRefusal(empty, naming: ["--stop is empty"])
    }

    @Test("auto tries the styles, says which it chose and records why")
    func automaticStyle() throws {
        let scratch = try Scratch(), file = try rows(scratch)
        let flags = [
            "eval", "--problems", file, "--fields", "question=prompt,answer=target", "--max-tokens", "48", "--json",
            "--prompt-style",
        ]
        let outcome = try Executable.run(flags + ["auto", "--output", "one"], in: scratch)
        expectSuccess(outcome)
        #expect(outcome.errors.contains("style      abacus for "), "\(outcome)")
        let report = try outcome.json()
        let set = try #require(((report["settings"] as? [String: Any])?["sets"] as? [[String: Any]])?.first)
        let trials = try #require(set["style_trials"] as? [[String: Any]])
        #expect(set["prompt_style"] as? String == "abacus")
        #expect(trials.map { $0["style"] as? String } == ["abacus", "gsm8k", "boxed"])
        #expect(trials.allSatisfy { $0["completions"] as? Int == 5 } && trials[0]["well_formed"] as? Int == 5)
        // The whole evaluation is the one with the style's name.
        let named = try Executable.run(flags + ["abacus"], in: scratch)
        let strict = [outcome, named].map {
            try? ($0.json()["results"] as? [[String: Any]])?.first?["strict"] as? Double
        }
        #expect(strict[0] == strict[1])
        expectSuccess(try Executable.run(flags + ["auto", "--output", "one", "--resume"], in: scratch))
    }

    /// The samples of the only set in a folder.
    private func samples(in folder: String, of scratch: Scratch) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path(folder))
        let file = try #require(names.first { $0.hasSuffix(".samples.jsonl") })
        return try String(contentsOfFile: scratch.path("\(folder)/\(file)"), encoding: .utf8)
    }

    @Test("takes sets from a file by name, and samples several answers")
    func namedSets() throws {
        let scratch = try Scratch()
        _ = try rows(scratch)
        let sets = try scratch.file("sets.yaml", "own:\n  file: own.jsonl\n  question: prompt\n  answer: target\n")
        let outcome = try Executable.run(
            [
                "eval", "--on", "own,abacus", "--benchmarks", sets, "--limit", "3", "--samples", "4", "--temperature",
                "0.8", "--max-tokens", "40",
            ], in: scratch)
        expectSuccess(outcome)
        for text in ["3 of own", "3 of abacus/test", "4 samples each", "maj@4", "pass@1", "pass@2", "pass@4"] {
            #expect(outcome.output.contains(text), "\(text) in \(outcome)")
        }
    }

    @Test(
        "refuses by name",
        arguments: [
            (["--on", "gsm8"], ["gsm8", "did you mean \"gsm8k\"?"]),
            (["--on", "gsm8k"], ["data/gsm8k/test.jsonl does not exist", "`tinylora download gsm8k` fetches it"]),
            (["--on", "gsm8k", "--data", "nowhere"], ["nowhere/gsm8k/test.jsonl"]),
            (["--on", "gsm8k,gsm8k"], ["gsm8k twice"]), (["--problems", "none.jsonl"], ["none.jsonl"]),
            (["--problems", "12"], ["--limit 12"]), (["--grader", "maths"], ["did you mean \"math\"?"]),
            (["--grader", "command:./no-such-grader"], ["there is no file ./no-such-grader"]),
            (["--grader", "command:python3 no-such-grader.py"], ["there is no file no-such-grader.py"]),
            (["--prompt-style", "boxd"], ["did you mean \"boxed\"?"]),
            (["--chat-template-kwargs", "[1]"], ["--chat-template-kwargs: ", "{enable_thinking"]),
            (["--chat-template-kwargs", #"{"a": 1}"#], ["{a: 1}", "no chat template"]),
            (["--compare", "a", "b"], ["the directory a"]),
        ])
    func refusals(flags: [String], words: [String]) throws {
        let scratch = try Scratch()
        expectRefusal(try Executable.run(["eval"] + flags, in: scratch), naming: words)
    }
}
