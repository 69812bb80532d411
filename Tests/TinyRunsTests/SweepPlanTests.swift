import Testing
import TinyFoundation
import TinyRuns
import TinyRecords

/// A file of blocks and axes becomes a list of runs.
@Suite("a sweep's plan") struct SweepPlanTests {
    private let text = """
        name: small
        defaults: {base: abacus, validation_problems: 50, max_steps: 2}
        seeds: [1, 2]
        tune: {key: learning_rate, on: validation, seeds: [1]}
        runs:
          - {parameters: [1, 13], learning_rate: [0.05, 0.1]}
          - {parameters: 35, learning_rate: 0.05}
          - {parameters: [4], rank: [1, 2], seed: 7}
        """

    private func plan(_ text: String, overruling: [Setting] = []) throws -> SweepPlan {
        try SweepPlan(SweepFile(text: text, path: "/sweeps/small.yaml"), overruling: overruling)
    }

    @Test("multiplies axes, and seeds and values of the tuned key within each cell")
    func multiplies() throws {
        let plan = try plan(text)
        #expect(plan.name == "small")
        #expect(plan.cells.map(\.name) == ["1", "13", "35-lr0.05", "4-rank1", "4-rank2"])
        #expect(
            plan.runs.map(\.name) == [
                "1-lr0.05-seed1", "1-lr0.05-seed2", "1-lr0.1-seed1", "1-lr0.1-seed2", "13-lr0.05-seed1",
                "13-lr0.05-seed2", "13-lr0.1-seed1", "13-lr0.1-seed2", "35-lr0.05-seed1", "35-lr0.05-seed2",
                "4-rank1-seed7", "4-rank2-seed7",
            ])
        #expect(plan.expectedRuns == 2 * 3 + 2 + 2)
        let run = plan.runs[3]
        #expect(run.configuration.adapter.parameters == 1 && run.configuration.optimiser.learningRate == 0.1)
        #expect(run.configuration.seed == 2 && run.configuration.steps == 2)
        #expect(run.configuration.adapter.projectionSeed == TrainingConfiguration.demonstration.adapter.projectionSeed)
    }

    @Test("takes the arithmetic as a default and as an axis, and names runs by it")
    func arithmetic() throws {
        let axis = try plan("runs: [{parameters: 1, arithmetic: [float32, bfloat16]}]")
        #expect(axis.runs.map(\.name) == ["float32-seed1", "bfloat16-seed1"])
        #expect(axis.runs.map(\.configuration.arithmetic) == [.float32, .bfloat16])
        let one = try plan("defaults: {arithmetic: float32}\nruns: [{parameters: [1, 2]}]")
        #expect(one.runs.allSatisfy { $0.configuration.arithmetic == .float32 })
        let wrong = #expect(throws: RunError.self) { try plan("runs:\n  - {arithmetic: [fp32]}") }
        #expect(
            wrong?.message
                == "/sweeps/small.yaml:2: arithmetic is \"fp32\", expected one of float32, bfloat16")
    }

    @Test("names runs by steps and by epochs, and knows a run of epochs again whatever its steps would be")
    func epochs() throws {
        let text = "runs: [{base: abacus, max_steps: 3}, {base: abacus, num_train_epochs: 2}]"
        var plan = try plan(text)
        #expect(plan.runs.map(\.name) == ["max_steps-3-seed1", "num_train_epochs-2-seed1"])
        var begun = plan.runs[1].configuration
        begun.steps = 1
        #expect(plan.keepNames(of: ["old": begun]).isEmpty)
        #expect(plan.runs.map(\.name) == ["max_steps-3-seed1", "old"])
    }

    @Test("an outline counts epochs, and says nothing of problems that it cannot read")
    func outlinesEpochs() throws {
        let defaults = "{base: abacus, num_train_epochs: 1, problems_per_step: 32, num_generations: 2}"
        let runs = try SweepOutline(
            plan("defaults: \(defaults)\nruns: [{parameters: [1, 2]}, {parameters: 3, train: nowhere.jsonl}]"),
            selecting: { _ in true }
        ).runs
        let steps = RunProblems.abacusTrainingCount / 32
        #expect(runs.map(\.estimate.steps) == [steps, steps, nil])
        #expect(runs.map(\.estimate.completions) == [64 * steps, 64 * steps, nil])
    }

    @Test("gives way to flags in every run")
    func overrules() throws {
        let plan = try plan(text, overruling: [Setting("max_steps", .integer(5), at: "--set")])
        #expect(plan.runs.allSatisfy { $0.configuration.steps == 5 })
    }

    @Test("keeps the names of runs that were begun, whatever else the file says by then")
    func keepsNames() throws {
        let before = try plan(text)
        let begun = Dictionary(uniqueKeysWithValues: before.runs.prefix(6).map { ($0.name, $0.configuration) })
        var after = try plan(text.replacing("parameters: [1, 13]", with: "beta: [0, 0.5], parameters: [1]"))
        let fresh = Set(after.runs.map(\.name))
        #expect(fresh.contains("1-beta0-lr0.05-seed1"))
        let gone = after.keepNames(of: begun)
        #expect(gone == ["13-lr0.05-seed1", "13-lr0.05-seed2"])
        #expect(after.runs.filter { begun[$0.name] != nil }.allSatisfy { begun[$0.name] == $0.configuration })
        #expect(after.runs.filter { begun[$0.name] != nil }.count == 4)
        #expect(Set(after.runs.map(\.name)).count == after.runs.count)
    }

    @Test("a run that was begun under two names keeps the first")
    func keepsFirstName() throws {
        var plan = try plan(text)
        let settings = plan.runs[0].configuration
        #expect(plan.keepNames(of: ["a": settings, "b": settings]) == ["b"])
        #expect(plan.runs[0].name == "a")
    }

    @Test("a name that is taken by other settings gets a number")
    func renamesTaken() throws {
        var plan = try plan(text)
        var other = TrainingConfiguration()
        other.seed = 99
        #expect(plan.keepNames(of: ["1-lr0.05-seed1": other]) == ["1-lr0.05-seed1"])
        #expect(plan.runs[0].name == "1-lr0.05-seed1-2")
    }

    @Test("names are fit for folders, and told apart")
    func safeNames() throws {
        let plan = try plan(
            """
            defaults: {max_steps: 1}
            runs:
              - {tying: ["tiled:3", by-kind]}
              - {model: [a/b 2.5-7B, d/b 2.5-7B], train: t.jsonl, max_steps: 2}
              - {target_modules: [[q_proj, v_proj]], max_steps: 3}
            """)
        #expect(
            plan.runs.map(\.name) == [
                "tiled-3-seed1", "by-kind-seed1", "b-2.5-7B-max_steps-2-seed1",
                "b-2.5-7B-max_steps-2-2-seed1", "max_steps-3-target_modules-q_proj-v_proj-seed1",
            ])
    }

    @Test("names that differ in letter case only are told apart, those of runs begun before too")
    func letterCase() throws {
        var plan = try plan("defaults: {max_steps: 1}\nruns: [{model: [a/Qwen x, b/qwen x], train: t.jsonl}]")
        #expect(plan.runs.map(\.name) == ["Qwen-x-seed1", "qwen-x-2-seed1"])
        var other = TrainingConfiguration()
        other.seed = 99
        #expect(plan.keepNames(of: ["QWEN-X-seed1": other]) == ["QWEN-X-seed1"])
        #expect(plan.runs.map(\.name) == ["Qwen-x-seed1-2", "qwen-x-2-seed1"])
    }

    @Test("names are short enough for files, however many settings differ and whatever their letters")
    func shortNames() throws {
        let style = String(repeating: "数", count: 60)
        let file = """
            seeds: [18446744073709551615]
            tune: {key: learning_rate, on: validation}
            defaults: {validation_problems: 10}
            runs:
              - {parameters: [1, 2], prompt_style: [\(style)], learning_rate: [0.05, 0.1]}
              - {parameters: [3], learning_rate: [0.05, 0.1]}
            """
        let names = try plan(file).runs.map(\.name)
        #expect(names.count == 6 && Set(names).count == 6)
        for name in names {
            // Room for an extension and for what a file is called while it is written.
            #expect(name.utf8.count <= 215, "\(name)")
            #expect(name.contains("lr0.") && name.hasSuffix("-seed18446744073709551615"), "\(name)")
        }
        #expect(names.contains { $0.hasPrefix("1-prompt_style-数数") }, "\(names)")
    }

    @Test("what overrules must be used by one of the runs")
    func overruling() throws {
        let both = try SweepFile(text: "runs: [{algorithm: [grpo, sft]}]", path: "s.yaml")
        let one = try SweepFile(text: "runs: [{algorithm: sft}]", path: "s.yaml")
        let setting = try Setting(flag: "temperature", yaml: "0.5", at: "--set temperature")
        _ = try SweepPlan(both, overruling: [setting])
        let error = try #require(throws: RunError.self) { try SweepPlan(one, overruling: [setting]) }
        #expect(error.message.hasPrefix("--set temperature has no effect with sft"))
    }

    @Test(
        "what is wrong is named with its line",
        arguments: [
            ("runs: []", ":1: runs is not a list of blocks"), ("seeds: [1]", "runs is missing"),
            ("rums: []\nruns: [{seed: 1}]", ":1: \"rums\" is not a key of a sweep"),
            ("max_steps: 1\nruns: [{seed: 1}]", "belongs under defaults"),
            ("runs:\n  - {seeds: [1]}", ":2: \"seeds\" is not a key of a block"),
            ("runs:\n  - {parameter: [1]}", "did you mean \"parameters\"?"),
            ("runs:\n  - {parameters: []}", ":2: parameters has no values"),
            ("runs:\n  - {parameters: [1, 1]}", ":2: parameters has 1 twice"),
            ("runs:\n  - {parameters: [1, 0]}", ":2: parameters is 0, must be 1 or more"),
            ("runs:\n  - {parameters: 1}\n  - {parameters: 1}", ":3: two runs are the same"),
            ("seeds: [1, 1]\nruns: [{parameters: 1}]", ":1: seeds has 1, expected"),
            ("seeds: one\nruns: [{parameters: 1}]", ":1: seeds has \"one\", expected"),
            ("seeds: []\nruns: [{parameters: 1}]", ":1: seeds has no values"),
            ("name: a/b\nruns: [{parameters: 1}]", ":1: name is \"a/b\""),
            ("tune: {key: learning_rate}\nruns: [{learning_rate: [1, 2]}]", "validation_problems is 0"),
            ("tune: {key: learning_rate}\nruns: [{learning_rate: 1}]", "no block has several values of learning_rate"),
            ("tune: {key: learning_rat}\nruns: [{seed: 1}]", "did you mean \"learning_rate\"?"),
            ("tune: {key: seed}\nruns: [{seed: [1, 2]}]", "seeds are averaged, not chosen"),
            ("tune: {on: validation}\nruns: [{seed: 1}]", ":1: tune names no key"),
            ("tune: {key: rank, on: test}\nruns: [{rank: [1, 2]}]", ":1: on is \"test\", expected validation"),
            ("tune: {key: rank, by: x}\nruns: [{rank: [1, 2]}]", ":1: \"by\" is not a key of tune"),
            ("runs: [{max_steps: 1, num_train_epochs: 1}]", "both say how long"),
            ("runs: [[1]]", "a block of runs is not"), ("[1]", "a sweep is not"),
        ])
    func namesWhatIsWrong(text: String, words: String) throws {
        let error = try #require(throws: RunError.self) { try plan(text) }
        #expect("\(error)".contains(words), "\(error)")
    }
}
