import Foundation
import Testing
import TinyRecords
import TinyLearning
import TinyFoundation

/// The optimiser, its schedule and the functions under them.
@Suite struct OptimiserTests {
    @Test("the first update moves each number by the rate, against the sign of its gradient")
    func firstUpdate() {
        var optimiser = AdamW(OptimiserSettings(), count: 3)
        var parameters: [Float] = [0, 1, -1]
        optimiser.update(&parameters, gradient: [0.25, -4, 0], learningRate: 0.05)
        // m / (1 - β₁) = g and √v / √(1 - β₂) = |g|, so each step is η g / (|g| + ε).
        #expect(abs(parameters[0] + 0.05) < 1e-7 && abs(parameters[1] - 1.05) < 1e-7 && parameters[2] == -1)
        #expect(optimiser.updates == 1)
    }

    @Test("several updates follow the formula term by term")
    func followsFormula() {
        var settings = OptimiserSettings()
        settings.weightDecay = 0.1
        settings.beta1 = 0.8
        var optimiser = AdamW(settings, count: 1)
        var parameters: [Float] = [0.5]
        var p = 0.5, m = 0.0, v = 0.0
        for (index, gradient) in [0.3, -0.1, 0.7, 0.2, 0.0].enumerated() {
            optimiser.update(&parameters, gradient: [Float(gradient)], learningRate: 0.01)
            p -= 0.01 * 0.1 * p
            m = 0.8 * m + 0.2 * gradient
            v = 0.999 * v + 0.001 * gradient * gradient
            let t = Double(index + 1)
            p -= 0.01 * (m / (1 - pow(0.8, t))) / ((v / (1 - pow(0.999, t))).squareRoot() + 1e-8)
        }
        // Parameters and moments are kept as Float: five roundings of numbers under 1.
        #expect(abs(Double(parameters[0]) - p) < 5 * 0x1p-24)
        #expect(abs(Double(optimiser.firstMoment[0]) - m) < 5 * 0x1p-24)
    }

    @Test("an optimiser that resumes from a recorded state makes the same update")
    func resumes() {
        var settings = OptimiserSettings()
        settings.weightDecay = 0.01
        var one = AdamW(settings, count: 2)
        var parameters: [Float] = [0.1, 0.2]
        one.update(&parameters, gradient: [1, -1], learningRate: 0.1)
        let state = TrainingState(
            parameters: parameters, firstMoment: one.firstMoment, secondMoment: one.secondMoment, updates: one.updates)
        var other = AdamW(settings, resuming: state)
        var copy = parameters
        one.update(&parameters, gradient: [0.5, 0.25], learningRate: 0.1)
        other.update(&copy, gradient: [0.5, 0.25], learningRate: 0.1)
        #expect(parameters == copy && one.secondMoment == other.secondMoment)
    }

    @Test("a long gradient is shortened to the limit, a short one left alone")
    func shortens() {
        var long: [Float] = [3, 4]
        #expect(shorten(&long, toNorm: 1) == 5)
        #expect(abs(euclideanNorm(long) - 1) < 1e-6)
        var short: [Float] = [0.3, 0.4]
        shorten(&short, toNorm: 1)
        #expect(short == [0.3, 0.4])
        #expect(shorten(&short, toNorm: nil) == euclideanNorm([0.3, 0.4]))
    }

    @Test("schedules pass through the points of their formulas")
    func schedules() {
        var settings = OptimiserSettings()
        settings.learningRate = 1
        settings.warmupSteps = 2
        func rates(_ kind: ScheduleKind) -> [Double] {
            settings.schedule = kind
            let schedule = LearningRateSchedule(settings, steps: 6)
            return (1...6).map(schedule.rate(step:))
        }
        #expect(rates(.constant) == [0, 0.5, 1, 1, 1, 1])
        #expect(rates(.linear) == [0, 0.5, 1, 0.75, 0.5, 0.25])
        let cosine = rates(.cosine)
        for (index, rate) in cosine.dropFirst(2).enumerated() {
            #expect(abs(rate - 0.5 * (1 + cos(.pi * Double(index) / 4))) < 1e-15)
        }
    }

    @Test("our exponential and cosine agree with the system's to the last digits")
    func exactFunctions() {
        #expect(
            exactExp(0) == 1 && exactExp(-.infinity) == 0 && exactExp(.infinity) == .infinity && exactExp(.nan).isNaN)
        var stream = RandomStream(.sampling, seed: 3)
        for _ in 0..<20_000 {
            let x = (stream.uniform() - 0.5) * 2 * (stream.below(2) == 0 ? 1 : 700)
            #expect(abs(exactExp(x) / exp(x) - 1) < 1e-15, "exp(\(x))")
            let turn = stream.uniform()
            #expect(abs(exactCosine(halfTurns: turn) - cos(.pi * turn)) < 1e-15, "cos(π \(turn))")
        }
        #expect(exactCosine(halfTurns: 0) == 1 && exactCosine(halfTurns: 0.5) == 0 && exactCosine(halfTurns: 1) == -1)
        #expect(exactExp(709.7).isFinite && exactExp(720) == .infinity && exactExp(-745) > 0 && exactExp(-800) == 0)
    }
}

/// Which problems come when.
@Suite struct ProblemOrderTests {
    @Test("every epoch holds every problem once, in an order of its own", arguments: [1, 2, 3, 5, 7, 12])
    func everyEpochHoldsAll(perStep: Int) {
        let order = ProblemOrder(count: 5, perStep: perStep, seed: 4)
        let rows = (1...30).flatMap(order.rows(step:))
        #expect(rows.count == 30 * perStep)
        let epochs = stride(from: 0, to: rows.count - rows.count % 5, by: 5).map { Array(rows[$0..<$0 + 5]) }
        for epoch in epochs { #expect(epoch.sorted() == [0, 1, 2, 3, 4]) }
        #expect(Set(epochs).count > 1)
        #expect(order.epoch(after: 10) == Double(10 * perStep) / 5)
    }

    @Test("the order follows from the seed alone")
    func followsFromSeed() {
        let one = ProblemOrder(count: 50, perStep: 8, seed: 1), other = ProblemOrder(count: 50, perStep: 8, seed: 2)
        #expect(one.rows(step: 3) == ProblemOrder(count: 50, perStep: 8, seed: 1).rows(step: 3))
        #expect(one.rows(step: 3) != other.rows(step: 3))
    }
}
