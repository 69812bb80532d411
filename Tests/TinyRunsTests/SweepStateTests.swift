import Testing
import TinyRuns
import TinyRecords

/// Outcomes go in, the runs that are due come out.
@Suite("a sweep's state") struct SweepStateTests {
    private func plan(seeds: String = "[1, 2]", tuning: String = "[1]") throws -> SweepPlan {
        try SweepPlan(
            SweepFile(
                text: """
                    defaults: {base: abacus, validation_problems: 50, max_steps: 2}
                    seeds: \(seeds)
                    tune: {key: learning_rate, seeds: \(tuning)}
                    runs:
                      - {learning_rate: [0.1, 0.05, 0.2]}
                    """, path: "s.yaml"))
    }

    private func score(_ validation: Double?) -> SweepOutcome {
        .finished(SweepScore(test: 0.5, validation: validation))
    }

    @Test("the value with the best validation accuracy is run with the other seeds, and its tuning run counts")
    func tunes() throws {
        var state = SweepState(try plan())
        #expect(state.due().map(\.name) == ["lr0.1-seed1", "lr0.05-seed1", "lr0.2-seed1"].map { "grpo-" + $0 })
        state.begin("grpo-lr0.1-seed1")
        #expect(state.due().count == 2)
        state.end("grpo-lr0.1-seed1", score(0.5))
        state.end("grpo-lr0.05-seed1", score(0.75))
        #expect(state.choices.isEmpty)
        state.end("grpo-lr0.2-seed1", score(0.625))
        #expect(state.choices.map(\.value) == [.number(0.05)])
        #expect(state.choices[0].candidates.map(\.validation) == [0.5, 0.75, 0.625])
        #expect(state.due().map(\.name) == ["grpo-lr0.05-seed2"])
        #expect(!state.isOver)
        state.begin("grpo-lr0.05-seed2")
        #expect(state.due().isEmpty && !state.isOver)
        state.end("grpo-lr0.05-seed2", score(0.7))
        #expect(state.isOver)
        let finals = state.plan.runs.filter(state.isFinal).map(\.name)
        #expect(finals == ["grpo-lr0.05-seed1", "grpo-lr0.05-seed2"])
        let record = SweepRecord(state, file: "s.yaml", version: "1", created: "now", gone: [])
        #expect(record.runs.map(\.state) == ["finished", "unneeded", "finished", "finished", "finished", "unneeded"])
        #expect(try SweepRecord(json: record.jsonDocument()) == record)
    }

    @Test("runs that wait for a choice are counted, where the choice can be made and they are selected")
    func awaitingChoice() throws {
        var state = SweepState(try plan(seeds: "[1, 2, 3]"))
        #expect(state.awaitingChoice == 2)
        for run in state.due() { state.end(run.name, score(0.5)) }
        #expect(state.awaitingChoice == 0 && state.due().count == 2)

        func awaiting(_ outcomes: [String: SweepOutcome] = [:], only words: [String]) throws -> Int {
            SweepState(try plan(seeds: "[1, 2, 3]"), outcomes: outcomes) { name in words.contains(where: name.contains)
            }
            .awaitingChoice
        }
        #expect(try awaiting(only: ["lr0.1-seed1"]) == 0)
        #expect(try awaiting(only: ["seed1", "seed3"]) == 1)
        let first = ["grpo-lr0.1-seed1": score(0.5), "grpo-lr0.05-seed1": score(0.5)]
        #expect(try awaiting(first, only: ["lr0.2-"]) == 2)
        #expect(try awaiting(first, only: ["seed2"]) == 0)
    }

    @Test("equal values are decided for the smaller, whatever the order of the file")
    func breaksTies() throws {
        var state = SweepState(try plan())
        for run in state.due() { state.end(run.name, score(0.5)) }
        #expect(state.choices[0].value == .number(0.05))
    }

    @Test("mean scores decide where every run has one, and ties are told")
    func decidesByScore() throws {
        func choice(_ scores: [(validation: Double, mean: Double?)]) throws -> SweepChoice {
            var state = SweepState(try plan())
            for (run, score) in zip(state.due(), scores) {
                state.end(run.name, .finished(SweepScore(validation: score.validation, meanScore: score.mean)))
            }
            return state.choices[0]
        }
        let byScore = try choice([(0, 0.25), (0, 0.5), (0, 0.75)])
        #expect(byScore.value == .number(0.2) && byScore.isByScore && !byScore.isTied)
        #expect(byScore.candidates.map(\.score) == [0.25, 0.5, 0.75])
        // A run of an older version has no mean score.
        let mixed = try choice([(0.5, nil), (0.25, 0.5), (0.25, 0.75)])
        #expect(mixed.value == .number(0.1) && !mixed.isByScore)
        #expect(try choice([(0, 0.5), (0, 0.5), (0, 0.25)]).isTied)
    }

    @Test("a value with a failed run is out; with no value left the cell is over")
    func leavesFailedOut() throws {
        var state = SweepState(try plan(tuning: "[1, 2]"))
        for run in state.due() where run.candidate == .number(0.05) {
            state.end(run.name, score(run.seed == 1 ? 1 : nil))
        }
        for run in state.due() where run.candidate == .number(0.2) {
            state.end(run.name, run.seed == 1 ? score(0.9) : .failed("killed"))
        }
        for run in state.due() { state.end(run.name, score(0.1)) }
        #expect(state.choices[0].value == .number(0.1))
        #expect(state.choices[0].candidates.map(\.validation) == [0.1, nil, nil])
        #expect(state.isOver)

        state = SweepState(try plan())
        for run in state.due() { state.end(run.name, .failed("no such model")) }
        #expect(state.choices[0].value == nil && state.isOver)
        #expect(state.plan.runs.filter(state.isFinal).isEmpty)
    }

    @Test("goes on from the outcomes it is given, and begins only what is selected")
    func goesOn() throws {
        let plan = try plan()
        let state = SweepState(
            plan,
            outcomes: ["grpo-lr0.1-seed1": score(0.9), "grpo-lr0.05-seed1": score(0.1), "grpo-lr0.2-seed1": score(0)])
        #expect(state.due().map(\.name) == ["grpo-lr0.1-seed2"])
        #expect(SweepState(plan) { $0.contains("0.05") }.due().map(\.name) == ["grpo-lr0.05-seed1"])
    }

    @Test("a tuning seed outside the sweep's seeds decides, but does not count")
    func tuningSeedsApart() throws {
        var state = SweepState(try plan(seeds: "[1, 2]", tuning: "[9]"))
        for run in state.due() { state.end(run.name, score(0.5)) }
        #expect(state.due().map(\.name) == ["grpo-lr0.05-seed1", "grpo-lr0.05-seed2"])
        #expect(state.plan.runs.filter(state.isFinal).allSatisfy { $0.seed != 9 })
    }

    @Test("what takes longest begins first")
    func longestFirst() throws {
        let plan = try SweepPlan(
            SweepFile(text: "runs: [{max_steps: [1, 50, 5]}, {max_steps: 9, num_generations: 64}]", path: "s.yaml"))
        #expect(SweepState(plan).due().map(\.configuration.steps) == [9, 50, 5, 1])
    }
}
