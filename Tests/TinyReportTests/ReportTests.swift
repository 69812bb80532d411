import TinyRecords
import Foundation
import Testing
import TinyReport
import TinyStatistics

/// The numbers of a report are those that the runs were given.
@Suite("Numbers of a report")
struct ReportTests {
    /// Made once; the files are gone when it is there.
    private static let study = Result { try Workspace(SyntheticSweep.study()).report() }

    private func section() throws -> Section {
        let report = try Self.study.get()
        #expect(report.sections.count == 1)
        return try #require(report.sections.first)
    }

    /// Seeds have 332, 338 and 344 right of 400, the untrained model 128, full fine-tuning 360, 366 and 372.
    @Test("accuracy, gain and share of the full gain are means over seeds")
    func means() throws {
        let section = try section()
        let result = try #require(section.result("tinylora", "grpo", 13))
        #expect(result.seeds == [1, 2, 3])
        #expect(abs(result.accuracy.value - 338.0 / 400) < 1e-12)
        #expect(abs(try #require(result.gain).value - 210.0 / 400) < 1e-12)
        #expect(abs(try #require(result.share).value - 210.0 / 238) < 1e-12)
        #expect(result.bytes == 26)
        #expect(result.generatedTokens == 60_000)
        #expect(result.trainingSeconds == 10)
        #expect(abs(try #require(result.lenient) - 358.0 / 400) < 1e-12)
        let baseline = try #require(section.baselines.first)
        #expect(section.baselines.count == 1 && baseline.accuracy.value == 0.32)
        let wilson = WilsonInterval(successes: 128, trials: 400)
        #expect(baseline.accuracy.low == wilson.low && baseline.accuracy.high == wilson.high)
    }

    @Test(
        "a run that started from an adapter has no baseline of its own, and its cell is named by the adapter's content")
    func initialAdapter() throws {
        var runs: [String: SyntheticRun] = ["plain": SyntheticRun(right: 300)]
        for (name, path, content) in [("a", "x", "1"), ("b", "y", "1"), ("c", "x", "2")] {
            var run = SyntheticRun(seed: name == "b" ? 2 : 1, right: 320, untrained: 300)
            run.settings["initial_adapter"] = "\"\(path)\""
            run.initialAdapter = #"{"name":"adapter","content":"\#(content)"}"#
            runs[name] = run
        }
        let section = try #require(try Workspace(runs).report().sections.first)
        #expect(section.baselines.map(\.accuracy.value) == [0.32])
        #expect(section.results.map(\.seeds.count).sorted() == [1, 1, 2])
        let gains = section.results.compactMap { $0.gain?.value }.sorted()
        #expect(zip(gains, [172.0 / 400, 192.0 / 400, 192.0 / 400]).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    @Test("one model and one problem file are the same under every name, and the first name is shown")
    func names() throws {
        var runs: [String: SyntheticRun] = [:]
        for (seed, name) in ["a", "b", "c"].enumerated() {
            var run = SyntheticRun(seed: seed + 1, right: 330 + seed)
            (run.model, run.test) = ("models/\(name)", "\(name)/test")
            runs[name] = run
        }
        let report = try Workspace(runs).report()
        let section = try #require(report.sections.first)
        #expect(report.sections.count == 1)
        #expect(section.model.name == "models/a" && section.problemSet == "a/test")
        #expect(section.results.map(\.seeds) == [[1, 2, 3]])
        #expect(section.baselines.map(\.sources.count) == [3])
    }

    @Test("the sampled reward is that of the last ten steps, and there is none without samples")
    func sampledReward() throws {
        let run = SyntheticRun(right: 300)
        let lines = try #require(run.files["steps.jsonl"]).split(separator: "\n")
        let rewards = try lines.suffix(10).map { line in
            let values = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return try #require(values?["reward"] as? Double)
        }
        let supervised = SyntheticRun(algorithm: "sft", right: 300)
        let results = try Workspace(["a": run, "b": supervised]).report().sections[0].results
        #expect(results.map(\.algorithm) == ["grpo", "sft"])
        #expect(abs(try #require(results[0].sampledReward) - rewards.reduce(0, +) / 10) < 1e-12)
        #expect(results[1].sampledReward == nil)
    }

    @Test("rewards that are known of kept groups only are not shown as those of all, and the report says so")
    func rewardsOfKeptGroups() throws {
        let discarded = "dynamic_sampling/discarded_groups", kept = "dynamic_sampling/kept_reward"
        func report(_ metrics: [String: Double]) throws -> Report {
            try Workspace(["a": SyntheticRun(algorithm: "dapo", right: 300, metrics: metrics)]).report()
        }
        let sentence = "recorded the rewards of the kept groups only"
        for known in [[discarded: 3, kept: 0.5], [discarded: 0], [:]] as [[String: Double]] {
            let report = try report(known)
            #expect(report.sections[0].results[0].sampledReward != nil, "\(known)")
            #expect(report.terminalText().contains("█") && !report.terminalText().contains(sentence), "\(known)")
        }
        let old = try report([discarded: 3])
        #expect(old.sections[0].results[0].sampledReward == nil)
        #expect(!old.terminalText().contains("█") && old.terminalText().contains(sentence))
        let html = old.html(linkedFrom: "/")
        #expect(html.components(separatedBy: sentence).count == 3)  // below the table and below the curves
        #expect(!html.contains("<b>reward</b>") && !html.contains("<b>tokens a completion</b>"))
        #expect(try report([discarded: 3, kept: 0.5]).html(linkedFrom: "/").contains("<b>tokens a completion</b>"))
    }

    @Test("the report says that rewards of evolution strategies are the population's")
    func rewardsOfPopulation() throws {
        let sentence = "are those of the population"
        let gradients = SyntheticRun(right: 300), evolution = SyntheticRun(algorithm: "openes", right: 280)
        let report = try Workspace(["a": gradients, "b": evolution]).report()
        #expect(report.terminalText().contains(sentence))
        #expect(report.html(linkedFrom: "/").components(separatedBy: sentence).count == 3)
        #expect(!(try Workspace(["a": gradients]).report().terminalText().contains(sentence)))
    }

    /// An interval has to hold the mean and to be about as wide as two standard errors of problems and seeds on either side.
    @Test("intervals are those of the bootstrap over seeds and problems")
    func intervals() throws {
        let result = try #require(try section().result("tinylora", "grpo", 13))
        let low = try #require(result.accuracy.low), high = try #require(result.accuracy.high)
        #expect(low < result.accuracy.value && result.accuracy.value < high)
        // Were the problems independent from seed to seed, a third of this would be left; were they the same, all of it.
        let problems = 0.845 * 0.155 / 400
        #expect(high - low > 2 * 1.96 * (problems / 3).squareRoot())
        #expect(high - low < 2 * 1.96 * (problems + 0.0002).squareRoot() * 1.2)
        let one = try #require(try section().result("lora", "sft", 16_800))
        #expect(one.seeds.count == 1)
        let width = try #require(one.accuracy.high) - (try #require(one.accuracy.low)), p = one.accuracy.value
        #expect(abs(width / (2 * 1.96 * (p * (1 - p) / 400).squareRoot()) - 1) < 0.1)
    }

    @Test("with one seed intervals are those of an evaluation by itself, so that more right answers never lower an end")
    func oneSeed() throws {
        let results = try [28, 29, 30].map { right in
            try Workspace(["a": SyntheticRun(right: right, untrained: 27, problems: 30)]).report().sections[0]
                .results[0]
        }
        for (result, right) in zip(results, [28, 29, 30]) {
            let wilson = WilsonInterval(successes: right, trials: 30)
            #expect(result.accuracy.low == wilson.low && result.accuracy.high == wilson.high, "\(right)")
            let changes = result.comparisons[0], same = 30 - changes.improved - changes.worsened
            let difference = PairedDifference(
                [Double](repeating: 1, count: changes.improved) + [Double](repeating: -1, count: changes.worsened)
                    + [Double](repeating: 0, count: same))
            let gain = try #require(result.gain)
            #expect(gain.low == difference.low && gain.high == difference.high, "\(right)")
        }
        let ends = results.compactMap(\.accuracy.low) + results.compactMap(\.accuracy.high)
        #expect(ends.count == 6 && ends[0] < ends[1] && ends[1] < ends[2] && ends[3] < ends[4] && ends[4] < ends[5])
    }

    @Test("where no draw of problems can differ, intervals are those of the problems")
    func equalDraws() throws {
        let section = try Workspace([
            "a": SyntheticRun(right: 400), "b": SyntheticRun(seed: 2, right: 400),
            "c": SyntheticRun(parameters: 4, right: 0, untrained: 0),
        ]).report().sections[0]
        let all = try #require(section.result("tinylora", "grpo", 13)),
            wilson = WilsonInterval(successes: 400, trials: 400)
        #expect(all.accuracy.low == wilson.low && all.accuracy.high == wilson.high)
        let none = try #require(section.result("tinylora", "grpo", 4)), gain = try #require(none.gain)
        let baseline = try #require(section.baselines.first { $0.accuracy.value == 0 })
        #expect(none.accuracy == baseline.accuracy)
        let difference = PairedDifference([Double](repeating: 0, count: 400))
        #expect(gain.value == 0 && gain.low == difference.low && gain.high == difference.high)
    }

    @Test("each seed is tested against the untrained model on the same problems")
    func comparisons() throws {
        let section = try section()
        for result in section.results {
            #expect(result.comparisons.count == result.seeds.count)
            for (comparison, source) in zip(result.comparisons, result.sources) {
                let run = try #require(SyntheticSweep.study()[source.run])
                let before = run.outcomes(right: 128, of: 400, step: 0)
                let after = run.outcomes(right: try #require(run.right), of: 400, step: run.steps)
                let improved = zip(before, after).count { $0 == "0" && $1 == "1" }
                let worsened = zip(before, after).count { $0 == "1" && $1 == "0" }
                #expect(comparison.improved == improved && comparison.worsened == worsened, "\(source.run)")
                #expect(comparison.p == PairedComparison(improved: improved, worsened: worsened).pValue)
            }
            #expect(result.largestP == result.comparisons.map(\.p).max())
        }
    }

    @Test("the share of a family refers to full fine-tuning of that family, or to reinforcement learning")
    func references() throws {
        let section = try section()
        #expect(abs(try #require(section.result("tinylora", "sft", 140)?.share).value - 134.0 / 231) < 1e-12)
        #expect(abs(try #require(section.result("tinylora", "cma-es", 13)?.share).value - 187.0 / 238) < 1e-12)
        #expect(section.result("full", "grpo", 2_104_960)?.share == nil)
        let reached = section.thresholds.first { $0.algorithm == "grpo" && $0.share == 0.90 }
        #expect(reached?.parameters == 35 && reached?.method == "tinylora")
    }

    @Test("a gain is a share only of one over the same untrained result")
    func otherBaselines() throws {
        let boxed = ["prompt_style": "\"boxed\""]
        let runs = [
            "full": SyntheticRun(method: "full", parameters: 2_104_960, right: 320, untrained: 80),
            "tiny": SyntheticRun(right: 280, untrained: 240, settings: boxed),
        ]
        let section = try Workspace(runs).report().sections[0]
        #expect(section.result("tinylora", "grpo", 13)?.share == nil)
        let same = runs.merging([
            "same": SyntheticRun(
                method: "full", parameters: 2_104_960, right: 320, untrained: 240, settings: boxed)
        ]) { $1 }
        let share = try #require(
            try Workspace(same).report().sections[0].result("tinylora", "grpo", 13)?.share)
        #expect(abs(share.value - 0.5) < 1e-12)
    }

    @Test("notes, lines and JSON name the full fine-tuning that shares refer to, each once, and no other")
    func usedReferences() throws {
        let boxed = ["prompt_style": "\"boxed\""]
        var runs = [
            "best": SyntheticRun(method: "full", parameters: 2_104_960, right: 380, untrained: 80),
            "used": SyntheticRun(
                method: "full", parameters: 2_104_960, right: 320, untrained: 240, settings: boxed),
            "tiny": SyntheticRun(right: 280, untrained: 240, settings: boxed),
        ]
        let report = try Workspace(runs).report(), section = report.sections[0]
        let reference = try #require(section.result("tinylora", "grpo", 13)?.reference)
        #expect(reference.accuracy == 0.8 && reference.untrained == 0.6 && reference.sources.map(\.run) == ["used"])
        #expect(section.references == [reference])
        #expect(report.markdown().contains("Share of the gain for RL: of full fine-tuning by GRPO, 80.0 %."))
        let html = report.html(linkedFrom: "/")
        #expect(html.contains("full RL 80.0") && !html.contains("full RL 95.0"))

        runs["other"] = SyntheticRun(parameters: 4, right: 230, untrained: 80)
        runs["third"] = SyntheticRun(parameters: 35, right: 260, untrained: 80)
        let text = try Workspace(runs).report().terminalText()
        #expect(text.components(separatedBy: "Share of the gain").count == 3)
        #expect(text.contains("for RL from 20.0 %: of full fine-tuning by GRPO, 95.0 %."))
        #expect(text.contains("for RL from 60.0 %: of full fine-tuning by GRPO, 80.0 %."))
    }

    @Test("the learning rate is chosen on validation problems, and only it is shown")
    func rates() throws {
        let section = try section()
        let choice = try #require(section.choices.first { $0.parameters == 13 && $0.method == "tinylora" })
        #expect(choice.key == "learning_rate")
        #expect(choice.trials.map(\.value) == [.number(0.01), .number(0.05), .number(0.2)])
        #expect(choice.trials.map(\.isChosen) == [false, true, false])
        // Validation has 200 problems: 169 right and one more for the first seed, the only one that all rates have.
        #expect(abs(choice.trials[1].accuracy - 170.0 / 200) < 1e-12)
        #expect(choice.untrained == 0.32)
        #expect(section.results.count { $0.parameters == 13 && $0.algorithm == "grpo" && $0.differences.isEmpty } == 1)
        #expect(section.result("tinylora", "grpo", 13)?.choice == .validation)
        #expect(section.result("lora-xs", "grpo", 560)?.choice == .only)
    }

    @Test(
        "what is better on test problems does not choose; of equals the smallest does; nothing is said where nothing chose"
    )
    func choosing() throws {
        func rates(_ runs: [SyntheticRun]) throws -> [Double?] {
            let named = Dictionary(uniqueKeysWithValues: runs.enumerated().map { ("r\($0)", $1) })
            return try Workspace(named).report().sections[0].results.map(\.learningRate)
        }
        let slow = SyntheticRun(rate: 0.01, right: 300, validation: 150)
        #expect(try rates([slow, SyntheticRun(rate: 0.1, right: 390, validation: 149)]) == [0.01])
        #expect(try rates([SyntheticRun(rate: 0.1, right: 390, validation: 150), slow]) == [0.01])
        let unmeasured = try Workspace(["a": SyntheticRun(rate: 0.01), "b": SyntheticRun(rate: 0.1)]).report()
        #expect(unmeasured.sections[0].results.map(\.choice) == [.none, .none])
        #expect(unmeasured.terminalText().contains("0.1†"))
    }

    @Test("nothing is chosen where a value has no validation results, and notes name the tuned setting")
    func incompleteValidation() throws {
        let workspace = try Workspace([
            "a": SyntheticRun(algorithm: "cma-es", right: 300, validation: 150, settings: ["sigma": "0.1"]),
            "b": SyntheticRun(algorithm: "cma-es", right: 390, settings: ["sigma": "0.5"]),
        ])
        try workspace.write(#"{"tune": "sigma"}"#, to: "sweep.json")
        let report = try workspace.report(), section = report.sections[0]
        #expect(section.results.map(\.choice) == [.none, .none])
        #expect(section.choices.flatMap(\.trials).map(\.isChosen) == [false])
        #expect(report.terminalText().contains("† Other values of sigma were tried"))
    }

    @Test(
        "accuracies on different validation problems are not compared",
        arguments: [(count: 100, content: "cc22"), (count: 200, content: "dd33")])
    func differentValidation(problems: (count: Int, content: String)) throws {
        let slow = SyntheticRun(rate: 0.01, right: 300, validation: 80)
        let fast = SyntheticRun(rate: 0.1, right: 300, validation: 90)
        func section(_ other: SyntheticRun) throws -> Section {
            try Workspace(["a": slow, "b": fast, "c": other]).report().sections[0]
        }
        var other = SyntheticRun(rate: 0.5, right: 300, validation: 99)
        #expect(try section(other).results.map(\.learningRate) == [0.5])
        other.validationProblems = problems
        let mixed = try section(other)
        #expect(mixed.results.map(\.choice) == [.none, .none, .none])
        #expect(mixed.choices[0].trials.map(\.value) == [.number(0.01), .number(0.1)])
        #expect(mixed.choices[0].trials.map(\.isChosen) == [false, false])
    }

    @Test("further seeds of the chosen value cannot undo the choice, however they come out")
    func laterSeeds() throws {
        func run(_ seed: Int, _ rate: Double, _ validation: Int) -> SyntheticRun {
            SyntheticRun(rate: rate, seed: seed, right: 300, validation: validation)
        }
        let runs = ["a": run(1, 0.1, 93), "b": run(2, 0.1, 87), "c": run(3, 0.1, 79), "d": run(1, 0.05, 92)]
        for note in [false, true] {
            let workspace = try Workspace(runs)
            if note {
                try workspace.write(
                    #"{"tune": "learning_rate", "runs": [{"name": "a", "final": true}, {"name": "b", "final": true}, "#
                        + #"{"name": "c", "final": true}, {"name": "d", "final": false}]}"#, to: "sweep.json")
            }
            let section = try workspace.report().sections[0]
            #expect(section.results.map(\.learningRate) == [0.1])
            #expect(section.results[0].seeds == [1, 2, 3])
            #expect(section.choices[0].trials.map(\.accuracy) == [0.46, 0.465])
            #expect(section.choices[0].trials.map(\.isChosen) == [false, true])
        }
    }

    @Test("a sweep says what it tuned, which runs only helped to choose, and which never began")
    func sweeps() throws {
        func run(_ seed: Int, _ sigma: String, _ right: Int, _ validation: Int) -> SyntheticRun {
            SyntheticRun(
                algorithm: "cma-es", seed: seed, right: right, validation: validation, settings: ["sigma": sigma])
        }
        let workspace = try Workspace([
            "a": run(1, "0.1", 200, 100), "b": run(2, "0.1", 220, 100), "c": run(9, "0.1", 399, 100),
            "d": run(9, "0.5", 300, 90),
        ])
        try workspace.write(
            #"{"tune": "sigma", "runs": [{"name": "a", "final": true}, {"name": "b", "final": true}, "#
                + #"{"name": "c", "final": false}, {"name": "d", "final": false}, "#
                + #"{"name": "e", "final": false, "state": "failed", "error": "no memory"}]}"#, to: "sweep.json")
        let report = try workspace.report(), section = report.sections[0]
        #expect(section.results.count == 1)
        #expect(section.results[0].seeds == [1, 2])
        #expect(abs(section.results[0].accuracy.value - 210.0 / 400) < 1e-12)
        #expect(section.choices.map(\.key) == ["sigma"])
        #expect(section.choices[0].trials.map(\.isChosen) == [true, false])
        #expect(report.archive.unusable.map(\.name) == ["e"])
        #expect(report.archive.unusable.map(\.sentence) == ["no memory"])
    }

    @Test("runs that only helped to choose have no part in the comparison at equal tokens")
    func trialsAndTokens() throws {
        let workspace = try Workspace([
            "a": SyntheticRun(seed: 1, right: 200), "b": SyntheticRun(seed: 2, right: 208),
            "c": SyntheticRun(seed: 9, right: 380), "d": SyntheticRun(algorithm: "cma-es", right: 204, halfway: 200),
        ])
        try workspace.write(
            #"{"tune": "learning_rate", "runs": [{"name": "a", "final": true}, {"name": "b", "final": true}, "#
                + #"{"name": "c", "final": false}, {"name": "d", "final": true}]}"#, to: "sweep.json")
        let comparison = try #require(try workspace.report().sections[0].equalTokens.first)
        let gradients = try #require(comparison.lines.first { $0.algorithm == "grpo" })
        #expect(gradients.seeds.count == 2)
        #expect(abs(try #require(gradients.accuracyWithinBudget) - 204.0 / 400) < 1e-12)
    }

    @Test("configurations that differ in precision or subspace only stand side by side")
    func ablations() throws {
        let ablations = try section().ablations
        #expect(ablations.map(\.key) == ["element_type", "frozen_subspace"])
        #expect(ablations[0].values == ["fp32", "bf16", "fp16"])
        #expect(ablations[0].rows.count == 1)
        // Two seeds have 6 fewer and as many as asked for.
        let right = ablations[0].rows[0].results.map { ($0?.accuracy.value ?? 0) * 400 }
        #expect(right.map { $0.rounded() } == [342, 338, 338])
    }

    @Test("where nothing chose among learning rates, only equal ones stand side by side")
    func ablationsAtEqualRates() throws {
        func run(_ type: String, _ rate: Double, right: Int) -> SyntheticRun {
            SyntheticRun(rate: rate, right: right, settings: ["element_type": "\"\(type)\""])
        }
        let ablations = try Workspace([
            "a": run("fp32", 0.01, right: 240), "b": run("fp32", 0.05, right: 280), "c": run("bf16", 0.05, right: 280),
        ]).report().sections[0].ablations
        #expect(ablations.map(\.key) == ["element_type"])
        #expect(ablations[0].rows.count == 1)
        #expect(ablations[0].rows[0].results.map { $0?.learningRate } == [0.05, 0.05])
    }

    @Test(
        "different learning rates stand side by side only where each was chosen on validation problems, and captions say so"
    )
    func ablationsAtChosenRates() throws {
        func run(_ type: String, _ rate: Double, validation: Int? = nil) -> SyntheticRun {
            SyntheticRun(rate: rate, right: 280, validation: validation, settings: ["element_type": "\"\(type)\""])
        }
        // One rate each, which nothing chose.
        let single = try Workspace(["a": run("fp32", 0.01), "b": run("bf16", 0.05)]).report()
        #expect(single.sections[0].ablations.isEmpty)
        let chosen = [
            "a": run("fp32", 0.01, validation: 90), "b": run("fp32", 0.05, validation: 80),
            "c": run("bf16", 0.01, validation: 80), "d": run("bf16", 0.05, validation: 90),
        ]
        let report = try Workspace(chosen).report()
        #expect(report.sections[0].ablations.map { $0.rows[0].results.map { $0?.learningRate } } == [[0.01, 0.05]])
        #expect(report.html(linkedFrom: "/").contains("differ in nothing else but the learning rate, which was chosen"))
        let equal = try Workspace(["a": run("fp32", 0.05), "b": run("bf16", 0.05)]).report()
        #expect(equal.sections[0].ablations.count == 1)
        #expect(equal.html(linkedFrom: "/").contains("differ in nothing else, accuracy"))
    }

    @Test("a run that names no arithmetic is of float32, and tables name it where runs differ in it")
    func arithmetic() throws {
        func run(_ seed: Int, _ arithmetic: String?, right: Int) -> SyntheticRun {
            SyntheticRun(
                seed: seed, right: right, settings: arithmetic.map { ["arithmetic": "\"\($0)\""] } ?? [:])
        }
        let section = try Workspace([
            "a": run(1, nil, right: 200), "b": run(2, "float32", right: 210), "c": run(3, "bfloat16", right: 190),
        ]).report().sections[0]
        #expect(section.results.map(\.seeds).sorted { $0.count < $1.count } == [[3], [1, 2]])
        #expect(section.ablations.map(\.key) == ["arithmetic"])
        #expect(section.ablations[0].values == ["bfloat16", "float32"])
        #expect(section.results.map(\.differences).sorted() == ["bfloat16 arithmetic", "float32 arithmetic"])
    }

    @Test("runs of engines in other processes are configurations of their own, and say so")
    func engines() throws {
        let report = try Workspace([
            "a": SyntheticRun(right: 300), "b": SyntheticRun(right: 280, engines: ["sampler": "vLLM"]),
            "c": SyntheticRun(seed: 2, right: 320), "d": SyntheticRun(right: 310, engines: ["learner": "torch"]),
            "e": SyntheticRun(parameters: 4, right: 200),
            // As older versions called every server of the protocol.
            "f": SyntheticRun(right: 290, engines: ["sampler": "vllm"]),
        ]).report()
        #expect(report.archive.unusable.isEmpty)
        let results = report.sections[0].results.filter { $0.parameters == 13 }
        #expect(
            results.map { "\($0.differences): \($0.seeds)" }.sorted()
                == [
                    ": [1, 2]", "learned by torch: [1]", "sampled by a server of vLLM's protocol: [1]",
                    "sampled by vLLM: [1]",
                ])
    }

    @Test("runs on other training data say on which, with a part of the hash where names are equal")
    func trainingData() throws {
        func differences(_ name: String) throws -> [String] {
            try Workspace([
                "a": SyntheticRun(seed: 1, right: 300), "b": SyntheticRun(parameters: 4, right: 200),
                "c": SyntheticRun(right: 310, train: (name, "sha256:0123456789abcdef")),
            ]).report().sections[0].results.filter { $0.parameters == 13 }.map(\.differences).sorted()
        }
        #expect(try differences("mine") == ["", "trained on mine"])
        #expect(try differences("abacus/train") == ["", "trained on abacus/train (0123456789ab)"])
    }

    @Test("of two runs that are the same the one with validation results is kept")
    func sameWithValidation() throws {
        let report = try Workspace(["a": SyntheticRun(right: 300), "b": SyntheticRun(right: 300, validation: 150)])
            .report()
        #expect(report.archive.runs.map(\.name) == ["b"])
        #expect(report.archive.unusable.map(\.sentence) == ["has the settings and the seed of b"])
        #expect(report.sections[0].results.map(\.seeds) == [[1]])
    }

    @Test("each arithmetic stands below the untrained result that its runs measured")
    func untrainedByArithmetic() throws {
        let workspace = try Workspace([
            "a": SyntheticRun(seed: 1, right: 300, untrained: 128),
            "b": SyntheticRun(seed: 2, right: 300, untrained: 128),
            "c": SyntheticRun(right: 300, untrained: 132, settings: ["arithmetic": "\"bfloat16\""]),
        ])
        let html = try workspace.report().html(linkedFrom: workspace.folder.path)
        let table = try #require(html.components(separatedBy: "Arithmetic of products with the weights").last)
        let row = try #require(table.components(separatedBy: "</tr>").first { $0.contains("untrained") })
        let bfloat16 = try #require(row.range(of: ">33.0 ")), float32 = try #require(row.range(of: ">32.0 "))
        #expect(bfloat16.lowerBound < float32.lowerBound)
    }

    @Test("ranks are compared by number, and not where they are the size")
    func ranks() throws {
        func run(_ rank: Int, method: String = "tinylora", parameters: Int = 13, right: Int) -> SyntheticRun {
            SyntheticRun(method: method, parameters: parameters, right: right, settings: ["rank": "\(rank)"])
        }
        let ablations = try Workspace([
            "a": run(16, right: 300), "b": run(2, right: 200), "c": run(8, right: 340),
            "d": run(1, method: "lora", parameters: 16_960, right: 350),
            "e": run(8, method: "lora", parameters: 135_680, right: 360),
        ]).report().sections[0].ablations
        #expect(ablations.map(\.key) == ["rank"])
        #expect(ablations[0].values == ["2", "8", "16"])
        #expect(ablations[0].rows.map(\.method) == ["tinylora"])
        #expect(ablations[0].rows[0].results.map { ($0?.accuracy.value ?? 0) * 400 } == [200, 340, 300])
    }

    @Test("a row that changes other matrices says so even where it is the only one of its size")
    func tellingDifferences() throws {
        func run(_ parameters: Int, _ modules: String, seed: Int = 1) -> SyntheticRun {
            SyntheticRun(parameters: parameters, seed: seed, right: 300, settings: ["target_modules": modules])
        }
        let results = try Workspace([
            "a": run(13, "\"all-linear\""), "b": run(35, "\"all-linear\""), "c": run(5, "[\"down_proj\"]"),
        ]).report().sections[0].results
        #expect(results.map(\.differences) == ["down_proj only", "", ""])
    }

    /// By 60,000 tokens gradients are at their end (332, 338, 344); evolution, at twice the tokens a step, is half-way (240).
    @Test("evolution and gradients are compared at equal tokens")
    func equalTokens() throws {
        let comparisons = try section().equalTokens
        #expect(comparisons.map(\.parameters) == [13, 35])
        #expect(comparisons[0].budget == 60_000)
        #expect(comparisons[0].lines.map(\.algorithm) == ["grpo", "cma-es"])
        let accuracies = comparisons[0].lines.compactMap(\.accuracyWithinBudget)
        #expect(abs(accuracies[0] - 338.0 / 400) < 1e-12 && abs(accuracies[1] - 240.0 / 400) < 1e-12)
    }

    /// The seeds of evolution end at 120,000 tokens, the budget is 60,000; only one of them has an evaluation half-way.
    @Test("a seed without an evaluation within the equal tokens leaves its line without a number")
    func withoutEvaluationWithinTokens() throws {
        let workspace = try Workspace([
            "a": SyntheticRun(right: 300), "b": SyntheticRun(algorithm: "cma-es", seed: 1, right: 320, halfway: 240),
            "c": SyntheticRun(algorithm: "cma-es", seed: 2, right: 320),
        ])
        let report = try workspace.report()
        let comparison = try #require(report.sections[0].equalTokens.first)
        #expect(comparison.budget == 60_000)
        #expect(comparison.lines.map(\.accuracyWithinBudget) == [0.75, nil])
        let html = report.html(linkedFrom: workspace.folder.path)
        #expect(html.contains(">–</td>") && html.contains("eval_steps gives evaluations in between"))
    }

    @Test("runs that do not say which problems were right have Wilson's interval and no test")
    func withoutOutcomes() throws {
        let runs = [
            "a": SyntheticRun(right: 300, hasOutcomes: false),
            "b": SyntheticRun(seed: 2, right: 320, hasOutcomes: false),
        ]
        let section = try Workspace(runs).report().sections[0]
        let result = section.results[0], wilson = WilsonInterval(successes: 310, trials: 400)
        #expect(abs(try #require(result.accuracy.low) - wilson.low) < 1e-12)
        #expect(abs(try #require(result.accuracy.high) - wilson.high) < 1e-12)
        #expect(result.comparisons.isEmpty && result.largestP == nil)
        #expect(abs(try #require(result.gain).value - 182.0 / 400) < 1e-12 && result.gain?.low == nil)
    }

    @Test("intervals are the bootstrap's also where every run began with an adapter")
    func withoutBaseline() throws {
        let adapter = #"{"name":"a","content":"cc"}"#
        let report = try Workspace([
            "a": SyntheticRun(seed: 1, right: 200, initialAdapter: adapter),
            "b": SyntheticRun(seed: 2, right: 264, initialAdapter: adapter),
        ]).report()
        #expect(report.sections[0].results.allSatisfy { $0.comparisons.isEmpty })
        #expect(!report.terminalText().contains("Wilson"))
        #expect(report.terminalText().contains("draws of seeds and then problems"))
    }

    @Test("the runs of these tests have no key that records of real runs lack")
    func syntheticKeys() throws {
        func keys(_ line: String) throws -> Set<String> {
            Set(try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]).keys)
        }
        var metrics = StepMetrics()
        (metrics.rollout, metrics.policy, metrics.evolution) = (RolloutMetrics(), PolicyMetrics(), EvolutionMetrics())
        metrics.policy?.divergence = 0
        let state = TrainingState(parameters: [], firstMoment: [], secondMoment: [], updates: 0)
        let time = StepTime(seconds: 0, rolloutSeconds: 0, trainingSeconds: 0, tokensPerSecond: 0)
        let step = try keys(StepRecord(step: 1, metrics: metrics, state: state, time: time).jsonLine())
        let evaluation = try keys(
            EvaluationRecord(
                step: 0, problemSet: "", problems: 1, samplesPerProblem: 1, strict: 0, interval: [], lenient: 0,
                lenientInterval: [], wellFormed: 0, truncated: 0, meanCompletionLength: 0, tokens: 0, loss: 0,
                outcomes: "0", time: EvaluationTime(seconds: 0, tokensPerSecond: 0)
            ).jsonLine())
        for algorithm in ["grpo", "sft", "cma-es"] {
            let files = SyntheticRun(algorithm: algorithm, heldOutLoss: 1).files
            for (name, real) in [("steps.jsonl", step), ("evaluations.jsonl", evaluation)] {
                for line in try #require(files[name]).split(separator: "\n") {
                    #expect(try keys(String(line)).subtracting(real).isEmpty, "\(algorithm), \(name)")
                }
            }
        }
    }

    @Test("results on other problems or of another model never share a table")
    func benchmarks() throws {
        let workspace = try Workspace([
            "a": SyntheticRun(), "b": SyntheticRun(seed: 2, right: 30, untrained: 10, problems: 40),
        ])
        var other = SyntheticRun(seed: 3).files
        other["manifest.json"] = other["manifest.json"]?.replacing("0123456789abcdef0123", with: "ffff")
        for (name, text) in other { try workspace.write(text, to: "c/\(name)") }
        let sections = try workspace.report().sections
        #expect(sections.map(\.problems) == [400, 40, 400])
        #expect(sections.map { $0.results.map(\.seeds) } == [[[1]], [[2]], [[3]]])
    }

    @Test("every number is in the JSON")
    func json() throws {
        let report = try Self.study.get()
        let value = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report))
        let top = try #require(value as? [String: Any])
        #expect((top["runs"] as? [String])?.count == report.archive.runs.count)
        let sections = try #require(top["sections"] as? [[String: Any]])
        let results = try #require(sections[0]["results"] as? [[String: Any]])
        #expect(results.count == report.sections[0].results.count)
        let accuracy = try #require((results[0]["accuracy"] as? [String: Any])?["value"] as? Double)
        #expect(abs(accuracy - report.sections[0].results[0].accuracy.value) < 1e-12)
    }
}
