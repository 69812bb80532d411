import Testing
import TinyLearningTestSupport
import TinyEngine
import TinyProblems
import TinyRecords
import TinyLearning
import TinyFoundation

/// Supervised training on a policy that can be checked by hand.
@Suite struct SFTTrainerTests {
    @Test(
        "the loss falls, and the same configuration gives the same bits, another seed others", arguments: [false, true])
    func lossFalls(packing: Bool) async throws {
        var configuration = smallSupervisedRun
        configuration.steps = 40
        configuration.supervised.packing = packing
        if packing { configuration.supervised.examplesPerStep = 1 }
        let one = try await TrainingLoop(trainer(configuration)).run()
        let again = try await TrainingLoop(trainer(configuration)).run()
        #expect(one.state == again.state && one.metrics == again.metrics)
        let losses = one.metrics.map(\.loss)
        let before = losses.prefix(5).reduce(0, +), after = losses.suffix(5).reduce(0, +)
        #expect(after < 0.8 * before, "\(losses)")
        #expect(one.state.updates == 40)
        configuration.seed = 2
        #expect(try await TrainingLoop(trainer(configuration)).run().state != one.state)
    }

    @Test("a step is what its parts say: every completion token counts the same, then one update")
    func stepByHand() async throws {
        var configuration = smallSupervisedRun
        configuration.optimiser.maxGradientNorm = 0.05
        configuration.optimiser.weightDecay = 0.1
        let policy = FakeEngine()
        let result = try await TrainingLoop(trainer(configuration, policy: policy)).run()

        var optimiser = AdamW(configuration.optimiser, count: 3)
        var parameters: [Float] = [0, 0, 0]
        var tokens = 0
        for step in 1...configuration.steps {
            let sequences = ProblemOrder(count: 5, perStep: 3, seed: configuration.seed).rows(step: step).map {
                sequence(of: solvedProblems[$0])
            }
            let adapter = parameters.map(ElementType.bfloat16.rounded)
            let scores = sequences.map { policy.score($0, adapter: adapter, temperature: 1).map { Float($0) } }
            let scored = scores.joined().count
            var gradient = try await policy.gradients(of: sequences, adapter: adapter, temperature: 1) { _, logprobs in
                logprobs.map { _ in -1 / Float(scored) }
            }.gradient
            let metrics = result.metrics[step - 1]
            #expect(metrics.loss == -scores.joined().reduce(0.0) { $0 + Double($1) } / Double(scored))
            #expect(metrics.gradientNorm == shorten(&gradient, toNorm: 0.05) && metrics.gradientNorm > 0.05)
            optimiser.update(&parameters, gradient: gradient, learningRate: metrics.learningRate)
            tokens += sequences.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
            #expect(metrics.numTokens == tokens && metrics.generatedTokens == 0)
            #expect(metrics.epoch == Double(step * 3) / 5 && metrics.rollout == nil && metrics.policy == nil)
        }
        #expect(result.state.parameters == parameters && result.state.secondMoment == optimiser.secondMoment)
    }

    @Test("the gradient is the slope of the loss that is reported")
    func gradientIsSlope() async throws {
        var configuration = smallSupervisedRun
        configuration.adapter.elementType = .float32
        configuration.optimiser.maxGradientNorm = nil
        let policy = FakeEngine()
        let trainer = try trainer(configuration, policy: policy)
        let start = TrainingState(starting: [0.3, -0.7, 1.1])
        let step = try await trainer.makeStep(1, from: start, after: nil) { _ in }
        let sequences = ProblemOrder(count: 5, perStep: 3, seed: configuration.seed).rows(step: 1).map {
            sequence(of: solvedProblems[$0])
        }
        func loss(_ parameters: [Float]) -> Double {
            let scores = sequences.flatMap { policy.score($0, adapter: parameters, temperature: 1) }
            return -scores.reduce(0, +) / Double(scores.count)
        }
        #expect(abs(step.metrics.loss - loss(start.parameters)) < 1e-6)
        for index in 0..<3 {
            var above = start.parameters, below = above
            above[index] += 0x1p-8
            below[index] -= 0x1p-8
            // Central differences err by h²/6 of the third derivative, which is below 1 here: 2.5e-6.
            let slope = (loss(above) - loss(below)) / Double(above[index] - below[index])
            let gradient = Double(step.state.firstMoment[index]) / (1 - configuration.optimiser.beta1)
            #expect(abs(gradient - slope) < 4e-6, "number \(index): \(gradient), slope \(slope)")
        }
    }

    @Test("eight examples in a step are the mean of eight, weighted by their tokens")
    func accumulates() async throws {
        var configuration = smallSupervisedRun
        configuration.optimiser.maxGradientNorm = nil
        configuration.steps = 1
        let problems = (0..<8).map { index in
            Problem(
                id: "\(index)", question: "abcdefgh".map(String.init)[index], answer: "a",
                solution: String(repeating: "b", count: index + 1))
        }
        configuration.supervised.examplesPerStep = 8
        let whole = try await TrainingLoop(trainer(configuration, problems: problems)).run()
        configuration.supervised.examplesPerStep = 1
        var sum = [0.0, 0.0, 0.0], loss = 0.0
        for (index, problem) in problems.enumerated() {
            let one = try await TrainingLoop(trainer(configuration, problems: [problem])).run()
            let share = Double(index + 2) / 44  // the end token counts: 2 + 3 + … + 9
            for number in 0..<3 { sum[number] += share * Double(one.state.firstMoment[number]) }
            loss += share * one.metrics[0].loss
        }
        #expect(abs(whole.metrics[0].loss - loss) < 1e-7)
        // Each gradient is a float: 8 roundings of numbers below 1.
        for number in 0..<3 { #expect(abs(Double(whole.state.firstMoment[number]) - sum[number]) < 8 * 0x1p-24) }
    }

    @Test(
        "prompts are given, never learnt: what stands in them changes no weight, and solutions end with the end token")
    func scoresCompletionsOnly() async throws {
        let policy = FakeEngine(), other = FakeEngine()
        let one = try await TrainingLoop(trainer(smallSupervisedRun, policy: policy)).run()
        // The fake policy looks at the first token of a prompt only, so nothing else of it may matter.
        let changed = solvedProblems.map { problem in
            var problem = problem
            problem.question = problem.question.prefix(1) + String(repeating: "z", count: problem.question.count - 1)
            return problem
        }
        let two = try await TrainingLoop(trainer(smallSupervisedRun, policy: other, problems: changed)).run()
        #expect(one.state == two.state && one.metrics == two.metrics)
        for sequence in policy.calls.recorded.differentiated.joined() {
            #expect(sequence.completion.last == 0 && sequence.completion.dropLast().allSatisfy { $0 > 0 })
            #expect(sequence.prompt == SolutionCodec().encode(text(of: sequence.prompt)))
        }
    }

    @Test("the loop evaluates, and the numbers that are evaluated are those as stored")
    func evaluates() async throws {
        let policy = FakeEngine()
        let loss = try #require(
            try HeldOutLoss(
                learner: policy,
                task: TrainingTask(
                    problems: solvedProblems + [
                        Problem(id: "unsolved", question: "q", answer: "a"),
                        Problem(id: "empty", question: "q", answer: "a", solution: " "),
                    ], prompter: Prompter(style: .plain, codec: SolutionCodec()), endToken: 0),
                settings: smallSupervisedRun.supervised))
        let result = try await TrainingLoop(
            trainer(smallSupervisedRun),
            evaluation: { _, adapter in
                var record = evaluationRecord
                record.loss = try await loss.measured(at: adapter)
                return record
            }
        ).run()
        #expect(result.evaluations.map(\.step) == [0, 2, 4, 5])
        func byHand(_ adapter: [Float]?) -> Double {
            let scores = solvedProblems.flatMap { policy.score(sequence(of: $0), adapter: adapter, temperature: 1) }
            return -scores.reduce(0, +) / Double(scores.count)
        }
        let first = try #require(result.evaluations.first?.loss), last = try #require(result.evaluations.last?.loss)
        #expect(abs(first - byHand(nil)) < 1e-6 && abs(last - byHand(result.stored)) < 1e-6)
        #expect(last < first)
        #expect(
            try HeldOutLoss(
                learner: policy,
                task: TrainingTask(
                    problems: [Problem(id: "unsolved", question: "q", answer: "a")],
                    prompter: Prompter(style: .plain, codec: SolutionCodec()), endToken: 0),
                settings: smallSupervisedRun.supervised) == nil)
    }

    @Test("the held-out loss leaves out a solution that has no room, and counts it")
    func leavesOut() throws {
        var settings = smallSupervisedRun.supervised
        settings.maxLength = 5  // the prompt of "three" has as many tokens
        let loss = try HeldOutLoss(
            learner: FakeEngine(),
            task: TrainingTask(
                problems: solvedProblems, prompter: Prompter(style: .plain, codec: SolutionCodec()), endToken: 0),
            settings: settings)
        #expect(loss?.leftOut == 1)
    }

    // MARK: What cannot be learnt

    @Test("a row without a solution is named")
    func namesMissingSolution() throws {
        for solution in [nil, "", " \n"] {
            let problems = solvedProblems + [Problem(id: "row 6", question: "q", answer: "a", solution: solution)]
            var configuration = smallSupervisedRun
            configuration.supervised.examplesPerStep = 6
            let error = try #require(throws: TrainingError.self) { try trainer(configuration, problems: problems) }
            #expect(error.code == .noSolution && error.message == "problem row 6 has no worked solution")
        }
        #expect(throws: TrainingError.self) { try trainer(smallSupervisedRun, problems: []) }
    }

    @Test("what is longer than max_length loses its end, and it is said how often", arguments: [false, true])
    func truncates(packing: Bool) async throws {
        var configuration = smallSupervisedRun
        configuration.supervised.maxLength = 6  // "three" leaves room for one token
        configuration.supervised.packing = packing
        let policy = FakeEngine()
        let trainer = try trainer(configuration, policy: policy)
        #expect(trainer.exampleCount == 5 && trainer.truncatedCount == 2)
        let events = Events()
        _ = try await TrainingLoop(trainer, report: events.receive).run()
        #expect(events.warnings == [.truncated(examples: 2, of: 5, maxLength: 6)])
        let lengths = policy.calls.recorded.differentiated.joined().map { $0.prompt.count + $0.completion.count }
        #expect(lengths.max() == 6)
        #expect(policy.calls.recorded.differentiated.joined().contains { $0.completion == [1] })

        configuration.supervised.maxLength = 5
        let error = try #require(throws: TrainingError.self) { try self.trainer(configuration) }
        #expect(error.code == .promptTooLong)
        #expect(error.message == "the prompt of problem three has 5 tokens, expected 1 to 4")
    }

    @Test("an epoch has as many packs as the examples fill")
    func packsOfEpoch() throws {
        var settings = smallSupervisedRun.supervised
        let task = TrainingTask(
            problems: solvedProblems, prompter: Prompter(style: .plain, codec: SolutionCodec()), endToken: 0)
        #expect(try SFTTrainer.unitsOfEpoch(task, settings, contextLength: 64) == solvedProblems.count)
        settings.packing = true
        settings.maxLength = nil
        #expect(try SFTTrainer.unitsOfEpoch(task, settings, contextLength: 1000) == 1)
        let packs = try SFTTrainer.unitsOfEpoch(task, settings, contextLength: 16)
        #expect(packs > 1 && packs < solvedProblems.count)
    }

    @Test("the model's context limits an example whatever max_length says")
    func contextLimits() throws {
        var policy = FakeEngine()
        policy.contextLength = 7
        var configuration = smallSupervisedRun
        configuration.supervised.maxLength = nil
        #expect(try trainer(configuration, policy: policy).maxLength == 7)
        configuration.supervised.maxLength = 1000
        #expect(try trainer(configuration, policy: policy).maxLength == 7)
    }

    @Test("a learner that scores more tokens than there are is refused")
    func refusesOtherSizes() async throws {
        let error = try await #require(throws: TrainingError.self) {
            try await TrainingLoop(trainer(smallSupervisedRun, policy: FakeEngine(extraLogprobs: 1))).run()
        }
        #expect(error.code == .engineMismatch)
    }

    @Test("a learner whose gradient is no number is refused")
    func refusesBrokenPolicy() async throws {
        var policy = FakeEngine()
        policy.gradientNoise = .nan
        let error = try await #require(throws: TrainingError.self) {
            try await TrainingLoop(trainer(smallSupervisedRun, policy: policy)).run()
        }
        #expect(error.code == .notFinite)
        #expect(
            error.message == "in step 1 the derivative of the loss by number 0 is nan; the 0 steps before are kept")
    }

    private func trainer(
        _ configuration: TrainingConfiguration, policy: FakeEngine = FakeEngine(), problems: [Problem] = solvedProblems
    ) throws -> SFTTrainer {
        try SFTTrainer(
            learner: policy,
            task: TrainingTask(
                problems: problems, prompter: Prompter(style: .plain, codec: SolutionCodec()), endToken: 0),
            configuration: configuration)
    }

    private func sequence(of problem: Problem) -> ScoredSequence {
        let codec = SolutionCodec()
        return ScoredSequence(
            prompt: codec.encode(problem.question), completion: codec.encode(continuation: problem.solution ?? "") + [0]
        )
    }

    private func text(of tokens: [Int]) -> String {
        String(tokens.compactMap { UnicodeScalar($0).map(Character.init) })
    }
}

/// Prompts as their bytes; in solutions `a` is 1, `b` is 2, … and spaces stand for nothing.
struct SolutionCodec: TextCodec {
    func encode(_ text: String) -> [Int] { text.utf8.map { Int($0) } }
    func encode(continuation: String) -> [Int] { continuation.utf8.filter { $0 > 96 }.map { Int($0) - 96 } }
    func decode(_ tokens: [Int]) -> String { LetterCodec().decode(tokens) }
}

/// Problems that are solved by a few letters.
let solvedProblems = zip(["one", "two", "three", "four", "five"], ["a", "ab", "aab", "b", "ac"]).map {
    Problem(id: $0, question: $0, answer: "a", solution: $1)
}

/// Five steps of three solutions.
var smallSupervisedRun: TrainingConfiguration {
    var configuration = smallRun
    configuration.algorithm = .sft
    configuration.supervised.examplesPerStep = 3
    configuration.supervised.maxLength = 16
    return configuration
}
